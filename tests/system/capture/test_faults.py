# SPDX-License-Identifier: Apache-2.0
"""Faults made for real, and what their captures show."""
import pytest

from . import net as nets, tools
from .captures import verdict, verdicts

FRAGMENTS = "port 53 or (ip[6:2] & 0x1fff != 0)"


def fault(captures, slug, *names):
    """The verdict of that name, which is a fault, and no other fault stands beside it."""
    status, report = captures.doctor(*names)
    found = verdict(report, slug)
    assert (status, found["severity"]) == (1, "fault")
    assert verdicts(report, "fault") == {slug}
    assert found["evidence"] and found["remedy"]
    return found, report


def test_tcp_is_blocked_for_the_client(net, captures):
    net.make(nets.WHOLE)
    net.lose(f"ip saddr {nets.CLIENT} tcp dport 53")
    captures.everywhere()
    net.dig("+noedns", "+time=3", "@" + nets.VIP, "large.example.org")
    captures.end()
    for place in ("client", "node", "node96"):
        found, report = fault(captures, "tcp-blocked-client", place)
        assert nets.CLIENT in found["summary"] and nets.VIP in found["summary"]
        assert report["sums"]["truncated_tcp_failed"] == 1
        assert "a TCP connection is asked for" in found["evidence"][0]


def test_tcp_is_blocked_to_the_upstream(net, captures):
    net.make(nets.CUTS, pods=1)
    net.lose(f"ip daddr {nets.UP} tcp dport 53")
    captures.everywhere()
    net.dig("+noedns", "+ignore", "+time=5", "@" + nets.VIP, "large.example.org")
    net.dig("+noedns", "+time=5", "@" + nets.VIP, "www.example.org")
    captures.end()
    for places in (("node",), ("client", "pod")):
        status, report = captures.doctor(*places)
        found = verdict(report, "tcp-blocked-upstream")
        assert (status, found["severity"]) == (1, "fault")
        assert nets.PODS[0] in found["summary"] and nets.UP in found["summary"]


def test_fragments_are_lost_on_the_way(net, captures):
    net.make(nets.WHOLE)
    # Behind conntrack, which puts them together: where they leave the node.
    net.node.nft('table netdev late { chain out { type filter hook egress device "client" priority 0; '
                 "ip frag-off & 0x1fff != 0 drop; }; }")
    captures.add("client", net.client, "eth0", FRAGMENTS).add("node", net.node, "any", FRAGMENTS)
    net.dig("+bufsize=4096", "+tries=2", "+time=1", "@" + nets.VIP, "huge.example.org")
    captures.end()
    for places in (("client",), ("client", "node")):
        found, _ = fault(captures, "large-udp-lost", *places)
        assert nets.VIP in found["summary"]


def test_large_datagrams_are_lost_on_the_way(net, captures):
    net.make(nets.WHOLE)
    net.lose(f"ip daddr {nets.CLIENT} udp sport 53 meta length > 1280")
    captures.add("client", net.client, "eth0", FRAGMENTS).add("node", net.node, "any", FRAGMENTS)
    net.dig("@" + nets.VIP, "www.example.org")
    net.dig("+bufsize=4096", "+tries=2", "+time=1", "@" + nets.VIP, "huge.example.org")
    captures.end()
    for places in (("node",), ("client", "node")):
        found, _ = fault(captures, "large-udp-lost", *places)
        assert nets.VIP in found["summary"]


def test_a_filter_for_the_port_is_no_loss_of_fragments(net, captures):
    net.make(nets.WHOLE)
    captures.add("port", net.client, "eth0").add("all", net.client, "eth0", FRAGMENTS)
    net.dig("+bufsize=4096", "@" + nets.VIP, "huge.example.org")
    captures.end()
    status, report = captures.doctor("port")
    assert status == 0 and report["sums"]["fragmented_unseen"] == 1
    status, report = captures.doctor("all")
    assert status == 0 and report["sums"]["fragments"] >= 3
    assert report["sums"]["fragmented_unseen"] == 0 and report["sums"]["fragmented_lost"] == 0


def test_the_service_address_does_not_answer(net, captures):
    """The pods' answers are lost between the node and the client."""
    net.make(nets.WHOLE)
    net.lose(f"ip daddr {nets.CLIENT} udp sport 53 ct original ip daddr {nets.VIP}")
    captures.everywhere()
    for _ in range(2):
        net.dig("+tries=2", "+time=1", "@" + nets.VIP, "www.example.org")
    captures.end()
    net_found, _ = fault(captures, "service-address-dead", "node")
    assert nets.VIP in net_found["summary"]
    fault(captures, "service-address-dead", "client", "node")
    # Nobody sees that at the client.
    status, report = captures.doctor("client")
    assert status == 2 and verdicts(report) == {"could-not-tell"}


