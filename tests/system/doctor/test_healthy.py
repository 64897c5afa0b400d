# SPDX-License-Identifier: Apache-2.0
"""No false alarm: networks in which nothing is wrong, with five makes of server."""
import pytest

from . import net_faults, net_servers
from .net_cluster import UP
from .net_doctor import SOON, doctor


@pytest.fixture(params=net_servers.NAMES)
def kind(request):
    return request.param


@pytest.fixture
def well(net, kind, request):
    return net.healthy(kind, request.getfixturevalue("coredns") if kind == "CoreDNS" else None)


def ask(well, kind, name="www.example.org", *args, **how):
    """The Corefile tells the upstream where there is one; else it is given."""
    return doctor(well, name, *args, upstream=None if kind in net_servers.COREFILES else UP, **how)


def test_a_healthy_cluster_is_healthy(well, kind):
    report = ask(well, kind).is_healthy()
    assert set(report.slugs()) <= {"healthy", "search-amplification"}, report.story()


@pytest.mark.parametrize("name", ["large.example.org", "huge.example.org"])
def test_answers_beyond_512_bytes_are_healthy(well, kind, name):
    """Cut with TC where the client takes no more, whole over TCP.  dnsmasq alone takes all records out of an answer that its upstream
    has cut: that is said."""
    report = ask(well, kind, name + ".")
    if kind == "dnsmasq":
        report.found("truncated-passed-on", "0 of [0-9]+ A")
    else:
        report.is_healthy()


def test_a_name_of_the_cluster_is_healthy(well, kind):
    ask(well, kind, "web").is_healthy()


def test_a_name_without_an_ipv6_address_is_healthy(well, kind):
    ask(well, kind, "only4.example.org.", "AAAA").is_healthy()


def test_a_name_that_does_not_exist_is_no_fault(well, kind):
    report = ask(well, kind, "no-such-name.example.org")
    assert not report.slugs("fault") and report.status != 1, report.story()


def test_one_percent_of_loss_is_no_fault(well, kind):
    """Every hundredth packet that the node forwards, in both directions."""
    loss = net_faults.packet_loss(well, 1)
    report = ask(well, kind, "www.example.org", *SOON).is_healthy()
    assert loss.packets() > 0, report.story()


def test_random_loss_is_no_fault(net):
    net.healthy()
    net_faults.packet_loss(net, 1, "random")
    doctor(net, "www.example.org", *SOON).is_healthy()
