# SPDX-License-Identifier: Apache-2.0
"""A name that was asked for before it existed, as captures show it."""
import pytest

from harness import wait
from . import net as nets, tools
from .captures import verdict, verdicts

SLUG = "nxdomain-cached-early"
NAME = "late.example.org."
SOA = "example.org. {0} IN SOA ns.example.org. hostmaster.example.org. 1 3600 600 86400 {0}"
MADE = [{"match": {"name": NAME, "type": "A"}, "answer": NAME + " 300 IN A 192.0.2.99"}]
PATIENT = nets.COREFILE.replace("    cache 30\n", "    cache {\n        denial 9984 300\n    }\n")
FORGETFUL = nets.COREFILE.replace("    cache 30\n", "    cache {\n        disable denial\n    }\n")


def not_yet(ttl):
    """An upstream that denies the name for now, to be kept so long."""
    return {**nets.WHOLE, "rules": [{"match": {"name": NAME}, "rcode": "NXDOMAIN", "authority": SOA.format(ttl)}]}


def until(net, server, text, why):
    wait.until(lambda: text in tools.ask(net.client, server, NAME), why, 20, 0.2)


@pytest.mark.parametrize("kind", ["Binnacle", "CoreDNS"])
def test_a_denial_that_outlives_the_making_of_the_name(net, captures, kind, request):
    net.make(not_yet(6), kind, request.getfixturevalue("coredns") if kind == "CoreDNS" else None, pods=1)
    captures.everywhere()
    assert "NXDOMAIN" in tools.ask(net.client, nets.VIP, NAME)
    net.up.spec["rules"] = MADE
    until(net, nets.VIP, "192.0.2.99", "the denial has ended")
    captures.end()
    for places in (("client",), ("node",), ("client", "pod")):
        status, report = captures.doctor(*places)
        found = verdict(report, SLUG)
        assert (status, found["severity"]) == (1, "fault") and verdicts(report, "fault") == {SLUG}, places
        assert (nets.VIP if places == ("client",) else nets.PODS[0]) in found["summary"]
        story = found["evidence"][0]
        assert "NXDOMAIN, to be kept 6 s" in story and "it comes from a cache" in story
        assert "when that has ended" in story.splitlines()[-1] and "denial" in found["remedy"]
    # With 96 bytes of each packet no SOA is there to be read.
    assert SLUG not in verdicts(captures.doctor("node96")[1])


def test_the_pod_that_was_asked_too_early_is_told_from_the_other(net, captures, coredns):
    """Long before the denial has ended: the other pod has the name from the upstream."""
    net.make(not_yet(300), "CoreDNS", coredns, corefile=PATIENT)
    early, other = net.pods
    captures.add("node", net.node, "any")
    for pod in (early, other):
        net.endpoints([pod])
        if pod is other:
            net.up.spec["rules"] = MADE
        tools.ask(net.client, nets.VIP, NAME)
    net.endpoints([early])
    # Until it is seen to count down.
    wait.until(lambda: counted(tools.ask(net.client, nets.VIP, NAME)), "the denial has become older", 20, 0.5)
    captures.end()
    status, report = captures.doctor("node")
    found = verdict(report, SLUG)
    assert (status, found["severity"]) == (1, "fault") and verdicts(report, "fault") == {SLUG}
    assert early.address in found["summary"] and other.address not in found["summary"]
    assert "meanwhile, node.pcap #" in found["evidence"][0] and other.address in found["evidence"][0]


def counted(answer):
    lines = [line.split() for line in answer.splitlines() if " SOA " in line]
    return lines and int(lines[0][1]) <= 297


def test_a_name_that_was_made_is_no_fault(net, captures, coredns):
    """Denials are not kept: what is asked after the name was made gets it."""
    net.make(not_yet(6), "CoreDNS", coredns, pods=1, corefile=FORGETFUL)
    captures.everywhere()
    for _ in range(6):
        assert "NXDOMAIN" in tools.ask(net.client, nets.VIP, NAME)
    net.up.spec["rules"] = MADE
    assert "192.0.2.99" in tools.ask(net.client, nets.VIP, NAME)
    captures.end()
    for places in (("client",), ("node",), ("node96",), ("client", "pod")):
        status, report = captures.doctor(*places)
        assert status == 0, report["verdicts"]


def test_a_name_that_never_exists_is_no_fault(net, captures):
    """Its denial counts down, and is got anew."""
    net.make(not_yet(3), pods=1)
    captures.everywhere()
    def again():
        tools.ask(net.client, nets.VIP, NAME)
        return len(net.up.seen(name=NAME)) >= 2
    wait.until(again, "the upstream is asked again", 20, 0.5)
    captures.end()
    for places in (("client",), ("node",)):
        status, report = captures.doctor(*places)
        assert status == 0, report["verdicts"]
