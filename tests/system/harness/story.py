# SPDX-License-Identifier: Apache-2.0
"""The story: names whose answer, a CNAME and N addresses, the upstream cuts to the CNAME over UDP."""
import re

import dns.name, dns.rdataclass, dns.rdatatype, dns.rrset

from harness import server as servers
from harness.upstream import Upstream

COUNTS = (22, 60, 204)      # 22 is just too much for 512 bytes; 204 makes about 3,300
TARGET = "n{}.vpce-0a1b2c3d4e5f60718-9a8b7c6d.subnet-0f1e2d3c4b5a69788.objects-gateway.eu-central-1.storage.example.net."
SOA = "storage.example.net. 60 IN SOA ns.storage.example.net. hostmaster.example.net. 1 3600 600 86400 60"


class StoryUpstream(Upstream):
    """Answers every name ANYTHING.nCOUNT.bucket.example.org with a CNAME and COUNT addresses (A and AAAA)."""

    def _answer(self, r, qn, qt):
        labels = qn.to_text().lower().split(".")
        n = next((int(x[1:]) for x in labels if x[:1] == "n" and x[1:].isdigit()), 1)
        target = TARGET.format(n)
        if qn != dns.name.from_text(target):
            r.answer.append(dns.rrset.from_text(qn, 30, "IN", "CNAME", target))
        if qt in (dns.rdatatype.A, dns.rdatatype.AAAA):
            r.answer.append(addresses(target, n, qt))
        else:
            r.authority.append(dns.rrset.from_text(*SOA.split(None, 4)))


_made = {}


def addresses(owner, n, rdtype):
    key = (owner, n, rdtype)
    if key not in _made:
        text = [f"192.0.2.{i + 1}" if rdtype == dns.rdatatype.A else f"2001:db8::{i + 1:x}" for i in range(n)]
        _made[key] = dns.rrset.from_text_list(owner, 30, "IN", rdtype, text)
    return _made[key]


def name(client, n):
    """A name of its own for each client, so that each is the first to ask."""
    word = re.sub("[^a-z0-9]+", "-", client.lower()).strip("-")
    return f"{word}.n{n}.bucket.example.org."


def upstream_spec(honours_edns):
    return {"udp_max": 512, "truncate": "cname", "edns_max": 4096 if honours_edns else 0}


# The Corefile of most clusters, less what needs an API server.
STOCK = [
    ("errors", "    errors\n"),
    ("health", "    health 127.0.0.1:8080 {\n        lameduck 0s\n    }\n"),
    ("ready", "    ready 127.0.0.1:8181\n"),
    ("prometheus", "    prometheus 127.0.0.1:9153\n"),
    ("forward", "    forward . {UP} {\n        max_concurrent 1000\n    }\n"),
    ("cache", "    cache 30\n"),
    ("loop", "    loop\n"),
    ("reload", "    reload\n"),
    ("loadbalance", "    loadbalance\n"),
]
BUFSIZE = ("bufsize", "    bufsize 512\n")
PREFER_UDP = ("forward", "    forward . {UP} {\n        max_concurrent 1000\n        prefer_udp\n    }\n")


def corefile(kind, command):
    """The stock Corefile, or one of the remedies, as far as the server has its plugins."""
    lines = list(STOCK)
    if kind == "bufsize":
        lines.append(BUFSIZE)
    elif kind == "prefer_udp":
        lines = [PREFER_UDP if d == "forward" else (d, t) for d, t in lines]
    have = servers.plugins_of(command)
    return ".:53 {\n" + "".join(text for directive, text in lines if directive in have) + "}\n"
