# SPDX-License-Identifier: Apache-2.0
"""A Deployment's rolling update: one pod after the other is replaced while clients ask the Service.

A round: the replacement is ready and among the endpoints (maxSurge 1, maxUnavailable 0), then TERM to the old one, and only
`lag` seconds later its endpoint is removed.  BINNACLE_ROLLING_ROUNDS=20 (scripts/rolling) is the long form."""
import collections
import os
import signal
import time

import pytest

from harness import cluster, load, wait

ROUNDS = int(os.environ.get("BINNACLE_ROLLING_ROUNDS", "0"))
LAMEDUCK = 5
# Fresh source ports, clients with one source port each, a connection for each question, and kept ones.
WAYS = ("fresh:500", "udp:600:6", "conn:200", "seq:600:6")

Round = collections.namedtuple("Round", "told removed ended")


@pytest.fixture
def node(netns, server):
    made = cluster.Cluster(netns, server)
    made.pods = [made.start(), made.start()]
    made.endpoints(made.pods)
    yield made
    for pod in made.pods:               # their good-bye has been looked at
        pod.made.proc.kill()
        pod.made.exit()


def check_duck(pod):
    """Not ready any more, at once, and still answering."""
    wait.until(lambda: pod.ready() == 503, "the readiness probe's 503", timeout=1)
    assert pod.made.udp(cluster.QUESTION, host=pod.address).rcode() == 0


def replace(node, lag, sig):
    """One round; when it was told, when its endpoint was removed, when it had ended."""
    old, new = node.pods[0], node.start()
    node.endpoints([*node.pods, new])
    time.sleep(0.5)
    node.pods = [*node.pods[1:], new]
    told, removed, ended = time.monotonic(), None, None
    old.made.send_signal(sig)
    if sig == signal.SIGTERM:
        check_duck(old)
    while removed is None or ended is None:
        if removed is None and time.monotonic() - told >= lag:
            node.endpoints(node.pods)
            node.forget(old)
            removed = time.monotonic()
        if ended is None and old.made.proc.poll() is not None:
            ended = time.monotonic()
            node.gone(old)
        time.sleep(0.01)
    assert old.made.exit() == (0 if sig == signal.SIGTERM else -signal.SIGKILL)
    return Round(told, removed, ended)


def roll(node, lag, rounds, sig=signal.SIGTERM):
    """(the load's result, the rounds)."""
    running = load.Load(53, WAYS, name=cluster.QUESTION, host=cluster.VIP, ns=node.client)
    time.sleep(0.5)
    try:
        done = [replace(node, lag, sig) for _ in range(rounds)]
        time.sleep(0.5)
    finally:
        got = running.stop()
    lost = {k: w["bad"] + w["lost"] + w["cut"] for k, w in got.ways.items()}
    print(f"\n{sig.name}, endpoint removed after {lag} s, {rounds} rounds: {got.total('sent')} asked, not answered: "
          + ", ".join(f"{k} {n} of {got.ways[k]['sent']}" for k, n in lost.items())
          + f"; answered, but the node had forgotten the flow: {node.astray()}")
    return got, done


def inside(got, spans):
    """Whether all that was missed was asked within one of the spans (seconds by the monotonic clock), or so shortly before
    that it was on its way when that began."""
    slack = 0.3 * wait.FACTOR
    at = [got.start_ns / 1e9 + ms / 1000 for _, ms in got.misses]
    return all(any(a - slack <= t <= b + slack for a, b in spans) for t in at)


@pytest.mark.parametrize("lag", [0, 3])
def test_nothing_is_lost_while_the_lag_is_under_lameduck(node, lag):
    """Every question is answered.  What the node itself drops, when it deletes the flows of a removed endpoint under an
    answer (as kube-proxy does), is counted there, packet by packet."""
    got, _ = roll(node, lag, ROUNDS or 2)
    assert got.missed("conn", "seq") == 0 and got.steady, got.text
    assert got.missed("udp", "fresh") == node.astray(), got.text


def test_beyond_lameduck_its_share_is_lost_until_the_endpoint_goes(node):
    """Nothing before the pod has ended, nothing after the removal; in between at most what it was given."""
    lag, rounds = LAMEDUCK + 3, ROUNDS or 1
    got, done = roll(node, lag, rounds)
    assert got.missed() > 0 and inside(got, [(r.ended, r.removed) for r in done]), got.text
    gap = sum(r.removed - r.ended for r in done)
    assert got.missed("fresh") <= 500 * gap / 3 * 1.3, got.text


def test_a_killed_pod_loses_its_share_until_the_endpoint_goes(node):
    """No lameduck helps where nobody says good-bye."""
    got, done = roll(node, 3, ROUNDS or 1, signal.SIGKILL)
    assert got.missed() > 0 and inside(got, [(r.told, r.removed) for r in done]), got.text
    assert got.missed("fresh") <= 500 * sum(r.removed - r.told for r in done) / 3 * 1.3, got.text
