# SPDX-License-Identifier: Apache-2.0
"""AAAA answered as if the name did not exist, or with a failure, or not at all, where the right answer is "no such records"."""
import pytest

from . import faults_answers as faults, net_servers
from .net_cluster import UP
from .net_doctor import doctor

NAME = "only4.example.org."


@pytest.mark.parametrize("kind", net_servers.COREFILES)
@pytest.mark.parametrize("rcode", ["NXDOMAIN", "SERVFAIL"])
def test_a_template_that_answers_aaaa_with_an_error(net, kind, rcode, request):
    """What people write to be rid of AAAA: musl then takes the name for absent."""
    coredns = request.getfixturevalue("coredns") if kind == "CoreDNS" else None
    net.upstream()
    pod = net.pod(kind, coredns, forward=faults.TEMPLATE.format(rcode=rcode))
    net.service()
    report = doctor(net, NAME)
    v = report.found("aaaa-wrong", rcode, pod.address)
    assert "template" in v["remedy"] and "rcode NOERROR" in v["remedy"], report.story()


def test_an_upstream_that_denies_the_name_for_aaaa(net, coredns):
    net.scripted_upstream(rules=[{"match": {"type": "AAAA"}, "rcode": "NXDOMAIN"}])
    net.pod("CoreDNS", coredns)
    net.service()
    doctor(net, NAME).found("aaaa-wrong", "NXDOMAIN", f"it comes from upstream {UP}")


def test_a_firewall_that_drops_questions_for_aaaa(net):
    """The type stands 4 bytes before the end of a question without EDNS."""
    net.healthy(pods=1)
    # only4.example.org. is 19 bytes: 12 of the header, the name, then the type.
    lost = net.lose("ip daddr 10.96.0.10 udp dport 53 @th,312,16 28", net.client, hook="output")
    doctor(net, NAME).found("aaaa-wrong", "silence")
    assert lost.packets()


@pytest.mark.parametrize("kind", net_servers.NAMES)
def test_no_records_of_that_type_is_right(net, kind, request):
    coredns = request.getfixturevalue("coredns") if kind == "CoreDNS" else None
    net.healthy(kind, coredns, pods=1)
    doctor(net, NAME, upstream=None if kind in net_servers.COREFILES else UP).is_healthy()
