# SPDX-License-Identifier: Apache-2.0
"""Signatures that have expired, and a validator that lives in another year, as captures show them: unbound, and a zone signed by
BIND's tools."""
import shutil
import time

import pytest

from harness import cluster, peers, signed, wait
from . import net as nets
from .captures import verdict, verdicts

pytestmark = pytest.mark.skipif(not (shutil.which("unbound") and signed.TOOLS), reason="needs unbound and bind9-utils")
SLUG = "clock-dnssec"
NAME = "www.example.org."
VALIDATOR = peers.unbound("{HOST}", "0.0.0.0/0", "{UP}", modules="validator iterator",
                          more='  trust-anchor: "{DS}"\n  domain-insecure: "example"\n  ede: {EDE}\n  {CLOCK}\n')


def make(net, folder, start, end, clock=None, ede="yes"):
    """A zone whose signatures hold from `start` to `end` (hours from now), and a validator behind the Service, by its own
    clock or by that time (YYYYMMDDHHMMSS)."""
    zone, ds = signed.zone(folder, nets.ZONE, start, end)
    peers.zone_server(net.server, net.outside_ns, nets.UP, zone)
    date = f'val-override-date: "{clock}"' if clock else ""
    ns, address, link = net.place()
    made = net.server(VALIDATOR.replace("{DS}", ds).replace("{CLOCK}", date).replace("{EDE}", ede), command=["unbound"], conf=False,
                      args=["-d", "-c", "{DIR}/Corefile"], ns=ns, HOST=address, UP=nets.UP)
    net.pods.append(cluster.Pod(ns, made, address, link, net.node))
    net.endpoints(net.pods)


def test_signatures_that_have_expired(net, captures, tmp_path):
    make(net, tmp_path, -72, -48)
    captures.everywhere()
    assert "SERVFAIL" in net.dig("@" + nets.VIP, NAME)
    assert "192.0.2.80" in net.dig("+dnssec", "+cd", "@" + nets.VIP, NAME)
    captures.end()
    # The upstream's answers carry them; and the client's own, because it asked for that.
    for places in (("client",), ("node",), ("client", "pod")):
        status, report = captures.doctor(*places)
        found = verdict(report, SLUG)
        assert (status, found["severity"]) == (1, "fault") and verdicts(report, "fault") == {SLUG}, places
        told = [line for v in report["verdicts"] if v["verdict"] == SLUG for text in [v["summary"], *v["evidence"]] for line in text.splitlines()]
        assert any("ended 48 hours before, by the clock of the machine that captured" in line for line in told), told
        assert any("Extended DNS Error" in line for line in told), told
        assert any("a clock is wrong, the signer's or that of the machine that captured" in line for line in told)
        assert "sign it anew" in found["remedy"]
    # With 96 bytes of each packet no signature is there to be read.
    assert SLUG not in verdicts(captures.doctor("node96")[1])


def test_a_validator_whose_clock_is_wrong(net, captures, tmp_path):
    """The signatures are in order, and the server does not believe them: before and after it was told not to check, and
    gives no reason."""
    make(net, tmp_path, -24, 24, clock="20400101000000", ede="no")
    captures.add("client", net.client, "eth0").add("node", net.node, "any")
    assert "SERVFAIL" in net.dig("@" + nets.VIP, NAME)
    assert "192.0.2.80" in net.dig("+dnssec", "+cd", "@" + nets.VIP, NAME)
    later = time.monotonic() + 6  # failures are kept for 5 s
    wait.until(lambda: "SERVFAIL" in net.dig("@" + nets.VIP, NAME) and time.monotonic() > later, "a new failure", 20, 1)
    captures.end()
    for place, server in (("client", nets.VIP), ("node", nets.PODS[0])):
        status, report = captures.doctor(place)
        found = verdict(report, SLUG)
        assert (status, found["severity"]) == (1, "fault") and verdicts(report, "fault") == {SLUG}, place
        assert f"{server} does not believe signatures" in found["summary"]
        assert "in their time by the clock of the machine that captured: the server's clock is wrong" in found["evidence"][0]
        assert "NTP" in found["remedy"]


def test_signatures_in_their_time_are_no_fault(net, captures, tmp_path):
    make(net, tmp_path, -24, 24)
    captures.everywhere()
    for args in ((), ("+dnssec",), ("+dnssec", "+cd")):
        assert "192.0.2.80" in net.dig(*args, "@" + nets.VIP, NAME)
    captures.end()
    for places in (("client",), ("node",), ("node96",), ("client", "pod")):
        status, report = captures.doctor(*places)
        assert status == 0 and SLUG not in verdicts(report), report["verdicts"]
