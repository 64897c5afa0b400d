# SPDX-License-Identifier: Apache-2.0
"""Questions that come back to the server that sent them on."""
import pytest

from . import net_servers
from .net_cluster import VIP
from .net_doctor import SOON, doctor

WITHOUT_LOOP = net_servers.COREFILE.replace("    loop\n", "")
FIRST = "10.0.1.10"


@pytest.mark.parametrize("kind", net_servers.COREFILES)
@pytest.mark.parametrize("to", [FIRST, VIP])
def test_a_server_that_forwards_to_itself(net, kind, to, request):
    """To its own address, or to the Service whose pod it is: what dnsPolicy ClusterFirst makes of /etc/resolv.conf."""
    coredns = request.getfixturevalue("coredns") if kind == "CoreDNS" else None
    net.pod(kind, coredns, conf=WITHOUT_LOOP, up=to)
    net.service()
    v = doctor(net, "www.example.org.", *SOON).found("loop", to)
    assert "forward" in v["remedy"]


@pytest.mark.parametrize("kind", net_servers.COREFILES)
def test_two_servers_that_forward_to_each_other(net, kind, request):
    coredns = request.getfixturevalue("coredns") if kind == "CoreDNS" else None
    pod = net.pod(kind, coredns, conf=WITHOUT_LOOP)
    net_servers.start(kind, net.server, net.upstream_ns, "10.0.3.53", pod.address, coredns, conf=WITHOUT_LOOP)
    net.service()
    doctor(net, "www.example.org.", *SOON).found("loop")


def test_coredns_that_has_ended_itself_for_a_loop(net, coredns):
    """The plugin loop ends the process: the pod is there and nobody listens."""
    pod = net.pod("CoreDNS", coredns, up=FIRST, wait_up=False)
    pod.made.proc.wait(30)
    assert "Loop (" in pod.made.output() and pod.made.exit() == 1
    net.service()
    doctor(net, "www.example.org.", *SOON).found("loop", FIRST)


def test_no_loop_is_seen_where_the_upstream_only_fails(net):
    net.scripted_upstream(rules=[{"match": {}, "rcode": "SERVFAIL"}])
    net.pod()
    net.service()
    report = doctor(net, "www.example.org.", *SOON)
    assert "loop" not in report.slugs() and report.status != 0, report.story()
