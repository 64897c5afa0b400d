# SPDX-License-Identifier: Apache-2.0
"""One question's way to an upstream and back: deadline, merging, forged answers, kept connections."""
import socket
import struct
import threading
import time

import dns.message
import dns.rcode
import pytest

from harness import ask, wait

FORWARD = ".:{PORT} {\n    bind 127.0.0.1\n    errors\n    forward . {UP} {\n        max_fails 0\nMORE    }\n}\n"


def corefile(more="", cache=False):
    text = FORWARD.replace("MORE", "".join(f"        {line}\n" for line in more.splitlines()))
    return text.replace("    errors\n", "    errors\n    cache 300\n") if cache else text


def timed(call):
    start = time.monotonic()
    r = call()
    return r, time.monotonic() - start


@pytest.mark.parametrize("cache", [False, True])
def test_silence_ends_before_stubs_give_up(server, upstream, cache):
    """glibc and musl wait 5 s; the failure is out after 4.5 s, with its reason."""
    up = upstream({"rules": [{"match": {}, "drop": True}]})
    made = server(corefile(cache=cache), UP=up)
    r, took = timed(lambda: made.udp("silent.example.", query={"edns": 1232}, timeout=6))
    assert r.rcode() == dns.rcode.SERVFAIL and ask.ede(r) and ask.ede(r)[0] in (22, 23), (r, ask.ede(r))
    assert 1.5 <= took <= 4.8 * wait.FACTOR, took


def test_a_refused_port_is_told_at_once(server):
    made = server(corefile("max_connect_attempts 2").replace("{UP}", "127.0.0.1:1"))
    r, took = timed(lambda: made.udp("closed.example.", query={"edns": 1232}))
    assert r.rcode() == dns.rcode.SERVFAIL and ask.ede(r)[0] in (22, 23) and took < 1 * wait.FACTOR, (r, took)


def test_a_kept_answer_keeps_the_letters_of_its_data(server, upstream):
    """The question and its owners are as each client writes them; a target is as the upstream wrote it."""
    up = upstream({"records": "www.example.org. 300 IN CNAME Pool.example.org.\nPool.example.org. 300 IN A 192.0.2.1"})
    made = server(corefile(cache=True), UP=up)
    for name in ("www.example.org.", "WWW.EXAMPLE.ORG.", "www.Example.Org."):
        r = made.udp(name)
        assert r.question[0].name.to_text() == name
        assert r.answer[0].name.to_text() == name and r.answer[0][0].target.to_text() == "Pool.example.org."
        assert r.answer[1].name.to_text() == "Pool.example.org."
    assert len(up.seen(name="www.example.org.")) == 1


