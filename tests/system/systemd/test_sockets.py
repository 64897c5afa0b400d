# SPDX-License-Identifier: Apache-2.0
"""Listening sockets that the server is given at its start (sd_listen_fds(3))."""
import os
import re
import shutil
import signal
import socket
import subprocess

import dns.rcode
import pytest

import compat
from harness import ask, server as server_module, wait
from harness.flood import Flood, on_a_free_machine

WHOAMI = ".:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n"
OTHER = ".:{PORT2} {\n    bind 127.0.0.1\n    whoami\n}\n"
BOTH = ["udp:127.0.0.1:{PORT}", "tcp:127.0.0.1:{PORT}"]


def child_of(made):
    with open(f"/proc/{made.proc.pid}/task/{made.proc.pid}/children") as f:
        return int(f.read().split()[0])


def inodes(pid):
    """Sockets that a process has open."""
    out = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            m = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            continue
        if m:
            out.add(int(m[1]))
    return out


def bound(port, kind):
    """Inodes of the sockets that are bound there."""
    with open(f"/proc/net/{kind}") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return {int(r[9]) for r in rows if r[1].endswith(f":{port:04X}") and (kind == "udp" or r[3] == "0A")}


def started(activated, corefile, sockets, **kw):
    """The sockets are bound before the server runs, so that is no sign; its summary is."""
    made = activated(corefile, ["{S}".replace("{S}", s) for s in sockets], wait_up=False, **kw)
    made.said(r"^\[INFO\] Serving ")
    return made


@pytest.fixture
def given(activated, tmp_path):
    """given(COREFILE, SOCKETS): started with sockets on ports of the server's own names."""
    def make(corefile, sockets, **kw):
        ports = {}

        def number(m):
            return str(ports.setdefault(m[1], compat.free_port()))
        filled = [re.sub(r"\{(PORT\d*)\}", number, s) for s in sockets]
        made = started(activated, re.sub(r"\{(PORT\d*)\}", number, corefile), filled, **kw)
        made.ports.update(ports)
        return made
    return make


def test_given_sockets_serve_and_no_others(given):
    made = given(WHOAMI, BOTH, args=["-workers", "2"])
    for kind in ("udp", "tcp"):
        there = bound(made.port(), kind)
        assert len(there) == 1 and there <= inodes(child_of(made)), kind
        assert getattr(made, kind)("a.example.").rcode() == dns.rcode.NOERROR
    assert "serves nothing" not in made.output()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to bind and to become somebody else")
def test_a_privileged_port_without_any_capability(netns, activated, tmp_path):
    """Bound by root, served by a user without rights."""
    ns = netns()
    (tmp_path / "Corefile").write_text(".:53 {\n    bind 127.0.0.1\n    whoami\n}\n")
    with open(tmp_path / "Corefile") as f:
        made = activated(None, ["udp:127.0.0.1:53", "tcp:127.0.0.1:53"], uid=65532, ns=ns, conf=False, args=["-conf", "stdin"],
                         stdin=f, wait_up=False)
    made.said(r"Serving")
    assert made.udp("a.example.").rcode() == 0 and made.tcp("a.example.").rcode() == 0


def test_only_udp_given(given):
    made = given(WHOAMI, BOTH[:1], args=["-workers", "2"])
    assert len(bound(made.port(), "udp")) == 1 and len(bound(made.port(), "tcp")) == 2
    assert made.udp("a.example.").rcode() == 0 and made.tcp("a.example.").rcode() == 0


def test_what_serves_nothing_is_told(given):
    made = given(WHOAMI, [*BOTH, "udp:127.0.0.1:{PORT2}", "tcp:[::1]:{PORT3}".replace("[::1]", "::1"), "unix", "file"])
    out = made.output()
    assert f"given UDP socket 127.0.0.1:{made.port('PORT2')} serves nothing" in out
    assert f"given TCP socket [::1]:{made.port('PORT3')} serves nothing" in out
    assert "given socket 7 (unix) cannot be served" in out and "given socket 8 (file) cannot be served" in out
    assert made.udp("a.example.").rcode() == 0


def test_sockets_for_another_process_are_left_alone(activated, server):
    """LISTEN_PID is not ours: descriptor 3 is somebody else's business."""
    made = started(activated, WHOAMI.replace("127.0.0.1", "127.0.0.2"), ["udp:127.0.0.1:0"], pid="1")
    assert made.udp("a.example.", host="127.0.0.2").rcode() == 0
    assert "given" not in made.output()


def test_more_sockets_than_workers_are_all_read(given):
    sockets = ["udp+reuse:127.0.0.1:{PORT}"] * 3
    made = given(WHOAMI, [*sockets, BOTH[1]], args=["-workers", "1"])
    assert len(bound(made.port(), "udp")) == 3
    for _ in range(40):                                 # each from a port of its own: all three get some
        assert made.udp("a.example.").rcode() == 0


def test_reload_gives_them_up_and_finds_them_again(given):
    made = given(WHOAMI, BOTH)
    port = made.port()
    before = bound(port, "udp") | bound(port, "tcp")

    def reload(text, n):
        made.write(text)
        made.send_signal(signal.SIGUSR1)
        wait.until(lambda: made.output().count("Reloading complete") == n, "the reload")
    reload(OTHER, 1)
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", port))
        s.send(ask.query("waits.example.").to_wire())
        s.settimeout(0.3)
        with pytest.raises(socket.timeout):
            s.recv(512)                                 # nobody serves it, and the socket keeps it
        reload(WHOAMI.replace("{PORT}", str(port)), 2)
        s.settimeout(5 * wait.FACTOR)
        assert s.recv(512)[3] & 15 == 0
    assert bound(port, "udp") | bound(port, "tcp") == before
    assert made.tcp("a.example.").rcode() == 0


@pytest.mark.threads
def test_restarts_lose_no_query(given):
    """The manager holds the sockets, and what waits in them is the next process's."""
    def attempt():
        made = given(WHOAMI, BOTH, args=["-workers", "2"])
        flood = Flood(made.port(), 1000 if wait.FACTOR > 1 else 3000, 4, "=whoami.example", tail_ms=3000)
        for _ in range(4):
            pid = child_of(made)
            made.send_signal(signal.SIGUSR2)
            wait.until(lambda: not os.path.exists(f"/proc/{pid}"), "the end of the process")
            wait.until(lambda: made.tcp("a.example.", timeout=5).rcode() == 0, "the next process")
        got = flood.result()
        return got["sent"] == got["answered"] == got["noerror"], got
    on_a_free_machine(attempt)


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="needs systemd-socket-activate")
@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_started_by_systemd_socket_activate(tmp_path, kind):
    """It waits for the first packet and starts the server with it."""
    port = compat.free_port()
    (tmp_path / "Corefile").write_text(WHOAMI.replace("{PORT}", str(port)))
    line = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", *(["--datagram"] if kind == "udp" else []),
            *server_module.binary(), "-conf", str(tmp_path / "Corefile")]
    with open(tmp_path / "log", "w") as log:
        proc = subprocess.Popen(line, stdout=log, stderr=log)
    try:
        wait.until(lambda: bound(port, kind), "the socket")
        asked = ask.query("a.example.")
        r = (ask.udp if kind == "udp" else ask.tcp)(asked, "127.0.0.1", port, timeout=10)
        assert r.rcode() == 0
        assert len(bound(port, kind)) == 1
        proc.terminate()
        assert proc.wait(15 * wait.FACTOR) == 0, (tmp_path / "log").read_text()
    finally:
        if proc.poll() is None:
            proc.kill()
            proc.wait()
