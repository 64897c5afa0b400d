# SPDX-License-Identifier: Apache-2.0
"""What blocks say about their listeners: number of sockets, time-outs, shedding; and what a reload makes of it."""
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from harness import ask, wait

pytestmark = pytest.mark.threads

WHOAMI = ".:{PORT} {\n    bind 127.0.0.1\n    whoami\n%s}\n"


def reload(made, text):
    mark = made.output().count("Reloading complete")
    made.write(text)
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: made.output().count("Reloading complete") > mark, "the reload")


def sockets(made, kind):
    """How many sockets of this process are bound to the port."""
    out = subprocess.run(["ss", "-Hln" + kind, f"sport = :{made.port()}"], capture_output=True, text=True, check=True).stdout
    return len(out.splitlines())


# ---------------------------------------------------------------- multisocket
@pytest.mark.parametrize("n", [1, 3, 8])
def test_as_many_sockets_as_said(server, n):
    made = server(WHOAMI % f"    multisocket {n}\n")
    assert sockets(made, "u") == n and sockets(made, "t") == n
    for _ in range(20):
        assert made.udp("a.example.").rcode() == 0
    assert made.tcp("a.example.").rcode() == 0


class Asking(threading.Thread):
    """Asks from ever new source ports until told to stop; counts what was not answered at the first try."""

    def __init__(self, made):
        super().__init__()
        self.made, self.asked, self.lost, self.ending = made, 0, 0, False

    def run(self):
        while not self.ending:
            self.asked += 1
            try:
                self.made.udp("a.example.", timeout=2)
            except OSError:
                self.lost += 1


def test_a_changed_number_loses_nothing(server):
    made = server(WHOAMI % "    multisocket 2\n")
    askers = [Asking(made) for _ in range(4)]
    kept = made.connect()
    for a in askers:
        a.start()
    try:
        for n in (6, 1, 4, 2, 8, 1):
            reload(made, WHOAMI % f"    multisocket {n}\n")
            wait.until(lambda: sockets(made, "u") == n, f"{n} sockets")
            ask.send(kept, ask.query("kept.example.").to_wire())
            assert ask.recv(kept)
    finally:
        for a in askers:
            a.ending = True
        for a in askers:
            a.join()
    assert sum(a.asked for a in askers) > 100
    assert sum(a.lost for a in askers) == 0
    kept.close()


def test_a_failed_reload_leaves_the_sockets(server):
    made = server(WHOAMI % "    multisocket 2\n")
    made.write(WHOAMI % "    multisocket 5\n    nosuchplugin\n")
    made.send_signal(signal.SIGUSR1)
    made.said("nosuchplugin")
    assert sockets(made, "u") == 2


# ---------------------------------------------------------------- timeouts
def test_idle_and_number_of_questions(server):
    made = server(WHOAMI % "    timeouts {\n        idle 1s\n        maxtcpqueries 3\n    }\n")
    with made.connect() as s:
        for i in range(3):
            ask.send(s, ask.query(f"q{i}.example.").to_wire())
            assert ask.recv(s)
        assert s.recv(1) == b""
    with made.connect() as s:
        ask.send(s, ask.query("idle.example.").to_wire())
        assert ask.recv(s)
        began = time.monotonic()
        assert s.recv(1) == b""
        assert time.monotonic() - began > 0.8


def test_the_last_block_of_a_listener_wins_with_a_warning(server):
    made = server("a.example:{PORT} {\n    bind 127.0.0.1\n    whoami\n    timeouts {\n        maxtcpqueries 5\n    }\n}\n"
                  "b.example:{PORT} {\n    bind 127.0.0.1\n    whoami\n    timeouts {\n        maxtcpqueries 1\n    }\n}\n")
    made.said(r"Corefile:8: .*maxtcpqueries")
    with made.connect() as s:
        ask.send(s, ask.query("x.a.example.").to_wire())
        assert ask.recv(s)
        assert s.recv(1) == b""


def test_a_reload_changes_open_connections(server):
    made = server(WHOAMI % "    timeouts {\n        idle 1h\n    }\n")
    with made.connect() as s:
        ask.send(s, ask.query("a.example.").to_wire())
        assert ask.recv(s)
        reload(made, WHOAMI % "    timeouts {\n        idle 1s\n    }\n")
        ask.send(s, ask.query("b.example.").to_wire())
        assert ask.recv(s)
        assert s.recv(1) == b""


# ---------------------------------------------------------------- shed
def test_a_jammed_way_out_sheds_queries_and_sends_the_newest_first(server, netns):
    ours, theirs = netns(), netns()
    subprocess.run(["ip", "link", "add", "out", "netns", ours.name, "type", "veth", "peer", "name", "in", "netns", theirs.name],
                   check=True)
    for ns, name, address in ((ours, "out", "198.51.100.1/24"), (theirs, "in", "198.51.100.2/24")):
        ns.ip("addr", "add", address, "dev", name)
        ns.ip("link", "set", name, "up")
    subprocess.run(ours.command(["tc", "qdisc", "add", "dev", "out", "root", "tbf", "rate", "400kbit", "burst", "8k", "limit", "20m"]),
                   check=True)
    made = server(".:53 {\n    bind 198.51.100.1\n    multisocket 1\n    shed\n    prometheus 127.0.0.1:9153\n    whoami\n}\n", ns=ours)
    name = ".".join(["a" * 60] * 3) + "."
    got = []
    with theirs.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)     # SO_RCVBUFFORCE
        s.settimeout(2 * wait.FACTOR)
        s.connect(("198.51.100.1", 53))
        for i in range(4000):
            s.send(ask.packet(ask.question(name), id=i))
            if i % 100 == 99:
                time.sleep(0.002)
        while True:
            try:
                got.append(struct.unpack("!H", s.recv(4096)[:2])[0])
            except socket.timeout:
                break
    metrics = subprocess.run(ours.command(["curl", "-s", "http://127.0.0.1:9153/metrics"]), capture_output=True, text=True,
                             check=True).stdout
    dropped = sum(float(x.split()[-1]) for x in metrics.splitlines() if x.startswith("coredns_shed_dropped_total{"))
    assert dropped > 0, metrics
    assert len(set(got)) == len(got)
    assert len(got) + dropped == 4000
    backwards = sum(a > b for a, b in zip(got, got[1:]))
    assert backwards > 500, got    # what was kept leaves newest first
