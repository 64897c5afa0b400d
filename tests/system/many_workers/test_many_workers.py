# SPDX-License-Identifier: Apache-2.0
"""Many workers in little memory, and one client that asks more than all others."""
import os
import re
import shlex
import subprocess

import pytest

from harness import cgroup, server as server_module, status, wait
from harness.flood import on_a_free_machine

pytestmark = pytest.mark.threads

TEXT = "0123456789abcdef" * 13
COREFILE = """.:{PORT} {
    bind 127.0.0.1
    cache 3600 {
        success 500000 3600
    }
    forward . 127.0.0.1:{PORT2}
}
.:{PORT2} {
    bind 127.0.0.1
    template IN A . {
        answer "{{ .Name }} 3600 IN A 192.0.2.1"
""" + "".join(f'        answer "{{{{ .Name }}}} 3600 IN TXT \\"{i}{TEXT}\\""\n' for i in range(4)) + "    }\n}\n"
MEMORY_MIB, SHARE_OF_CACHES = 170, 4
ENTRY = 900                             # bytes at least that each of these answers takes in the cache
SLOW = wait.FACTOR >= 8
needs_template = pytest.mark.skipif("template" not in server_module.plugins_of(server_module.binary()), reason="no `template`")


@pytest.fixture(scope="session")
def clients(tmp_path_factory):
    """clients(MADE, CONNECTIONS, RATE, SECONDS, NAMES, hog=RATE): {"sent": N, "answered": N, ...} (clients.c)."""
    path = str(tmp_path_factory.mktemp("clients") / "clients")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients.c")
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", path, source], check=True)

    def run(made, connections, rate, seconds, names, hog=0):
        line = [path, "127.0.0.1", str(made.port()), str(connections), str(rate), str(seconds), names, str(hog)]
        out = subprocess.run(line, capture_output=True, text=True, timeout=120 * wait.FACTOR)
        assert out.returncode == 0, out.stderr
        return {k: int(v) for k, v in re.findall(r"(\w+) (\d+)", out.stdout)}
    return run


def peak_mib(made):
    with open(f"/proc/{made.proc.pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) / 1024


def load(clients, *args):
    """Everything that these clients ask is answered."""
    def attempt():
        got = clients(*args)
        return all_answered(got), got
    on_a_free_machine(attempt)


def all_answered(got):
    return got["sent"] == got["answered"] == got["noerror"] > 0 and got["closed"] == 0


@needs_template
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a mount namespace")
def test_64_workers_a_full_cache_and_2000_clients_in_170_mib(server, clients, tmp_path):
    """Sanitizers take several times the memory, so this is measured with a release build."""
    program = shlex.split(os.environ["BINNACLE_RELEASE"]) if status.sanitized() and os.environ.get("BINNACLE_RELEASE") else None
    if status.sanitized() and not program or SLOW:
        pytest.skip("needs a release build")
    admin = f"binnacle/many-{os.getpid()}"
    made = server(COREFILE, command=cgroup.command(tmp_path, {"memory.max": f"{MEMORY_MIB << 20}\n"}, program),
                  args=["-workers", "64", "-admin", admin], listens=[("udp", "PORT"), ("tcp", "PORT"), ("udp", "PORT2")])
    made.said(rf"of {MEMORY_MIB} MiB \(cgroup\) at most {MEMORY_MIB // SHARE_OF_CACHES} MiB for caches")
    names = 70000                       # more than there is room for
    load(clients, made, 2000, 8000, names / 8000, f"{names}:fill.example")
    load(clients, made, 2000, 2000, 2, "500:hot.example")
    peak = peak_mib(made)
    r = subprocess.run([server_module.binary()[-1], "flush", "-admin", admin, "-all"], capture_output=True, text=True, timeout=60)
    kept = int(r.stdout.split()[0])
    limit = MEMORY_MIB / SHARE_OF_CACHES * 2 ** 20
    assert limit * 0.8 < kept * ENTRY and kept * 800 < limit, f"{kept} answers in the cache"
    assert peak < MEMORY_MIB, f"peak {peak:.0f} MiB"


@needs_template
def test_64_workers_answer(server, clients):
    made = server(COREFILE, args=["-workers", "64"], listens=[("udp", "PORT"), ("tcp", "PORT"), ("udp", "PORT2")])
    load(clients, made, 200, 300, 3, "400:some.example")


@pytest.mark.parametrize("workers", [1, 2])
def test_one_connection_with_20000_queries_a_second_stalls_nobody(server, clients, workers):
    """With one worker it shares that with all others; each of its turns takes a bounded number of one connection's queries."""
    made = server(".:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n", args=["-workers", str(workers)])

    def attempt():
        got = clients(made, 50, 200 if SLOW else 500, 4, "100:some.example", hog=3000 if SLOW else 20000)
        good = all_answered(got) and got["median_ms"] <= 10 * wait.FACTOR and got["slowest_ms"] <= 500 * wait.FACTOR
        return good and got["hog_answered"] > 0, got
    on_a_free_machine(attempt)
