# SPDX-License-Identifier: Apache-2.0
"""What the search path costs, counted, and seen by the packets of a real getaddrinfo."""
import dns.message
import dns.name
import pytest

from harness import wait
from .net_cluster import VIP
from .net_doctor import HEALTHY, doctor

NAME = "www.example.org"


@pytest.fixture
def well(net):
    return net.healthy(pods=1)


def test_a_name_of_the_internet_costs_eight_questions(well, tap):
    """The count is that of a real getaddrinfo with this resolv.conf; it is no fault."""
    report = doctor(well, NAME)
    v = report.verdict("search-amplification")
    assert v["severity"] == "note" and report.status == HEALTHY, report.story()
    assert "8 questions" in v["summary"] and "3 candidate names" in v["summary"] and "ndots" in v["remedy"]
    assert "NXDOMAIN" in report.evidence("search-amplification")
    t = tap(well.node, "client")
    assert well.run(["getent", "ahosts", NAME]).returncode == 0

    def asked():
        return [dns.message.from_wire(p.data).question[0] for p in t.packets if p.dst == VIP and p.dport == 53]
    wait.until(lambda: sum(q.name == dns.name.from_text(NAME) for q in asked()) == 2, "the name itself is asked for")
    assert len(asked()) == 8, asked()


@pytest.mark.parametrize("name", [NAME + ".", "web"])
def test_an_absolute_name_and_one_of_the_cluster_are_worth_no_note(well, name):
    assert "search-amplification" not in doctor(well, name).is_healthy().slugs()


def test_with_fewer_dots_asked_for_it_is_gone(well):
    report = doctor(well, NAME, resolv=f"nameserver {VIP}\nsearch default.svc.cluster.local svc.cluster.local\noptions ndots:1\n")
    assert "search-amplification" not in report.is_healthy().slugs()
