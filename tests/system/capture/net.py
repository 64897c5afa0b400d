# SPDX-License-Identifier: Apache-2.0
"""A cluster's DNS on one node: a client, the Service's address, DNS pods, an upstream.

    client 10.0.2.2 --- node 10.0.0.1 (10.96.0.10 -> pods) --- pods 10.0.1.10, 10.0.1.11
                                                           --- upstream 10.0.3.53
"""
import subprocess

from harness import cluster, server as servers, wait

UP = "10.0.3.53"
VIP = cluster.VIP
CLIENT = "10.0.2.2"
PODS = ("10.0.1.10", "10.0.1.11")
RESOLV = f"nameserver {VIP}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"

# www is small; large makes about 1,040 bytes, huge 3,300; only4 has no AAAA.
ZONE = """$ORIGIN example.org.
$TTL 30
@ SOA ns hostmaster 1 3600 600 86400 30
@ NS ns
ns A 10.0.3.53
www A 192.0.2.80
www AAAA 2001:db8::80
only4 A 192.0.2.81
large CNAME nodes.large
""" + "".join(f"nodes.large A 192.0.2.{i}\nnodes.huge A 192.0.2.{i}\n" for i in range(1, 61)) \
    + "".join(f"nodes.huge A 192.0.2.{i}\n" for i in range(61, 205)) + "huge CNAME nodes.huge\n"
CUTS = {"zone": ZONE, "origin": "example.org.", "truncate": "cname", "edns_max": 0}  # 512 bytes, whatever the EDNS
WHOLE = {"zone": ZONE, "origin": "example.org.", "truncate": "cname"}

CLUSTER = """$ORIGIN cluster.local.
$TTL 5
@ SOA ns.dns hostmaster 1 7200 1800 86400 5
@ NS ns.dns
web.default.svc A 10.96.7.7
outside.default.svc CNAME large.example.org.
nowhere.default.svc CNAME nobody.example.org.
"""
COREFILE = """.:53 {
    errors
    health {
        lameduck 0s
    }
    ready
    file cluster.zone cluster.local
    forward . {UP} {
        max_concurrent 1000
    }
    cache 30
    loop
    loadbalance
}
"""


class Net(cluster.Cluster):
    """`server`, `netns`, `upstream`: the fixtures of these names."""

    def __init__(self, netns, server, upstream):
        super().__init__(netns, server)
        self.outside_ns = self.outside(UP, "upstream0")
        self._upstream = upstream
        self.up = None

    def make(self, upstream, kind="Binnacle", coredns=None, pods=2, corefile=COREFILE):
        """The upstream with this spec, and pods behind the Service."""
        self.up = self._upstream(upstream, host=UP, port=53, ns=self.outside_ns)
        for _ in range(pods):
            self.pods.append(self.start(corefile, command=servers.binary() if kind == "Binnacle" else coredns, UP=UP,
                                        files={"cluster.zone": CLUSTER}))
        self.endpoints(self.pods)
        return self

    def lose(self, rule, where=None, hook="forward", priority=0, sets="", then=""):
        """Packets for which a rule of nftables holds are dropped; `then`: a rule for the others."""
        (where or self.node).nft(f"table inet fault{next(self.serial)} {{\n {sets}\n chain faults {{\n"
                                 f"  type filter hook {hook} priority {priority};\n  {rule} drop;\n  {then}\n }}\n}}\n")

    def run(self, *args, resolv=RESOLV):
        p = subprocess.run(self.client.command(args, resolv), capture_output=True, text=True, timeout=60 * wait.FACTOR)
        return p.stdout

    def dig(self, *args):
        return self.run("dig", "+tries=1", "+time=2", "+nocookie", *args)
