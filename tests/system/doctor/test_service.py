# SPDX-License-Identifier: Apache-2.0
"""The Service's address leads nowhere, while each pod behind it answers; and one pod of several is the one that does not."""
import pytest

from . import net_faults, net_servers
from .net_cluster import VIP
from .net_doctor import SOON, doctor

SERVFAIL = "    template ANY ANY . {\n        rcode SERVFAIL\n    }"


@pytest.fixture(params=net_servers.COREFILES)
def well(net, request):
    return net.healthy(request.param, request.getfixturevalue("coredns") if request.param == "CoreDNS" else None)


@pytest.mark.parametrize("fault, told", [(net_faults.no_kube_proxy, "[1-9][0-9]* silent"), (net_faults.no_endpoints, "[1-9][0-9]* refused"),
                                         (net_faults.policy_on_service, "[1-9][0-9]* silent")])
def test_pods_answer_but_the_services_address_does_not(well, fault, told):
    doctor(well, "www.example.org", *SOON).is_healthy()
    fault(well)
    v = doctor(well, "www.example.org", *SOON).found("service-address-dead", VIP, *(p.address for p in well.pods), told)
    assert "kube-proxy" in v["remedy"] and "NetworkPolic" in v["remedy"]


@pytest.mark.parametrize("pods", [2, 3])
def test_a_dead_pod_among_the_endpoints(net, pods):
    net.healthy(pods=pods)
    net_faults.dead(net.pods[1])
    report = doctor(net, "www.example.org", *SOON)
    report.found("pod-bad", net.pods[1].address, "[1-9][0-9]* refused")
    assert net.pods[0].address in report.evidence("pod-bad")


def test_a_pod_that_packets_do_not_reach(net):
    net.healthy()
    lost = net_faults.cut_off(net, net.pods[0])
    doctor(net, "www.example.org", *SOON).found("pod-bad", net.pods[0].address, "[1-9][0-9]* silent")
    assert lost.packets()
    lost.repair()
    doctor(net, "www.example.org", *SOON).is_healthy()


@pytest.mark.parametrize("kind", net_servers.COREFILES)
def test_a_pod_that_answers_servfail_where_the_other_knows(net, kind, request):
    coredns = request.getfixturevalue("coredns") if kind == "CoreDNS" else None
    net.upstream()
    net.pod(kind, coredns)
    bad = net.pod(kind, coredns, forward=SERVFAIL)
    net.service()
    doctor(net, "www.example.org", *SOON).found("pod-bad", bad.address, "SERVFAIL")
