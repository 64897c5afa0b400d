# SPDX-License-Identifier: Apache-2.0
"""A cluster's DNS as a client sees it: a pod that asks, the Service's address that the node turns into one of the DNS
pods, each with a server of some make, and the upstream behind them.

    client 10.0.2.2 --- node 10.0.0.1 (10.96.0.10 -> pods) --- pods 10.0.1.10, 10.0.1.11
                                                           --- upstream 10.0.3.53
"""
import json
import subprocess

from harness import cluster, peers, wait
from . import net_servers

UP = "10.0.3.53"
VIP = cluster.VIP
NAME = "www.example.org"
RESOLV = f"nameserver {VIP}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"

# www is small; large makes about 1,040 bytes, middle 1,390, huge 3,300; only4 has no AAAA.
ZONE = """$ORIGIN example.org.
$TTL 30
@ SOA ns hostmaster 1 3600 600 86400 30
@ NS ns
ns A 10.0.3.53
www A 192.0.2.80
www AAAA 2001:db8::80
only4 A 192.0.2.81
large CNAME nodes.large
$GENERATE 1-60 nodes.large A 192.0.2.$
$GENERATE 1-60 nodes.large AAAA 2001:db8::$
middle CNAME nodes.middle
$GENERATE 1-82 nodes.middle A 192.0.2.$
huge CNAME nodes.huge
$GENERATE 1-204 nodes.huge A 192.0.2.$
"""


class Net(cluster.Cluster):
    """`server`, `netns`, `upstream`: the fixtures of these names."""

    def __init__(self, netns, server, upstream):
        super().__init__(netns, server)
        self.upstream_ns = self.outside(UP, "upstream0")
        self._upstream = upstream

    # -- what stands in it
    def upstream(self):
        """A server with ZONE on 10.0.3.53, and nothing wrong with it."""
        peers.zone_server(self.server, self.upstream_ns, UP, ZONE)

    def scripted_upstream(self, **spec):
        """One of Python instead, see compat.Upstream: too slow for some hundred questions a second."""
        return self._upstream({"zone": ZONE, "origin": "example.org.", **spec}, host=UP, port=53, ns=self.upstream_ns)

    def pod(self, kind="Binnacle", coredns=None, **how):
        """A DNS pod with a server of that make (net_servers.NAMES), answering cluster.local and forwarding the rest."""
        ns, address, link = self.place()
        made = net_servers.start(kind, self.server, ns, address, how.pop("up", UP), coredns, **how)
        pod = cluster.Pod(ns, made, address, link, self.node)
        self.pods.append(pod)
        return pod

    def service(self, pods=None):
        """The Service's address leads to these pods (all)."""
        self.endpoints(self.pods if pods is None else pods)
        return self

    def healthy(self, kind="Binnacle", coredns=None, pods=2, upstream=True):
        """All as it should be; `upstream=False`: with the one that the test has made."""
        if upstream:
            self.upstream()
        for _ in range(pods):
            self.pod(kind, coredns)
        return self.service()

    def corefile(self):
        """That of the first pod, as a file of it stands there."""
        with open(self.pods[0].made.conf) as f:
            return f.read()

    # -- what passes there
    def lose(self, rule, where=None, priority=0, hook="forward", sets="", then=""):
        """A rule of nftables (without its verdict) whose packets are dropped, on the node or in that namespace.
        `sets`: what the rule needs beside it; `then`: a rule for the packets that go on."""
        where, table = where or self.node, f"fault{next(self.serial)}"
        where.nft(f"table inet {table} {{\n {sets}\n counter lost {{ }}\n chain faults {{\n"
                  f"  type filter hook {hook} priority {priority};\n  {rule} counter name lost drop;\n  {then}\n }}\n}}\n")
        return Lost(where, table)

    # -- asking
    def run(self, args, where=None, resolv=RESOLV, timeout=60):
        """A program in the client's namespace (or another) with this resolv.conf: the finished process."""
        return subprocess.run((where or self.client).command(args, resolv), capture_output=True, text=True,
                              timeout=timeout * wait.FACTOR)

    def dig(self, *args, where=None, resolv=RESOLV):
        r = self.run(["dig", *args], where, resolv)
        return r.stdout


class Lost:
    """What a rule of Net.lose() has dropped."""

    def __init__(self, ns, table):
        self.ns, self.table = ns, table

    def packets(self):
        out = subprocess.run(["ip", "netns", "exec", self.ns.name, "nft", "-j", "list", "counter", "inet", self.table,
                              "lost"], capture_output=True, text=True, check=True).stdout
        return int(json.loads(out)["nftables"][1]["counter"]["packets"])

    def repair(self):
        self.ns.nft(f"delete table inet {self.table}")
