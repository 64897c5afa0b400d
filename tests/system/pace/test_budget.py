# SPDX-License-Identifier: Apache-2.0
"""An upstream with a packet limit, as AmazonProvidedDNS has (1,024 a second on an interface): it drops what is above.

Realistic traffic, 3,000 questions a second for popular and less popular names with short TTLs: with `pace`, merging,
prefetch and stale answers none fails; without a cache and without `pace` the same traffic loses questions.
"""
import multiprocessing
import random
import select
import socket
import struct
import time

import pytest

LIMIT, PACE, RATE = 1024, 1000, 3000
NAMES, RAMP_S, FLAT_S = 2500, 4, 5
PACED = """.:{PORT} {
    bind 127.0.0.1
    forward . {UP} {
        pace %d
        max_fails 0
    }
    cache 60 {
        success 10000 60 0
        prefetch 5 1m 20%%
        serve_stale 1h verify 1s
    }
}
""" % PACE
BARE = ".:{PORT} {\n    bind 127.0.0.1\n    forward . {UP} {\n        max_fails 0\n        hedge off\n    }\n}\n"


def limited_upstream(sock, most):
    """Answers at most LIMIT datagrams in any second; `most` is told the largest number that came in one."""
    second, n = 0, 0
    while True:
        query, peer = sock.recvfrom(4096)
        now = int(time.monotonic())
        second, n = (now, n + 1) if now == second else (now, 1)
        most.value = max(most.value, n)
        if n > LIMIT:
            continue
        end = 12
        while query[end]:
            end += query[end] + 1
        end += 5
        ttl = 3 + query[13] % 20
        answer = struct.pack("!HHHIH4s", 0xC00C, 1, 1, ttl, 4, b"\xc0\x00\x02\x01")
        sock.sendto(query[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + query[12:end] + answer, peer)


@pytest.fixture
def upstream():
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind(("127.0.0.1", 0))
    most = multiprocessing.Value("i", 0)
    p = multiprocessing.Process(target=limited_upstream, args=(sock, most), daemon=True)
    p.start()
    yield f"127.0.0.1:{sock.getsockname()[1]}", most
    p.kill()
    p.join()


def question(query_id, rank):
    name = b"%cn%05d\7example\3org\0" % (6, rank)
    return struct.pack("!6H", query_id, 0x0100, 1, 0, 0, 0) + name + b"\0\1\0\1"


def ask_all(port):
    """Zipf's law over NAMES, the rate rising to RATE; (asked, good, other rcodes, unanswered)."""
    rnd = random.Random(7)
    ranks = rnd.choices(range(NAMES), [1 / (k + 1) for k in range(NAMES)], k=RATE * (RAMP_S + FLAT_S))
    socks = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(8)]
    for s in socks:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        s.connect(("127.0.0.1", port))
    waiting, good, bad, sent = set(), 0, 0, 0
    start = time.monotonic()

    def due():
        t = time.monotonic() - start
        ramp = min(t, RAMP_S)
        return int(RATE * ramp * ramp / (2 * RAMP_S) + RATE * max(0, t - RAMP_S))

    total, last = RATE * RAMP_S // 2 + RATE * FLAT_S, None
    while sent < total or (waiting and time.monotonic() < last + 6):
        while sent < min(due(), total):
            k, query_id = sent % len(socks), sent // len(socks) % 65536
            socks[k].send(question(query_id, ranks[sent]))
            waiting.add((k, query_id))
            sent += 1
            last = time.monotonic()
        for s in select.select(socks, [], [], 0.002)[0]:
            reply = s.recv(4096)
            k = socks.index(s)
            waiting.discard((k, struct.unpack("!H", reply[:2])[0]))
            if reply[3] & 15 == 0 and reply[7]:
                good += 1
            else:
                bad += 1
    for s in socks:
        s.close()
    return sent, good, bad, len(waiting)


def test_nothing_fails_within_the_budget(server, upstream):
    address, most = upstream
    made = server(PACED, UP=address)
    sent, good, bad, lost = ask_all(made.port())
    assert (good, bad, lost) == (sent, 0, 0), f"{most.value} packets in the busiest second"
    assert most.value <= LIMIT


def test_the_same_traffic_fails_without(server, upstream):
    address, most = upstream
    made = server(BARE, UP=address)
    sent, good, _, _ = ask_all(made.port())
    assert most.value > LIMIT and good < sent
