# SPDX-License-Identifier: Apache-2.0
"""Signals and exit statuses."""
import signal
import socket
import threading
import time

import dns.rcode
import pytest

from harness import ask, wait

pytestmark = pytest.mark.threads

WHOAMI = ".:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n"
FORWARD = ".:{PORT} {\n    bind 127.0.0.1\n    forward . {UP}\n}\n"
SLOW = {"rules": [{"match": {"name": "slow.example."}, "delay": 1.0, "answer": "slow.example. 60 IN A 192.0.2.1"}],
        "records": "quick.example. 60 IN A 192.0.2.2"}


def with_pidfile(server, tmp_path, text=WHOAMI, **kw):
    path = tmp_path / "pid"
    made = server(text, args=["-pidfile", str(path)], **kw)
    wait.until(path.exists, "the pid file")
    return made, path


def test_term(server, tmp_path):
    made, pid = with_pidfile(server, tmp_path)
    assert made.stop(signal.SIGTERM) == 0
    assert not pid.exists()


def test_term_answers_what_is_in_flight(server, upstream):
    """Over UDP and TCP: a question that waits for its upstream is answered before the server ends."""
    up = upstream(SLOW)
    made = server(FORWARD, UP=up)
    got = {}
    def by(kind):
        try:
            got[kind] = getattr(made, kind)("slow.example.", timeout=5)
        except Exception as e:
            got[kind] = e
    threads = [threading.Thread(target=by, args=(k,)) for k in ("udp", "tcp")]
    for t in threads:
        t.start()
    wait.until(lambda: len(up.seen(name="slow.example.")) >= 1, "the question at the upstream")
    time.sleep(0.1)                                     # so that the second one is in as well
    made.send_signal(signal.SIGTERM)
    for t in threads:
        t.join()
    assert made.exit() == 0
    for kind, r in got.items():
        assert not isinstance(r, Exception), f"{kind}: {r!r}"
        assert ask.addresses(r) == ["192.0.2.1"], kind


def test_term_ends_with_connections_open(server):
    """Idle connections do not hold up the end."""
    made = server(WHOAMI)
    held = [made.connect() for _ in range(5)]
    start = time.monotonic()
    assert made.stop() == 0
    assert time.monotonic() - start < 6 * wait.FACTOR
    for c in held:
        c.close()


def test_int(server, tmp_path):
    made, pid = with_pidfile(server, tmp_path)
    assert made.stop(signal.SIGINT) == 0
    assert not pid.exists()


def silent_in_flight(server, upstream, sock):
    """A server with a question that its upstream will never answer."""
    up = upstream({"rules": [{"match": {}, "drop": True}]})
    made = server(FORWARD, UP=up)
    sock.sendto(ask.query("silent.example.").to_wire(), ("127.0.0.1", made.port()))
    wait.until(lambda: up.seen(name="silent.example."), "the question at the upstream")
    return made


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_int_during_the_drain_ends_at_once(server, upstream, first):
    """An operator who does not want to wait for what is in flight."""
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        made = silent_in_flight(server, upstream, s)
        made.send_signal(first)
        made.said(f"{first.name}: Shutting down")
        time.sleep(0.1)                     # the line comes first, then the drain begins
        start = time.monotonic()
        made.send_signal(signal.SIGINT)
        assert made.exit() == 2
        assert time.monotonic() - start < 1 * wait.FACTOR


def test_the_drain_is_bounded(server, upstream):
    """A question without an answer is answered SERVFAIL at its deadline, and the server ends."""
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        made = silent_in_flight(server, upstream, s)
        start = time.monotonic()
        assert made.stop() == 0
        assert time.monotonic() - start < 6 * wait.FACTOR
        s.settimeout(1)
        assert s.recv(4096)[3] & 15 == dns.rcode.SERVFAIL


def test_quit(server, tmp_path):
    made, pid = with_pidfile(server, tmp_path)
    assert made.stop(signal.SIGQUIT) == 0
    assert not pid.exists()


def test_hup_and_pipe_are_ignored(server):
    made = server(WHOAMI)
    for sig in (signal.SIGHUP, signal.SIGHUP, signal.SIGPIPE):
        made.send_signal(sig)
        assert made.udp("a.example.").rcode() == dns.rcode.NOERROR
    assert made.proc.poll() is None
