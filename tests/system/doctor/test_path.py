# SPDX-License-Identifier: Apache-2.0
"""The way between client, server and upstream: large UDP lost, fragments lost, an MTU black hole, TCP 53 closed."""
import pytest

from . import net_faults, net_servers
from .net_cluster import UP, VIP
from .net_doctor import doctor


@pytest.fixture(params=net_servers.COREFILES)
def well(net, request):
    return net.healthy(request.param, request.getfixturevalue("coredns") if request.param == "CoreDNS" else None)


def test_a_middlebox_that_takes_no_large_udp(well):
    lost = net_faults.large_udp(well, 700)
    v = doctor(well, "large.example.org.").found("large-udp-lost", "UDP")
    assert lost.packets() and "bufsize" in v["remedy"]


def test_a_filter_that_drops_fragments(well):
    lost = net_faults.fragments(well)
    doctor(well, "huge.example.org.").found("large-udp-lost", "4096")
    assert lost.packets()


def test_a_path_mtu_black_hole(net, coredns):
    """CoreDNS's UDP has DF set, and over TCP its full segments are lost as well."""
    net.healthy("CoreDNS", coredns)
    lost = net_faults.mtu_black_hole(net)
    v = doctor(net, "middle.example.org.").found("large-udp-lost", "TCP")
    assert lost.packets() and "MTU" in v["remedy"]


def test_a_path_mtu_black_hole_does_not_touch_binnacles_udp(net):
    """It lets routers cut (no DF), so only TCP waits for messages that never come."""
    net.healthy()
    net_faults.mtu_black_hole(net)
    assert "large-udp-lost" not in doctor(net, "middle.example.org.").slugs("fault")


def test_large_udp_lost_between_server_and_upstream(net, coredns):
    """CoreDNS hands the client's size on, and then waits for an answer that does not come."""
    net.healthy("CoreDNS", coredns)
    lost = net_faults.large_udp(net, 1300, "pods")
    doctor(net, "huge.example.org.").found("large-udp-lost", "from its upstream")
    assert lost.packets()


def test_tcp_53_closed_between_client_and_server(well):
    lost = well.lose("tcp dport 53", well.client, hook="output")
    v = doctor(well, "large.example.org.").found("tcp-blocked-client", "TCP")
    assert lost.packets() and "TCP" in v["remedy"]


@pytest.mark.parametrize("kind", net_servers.COREFILES)
def test_tcp_53_closed_between_server_and_upstream(net, kind, request):
    net.scripted_upstream(udp_max=512, truncate="cname", edns_max=0)
    net.healthy(kind, request.getfixturevalue("coredns") if kind == "CoreDNS" else None, upstream=False)
    lost = net.lose(f"ip daddr {UP} tcp dport 53")
    v = doctor(net, "large.example.org.").found("tcp-blocked-upstream", UP)
    assert lost.packets() and "TCP" in v["remedy"]
