# SPDX-License-Identifier: Apache-2.0
"""Scripted upstreams: the class of the compatibility cases, in a namespace where the test has one."""
import compat


class Upstream(compat.Upstream):
    """See compat.Upstream for the keys of `spec`.  str() is the address as a Corefile names it."""

    def __init__(self, spec, host="127.0.0.1", port=None, ns=None):
        super().__init__("UP", spec, port or compat.free_port(), host=host)
        self.ns = ns

    def start(self):
        if self.ns is None:
            return super().start()
        with self.ns.inside():
            return super().start()

    def __str__(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def seen(self, **match):
        """The queries so far that have these values (proto, name, type, do, ...)."""
        with self.lock:
            return [e for e in self.log if all(e.get(k) == v for k, v in match.items())]
