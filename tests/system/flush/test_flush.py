# SPDX-License-Identifier: Apache-2.0
"""binnacle flush: one name, a subtree, everything; counted, logged, and only for who may."""
import os
import subprocess

import pytest

from harness import ask, server as server_module

COREFILE = ".:{PORT} {\n    bind 127.0.0.1\n    forward . {UP}\n    cache 300\n}\n"
NAMES = ["a.example.org.", "b.example.org.", "example.org.", "xexample.org.", "c.example.net."]


@pytest.fixture
def made(server, upstream):
    """A server with five names in its cache whose data has changed since."""
    up = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    s = server(COREFILE, args=["-admin", f"binnacle/test-{os.getpid()}"], UP=up)
    for n in NAMES:
        assert ask.addresses(s.udp(n)) == ["192.0.2.1"]
    up.spec["rules"] = [{"match": {}, "answer": "@ 300 IN A 192.0.2.2"}]
    return s


def flush(made, *words, **kw):
    return subprocess.run([*server_module.binary(), "flush", "-admin", f"binnacle/test-{os.getpid()}", *words],
                          capture_output=True, text=True, timeout=20, **kw)


def renewed(made):
    return [n for n in NAMES if ask.addresses(made.udp(n)) == ["192.0.2.2"]]


@pytest.mark.parametrize("words, gone", [
    (["A.example.ORG"], ["a.example.org."]),
    (["-tree", "example.org"], ["a.example.org.", "b.example.org.", "example.org."]),
    (["-all"], NAMES),
    (["absent.example"], []),
])
def test_flush_drops_what_was_named_and_nothing_else(made, words, gone):
    r = flush(made, *words)
    assert (r.returncode, r.stdout.split()[0]) == (0, str(len(gone))), r
    made.said(rf"(?m)^\[INFO\] flush: {len(gone)} answers dropped")
    assert renewed(made) == gone


def test_nonsense_is_refused_and_drops_nothing(made):
    for words in (["bad..name"], [], ["-all", "a.example.org"], ["a.example.org", "b.example.org"]):
        r = flush(made, *words)
        assert r.returncode == 1 and r.stderr.strip(), words
    assert renewed(made) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_another_user_is_refused(made):
    r = flush(made, "-all", user=65534)
    assert r.returncode == 1 and "permitted" in r.stderr
    assert renewed(made) == []
