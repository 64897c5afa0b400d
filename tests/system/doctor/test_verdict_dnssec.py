# SPDX-License-Identifier: Apache-2.0
"""Signatures that have expired, and a validator whose clock is wrong: unbound, and a zone signed by BIND's tools."""
import shutil

import pytest

from harness import peers
from . import faults_answers as faults
from .net_cluster import UP
from .net_doctor import doctor

pytestmark = pytest.mark.skipif(not (shutil.which("unbound") and shutil.which("dnssec-signzone")), reason="needs unbound and bind9-utils")
NAME = "www.example.org."


def signed(net, folder, start, end, clock=None):
    zone, ds = faults.signed_zone(folder, start, end)
    peers.zone_server(net.server, net.upstream_ns, UP, zone)
    pod = faults.validator(net, ds, clock)
    net.service()
    return pod


def test_signatures_in_their_time_are_healthy(net, tmp_path):
    signed(net, tmp_path, -24, 24)
    assert "status: NOERROR" in net.dig("+dnssec", NAME) and " ad;" in net.dig("+dnssec", NAME)
    doctor(net, NAME, upstream=UP).is_healthy()


def test_signatures_that_have_expired(net, tmp_path):
    pod = signed(net, tmp_path, -72, -48)
    v = doctor(net, NAME, upstream=UP).found("clock-dnssec", pod.address, "expired", "by this machine's clock", "SERVFAIL")
    assert "sign it anew" in v["remedy"]


def test_a_server_whose_clock_is_wrong(net, tmp_path):
    """The signatures are in order, and the server lives years ahead."""
    pod = signed(net, tmp_path, -24, 24, clock="20400101000000")
    v = doctor(net, NAME, upstream=UP).found("clock-dnssec", pod.address,
                                             "within its time by this machine's clock: the server's clock is wrong")
    assert "NTP" in v["remedy"]
