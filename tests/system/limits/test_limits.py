# SPDX-License-Identifier: Apache-2.0
"""What the machine allows, and how much of it the server takes."""
import os
import re
import resource
import subprocess

import pytest

from harness import cgroup, server as server_module, status, wait

WHOAMI = ".:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n"
CORES = len(os.sched_getaffinity(0))
root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a mount namespace")


def workers(made):
    """Threads that are workers."""
    return sum(bool(re.fullmatch(r"worker-\d+", n)) for n in status.names(made))


def said(made):
    """The line about limits: {"cores": N, "memory": MiB, "from": TEXT, "cache": MiB, "in_flight": MiB}."""
    m = made.said(r"^\[INFO\] Limits: (\d+) cores?, (\d+) descriptors; of (\d+) (MiB|GiB) \((\w+)\) at most (\d+) MiB for caches, "
                  r"(\d+) MiB for queries in flight$")
    return {"cores": int(m[1]), "files": int(m[2]), "memory": int(m[3]) * (1024 if m[4] == "GiB" else 1), "from": m[5],
            "cache": int(m[6]), "in_flight": int(m[7])}


def test_a_worker_for_each_core_up_to_eight(server):
    made = server(WHOAMI)
    assert workers(made) == min(CORES, 8) and said(made)["cores"] == CORES


@pytest.mark.parametrize("n", [1, 3, 64])
def test_as_many_as_were_asked_for(server, n):
    made = server(WHOAMI, args=["-workers", str(n)])
    assert workers(made) == n
    made.said(rf"with {n} workers?;")


@pytest.mark.parametrize("n", ["0", "65", "-1", "many"])
def test_numbers_of_workers_that_are_none(server, n):
    r = subprocess.run(server_module.binary() + ["-workers", n], capture_output=True, text=True, timeout=20 * wait.FACTOR)
    assert r.returncode == 2 and "workers" in r.stderr


def test_the_affinity_mask_counts(server):
    made = server(WHOAMI, command=["taskset", "-c", str(min(os.sched_getaffinity(0))), *server_module.binary()])
    assert workers(made) == 1 and said(made)["cores"] == 1


@root
@pytest.mark.parametrize("text, n", [("100000 100000", 1), ("50000 100000", 1), ("150000 100000", 2), ("max 100000", 99),
                                     ("6400000 100000", 99)])
def test_cpu_max_counts(server, tmp_path, text, n):
    made = server(WHOAMI, command=cgroup.command(tmp_path, {"cpu.max": text + "\n"}))
    assert workers(made) == min(n, CORES)


@root
@pytest.mark.parametrize("file", ["memory.max", "memory.high"])
def test_a_cgroups_memory_caps_the_cache(server, tmp_path, file):
    made = server(WHOAMI, command=cgroup.command(tmp_path, {file: f"{170 << 20}\n"}))
    got = said(made)
    assert (got["memory"], got["from"], got["cache"], got["in_flight"]) == (170, "cgroup", 42, 21)


@pytest.mark.skipif(status.sanitized(), reason="sanitizers need all addresses")
def test_an_rlimit_caps_the_cache(server):
    made = server(WHOAMI, command=["prlimit", f"--as={512 << 20}", *server_module.binary()])
    got = said(made)
    assert (got["from"], got["cache"]) == ("RLIMIT_AS", 64)
    made = server(WHOAMI, args=["-workers", "1"], command=["prlimit", f"--data={100 << 20}", *server_module.binary()])
    got = said(made)
    assert (got["memory"], got["from"], got["cache"], got["in_flight"]) == (100, "RLIMIT_DATA", 25, 12)


def test_without_a_limit_the_machines_memory_is_taken(server):
    got = said(server(WHOAMI))
    with open("/proc/meminfo") as f:
        total = int(f.readline().split()[1]) // 1024
    if got["from"] == "machine":
        assert abs(got["memory"] - total) <= 1024


def test_descriptors_are_raised_to_the_hard_limit(server):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = min(256, hard)
    made = server(WHOAMI, command=["prlimit", f"--nofile={low}:{hard}", *server_module.binary()])
    with open(f"/proc/{made.proc.pid}/limits") as f:
        row = [line.split() for line in f if line.startswith("Max open files")][0]
    assert row[3] == row[4] == str(hard) and said(made)["files"] == hard


def test_quiet_says_nothing_of_it(server):
    made = server(WHOAMI, args=["-quiet"])
    made.stop()
    assert "Limits" not in made.output()
