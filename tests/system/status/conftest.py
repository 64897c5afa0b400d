# SPDX-License-Identifier: Apache-2.0
"""A server with a bit of everything to show, its upstream and an API server."""
import itertools
import json
import os
import re
import socket
import subprocess

import pytest

import compat
import fakekube
from harness import server as server_module
from harness import wait
from harness import web

_serial = itertools.count(1)

OBJECTS = [
    {"kind": "Namespace", "metadata": {"name": "shop"}},
    {"kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
     "spec": {"clusterIP": "10.96.4.10", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}},
    {"kind": "Service", "metadata": {"name": "out", "namespace": "shop"},
     "spec": {"type": "ExternalName", "externalName": "new.example.org"}},
]

UPSTREAM = {"records": "$GENERATE 1-100 big.test. 300 IN A 192.0.2.$\nsmall.test. 300 IN A 192.0.2.201\n"}

COREFILE = """.:{PORT} {
    bind 127.0.0.1
    errors
    status 127.0.0.1:{PORT2}
    loadbalance
    rewrite name old.example.org new.example.org
    acl {
        block type ANY net *
    }
    cache 30
    template IN TXT example.org {
        answer "{{ .Name }} 60 IN TXT \\"hello\\""
    }
    hosts {
        192.0.2.7 new.example.org
        fallthrough
    }
    kubernetes cluster.local {
        endpoint http://127.0.0.1:{KUBE}
    }
    forward dead. 127.0.0.1:{DEAD}
    forward . {UP}
}
"""


@pytest.fixture(scope="module")
def kube():
    k = fakekube.FakeKube(compat.free_port(), OBJECTS).start()
    yield k
    k.stop()


class Events:
    """A connection that is told what changes."""

    def __init__(self, port, seconds=30):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds * wait.FACTOR)
        self.socket.sendall(b"GET /status/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.file = self.socket.makefile("rb")
        self.head = self.file.readline().decode() + "".join(iter(lambda: self.file.readline().decode().strip("\r\n"), ""))

    @property
    def status(self):
        return int(self.head.split()[1])

    def next(self):
        """The next document; None at the end of the stream."""
        while True:
            line = self.file.readline()
            if not line or line == b"0\r\n":
                return None
            if line.startswith(b"data: "):
                # a long event comes in several chunks: their sizes stand between
                text = line[6:]
                while not text.endswith(b"}\n"):
                    more = self.file.readline()
                    if not more:
                        return None
                    text = text[:-2] + more if re.fullmatch(rb"[0-9a-f]+\r\n", more) else text + more
                return json.loads(re.sub(rb"\r\n[0-9a-f]+\r\n", b"", text))

    def close(self):
        self.file.close()
        self.socket.close()


class Shown:
    """A server with a page and an admin socket of its own."""

    def __init__(self, made, name):
        self.made, self.name = made, name
        self.http = made.port("PORT2")
        self.url = f"http://127.0.0.1:{self.http}/status"

    def get(self, path="/status", **kw):
        return web.get(self.http, path, **kw)

    def events(self):
        return Events(self.http)

    def document(self):
        r = self.get("/status.json")
        assert r.status == 200, r.text
        return json.loads(r.text)

    def state(self, plugin):
        return next(p["state"] for b in self.document()["blocks"] for p in b["plugins"] if p["name"] == plugin)

    def follow(self, name, kind="", **more):
        query = "&".join(f"{k}={v}" for k, v in {"name": name, "type": kind, **more}.items())
        return self.get(f"/trace.json?{query}", method="POST")

    def trace(self, *words):
        return subprocess.run([*server_module.binary(), "trace", "-admin", self.name, *words], capture_output=True, text=True,
                              timeout=60)


@pytest.fixture
def shown(server, upstream, kube):
    def make(corefile=COREFILE, spec=None, args=(), **kw):
        name = f"binnacle/status-{os.getpid()}-{next(_serial)}"
        made = server(corefile, args=["-admin", name, *args], listens=[("udp", "PORT"), ("tcp", "PORT"), ("tcp", "PORT2")],
                      UP=upstream(spec or UPSTREAM), KUBE=kube.port, DEAD=compat.free_port(), **kw)
        return Shown(made, name)
    return make
