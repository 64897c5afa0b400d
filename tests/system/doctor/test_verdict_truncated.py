# SPDX-License-Identifier: Apache-2.0
"""Answers that the upstream cuts: passed on by CoreDNS, kept as whole, or not marked as cut; and servers that do right."""
import pytest

from . import faults_answers as faults, net_servers
from .faults_answers import LARGE
from .net_cluster import UP
from .net_doctor import doctor

NO_CACHE = net_servers.COREFILE.replace("    cache 30\n", "")
PREFER_UDP = net_servers.FORWARD.replace("        max_concurrent", "        prefer_udp\n        max_concurrent")


def test_coredns_passes_on_what_its_upstream_cuts(net, coredns):
    """The story's Corefile: clients without EDNS get the CNAME and no address."""
    faults.cutting_upstream(net)
    net.pod("CoreDNS", coredns)
    net.pod("CoreDNS", coredns)
    net.service()
    report = doctor(net, LARGE)
    v = report.found("truncated-passed-on", UP, "0 of 60 A", "TC, 1 CNAME, 0 A", "60 A")
    assert "prefer_udp" in v["remedy"] and report.slugs("fault") == ["truncated-passed-on"], report.story()


def test_also_when_the_cache_happens_to_have_the_whole(net, coredns):
    faults.cutting_upstream(net)
    pod = net.pod("CoreDNS", coredns)
    net.service()
    assert "status: NOERROR" in net.dig("@" + pod.address, "+tcp", LARGE)
    doctor(net, LARGE).found("truncated-passed-on", "0 of 60 A")


def test_and_without_a_cache(net, coredns):
    faults.cutting_upstream(net)
    net.pod("CoreDNS", coredns, conf=NO_CACHE)
    net.service()
    doctor(net, LARGE).found("truncated-passed-on", "0 of 60 A")


def test_the_remedy_ends_it(net, coredns):
    faults.cutting_upstream(net)
    net.pod("CoreDNS", coredns, forward=PREFER_UDP)
    net.service()
    doctor(net, LARGE).is_healthy()


@pytest.mark.parametrize("kind", ["Binnacle", "unbound", "BIND"])
def test_servers_that_ask_again_over_tcp_are_healthy(net, kind):
    faults.cutting_upstream(net)
    net.pod(kind)
    net.service()
    doctor(net, LARGE, upstream=None if kind == "Binnacle" else UP).is_healthy()


def test_coredns_keeps_a_cut_answer_that_is_not_marked(net, coredns):
    """The upstream sends some of the addresses over UDP and sets no TC; they stay in the cache, and are what TCP gives too."""
    faults.unmarked_cut(net, 12)
    net.pod("CoreDNS", coredns)
    net.service()
    faults.ask_first(net, LARGE)
    v = doctor(net, LARGE).found("truncated-cached", "12 of 60 A", "not marked as cut", "TTL counts down")
    assert "force_tcp" in v["remedy"]


def test_a_cname_alone_and_no_tc(net, coredns):
    """Without a cache only clients over UDP get it."""
    faults.unmarked_cut(net)
    net.pod("CoreDNS", coredns, conf=NO_CACHE)
    net.service()
    doctor(net, LARGE).found("cname-only-without-tc", "NOERROR, 1 CNAME, 0 A", "60 A")
