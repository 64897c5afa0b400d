# SPDX-License-Identifier: Apache-2.0
"""Watches that stay open and bring nothing, not even a bookmark.

  BINNACLE_SLOW=1    with the times of production too: 75 s, and 180 s on a connection that answers pings"""
import os
import shutil
import socket
import subprocess
import time

import pytest

import compat
from harness.wait import until
from .conftest import agrees, service, slice_of
from .test_real import has, lists, real, shared, web as real_web, pytestmark as needs_real  # noqa: F401

slow = pytest.mark.skipif(not os.environ.get("BINNACLE_SLOW"), reason="takes minutes: BINNACLE_SLOW=1")
RESOURCES = ["services", "endpointslices", "namespaces"]
REQUESTS = "coredns_kubernetes_rest_client_requests_total"


def silence(k, d, seconds):
    """The watches stall: each is asked for anew after `seconds`, not before; what is known stays."""
    d.wait()
    k.do({"wait": {"watching": RESOURCES}, "forget": True, "stall": "watches"})
    began = time.monotonic()
    k.do({"apply": [service("new", "10.96.0.9")], "delete": ["services/demo/old"]})
    for resource in RESOURCES:
        until(lambda: k.seen({"resource": resource, "watch": True}), f"{resource} asked for anew", seconds + 10)
    assert time.monotonic() - began > seconds - 2
    assert not has("new")(d.last) and has("old")(d.last) and len(d.last.endpoints) == 1
    k.do({"resume": True})
    d.wait(lambda s: agrees(s, k), "what changed meanwhile", 40)
    assert d.metric("binnacle_kube_lists_total") == 3, "nothing is listed anew"
    assert not [1 for s in d.snapshots if ("demo", "web") not in s.services]


def objects():
    return [service("web"), slice_of("web", "10.0.0.1"), service("old", "10.96.0.8")]


def test_a_watch_that_stalls_is_asked_for_anew(kube, dump):
    k = kube(objects())
    silence(k, dump(k, "-silence", "3"), 3)


@slow
def test_a_watch_that_stalls_is_asked_for_anew_after_75_seconds(kube, dump):
    k = kube(objects())
    silence(k, dump(k), 75)


@needs_real
def test_a_silent_watch_of_a_real_server_is_asked_for_anew_over_the_same_connection(real, dump):  # noqa: F811
    d = dump(*real.config(), "-silence", "2")
    d.wait()
    until(lambda: d.metric(REQUESTS) >= 9, "watches asked for anew, twice each", 20)
    real.put("after-silence")
    d.wait(has("after-silence"), "a service made afterwards")
    assert lists(d) == 3 and d.metric("binnacle_kube_away") == 0
    assert all(real_web(s) for s in d.snapshots)


@needs_real
def test_a_connection_that_answers_pings_is_kept_though_nothing_happens(real, dump):  # noqa: F811
    d = dump(*real.config())
    d.wait()
    before = d.metric(REQUESTS)
    time.sleep(23)  # 8 s idle, 10 s for the answer, and how often it is looked at
    real.put("after-idle")
    d.wait(has("after-idle"), "a service made afterwards")
    assert d.metric(REQUESTS) == before == 3


@pytest.fixture
def http2(certs, tmp_path):
    """http2(port): the port of a proxy that speaks HTTP/2 and answers its pings, whatever the server behind it does."""
    made = []

    def make(port):
        front = compat.free_port()
        forever = [f"--{what}-timeout=1h" for what in ("frontend-http2-read", "stream-read", "stream-write", "backend-read",
                                                       "backend-write", "frontend-write")]
        made.append(subprocess.Popen(["nghttpx", f"-f127.0.0.1,{front}", f"-b127.0.0.1,{port}", "--workers=1", "--conf=/dev/null",
                                      *forever, certs[1], certs[0]], cwd=tmp_path, stderr=subprocess.DEVNULL))
        until(lambda: _connects(front), "the proxy", 20)
        return front
    yield make
    for p in made:
        p.terminate()
        p.wait(20)


def _connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


@slow
@pytest.mark.skipif(not shutil.which("nghttpx"), reason="nghttpx is not installed")
@pytest.mark.parametrize("flags, seconds", [(["-silence", "15"], 36), ([], 180)])
def test_where_pings_are_answered_a_silent_watch_is_asked_for_anew_later(kube, dump, http2, certs, flags, seconds):
    k = kube(objects())
    silence(k, dump("-endpoint", f"https://127.0.0.1:{http2(k.port)}", "-ca", certs[0], *flags), seconds)
