# SPDX-License-Identifier: Apache-2.0
"""Loops end the process, and nothing else does."""
import signal

import pytest

from harness import ask, wait

pytestmark = pytest.mark.threads

FATAL = r'^\[FATAL\] plugin/loop: Loop \({}:\d+ -> {}\) detected for zone "{}", see \S+ Query: "HINFO \d+\.\d+\.{}"$'


def ends_by_loop(made, peer=r"127\.0\.0\.1", zone=r"\.", address=r"127\.0\.0\.1:\d+", below=""):
    assert made.exit(timeout=20) == 1
    made.said(FATAL.format(peer, address, zone, below))


def test_to_itself(server):
    ends_by_loop(server(".:{PORT} {\n bind 127.0.0.1\n loop\n forward . 127.0.0.1:{PORT}\n}\n", wait_up=False))


def test_through_its_own_cache(server):
    """Merging equal questions must not hide the loop."""
    ends_by_loop(server(".:{PORT} {\n bind 127.0.0.1\n loop\n cache\n forward . 127.0.0.1:{PORT}\n}\n", wait_up=False))


def test_over_tcp(server):
    ends_by_loop(server(".:{PORT} {\n bind 127.0.0.1\n loop\n forward . 127.0.0.1:{PORT} {\n  force_tcp\n }\n}\n",
                        wait_up=False))


def test_on_all_addresses(server):
    ends_by_loop(server(".:{PORT} {\n loop\n forward . 127.0.0.1:{PORT}\n}\n", wait_up=False), address=r":\d+")


def test_below_the_first_zone(server):
    ends_by_loop(server("example.org:{PORT} example.net:{PORT} {\n bind 127.0.0.1\n loop\n forward . 127.0.0.1:{PORT}\n}\n",
                        wait_up=False), zone=r"example\.org\.", below=r"example\.org\.")


def test_over_another_server(server):
    """The other one caches and merges, and has no `loop`."""
    other = server(".:{PORT} {\n bind 127.0.0.1\n cache\n forward . 127.0.0.1:{PORT2}\n}\n")
    back = other.port("PORT2")
    ends_by_loop(server(f".:{back} {{\n bind 127.0.0.1\n loop\n cache\n forward . 127.0.0.1:{other.port()}\n}}\n",
                        wait_up=False))


def test_after_a_reload(server, upstream):
    """A configuration that brings a loop ends the process too: it could answer nothing."""
    up = upstream({"records": "www.example. 60 IN A 192.0.2.1"})
    text = ".:{PORT} {\n bind 127.0.0.1\n loop\n forward . UPSTREAM\n}\n"
    made = server(text.replace("UPSTREAM", str(up)))
    wait.until(lambda: up.seen(type="HINFO"), "the probe")
    made.write(text.replace("UPSTREAM", "127.0.0.1:{PORT}"))
    made.send_signal(signal.SIGUSR1)
    ends_by_loop(made)


def test_none(server, upstream):
    """One question, answered, and never again."""
    up = upstream({"records": "www.example. 60 IN A 192.0.2.1"})
    made = server(".:{PORT} {\n bind 127.0.0.1\n loop\n forward . {UP}\n}\n", UP=up)
    wait.until(lambda: up.seen(type="HINFO"), "the probe")
    wait.never(lambda: len(up.seen(type="HINFO")) > 1, "a second probe", 2.5)
    assert ask.addresses(made.udp("www.example.")) == ["192.0.2.1"]


def test_a_silent_upstream_holds_up_nothing(server, upstream):
    """The server serves at once, reloads, and asks again with another name each time."""
    up = upstream({"rules": [{"match": {"type": "HINFO"}, "drop": True}],
                   "records": "www.example. 60 IN A 192.0.2.1"})
    made = server(".:{PORT} {\n bind 127.0.0.1\n loop\n forward . {UP}\n}\n", UP=up)
    assert ask.addresses(made.udp("www.example.")) == ["192.0.2.1"]
    wait.until(lambda: len({e["name"] for e in up.seen(type="HINFO")}) >= 2, "a second try")
    made.send_signal(signal.SIGUSR1)
    made.said(r"Reloading complete")
    assert ask.addresses(made.udp("www.example.")) == ["192.0.2.1"]


def test_a_replay_of_an_earlier_try(server, upstream):
    """Names of tries that are over do not count, although no answer has ended the search."""
    up = upstream({"rules": [{"match": {"type": "HINFO"}, "drop": True}],
                   "records": "www.example. 60 IN A 192.0.2.1"})
    made = server(".:{PORT} {\n bind 127.0.0.1\n loop\n forward . {UP}\n}\n", UP=up)
    wait.until(lambda: len({e["name"] for e in up.seen(type="HINFO")}) >= 2, "a second try")
    first = up.seen(type="HINFO")[0]["name"]
    for _ in range(5):
        made.raw(ask.query(first, "HINFO").to_wire(), timeout=0.05)
    assert made.proc.poll() is None
    assert ask.addresses(made.udp("www.example.")) == ["192.0.2.1"]
