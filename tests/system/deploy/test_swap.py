# SPDX-License-Identifier: Apache-2.0
"""docs/migrate.md, there and back under load: pods of CoreDNS and of Binnacle behind one Service, with one Corefile."""
import signal, time

import pytest

import compat, fakekube
from harness import cluster, load, wait

NAME = "web.demo.svc.cluster.local."
OBJECTS = [{"kind": "Service", "metadata": {"name": "web", "namespace": "demo"},
            "spec": {"clusterIP": "10.96.0.80", "ports": [{"name": "http", "port": 80}]}}]
# That of EKS, but for the API server's address, which no kubelet gives here.
COREFILE = """.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        endpoint http://%s:%d
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
"""
WAYS = ("fresh:500", "udp:600:6", "conn:200", "seq:600:6")
LAG = 1  # seconds from a pod's end to the last node's knowing of it


class Swap:
    def __init__(self, netns, server, coredns):
        self.node, self.coredns = cluster.Cluster(netns, server), coredns
        with self.node.node.inside():
            self.kube = fakekube.FakeKube(compat.free_port(), OBJECTS, host=cluster.NODE)
            self.kube.start()
        self.corefile = COREFILE % (cluster.NODE, self.kube.port)
        self.peer_ends = []  # [(from, to)] in ns: CoreDNS closes connections with a question on its way

    def two(self, command=None):
        """The pods of one Deployment, ready.  Their upstream is nobody: no name outside is asked for."""
        return [self.node.start(self.corefile, command=command, resolv="nameserver 192.0.2.53\n") for _ in range(2)]

    def scale_to_none(self, pods, left, is_peer):
        """All are told to end; their endpoints go a while later; only then do they end."""
        start = time.monotonic_ns()
        for pod in pods:
            pod.made.send_signal(signal.SIGTERM)
        time.sleep(LAG)
        assert all(pod.made.proc.poll() is None for pod in pods)
        self.node.endpoints(left)
        for pod in pods:
            self.node.forget(pod)
        wait.until(lambda: all(pod.made.proc.poll() is not None for pod in pods), "the old pods have ended", timeout=20)
        for pod in pods:
            self.node.gone(pod)
            assert pod.made.exit() == 0
        if is_peer:
            self.peer_ends.append((start, time.monotonic_ns()))

    def ours(self, got):
        """The ways of what was missed but while the peer ended."""
        at = [(way, got.start_ns + ms * 1000000) for way, ms in got.misses]
        return [way for way, ns in at if not any(a <= ns <= b for a, b in self.peer_ends)]


@pytest.fixture
def swap(netns, server, coredns):
    made = Swap(netns, server, coredns)
    yield made
    made.kube.stop()


def change(swap, old, command):
    """Others join, both answer, the old ones go."""
    new = swap.two(command)
    swap.node.endpoints([*old, *new])
    time.sleep(1)
    swap.scale_to_none(old, new, is_peer=command is None)
    return new


def test_there_and_back_loses_nothing(swap):
    pods = swap.two(swap.coredns)
    swap.node.endpoints(pods)
    running = load.Load(53, WAYS, name=NAME, host=cluster.VIP, ns=swap.node.client)
    try:
        pods = change(swap, pods, None)
        time.sleep(1)
        answer = pods[0].made.udp(NAME, host=pods[0].address)
        assert [r.address for r in answer.answer[0]] == ["10.96.0.80"]
        pods = change(swap, pods, swap.coredns)
        time.sleep(1)
    finally:
        got = running.stop()
    print(f"\n{got.total('sent')} asked, {got.missed()} not answered; answered, but the node had forgotten the flow: "
          f"{swap.node.astray()}")
    assert got.steady, got.text
    assert len(got.misses) == got.missed(), got.text
    assert not {"conn", "seq"} & set(swap.ours(got)), got.text
    assert got.missed("udp", "fresh") == swap.node.astray(), got.text
