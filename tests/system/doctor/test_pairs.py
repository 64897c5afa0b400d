# SPDX-License-Identifier: Apache-2.0
"""The five seconds: A and AAAA sent at once from one socket, of which the second is lost."""
import time

from . import net_faults
from .net_cluster import VIP
from .net_doctor import doctor

LOOKUP = ["getent", "ahosts", "www.example.org."]


def took(net, options):
    start = time.monotonic()
    r = net.run(LOOKUP, resolv=f"nameserver {VIP}\noptions timeout:1 {options}\n")
    assert r.returncode == 0, r.stderr
    return time.monotonic() - start


def test_the_second_question_of_a_socket_is_lost(net):
    net.healthy()
    doctor(net).is_healthy()
    lost = net_faults.second_of_a_port(net)
    report = doctor(net)
    v = report.found("parallel-lost", VIP)
    assert lost.packets() and "single-request-reopen" in v["remedy"], report.story()


def test_the_stall_is_what_programs_see_and_the_remedy_ends_it(net):
    """glibc waits for its timeout, here one second, and asks again; with the option it does not wait."""
    net.healthy()
    net_faults.second_of_a_port(net)
    assert took(net, "") >= 1
    for _ in range(3):
        stalls = took(net, "single-request-reopen")
        if stalls < 1:
            break
    assert stalls < 1