def test_one_of_two_pods_is_silent(net, captures):
    net.make(nets.WHOLE)
    net.lose("udp dport 53", net.pods[1].ns, hook="input")
    net.node.nft(f"flush chain ip service in\ntable ip service {{\n chain in {{\n  ip daddr {nets.VIP} udp dport 53 dnat to "
                 f"numgen inc mod 2 map {{ 0 : {nets.PODS[0]}, 1 : {nets.PODS[1]} }};\n }}\n}}\n")
    captures.add("node", net.node, "any")
    for _ in range(10):
        net.dig("+time=1", "@" + nets.VIP, "www.example.org")
    captures.end()
    found, report = fault(captures, "pod-bad", "node")
    assert f"{nets.PODS[1]} answers nothing" in found["summary"]
    assert report["sums"]["unanswered"] >= 2


def test_edns_is_dropped(net, captures):
    net.make(nets.WHOLE)
    net.lose(f"ip daddr {nets.VIP} udp dport 53 meta length > 70", hook="prerouting", priority=-150)
    captures.add("client", net.client, "eth0")
    for _ in range(4):
        net.dig("+noedns", "@" + nets.VIP, "www.example.org")
        net.dig("+bufsize=1232", "+time=1", "@" + nets.VIP, "www.example.org")
    net.dig("+noedns", "+time=4", "@" + nets.VIP, "nobody.example.org")
    captures.end()
    fault(captures, "edns-dropped", "client")


def test_the_later_of_two_questions_is_lost(net, captures):
    net.make(nets.WHOLE)
    new = f"ip daddr {nets.VIP} udp dport 53"
    net.lose(f"{new} ip saddr . udp sport @recent", hook="prerouting", priority=-150,
             sets="set recent { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 100ms; }",
             then=f"{new} add @recent {{ ip saddr . udp sport }}")
    captures.add("client", net.client, "eth0")
    for i in range(12):
        tools.pairs(net.client, nets.VIP, [f"a{i}.example.org"])
        net.dig("@" + nets.VIP, f"b{i}.example.org", "AAAA")
    captures.end()
    found, _ = fault(captures, "parallel-lost", "client")
    assert "the later one in" in found["evidence"][0]


def test_the_upstream_takes_only_so_many_a_second(net, captures):
    net.make(nets.WHOLE)
    net.lose(f"ip daddr {nets.UP} udp dport 53 limit rate over 100/second burst 20 packets", hook="prerouting", priority=-150)
    captures.add("node", net.node, "any")
    tools.seconds(net.client, nets.UP, [30, 30, 300, 300], "example.org")
    captures.end()
    _, report = captures.doctor("node")
    found = verdict(report, "upstream-rate-limited")
    assert found["severity"] == "fault" and nets.UP in found["summary"]


OWN = """.:53 {
    errors
    health {
        lameduck 0s
    }
    ready
    RULES
}
"""


@pytest.mark.parametrize("kind", ["Binnacle", "CoreDNS"])
def test_aaaa_is_denied(net, captures, kind, request):
    rules = 'template IN AAAA . {\n        rcode NXDOMAIN\n    }\n    forward . {UP}'
    command = request.getfixturevalue("coredns") if kind == "CoreDNS" else None
    net.make(nets.WHOLE, kind, command, pods=1, corefile=OWN.replace("RULES", rules))
    captures.add("client", net.client, "eth0")
    tools.pairs(net.client, nets.VIP, ["only4.example.org", "www.example.org"])
    captures.end()
    found, _ = fault(captures, "aaaa-wrong", "client")
    assert nets.VIP in found["summary"]


def test_an_external_name_leads_nowhere(net, captures, coredns):
    net.make(nets.WHOLE, "CoreDNS", coredns, pods=1)
    captures.everywhere()
    net.dig("@" + nets.VIP, "nowhere.default.svc.cluster.local")
    captures.end()
    for places in (("node",), ("client", "pod")):
        fault(captures, "externalname-dangling", *places)


def test_a_server_asks_itself(net, captures):
    rules = f"forward . {nets.PODS[0]}"
    net.make(nets.WHOLE, pods=1, corefile=OWN.replace("RULES", rules))
    captures.add("pod", net.pods[0].ns, "any")
    net.dig("+time=1", "@" + nets.VIP, "www.example.org")
    captures.end()
    status, report = captures.doctor("pod")
    assert status == 1 and verdict(report, "loop")["severity"] == "fault"


def test_a_server_that_refuses(net, captures):
    net.make(nets.WHOLE, pods=1, corefile=OWN.replace("RULES", "acl {\n        block\n    }\n    forward . {UP}"))
    captures.add("client", net.client, "eth0")
    for _ in range(4):
        net.dig("@" + nets.VIP, "www.example.org")
    captures.end(marker=True)
    fault(captures, "lame-answers", "client")


@pytest.mark.parametrize("lie,count", [({"id": True}, "wrong_id"), ({"question": "other.example.org."}, "wrong_question")], ids=["id", "question"])
def test_answers_that_do_not_belong_to_the_question(net, captures, lie, count):
    net.make({**nets.WHOLE, "rules": [{"match": {"name": "www.example.org."}, **lie}]}, pods=1)
    captures.add("client", net.client, "eth0")
    net.dig("+time=1", "@" + nets.UP, "www.example.org")
    captures.end()
    _, report = fault(captures, "lame-answers", "client")
    assert report["sums"][count] >= 1
