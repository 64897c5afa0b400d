# SPDX-License-Identifier: Apache-2.0
"""A name that was asked for before it existed: the denial stays in one pod's cache, and counts down there."""
import pytest

from harness import wait
from . import net_servers
from .net_doctor import doctor

NAME = "late.example.org."
PATIENT = net_servers.COREFILE.replace("    cache 30\n", "    cache {\n        denial 9984 300\n    }\n")
SOA = "example.org. {0} IN SOA ns.example.org. hostmaster.example.org. 1 3600 600 86400 {0}"
MADE = [{"match": {"name": NAME, "type": "A"}, "answer": NAME + " 300 IN A 192.0.2.99"}, {"match": {"name": NAME}, "rcode": "NOERROR"}]


def not_yet(net, ttl):
    """An upstream that denies the name for now, to be kept so long."""
    return net.scripted_upstream(rules=[{"match": {"name": NAME}, "rcode": "NXDOMAIN", "authority": SOA.format(ttl)}])


@pytest.fixture(params=net_servers.COREFILES)
def early(net, request):
    """Two pods, of which the first was asked too early."""
    coredns = request.getfixturevalue("coredns") if request.param == "CoreDNS" else None
    up = not_yet(net, 300)
    pods = [net.pod(request.param, coredns, conf=PATIENT) for _ in range(2)]
    net.service()
    net.asked_early = net.dig("@" + pods[0].address, "+noad", NAME), net.dig("@" + pods[0].address, "+noad", NAME, "AAAA")
    assert "NXDOMAIN" in net.asked_early[0]
    up.spec["rules"] = MADE
    return net


def test_the_pod_that_was_asked_too_early_is_named(early):
    report = doctor(early, NAME)
    report.found("nxdomain-cached-early", early.pods[0].address, "comes from a cache", "1 A")


def test_when_it_has_ended_all_is_well(net, coredns):
    up = not_yet(net, 1)
    pod = net.pod("CoreDNS", coredns)
    net.service()
    assert "NXDOMAIN" in net.dig("@" + pod.address, "+noad", NAME)
    up.spec["rules"] = MADE
    wait.until(lambda: "192.0.2.99" in net.dig("@" + pod.address, "+noad", NAME), "the denial has ended", 20, 0.2)
    wait.until(lambda: "NXDOMAIN" not in net.dig("@" + pod.address, "+noad", NAME, "AAAA"), "that of AAAA too", 20, 0.2)
    doctor(net, NAME).is_healthy()


def test_a_name_that_really_does_not_exist_is_no_fault(net, coredns):
    """Denials are kept and count down all the same."""
    net.upstream()
    net.pod("CoreDNS", coredns)
    net.service()
    assert "NXDOMAIN" in net.dig("never.example.org.")
    report = doctor(net, "never.example.org.")
    assert not report.slugs("fault") and report.status == 0, report.story()
