# SPDX-License-Identifier: Apache-2.0
"""TCP: many questions on a connection, many connections, and clients that behave badly."""
import select
import socket
import struct
import time

import pytest

from harness import ask, wait

COREFILE = ".:{PORT} {\n    bind 127.0.0.1\n    forward . {UP}\n}\n"
SCRIPT = {"rules": [{"match": {"name": "slow.example."}, "delay": 0.5, "answer": "@ 60 IN A 192.0.2.1"},
                    {"match": {"name": "big.example."}, "answer": "$GENERATE 1-250 @ 60 IN A 192.0.2.$"},
                    {"match": {}, "answer": "@ 60 IN A 192.0.2.2"}]}


@pytest.fixture
def made(server, upstream):
    return server(COREFILE, UP=upstream(SCRIPT))


def question(name, i):
    return ask.packet(ask.question(name), id=i)


def test_a_quick_answer_overtakes_a_slow_one(server, upstream):
    """Pipelined questions are answered as their answers come (RFC 7766 6.2.1.1).  The upstream is asked over
    UDP: on one TCP connection it would answer in turn."""
    made = server(COREFILE.replace("{UP}", "{UP} {\n        prefer_udp\n    }"), UP=upstream(SCRIPT))
    with made.connect() as s:
        ask.send(s, question("slow.example.", 1), question("quick.example.", 2), question("quick2.example.", 3))
        order = [ask.header(ask.recv(s))[0] for _ in range(3)]
    assert order[-1] == 1 and sorted(order) == [1, 2, 3]


def test_hundreds_of_pipelined_questions(made):
    with made.connect() as s:
        ask.send(s, *[question(f"p{i % 20}.example.", i) for i in range(500)])
        ids = {ask.header(ask.recv(s))[0] for _ in range(500)}
    assert ids == set(range(500))


def test_a_question_in_single_bytes(made):
    w = question("bytes.example.", 7)
    with made.connect() as s:
        for b in struct.pack("!H", len(w)) + w:
            s.sendall(bytes([b]))
            time.sleep(0.002)
        assert ask.header(ask.recv(s))[0] == 7


def test_questions_cut_across_writes(made):
    """The end of one message and the head of the next in one segment."""
    w = b"".join(struct.pack("!H", len(m)) + m for m in (question("x.example.", 1), question("y.example.", 2)))
    with made.connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in (w[:10], w[10:40], w[40:]):
            s.sendall(part)
            time.sleep(0.02)
        assert sorted(ask.header(ask.recv(s))[0] for _ in range(2)) == [1, 2]


def test_a_client_that_shuts_its_side_still_gets_its_answers(made):
    with made.connect() as s:
        ask.send(s, question("slow.example.", 1), question("quick.example.", 2))
        s.shutdown(socket.SHUT_WR)
        assert sorted(ask.header(ask.recv(s))[0] for _ in range(2)) == [1, 2]


def test_slow_senders_hold_up_nobody(made):
    held = []
    for part in (b"\0", b"\0\x40", b"\0\x40" + b"x" * 20, b"\xff\xff", b""):
        for _ in range(20):
            c = made.connect()
            c.sendall(part)
            held.append(c)
    start = time.monotonic()
    for i in range(20):
        assert made.tcp(f"ok{i}.example.").rcode() == 0 and made.udp(f"ok{i}.example.").rcode() == 0
    assert time.monotonic() - start < 4 * wait.FACTOR
    for c in held:
        c.close()


def test_a_client_that_sends_nothing_is_let_go(made):
    """The first question has to come within 3 s; RFC 7766 6.2.3 asks servers to close idle connections."""
    with made.connect() as s:
        s.settimeout(9 * wait.FACTOR)
        start = time.monotonic()
        assert s.recv(1) == b""
        assert time.monotonic() - start >= 1.5


def test_a_kept_connection_outlives_a_pause_and_ends_when_idle(made):
    with made.connect(timeout=20) as s:
        ask.send(s, question("kept.example.", 1))
        ask.recv(s)
        time.sleep(3.5)                             # longer than a new connection may wait
        ask.send(s, question("kept.example.", 2))
        assert ask.header(ask.recv(s))[0] == 2
        start = time.monotonic()
        assert s.recv(1) == b""
        assert 5 <= time.monotonic() - start <= 14 * wait.FACTOR


def test_a_reader_that_stops_is_bounded(made):
    """Thousands of large answers asked for and never read: the server stops reading from that client, its
    memory stays in bounds, others are served."""
    made.tcp("big.example.")
    before = made.rss_mb()
    s = made.connect()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.setblocking(False)
    data = b"".join(struct.pack("!H", len(w)) + w for w in (question("big.example.", i) for i in range(5000)))
    sent, end = 0, time.monotonic() + 3
    while sent < len(data) and time.monotonic() < end:
        if not select.select([], [s], [], 0.2)[1]:
            break
        try:
            sent += s.send(data[sent:sent + 65536])
        except BlockingIOError:
            pass
        except OSError:
            break
    for i in range(10):
        assert made.udp(f"other{i}.example.").rcode() == 0
    assert made.rss_mb() <= before + 40 * wait.FACTOR
    s.close()


def test_six_hundred_connections(made):
    held = [made.connect() for _ in range(600)]
    for i in range(0, 600, 50):
        ask.send(held[i], question("held.example.", i))
        assert ask.header(ask.recv(held[i]))[0] == i
    assert made.tcp("new.example.").rcode() == 0
    for c in held:
        c.close()


def connections(made):
    """Connections of the server's port that its side has not closed."""
    with open(f"/proc/{made.proc.pid}/net/tcp") as f:
        rows = [line.split() for line in f]
    return [r for r in rows[1:] if r[1].endswith(f":{made.port():04X}") and r[3] in ("01", "03", "08")]


def test_connections_that_come_and_go_leave_nothing(made):
    """Closed, reset, and closed with a question under way."""
    for i in range(300):
        c = made.connect()
        if i % 3 == 0:
            ask.send(c, question("slow.example." if i % 2 else f"gone{i}.example.", i))
        if i % 3 == 1:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()
    wait.until(lambda: not connections(made), "every connection closed", timeout=8)
    assert made.tcp("b.example.").rcode() == 0


def test_a_large_answer_is_whole_over_tcp(made):
    r = made.tcp("big.example.")
    assert len(ask.addresses(r)) == 250 and not ask.tc(r)


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0\0", b"\0\x01x", b"\0\x0b" + b"x" * 11,
                                  b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40],
                         ids=["http", "zero", "one", "eleven", "tls"])
def test_bytes_that_are_not_dns(made, junk):
    with made.connect() as s:
        s.settimeout(0.5)
        s.sendall(junk)
        try:
            r = s.recv(4096)
        except OSError:
            r = b""
        assert len(r) <= 2 + 12
    assert made.tcp("fine.example.").rcode() == 0
