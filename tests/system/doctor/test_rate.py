# SPDX-License-Identifier: Apache-2.0
"""An upstream behind a policer: what is asked slowly is answered, what is asked fast is lost."""
import contextlib

import pytest

from harness import flood
from . import net_faults
from .net_cluster import UP
from .net_doctor import SOON, doctor


@pytest.fixture
def fast(net):
    """The upstream can do far more than the policer lets through."""
    return net.healthy()


@contextlib.contextmanager
def others(net, per_second):
    """What else is asked through the same interface meanwhile."""
    running = flood.Flood(53, per_second, 120, "www.example.org.", host=UP, ns=net.pods[0].ns)
    try:
        yield
    finally:
        running.proc.kill()
        running.proc.wait()


def limited(net, lost):
    report = doctor(net, "www.example.org", *SOON)
    v = report.found("upstream-rate-limited", UP)
    assert lost.packets() and "1,024" in v["remedy"], report.story()


def test_an_upstream_behind_a_policer(fast):
    limited(fast, net_faults.rate_limit(fast, 100))


def test_amazons_1024_packets_a_second_when_a_node_is_near_them(fast):
    """Where the node's other questions leave little of the allowance, doctor's own are enough to go over it.  On a machine that is
    busy elsewhere the others come in bursts, and the slow questions are lost as well: another attempt."""
    lost = net_faults.rate_limit(fast, 1024, burst=20)
    for left in (2, 1, 0):
        with others(fast, 940):
            try:
                return limited(fast, lost)
            except AssertionError:
                if not left:
                    raise


def test_a_fast_upstream_is_not_called_limited(fast):
    with others(fast, 940):
        assert "upstream-rate-limited" not in doctor(fast).is_healthy().slugs()


def test_loss_at_every_rate_is_not_called_a_limit(fast):
    net_faults.packet_loss(fast, 30, "random")
    report = doctor(fast, "www.example.org", *SOON)
    assert "upstream-rate-limited" not in report.slugs(), report.story()
