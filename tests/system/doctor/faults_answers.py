# SPDX-License-Identifier: Apache-2.0
"""Upstreams and servers whose answers are wrong: cut, incomplete, about something else, badly signed."""
import socket
import threading

from harness import cluster, peers, relay, signed
from . import net_servers
from .net_cluster import ZONE

LARGE = "large.example.org."
CNAME = LARGE + " 30 IN CNAME nodes.large.example.org."
TEMPLATE = """    template IN AAAA example.org {{
        rcode {rcode}
    }}
    forward . {{UP}}"""


# ---------------------------------------------------------------- cut
def cutting_upstream(net, **more):
    """512 bytes are all without EDNS, and when there is more it sends the CNAME and TC."""
    return net.scripted_upstream(truncate="cname", **more)


def unmarked_cut(net, n=0):
    """Over UDP the CNAME and the first `n` addresses, and no TC."""
    some = CNAME + f"\n$GENERATE 1-{n} nodes.large.example.org. 30 IN A 192.0.2.$" if n else CNAME
    return net.scripted_upstream(rules=[{"match": {"name": LARGE, "type": "A", "proto": "udp"}, "answer": some}])


def ask_first(net, *args):
    """Clients came before: each pod is asked over UDP, and keeps what it got."""
    for pod in net.pods:
        assert "status: NOERROR" in net.dig("@" + pod.address, "+noedns", "+noad", "+ignore", *args)


# ---------------------------------------------------------------- EDNS
OPT_QUESTION = "udp dport 53 @th,144,16 != 0"  # ARCOUNT: a question without EDNS has no additional record


def drop_edns(net, where=None, to=None, hook="forward"):
    """A firewall that knows questions with one record only."""
    return net.lose((f"ip daddr {to} " if to else "") + OPT_QUESTION, where, hook=hook)


# ---------------------------------------------------------------- from another address
class OtherAddress:
    """Answers each question, from an address that it was not sent to: NAT whose state was lost."""

    def __init__(self, ns, address, other):
        for a in (address, other):
            ns.ip("addr", "add", a + "/32", "dev", "lo")
        with ns.inside():
            self.asked = self._bound(address)
            self.answering = self._bound(other)
        threading.Thread(target=self._run, daemon=True).start()

    @staticmethod
    def _bound(address):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((address, 53))
        return s

    def _run(self):
        while True:
            try:
                wire, peer = self.asked.recvfrom(4096)
                self.answering.sendto(wire[:2] + b"\x81\x80" + wire[4:], peer)
            except OSError:
                return

    def close(self):
        for s in (self.asked, self.answering):
            s.close()


# ---------------------------------------------------------------- signed
def signed_zone(folder, start, end):
    """ZONE with signatures that hold from `start` to `end` (hours from now): (its text, its DS record)."""
    return signed.zone(folder, ZONE, start, end)


VALIDATOR = peers.unbound("{HOST}", "0.0.0.0/0", "{UP}", modules="validator iterator",
                          more='  trust-anchor: "{DS}"\n  val-log-level: 2\n  ede: yes\n  {CLOCK}\n  domain-insecure: "cluster.local"\n'
                          + net_servers.UNBOUND_DATA)


def validator(net, ds, clock=None):
    """A pod with unbound that checks signatures of example.org, by its own clock or by that time (YYYYMMDDHHMMSS)."""
    date = f'val-override-date: "{clock}"' if clock else ""
    text = VALIDATOR.replace("{DS}", ds).replace("{CLOCK}", date)
    ns, address, link = net.place()
    made = net.server(text, command=["unbound"], conf=False, args=["-d", "-c", "{DIR}/Corefile"], ns=ns, HOST=address, UP="10.0.3.53")
    net.pods.append(cluster.Pod(ns, made, address, link, net.node))
    return net.pods[-1]


# ---------------------------------------------------------------- a pod that knows the cluster by its API server
KUBERNETES = """.:53 {
    bind {HOST}
    errors
    kubernetes cluster.local {
        kubeconfig {CONFIG}
        ttl 300
    }
    forward . {UP}
    cache {
        denial 9984 300
    }
}
"""


def kubernetes_pod(net, config, port, command, relays):
    """A DNS pod with the plugin kubernetes; `port`: the API server's, of this machine's loopback."""
    ns, address, link = net.place()
    relays.append(relay.Relay(ns, port))
    made = net.server(KUBERNETES, command=command, ns=ns, HOST=address, UP="10.0.3.53", CONFIG=config)
    net.pods.append(cluster.Pod(ns, made, address, link, net.node))
    return net.pods[-1]
