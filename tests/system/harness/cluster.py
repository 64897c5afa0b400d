# SPDX-License-Identifier: Apache-2.0
"""A node as Kubernetes has it: pods with an address and a namespace each, a client, and a Service's address that nftables
turns into a pod's, with conntrack."""
import itertools
import re
import socket
import subprocess
import time

from harness import wait

VIP = "10.96.0.10"
NODE = "10.0.0.1"

CONFIG = """. {
    errors
    health {
        lameduck 5s
    }
    ready
    local
}
"""
QUESTION = "localhost."


class Pod:
    """One server with a namespace and an address of its own."""

    def __init__(self, ns, made, address, link, node):
        self.ns, self.made, self.address, self.link, self.node = ns, made, address, link, node

    def ready(self):
        """Its readiness probe, from the node as the kubelet does it: 200, 503, None without an answer."""
        try:
            with self.node.inside(), socket.create_connection((self.address, 8181), 2 * wait.FACTOR) as s:
                s.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
                return int(s.recv(100).split()[1])
        except OSError:
            return None


class Cluster:
    def __init__(self, netns, server):
        self.netns, self.server, self.serial = netns, server, itertools.count(10)
        self.node, self.client = netns(), netns()
        self.node.sysctl("net.ipv4.ip_forward", 1)
        self._join(self.client, "10.0.2.2", "client")
        self.pods = []
        # Answers whose flow was forgotten while they were on their way: nothing turns their address back.
        self.node.nft("table ip lost {\n counter answers { }\n chain forward {\n  type filter hook forward priority 0;\n"
                      "  udp sport 53 ct state { new, invalid } counter name answers drop;\n }\n}\n")

    def _join(self, ns, address, link):
        """Connect a namespace to the node, as most CNIs do: a veth, a route for its one address."""
        self.node.ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", ns.name)
        self.node.ip("addr", "add", NODE + "/32", "dev", link)
        self.node.ip("link", "set", link, "up")
        self.node.ip("route", "add", address + "/32", "dev", link)
        ns.ip("addr", "add", address + "/32", "dev", "eth0")
        ns.ip("link", "set", "eth0", "up")
        ns.ip("route", "add", NODE, "dev", "eth0")
        ns.ip("route", "add", "default", "via", NODE)

    def place(self):
        """A namespace with the next pod's address: (it, the address, the link)."""
        n = next(self.serial)
        ns, address, link = self.netns(), f"10.0.1.{n}", f"pod{n}"
        self._join(ns, address, link)
        return ns, address, link

    def start(self, corefile=CONFIG, prepare=None, **how):
        """Another pod, with a new address, once it is ready.  `prepare(ns)`: what it needs beside the network."""
        ns, address, link = self.place()
        if prepare:
            prepare(ns)
        made = self.server(corefile, ns=ns, **how)
        pod = Pod(ns, made, address, link, self.node)
        wait.until(lambda: pod.ready() == 200, "the pod is ready", 60)
        return pod

    def outside(self, address, link):
        """A namespace beside the cluster: an upstream."""
        ns = self.netns()
        self._join(ns, address, link)
        return ns

    def gone(self, pod):
        """The kubelet takes its namespace away."""
        self.node.ip("link", "del", pod.link)

    def endpoints(self, pods):
        """What kube-proxy makes of the Service's endpoints: all at once."""
        to = ", ".join(f"{i} : {p.address}" for i, p in enumerate(pods))
        rules = "".join(f"  ip daddr {VIP} {proto} dport 53 dnat to numgen random mod {len(pods)} map {{ {to} }};\n"
                        for proto in ("udp", "tcp"))
        self.node.nft("table ip service {\n chain in {\n  type nat hook prerouting priority -100;\n }\n}\n"
                      f"flush chain ip service in\ntable ip service {{\n chain in {{\n{rules} }}\n}}\n")

    def forget(self, pod):
        """...and of an endpoint that is gone: its UDP flows are made anew by their next packet.  (One that is on its way
        just then is lost, whatever the pod does: astray() counts.)"""
        subprocess.run(["ip", "netns", "exec", self.node.name, "conntrack", "-D", "-p", "udp", "--orig-dst", VIP,
                        "--reply-src", pod.address], capture_output=True, check=False)  # status 1: there was none

    def astray(self):
        """Answers that the pods gave and the node could not deliver any more, see forget()."""
        out = subprocess.run(["ip", "netns", "exec", self.node.name, "nft", "list", "counter", "ip", "lost", "answers"],
                             capture_output=True, text=True, check=True).stdout
        return int(re.search(r"packets (\d+)", out)[1])