def at_once(made, name, n, **kw):
    """n clients ask the same at the same time: their answers."""
    out, gate = [None] * n, threading.Barrier(n)

    def one(i):
        gate.wait()
        try:
            out[i] = made.udp(name, **kw)
        except OSError as e:
            out[i] = e
    threads = [threading.Thread(target=one, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return out


@pytest.mark.threads
def test_the_same_question_in_flight_is_asked_once(server, upstream):
    up = upstream({"rules": [{"match": {}, "delay": 0.5, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile(cache=True), UP=up)
    answers = at_once(made, "popular.example.", 40)
    assert all(ask.addresses(r) == ["192.0.2.1"] for r in answers), answers
    assert len(up.seen(name="popular.example.")) == 1


@pytest.mark.threads
def test_fifty_over_eight_workers_are_asked_at_most_twice(server, upstream):
    up = upstream({"rules": [{"match": {}, "delay": 0.5, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile(cache=True), UP=up, args=["-workers", "8"])
    answers = at_once(made, "popular.example.", 50)
    assert all(ask.addresses(r) == ["192.0.2.1"] for r in answers), answers
    assert len(up.seen(name="popular.example.")) <= 2


def test_without_a_cache_too_but_for_each_worker(server, upstream):
    up = upstream({"rules": [{"match": {}, "delay": 0.5, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile(), UP=up, args=["-workers", "2"])
    answers = at_once(made, "popular.example.", 40)
    assert all(ask.addresses(r) == ["192.0.2.1"] for r in answers), answers
    assert len(up.seen(name="popular.example.")) <= 2


@pytest.mark.threads
def test_clients_that_wait_for_a_failing_leader_get_an_answer(server, upstream):
    """The first attempt is lost; those who came later have time left and are not failed with it."""
    up = upstream({"rules": [{"match": {"nth": 1}, "drop": True}, {"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile("read_timeout 500ms", cache=True), UP=up)
    answers = at_once(made, "second.example.", 10, timeout=6)
    assert all(not isinstance(r, Exception) and ask.addresses(r) == ["192.0.2.1"] for r in answers), answers


@pytest.mark.threads
def test_the_cache_is_one_for_all_workers(server, upstream):
    up = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile(cache=True), UP=up, args=["-workers", "4"])
    for _ in range(64):                     # each from a port of its own, so from worker to worker
        assert ask.addresses(made.udp("shared.example.")) == ["192.0.2.1"]
    assert len(up.seen(name="shared.example.")) == 1


def test_forged_answers_from_elsewhere_are_not_taken(server, upstream):
    """Right id, question and port, but not the upstream's address: nobody else can answer in its place."""
    up = upstream({"rules": [{"match": {}, "delay": 0.6, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile(), UP=up)

    def forge():
        asked = wait.until(lambda: up.seen(name="spoof.example.", proto="udp"), "the question at the upstream")[0]
        q = dns.message.make_query("spoof.example.", "A")
        q.id = asked["id"]
        r = dns.message.make_response(q)
        r.answer.append(dns.rrset.from_text("spoof.example.", 300, "IN", "A", "203.0.113.66"))
        for source in ("127.0.0.1", "127.0.0.66"):
            with socket.socket(type=socket.SOCK_DGRAM) as s:
                s.bind((source, 0))
                s.sendto(r.to_wire(), ("127.0.0.1", asked["port"]))
    t = threading.Thread(target=forge)
    t.start()
    r = made.udp("spoof.example.")
    t.join()
    assert ask.addresses(r) == ["192.0.2.1"]


def test_ids_and_ports_are_not_guessable(server, upstream):
    up = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile(), UP=up)
    for i in range(200):
        made.udp(f"r{i}.example.")
    seen = up.seen(proto="udp")
    ids, ports = [e["id"] for e in seen], {e["port"] for e in seen}
    assert len(set(ids)) >= 190 and len(ports) >= 3
    steps = [(b - a) & 0xFFFF for a, b in zip(ids, ids[1:])]
    assert len(set(steps)) >= 180, "ids follow each other"


def test_a_connection_carries_many_questions(server, upstream):
    """force_tcp: kept and pipelined, not one each."""
    up = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile("force_tcp"), UP=up, args=["-workers", "1"])
    for i in range(60):
        assert ask.addresses(made.udp(f"kept{i}.example.")) == ["192.0.2.1"]
    assert len({e["port"] for e in up.seen(proto="tcp")}) <= 3


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_connection_that_the_upstream_ends_is_replaced(server, upstream, how):
    """After each answer: the next question goes over a new one and the client sees nothing of it."""
    up = upstream({"tcp_answers": 1, "tcp_then": how, "tcp_linger": 0.01,
                   "rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile("force_tcp"), UP=up)
    for i in range(20):
        assert ask.addresses(made.udp(f"again{i}.example.")) == ["192.0.2.1"]


def test_our_own_edns_is_asked_with(server, upstream):
    up = upstream({"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile(), UP=up)
    made.udp("plain.example.")
    made.udp("cookie.example.", query={"edns": 4096, "options": [(10, b"12345678"), (12, b"\0" * 8), (3, b""), (65001, b"x")]})
    plain, rich = up.seen(name="plain.example.")[0], up.seen(name="cookie.example.")[0]
    assert plain["edns"] == 1232 and plain["options"] == []
    assert rich["edns"] == 1232 and rich["options"] == [65001], rich


def test_a_client_that_left_does_not_stop_the_answer_from_being_kept(server, upstream):
    up = upstream({"rules": [{"match": {}, "delay": 0.5, "answer": "@ 300 IN A 192.0.2.1"}]})
    made = server(corefile(cache=True), UP=up)
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.sendto(ask.packet(ask.question("left.example.")), ("127.0.0.1", made.port()))
        wait.until(lambda: up.seen(name="left.example."), "the question at the upstream")
    with made.connect() as s:
        w = ask.packet(ask.question("left.example."))
        s.sendall(struct.pack("!H", len(w)) + w)
    wait.until(lambda: timed(lambda: made.udp("left.example."))[1] < 0.3, "a quick answer from the cache")
    assert len(up.seen(name="left.example.")) == 1
