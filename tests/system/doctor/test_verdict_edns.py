# SPDX-License-Identifier: Apache-2.0
"""Questions with EDNS that are lost or rejected, on the way to the server and on the way to its upstream."""
import pytest

from . import faults_answers as faults, net_servers
from .net_cluster import UP, VIP
from .net_doctor import doctor


@pytest.fixture(params=net_servers.COREFILES)
def well(net, request):
    return net.healthy(request.param, request.getfixturevalue("coredns") if request.param == "CoreDNS" else None)


def test_a_firewall_that_drops_edns_before_the_service(well):
    lost = faults.drop_edns(well, to=VIP, where=well.client, hook="output")
    report = doctor(well)
    v = report.found("edns-dropped", VIP, "udp-512", "answered")
    assert lost.packets() and "6891" in v["remedy"] and report.slugs("fault") == ["edns-dropped"], report.story()


def test_an_upstream_behind_such_a_firewall(net, coredns):
    """CoreDNS hands the client's EDNS on, and cannot do without."""
    net.healthy("CoreDNS", coredns)
    lost = faults.drop_edns(net, to=UP)
    report = doctor(net)
    report.found("edns-dropped", UP)
    assert lost.packets()


def test_binnacle_in_that_place(net):
    """It learns to do without, which takes some questions: until then they feel it."""
    net.healthy()
    faults.drop_edns(net, to=UP)
    report = doctor(net)
    assert report.slugs("fault") in ([], ["edns-dropped"]) and report.verdict("edns-dropped"), report.story()


def test_an_upstream_that_knows_no_edns(net, coredns):
    net.scripted_upstream(rules=[{"match": {"edns": True}, "rcode": "FORMERR"}])
    net.pod("CoreDNS", coredns)
    net.service()
    doctor(net).found("edns-dropped", UP, "FORMERR")


def test_an_upstream_that_ignores_edns_is_healthy(net, coredns):
    net.scripted_upstream(edns_max=0)
    net.pod("CoreDNS", coredns)
    net.service()
    doctor(net).is_healthy()
