# SPDX-License-Identifier: Apache-2.0
"""TCP 53 closed before the server, and behind it: the two are told apart, whatever the server makes of the second."""
import pytest

from . import faults_answers as faults, net_servers
from .faults_answers import LARGE
from .net_cluster import UP, VIP
from .net_doctor import doctor

PREFER_UDP = net_servers.FORWARD.replace("        max_concurrent", "        prefer_udp\n        max_concurrent")


def test_tcp_that_is_reset_before_the_server(net, coredns):
    net.healthy("CoreDNS", coredns, pods=1)
    net.node.nft("table inet resets { chain way { type filter hook forward priority 0; "
                 "ip saddr 10.0.2.2 tcp dport 53 reject with tcp reset; }; }")
    report = doctor(net)
    v = report.found("tcp-blocked-client", VIP, "refused")
    assert report.slugs("fault") == ["tcp-blocked-client"] and "TCP port 53" in v["remedy"], report.story()


@pytest.mark.parametrize("forward", [net_servers.FORWARD, PREFER_UDP], ids=["as clients ask", "prefer_udp"])
@pytest.mark.parametrize("kind", net_servers.COREFILES)
def test_tcp_that_is_closed_between_server_and_upstream(net, kind, forward, request):
    """From here the upstream answers over TCP: so it is the server's way that is closed."""
    coredns = request.getfixturevalue("coredns") if kind == "CoreDNS" else None
    faults.cutting_upstream(net, edns_max=0)
    pod = net.pod(kind, coredns, forward=forward)
    net.service()
    lost = net.lose(f"ip saddr {pod.address} ip daddr {UP} tcp dport 53")
    report = doctor(net, LARGE)
    report.found("tcp-blocked-upstream", UP, "it is the server's own way there that is blocked", "over UDP")
    assert lost.packets() and "tcp-blocked-client" not in report.slugs(), report.story()


def test_tcp_that_is_closed_only_between_here_and_the_upstream_is_no_fault(net):
    """The server's own way is open; clients do not go that way."""
    faults.cutting_upstream(net)
    net.pod()
    net.service()
    lost = net.lose(f"ip saddr 10.0.2.2 ip daddr {UP} tcp dport 53")
    doctor(net, LARGE).is_healthy()
    assert lost.packets()
