# SPDX-License-Identifier: Apache-2.0
"""Captures of a cluster whose upstream cuts large answers to the CNAME: what each place shows, and several told together."""
import pytest

from . import net as nets
from .captures import verdict, verdicts
from .tools import Faulty, Stream

FORMS = (["+noedns"], ["+noedns", "+ignore"], ["+tcp"], ["+bufsize=4096"])


def traffic(net):
    for name in ("www", "large", "huge"):
        for form in FORMS:
            net.dig(*form, "@" + nets.VIP, name + ".example.org")
    net.run("getent", "ahosts", "www.example.org")


def server(report, address):
    found = [s for s in report["servers"] if s["address"] == address]
    assert len(found) == 1, f"{address} in {[s['address'] for s in report['servers']]}"
    return found[0]


@pytest.fixture(params=["Binnacle", "CoreDNS"])
def story(request, net, captures):
    command = request.getfixturevalue("coredns") if request.param == "CoreDNS" else None
    net.make(nets.CUTS, request.param, command)
    captures.everywhere()
    traffic(net)
    return captures.end()


def test_each_place_tells_the_same(story):
    """What the client saw is what is counted on all interfaces of the node, where each packet passes four times, and cut at 96
    bytes; there, what stands behind the address as well."""
    status, client = story.doctor("client")
    assert status == 0, str(client["verdicts"])
    assert verdicts(client) <= {"healthy", "search-amplification"}
    asked = server(client, nets.VIP)
    assert asked["lost"] == 0 and asked["truncated"] >= 4 and asked["tcp"] >= 4  # a pod may have a whole answer by then
    assert client["sums"]["truncated_not_asked_again"] <= 1
    for place in ("node", "node96"):
        status, node = story.doctor(place)
        assert status == 0, str(node["verdicts"])
        front = server(node, nets.VIP)
        for key in ("asked", "answered", "lost", "tcp", "truncated", "rcodes"):
            assert front[key] == asked[key], f"{place}: {key}"
        assert sorted(front["stands_for"]) == [p + ":53" for p in nets.PODS]
        behind = [server(node, p) for p in nets.PODS]
        assert all(b["behind"] for b in behind)
        # The last question went to a pod's own address.
        assert sum(b["asked"] for b in behind) == asked["asked"] + 1
        assert server(node, nets.UP)["upstream"]
        assert node["sums"]["copies"] > 0 and node["sums"]["translated"] == asked["asked"]
    assert node["sums"]["packets_cut"] > 0 and node["sums"]["messages_cut"] > 0


