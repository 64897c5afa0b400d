# SPDX-License-Identifier: Apache-2.0
"""A restart on one host: the next process listens on the same port before the old one is told to go."""
import time

import compat

from harness import load

# With the endpoints of a stock Corefile: they are shared meanwhile, too.
COREFILE = """.:{PORT} {
    bind {HOST}
    health {HOST}:{HEALTH}
    ready {HOST}:{READY}
    prometheus {HOST}:{METRICS}
    hosts {
        192.0.2.1 load.example
    }
}
"""
ROUNDS = 20


def free_ports():
    return {name: compat.free_port() for name in ("HEALTH", "READY", "METRICS")}


def next_one(server, before, **kw):
    """Another process with the same Corefile, once it serves."""
    made = server(None, wait_up=False, listens=[], args=["-conf", before.conf], conf=False, ns=before.ns)
    made.conf, made.ports = before.conf, before.ports
    made.said(r"^\[INFO\] Serving ")
    return made


def restarts(server, first, rounds):
    """The old one is told to end as soon as the next one serves; all end well."""
    made = first
    for _ in range(rounds):
        time.sleep(0.25)                # some 1,250 questions between
        later = next_one(server, made)
        assert made.stop() == 0
        made = later
    return made


def under_load(server, first, ways, host="127.0.0.1", ns=None):
    running = load.Load(first.port(), ways, host=host, ns=ns)
    try:
        last = restarts(server, first, ROUNDS)
    finally:
        got = running.stop()
    return last, got


def test_twenty_restarts_lose_nothing_over_udp(server):
    """5,000 questions a second over UDP and TCP.  Over TCP without sockets handed over, a question is lost only where its
    connection was being closed (kept), or made: few, docs/operations.md counts them."""
    first = [server(COREFILE, HOST="127.0.0.1", **free_ports())]

    def attempt():
        first[0], got = under_load(server, first[0], load.MIX)
        print(got.text)
        assert got.missed("udp", "fresh") == 0, got.text
        # What a connection had on the way when it was closed is cut, not left without a word.
        assert got.total("bad") == got.total("lost") == 0, got.text
        return got
    load.steady(attempt)


def test_connections_move_where_the_kernel_lets_them(server, netns):
    """With net.ipv4.tcp_migrate_req, connections that wait to be accepted go to the new process's sockets."""
    ns = netns()
    ns.interface("eth0", "192.0.2.53/24")
    ns.sysctl("net.ipv4.tcp_migrate_req", 1)
    first = [server(COREFILE, ns=ns, HOST="192.0.2.53", HEALTH=8080, READY=8181, METRICS=9153)]

    def attempt():
        first[0], got = under_load(server, first[0], ("udp:3000", "fresh:1000", "conn:1000"), host="192.0.2.53", ns=ns)
        print(got.text)
        assert got.missed() == 0, got.text
        return got
    load.steady(attempt)
