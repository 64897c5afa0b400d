# SPDX-License-Identifier: Apache-2.0
"""`health { lameduck }`: after the signal everything is answered on, until the time is over."""
import re
import signal
import socket
import time

import pytest

from harness import ask, load, wait

pytestmark = pytest.mark.threads

ANSWERS = {"rules": [{"match": {}, "answer": "@ 3600 IN A 192.0.2.1"}]}
DUCK = """.:{PORT} {
    bind 127.0.0.1
    health 127.0.0.1:{PORT8} {
        lameduck {TIME}
    }
    forward . {UP}
    cache 3600
}
"""


def http(port):
    """The health endpoint's status line; None when nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2 * wait.FACTOR) as s:
            s.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            return s.recv(100).split(b"\r\n")[0].decode()
    except OSError:
        return None


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_all_is_answered_to_the_end(server, upstream, sig):
    """5,000 questions a second for most of five seconds after the signal; then status 0."""
    made = server(DUCK, TIME="5s", UP=upstream(ANSWERS))
    assert ask.addresses(made.udp("load.example.")) == ["192.0.2.1"]
    before = time.monotonic()
    made.send_signal(sig)
    made.said(rf"^\[INFO\] {sig.name}: Shutting down.*\n\[INFO\] plugin/health: Going into lameduck mode for 5s$")
    running = load.Load(made.port())
    time.sleep(4)                    # the load has to end before the server does
    assert "200" in http(made.port("PORT8"))
    got = running.stop()
    assert made.proc.poll() is None and got.missed("udp", "fresh", "conn") == 0, got.text
    # Kept connections are ended with an answer in the second half; what a client had on the way then is all it loses.
    assert got.ways["kept"]["bad"] == got.ways["kept"]["lost"] == 0, got.text
    assert made.exit() == 0
    assert 5 <= time.monotonic() - before < 5 + 3 * wait.FACTOR


def test_two_blocks_do_not_add_up(server):
    """The longest counts."""
    made = server(".:{PORT} {\n    bind 127.0.0.1\n    health 127.0.0.1:{PORT8} {\n        lameduck 1s\n    }\n    whoami\n}\n"
                  "b.example:{PORT} {\n    bind 127.0.0.1\n    health 127.0.0.1:{PORT9} {\n        lameduck 1500ms\n    }\n    whoami\n}\n")
    before = time.monotonic()
    assert made.stop() == 0
    assert 1.5 <= time.monotonic() - before < 2.4 * wait.FACTOR
    assert re.search("lameduck mode for 1.5s", made.output())


@pytest.mark.parametrize("first, second", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT),
                                           (signal.SIGINT, signal.SIGINT)])
def test_a_second_signal_ends_at_once(server, upstream, first, second):
    made = server(DUCK, TIME="30s", UP=upstream(ANSWERS))
    made.send_signal(first)
    made.said("lameduck mode")
    before = time.monotonic()
    assert made.stop(second) == 2
    assert time.monotonic() - before < 2 * wait.FACTOR
    assert re.search(rf"^\[INFO\] {second.name}: Force quit$", made.output(), re.M)


def test_no_reload_during_the_lameduck_time(server, upstream):
    made = server(DUCK, TIME="1s", UP=upstream(ANSWERS))
    made.send_signal(signal.SIGTERM)
    made.said("lameduck mode")
    made.send_signal(signal.SIGUSR1)
    assert made.exit() == 0
    assert "Reloading complete" not in made.output()


def test_a_client_that_asks_one_thing_after_the_other_loses_nothing(server, upstream):
    """Its connection is ended together with an answer, so that it knows before it asks again."""
    made = server(DUCK, TIME="2s", UP=upstream(ANSWERS))
    made.udp("load.example.")
    made.send_signal(signal.SIGTERM)
    made.said("lameduck mode")
    conn, opened, end = made.connect(), 1, time.monotonic() + 1.7
    while time.monotonic() < end:
        ask.send(conn, ask.packet(ask.question("load.example."), id=7))
        assert ask.recv(conn)[3] & 15 == 0
        time.sleep(0.01)
        conn.setblocking(False)
        try:
            ended = conn.recv(1) == b""
        except BlockingIOError:
            ended = False
        conn.setblocking(True)
        if ended:
            conn.close()
            conn, opened = made.connect(), opened + 1
    conn.close()
    assert opened > 1
    assert made.exit() == 0
