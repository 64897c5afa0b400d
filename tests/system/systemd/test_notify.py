# SPDX-License-Identifier: Apache-2.0
"""What a service manager is told (sd_notify(3)), and the watchdog."""
import ctypes
import os
import signal
import time

import pytest

from harness import wait
from harness.manager import Manager

WHOAMI = ".:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n"
TWO = "a.example:{PORT} b.example:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n"


def test_start_reload_and_end(server, manager):
    made = server(WHOAMI, env={"NOTIFY_SOCKET": manager.path})
    at = manager.until("READY", "1")
    assert at == 0 and manager.told[0]["STATUS"] == "Serving 1 zone on 1 port"
    made.write(TWO)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    made.send_signal(signal.SIGUSR1)
    at = manager.until("RELOADING", "1", after=at + 1)
    stamp = int(manager.told[at]["MONOTONIC_USEC"])
    assert before <= stamp <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    at = manager.until("READY", "1", after=at + 1)
    assert manager.told[at]["STATUS"] == "Serving 2 zones on 1 port"
    made.send_signal(signal.SIGTERM)
    manager.until("STOPPING", "1", after=at + 1)
    assert made.exit() == 0


def test_ready_means_that_it_answers(server, manager):
    made = server(WHOAMI, env={"NOTIFY_SOCKET": manager.path}, wait_up=False)
    manager.until("READY", "1")
    assert made.udp("a.example.").rcode() == 0 and made.tcp("a.example.").rcode() == 0


def test_a_failed_reload_is_over_too_and_says_why(server, manager):
    made = server(WHOAMI, env={"NOTIFY_SOCKET": manager.path})
    at = manager.until("READY", "1")
    made.write(".:{PORT} {\n    nosuchplugin\n}\n")
    made.send_signal(signal.SIGUSR1)
    at = manager.until("READY", "1", after=manager.until("RELOADING", after=at + 1))
    assert "nosuchplugin" in manager.told[at]["STATUS"] and "Serving 1 zone" in manager.told[at]["STATUS"]


def test_an_abstract_socket(server, tmp_path):
    manager = Manager(f"@bn-notify-{os.getpid()}")
    server(WHOAMI, env={"NOTIFY_SOCKET": manager.path})
    manager.until("READY", "1")


@pytest.mark.parametrize("where", ["relative", "/nosuch/notify", "@", "/" + "x" * 200])
def test_a_manager_that_is_not_there_is_told_of_and_no_more(server, where):
    made = server(WHOAMI, env={"NOTIFY_SOCKET": where})
    made.said(r"^\[WARNING\] NOTIFY_SOCKET=")
    assert made.udp("a.example.").rcode() == 0


def test_a_manager_that_does_not_read_holds_up_nothing(server, manager):
    made = server(WHOAMI, env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000"})
    made.said(r"cannot be notified", timeout=20)
    assert made.udp("a.example.").rcode() == 0 and made.stop() == 0


# ---------------------------------------------------------------- watchdog

PERIOD = 0.6 * wait.FACTOR


def watched(server, manager, **env):
    return server(WHOAMI, args=["-workers", "2"],
                  env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": str(int(PERIOD * 1e6)), **env})


def test_the_watchdog_is_fed_in_time(server, manager):
    watched(server, manager)
    last = manager.until("WATCHDOG", "1")
    gaps = []
    for _ in range(5):
        start = time.monotonic()
        last = manager.until("WATCHDOG", "1", after=last + 1)
        gaps.append(time.monotonic() - start)
    assert sorted(gaps)[2] < PERIOD, gaps


@pytest.mark.parametrize("env", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "0"}])
def test_a_watchdog_that_is_not_ours_is_not_fed(server, manager, env):
    made = watched(server, manager, **env)
    manager.until("READY", "1")
    manager.read(PERIOD * 2)
    assert not manager.count("WATCHDOG")
    assert made.udp("a.example.").rcode() == 0


class Held:
    """One thread of another process is stopped (ptrace), the others go on."""
    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, tid):
        self.libc, self.tid = ctypes.CDLL(None, use_errno=True), tid
        self.libc.ptrace.argtypes = [ctypes.c_long] * 4
        if self.libc.ptrace(self.SEIZE, tid, 0, 0):
            pytest.skip(f"ptrace: {os.strerror(ctypes.get_errno())}")
        self.libc.ptrace(self.INTERRUPT, tid, 0, 0)
        os.waitpid(tid, self.WALL)

    def let_go(self):
        self.libc.ptrace(self.DETACH, self.tid, 0, 0)


def thread(made, name):
    folder = f"/proc/{made.proc.pid}/task"
    for tid in os.listdir(folder):
        with open(f"{folder}/{tid}/comm") as f:
            if f.read().strip() == name:
                return int(tid)
    raise AssertionError(f"no thread {name}")


def test_a_worker_that_hangs_keeps_the_watchdog_back(server, manager):
    made = watched(server, manager)
    manager.until("WATCHDOG", "1")
    held = Held(thread(made, "worker-1"))
    try:
        made.said(r"worker 1 has not turned", timeout=PERIOD * 4)
        manager.read()
        before = manager.count("WATCHDOG")
        manager.read(PERIOD * 2)
        assert manager.count("WATCHDOG") == before
    finally:
        held.let_go()
    manager.until("WATCHDOG", "1", after=len(manager.told))
