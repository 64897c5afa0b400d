# SPDX-License-Identifier: Apache-2.0
"""The admin HTTP server: what it answers, to whom, and what it does not let itself be kept from."""
import gzip
import re
import socket
import time

import pytest

from harness import wait, web

ALL = """.:{PORT} {
    bind 127.0.0.1
    health 127.0.0.1:{PORT2}
    ready 127.0.0.1:{PORT3}
    prometheus 127.0.0.1:{PORT4}
    pprof 127.0.0.1:{PORT5}
    whoami
}
"""
ONE = re.sub(r"PORT[345]", "PORT2", ALL)
PATHS = {"PORT2": "/health", "PORT3": "/ready", "PORT4": "/metrics", "PORT5": "/debug/pprof/"}


def test_each_answers_its_path_by_any_method_and_no_other(admin):
    made = admin(ALL)
    for port, path in PATHS.items():
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert web.get(made.port(port), path, method=method).status == 200, (method, path)
        head = web.get(made.port(port), path, method="HEAD")
        assert head.status == 200 and head.body == b"" and int(head.headers["content-length"]) > 0
        other = web.get(made.port(port), "/other")
        assert (other.status, other.text) == (404, "404 page not found\n")
        assert other.headers["x-content-type-options"] == "nosniff"
    assert web.get(made.port("PORT2"), "/health").text == "OK"
    assert web.get(made.port("PORT2"), "/health/").status == 404
    assert web.get(made.port("PORT2"), "/health?verbose=1").text == "OK"
    moved = web.get(made.port("PORT5"), "/debug/pprof")
    assert (moved.status, moved.headers["location"]) == (302, "/debug/pprof/")


def test_one_address_for_all(admin):
    made = admin(ONE)
    for path in PATHS.values():
        assert web.get(made.port("PORT2"), path).status == 200, path


def test_bodies_are_read_and_thrown_away(admin):
    made = admin(ALL)
    assert web.get(made.port("PORT2"), "/health", method="POST", body=b"x" * 500000).text == "OK"
    with pytest.raises((OSError, web.http.client.HTTPException)):
        web.get(made.port("PORT2"), "/health", method="POST", body=b"x" * (8 << 20))
    assert web.get(made.port("PORT2"), "/health").text == "OK"


def test_metrics_are_compressed_for_those_who_take_it(admin):
    made = admin(ALL)
    plain = web.get(made.port("PORT4"), "/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "content-encoding" not in plain.headers
    small = web.get(made.port("PORT4"), "/metrics", headers={"Accept-Encoding": "gzip"})
    assert small.headers["content-encoding"] == "gzip" and len(small.body) < len(plain.body) / 2
    assert "coredns_build_info" in gzip.decompress(small.body).decode()
    refused = web.get(made.port("PORT4"), "/metrics", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in refused.headers


def test_an_address_that_is_taken(admin, refused):
    """health and pprof cannot start then; ready and prometheus say so, and DNS is served."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        for plugin in ("health", "pprof"):
            status, out = refused(f".:{{PORT}} {{\n    bind 127.0.0.1\n    {plugin} {at}\n    whoami\n}}\n")
            assert status == 1 and at in out and f"plugin/{plugin}" in out, out
        for plugin in ("ready", "prometheus"):
            made = admin(f".:{{PORT}} {{\n    bind 127.0.0.1\n    {plugin} {at}\n    whoami\n}}\n")
            assert made.udp("a.example.").rcode() == 0
            assert re.search(rf"^\[ERROR\] plugin/{plugin}: cannot listen on \"{at}\"", made.output(), re.M)


@pytest.mark.parametrize("plugin", ["health", "ready", "prometheus", "pprof"])
@pytest.mark.parametrize("address", ["8080", "127.0.0.1", "127.0.0.1:", "::1:8080", "127.0.0.1:99999", "a/b:80", "127.0.0.1:80 x"])
def test_what_is_no_address_is_refused(refused, plugin, address):
    status, out = refused(f".:{{PORT}} {{\n    bind 127.0.0.1\n    {plugin} {address}\n    whoami\n}}\n")
    assert status == 1 and re.search(rf"Corefile:3\b.*{plugin}", out), out


def test_localhost_is_this_machine(admin):
    made = admin(ALL.replace("127.0.0.1:{PORT2}", "localhost:{PORT2}"))
    assert web.get(made.port("PORT2"), "/health").text == "OK"


def test_who_says_nothing_is_closed(admin):
    made = admin(ALL)
    with socket.create_connection(("127.0.0.1", made.port("PORT2"))) as s:
        s.settimeout(15 * wait.FACTOR)
        assert s.recv(1) == b""


def test_who_says_little_at_a_time_is_closed(admin):
    """A byte a second keeps nobody's place: the request as a whole has its time."""
    made = admin(ALL)
    with socket.create_connection(("127.0.0.1", made.port("PORT2"))) as s:
        began = time.monotonic()
        s.settimeout(0.5)
        with pytest.raises((ConnectionError, EOFError)):
            while time.monotonic() - began < 20 * wait.FACTOR:
                s.send(b"G" if time.monotonic() - began < 0.1 else b"E")
                try:
                    if s.recv(1) == b"":
                        raise EOFError
                except socket.timeout:
                    pass


def test_a_crowd_that_holds_its_connections_does_not_keep_the_probe_out(admin):
    made = admin(ALL)
    crowd = [socket.create_connection(("127.0.0.1", made.port("PORT2"))) for _ in range(300)]
    try:
        wait.until(lambda: _ok(made), "an answer while 300 connections say nothing", 20)
    finally:
        for s in crowd:
            s.close()


def _ok(made):
    try:
        return web.get(made.port("PORT2"), "/health", timeout=3).status == 200
    except OSError:
        return False


def test_rubbish_does_no_harm(admin):
    made = admin(ALL)
    for text in (b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET /health HTTP/9.9\r\n\r\n",
                 b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n", b"POST /health HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                 b"POST /health HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", made.port("PORT2"))) as s:
            s.settimeout(8 * wait.FACTOR)
            try:
                s.sendall(text)
                s.recv(4096)
            except OSError:
                pass
    assert web.get(made.port("PORT2"), "/health").text == "OK"


def test_health_looks_at_itself(admin):
    made = admin(ALL)
    wait.until(lambda: web.value(web.metrics(made.port("PORT4")), "coredns_health_request_duration_seconds_count") >= 2,
               "two requests to itself")
    assert web.value(web.metrics(made.port("PORT4")), "coredns_health_request_failures_total") == 0
