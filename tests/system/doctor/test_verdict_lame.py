# SPDX-License-Identifier: Apache-2.0
"""Servers that answer something else than what they were asked, or say that the name is not theirs."""
import pytest

from . import faults_answers as faults, net_servers
from .net_cluster import UP
from .net_doctor import doctor


def test_an_upstream_that_answers_another_question(net, coredns):
    """CoreDNS takes it for a broken message and says FORMERR."""
    net.scripted_upstream(rules=[{"match": {"name": "www.example.org."}, "question": "other.example.org."}])
    net.pod("CoreDNS", coredns)
    net.service()
    report = doctor(net)
    report.found("lame-answers", UP, "about another question")


@pytest.mark.parametrize("kind", net_servers.COREFILES)
def test_an_upstream_that_refuses(net, kind, request):
    coredns = request.getfixturevalue("coredns") if kind == "CoreDNS" else None
    net.scripted_upstream(rules=[{"match": {}, "rcode": "REFUSED"}])
    net.pod(kind, coredns)
    net.service()
    doctor(net).found("lame-answers", UP, "REFUSED")


def test_a_server_without_a_place_for_the_name(net, coredns):
    pod = net.pod("CoreDNS", coredns, conf=net_servers.COREFILE.replace(".:53 {", "cluster.local:53 {"), forward="")
    net.service()
    doctor(net).found("lame-answers", pod.address, "REFUSED")


def test_answers_from_another_address(net):
    """The state of the NAT is gone, or there is none: the client's resolver does not take them."""
    liar = faults.OtherAddress(net.client, "10.0.4.2", "10.0.4.3")
    try:
        doctor(net, "www.example.org.", corefile=False, resolv="nameserver 10.0.4.2\n").found("lame-answers", "10.0.4.3", "another address")
    finally:
        liar.close()


def test_an_upstream_that_refuses_only_us_is_no_fault(net):
    """It serves the DNS pods; that it does not serve the client as well is as it should be."""
    net.scripted_upstream()
    net.pod()
    net.service()
    lost = net.lose(f"ip saddr 10.0.2.2 ip daddr {UP}")
    report = doctor(net)
    assert not report.slugs("fault") and report.status == 0 and lost.packets(), report.story()