def test_search_paths_and_sums_are_counted(story):
    _, report = story.doctor("client")
    # glibc: three suffixes, then the name itself, A and AAAA each.
    assert (report["sums"]["search_walks"], report["sums"]["search_questions"], report["sums"]["search_names_found"]) == (1, 8, 1)
    assert report["search_paths"][0]["name"] == "www.example.org."
    assert verdict(report, "search-amplification")["severity"] == "note"
    assert report["edns"]["sizes"] == {"1232": 4, "4096": report["edns"]["sizes"]["4096"]}
    assert report["edns"]["sizes"]["4096"] >= 3  # what came cut dig asks again with it, over TCP
    assert report["top_names"][0]["n"] >= 5
    names = {t["name"]: t for t in report["truncated"]}
    for name in ("large.example.org.", "huge.example.org."):
        assert names[name]["asked_over_tcp"] >= 1
    latency = server(report, nets.VIP)["latency_ms"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["max"] < 5000


def test_two_captures_are_told_as_one_story(net, captures, coredns):
    """What CoreDNS passes on, seen at the client and in the pod: one story, a fault when the client does not ask over TCP."""
    net.make(nets.CUTS, "CoreDNS", coredns, pods=1)
    captures.everywhere()
    net.dig("+noedns", "+ignore", "@" + nets.VIP, "large.example.org")
    for _ in range(5):
        net.dig("@" + nets.VIP, "www.example.org")  # it goes on, and does not come back to it
    captures.end()
    status, report = captures.doctor("client", "pod")
    assert status == 1
    found = verdict(report, "truncated-passed-on")
    assert found["severity"] == "fault" and "never" in found["summary"] and "prefer_udp" in found["remedy"]
    story = found["evidence"][0].splitlines()
    assert "client.pcap #" in story[0] and f"{nets.CLIENT} asks {nets.VIP} for A large.example.org." in story[0]
    assert "TC, 1 CNAME, no address" in story[0]
    assert any("behind that address, pod.pcap #" in line for line in story)
    assert any(f"because of it, pod.pcap #" in line and f"asks {nets.UP} for A large.example.org." in line for line in story)
    assert "never asked again over TCP" in story[-1]
    assert report["sums"]["upstream_questions"] >= 1
    # The client alone cannot tell whose cut it is, the node can.
    status, report = captures.doctor("client")
    assert status == 2 and "do not show who cuts" in verdict(report, "could-not-tell")["summary"]
    for place in ("node", "node96"):
        status, report = captures.doctor(place)
        assert status == 1 and verdict(report, "truncated-passed-on")["severity"] == "fault"


def with_faulty(net, captures, without_tc):
    """A server at fault in place of the first pod's, asked for a large answer and a small one."""
    net.make(nets.CUTS, pods=1)
    captures.everywhere()
    pod = net.pods[0]
    pod.made.close()
    forwarder = Faulty(pod.ns, nets.UP, without_tc)
    try:
        net.dig("+noedns", "@" + nets.VIP, "large.example.org")
        net.dig("+noedns", "@" + nets.VIP, "www.example.org")
        captures.end()
    finally:
        forwarder.close(pod.address, net.node)


def test_a_cut_answer_that_was_kept(net, captures):
    with_faulty(net, captures, without_tc=False)
    for places in (("node",), ("client", "pod")):
        status, report = captures.doctor(*places)
        found = verdict(report, "truncated-cached")
        assert status == 1 and found["severity"] == "fault" and nets.VIP in found["summary"]
    # The client sees that it is cut over TCP, but not whether the upstream was asked.
    status, report = captures.doctor("client")
    assert status == 1 and verdicts(report, "fault") == {"truncated-passed-on"}


def test_a_cname_without_tc_whose_upstream_had_tc(net, captures):
    with_faulty(net, captures, without_tc=True)
    for places in (("client", "pod"), ("node",), ("node96",)):
        status, report = captures.doctor(*places)
        found = verdict(report, "cname-only-without-tc")
        assert status == 1 and found["severity"] == "fault", places
        upstream = [line for line in found["evidence"][0].splitlines() if f"asks {nets.UP}" in line]
        assert upstream and ", TC" in upstream[0]
        assert report["sums"]["cname_only_without_tc"] == 1
    assert captures.doctor("client")[1]["sums"]["cname_only_without_tc"] == 1


def test_a_cname_of_coredns_without_tc(net, captures, coredns):
    """CoreDNS itself: a CNAME of its own whose target's answer was cut goes out without TC, and clients leave it at that."""
    net.make(nets.CUTS, "CoreDNS", coredns, pods=1)
    captures.everywhere()
    net.dig("+noedns", "@" + nets.VIP, "outside.default.svc.cluster.local")
    captures.end()
    for places in (("node",), ("client", "pod")):
        status, report = captures.doctor(*places)
        found = verdict(report, "cname-only-without-tc")
        assert status == 1 and found["severity"] == "fault", places
        story = found["evidence"][0].splitlines()
        assert "for A outside.default.svc.cluster.local." in story[0] and ", TC" not in story[0]
        assert any(f"asks {nets.UP} for A large.example.org." in line and ", TC" in line for line in story[1:])


def test_a_capture_that_begins_in_the_middle_of_a_connection(net, captures):
    net.make(nets.WHOLE)
    stream = Stream(net.client, nets.VIP)
    try:
        stream.ask("www.example.org")
        captures.everywhere()
        for name in ("large", "huge", "www"):
            stream.ask(name + ".example.org")
    finally:
        stream.close()
    captures.end()
    for place in ("client", "node", "node96"):
        status, report = captures.doctor(place)
        front = server(report, nets.VIP)
        assert (status, front["tcp"], front["answered"]) == (0, 3, 3), place
        assert report["sums"]["tcp_joined"] >= 2
