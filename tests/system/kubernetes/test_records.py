# SPDX-License-Identifier: Apache-2.0
"""The record table of the DNS specification (1.1.0), row by row, from a real kube-apiserver.

  BINNACLE_K8S=folder    with `start` and `objects.py` (a kube-apiserver as a Go module); without it these are skipped
"""
import os, subprocess, sys

import dns.message, dns.query, dns.rcode, dns.rdatatype, dns.zone
import pytest

from harness.wait import until

K8S = os.environ.get("BINNACLE_K8S", "")
pytestmark = pytest.mark.skipif(not os.path.exists(os.path.join(K8S, "start")), reason="BINNACLE_K8S is not set")

Z = "cluster.local."
COREFILE = """.:{PORT} {
  bind 127.0.0.1
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig {DATA}/dns.kubeconfig
    pods verified
    %s
  }
  transfer {
    to *
  }
  forward . {UP}
}
"""

# name below Z, type -> rcode, answers (owner left out), additional (with owner)
ROWS = [
    ("1 schema version", "dns-version", "TXT", "NOERROR", ['TXT "1.1.0"'], None),
    ("2 cluster IP, A", "web.demo.svc", "A", "NOERROR", ["A 10.96.1.10"], None),
    ("2 another namespace", "web.other.svc", "A", "NOERROR", ["A 10.96.1.20"], None),
    ("2 without endpoints", "empty.demo.svc", "A", "NOERROR", ["A 10.96.1.12"], None),
    ("2 no AAAA", "web.demo.svc", "AAAA", "NOERROR", [], None),
    ("3 cluster IP, AAAA", "dual.demo.svc", "AAAA", "NOERROR", ["AAAA fd00:10:96::111"], None),
    ("3 IPv6 only", "six.demo.svc", "AAAA", "NOERROR", ["AAAA fd00:10:96::222"], None),
    ("4 named port", "_http._tcp.web.demo.svc", "SRV", "NOERROR", [f"SRV 0 100 80 web.demo.svc.{Z}"],
     [f"web.demo.svc.{Z} A 10.96.1.10"]),
    ("4 UDP port", "_dns._udp.web.demo.svc", "SRV", "NOERROR", [f"SRV 0 100 53 web.demo.svc.{Z}"], None),
    ("4 wrong protocol", "_http._udp.web.demo.svc", "SRV", "NXDOMAIN", [], None),
    ("6 headless, A", "db.demo.svc", "A", "NOERROR", [f"A 10.244.3.{i}" for i in (1, 2, 3, 4)], None),
    ("6 headless, both families", "dualless.demo.svc", "AAAA", "NOERROR", ["AAAA fd00:10:244::a1"], None),
    ("6 published while not ready", "early.demo.svc", "A", "NOERROR", ["A 10.244.4.1"], None),
    ("6 no endpoints", "nobody.demo.svc", "A", "NXDOMAIN", [], None),
    ("6 many", "many.demo.svc", "A", "NOERROR", [f"A 10.245.{b}.{i}" for b in (0, 1) for i in range(1, 101)], None),
    ("7 host name", "db-0.db.demo.svc", "A", "NOERROR", ["A 10.244.3.1"], None),
    ("7 by address", "10-244-3-4.db.demo.svc", "A", "NOERROR", ["A 10.244.3.4"], None),
    ("7 not ready", "db-late.db.demo.svc", "A", "NXDOMAIN", [], None),
    ("7 leaving", "db-leaving.db.demo.svc", "A", "NXDOMAIN", [], None),
    ("7 two families", "d-0.dualless.demo.svc", "AAAA", "NOERROR", ["AAAA fd00:10:244::a1"], None),
    ("8 headless SRV", "_sql._tcp.db.demo.svc", "SRV", "NOERROR",
     [f"SRV 0 25 5432 {h}.db.demo.svc.{Z}" for h in ("db-0", "db-1", "10-244-3-3", "10-244-3-4")],
     [f"{h}.db.demo.svc.{Z} A 10.244.3.{i}" for h, i in (("db-0", 1), ("db-1", 2), ("10-244-3-3", 3), ("10-244-3-4", 4))]),
    ("8 ports by slice", "_b._tcp.split.demo.svc", "SRV", "NOERROR", [f"SRV 0 100 2000 10-244-6-2.split.demo.svc.{Z}"], None),
    ("8 without ports", "portless.demo.svc", "SRV", "NOERROR", [], None),
    ("10 ExternalName", "ext-out.demo.svc", "CNAME", "NOERROR", ["CNAME www.example.net."], None),
    ("10 resolved", "ext-out.demo.svc", "A", "NOERROR", ["CNAME www.example.net.", "A 192.0.2.80"], None),
    ("10 inside", "ext-in.demo.svc", "A", "NOERROR", [f"CNAME web.demo.svc.{Z}", "A 10.96.1.10"], None),
    ("10 missing", "ext-missing.demo.svc", "A", "NXDOMAIN", [f"CNAME missing.demo.svc.{Z}"], None),
    ("10 an address", "ext-ip.demo.svc", "A", "NXDOMAIN", [], None),
    ("11 pod", "10-244-7-1.demo.pod", "A", "NOERROR", ["A 10.244.7.1"], None),
    ("11 pod that has ended", "10-244-7-2.demo.pod", "A", "NXDOMAIN", [], None),
    ("11 pod elsewhere", "10-244-7-1.other.pod", "A", "NXDOMAIN", [], None),
]
REVERSE = [
    ("5 cluster IP", "10.1.96.10.in-addr.arpa.", [f"web.demo.svc.{Z}"]),
    ("5 IPv6", "1.1.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.", [f"dual.demo.svc.{Z}"]),
    ("9 headless endpoint", "1.3.244.10.in-addr.arpa.", [f"db-0.db.demo.svc.{Z}"]),
    ("9 without a host name", "4.3.244.10.in-addr.arpa.", [f"10-244-3-4.db.demo.svc.{Z}"]),
    ("9 not ready", "5.3.244.10.in-addr.arpa.", []),
]


def run(*args):
    p = subprocess.run(args, capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr
    return p.stdout


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("k8s"))
    start = os.path.join(K8S, "start")
    run(start, "up", "--data", folder, "--port", "0", "--etcd-port", "0", "--etcd-peer-port", "0")
    try:
        run(sys.executable, os.path.join(K8S, "objects.py"), "--data", folder, "basic")
        yield folder
    finally:
        run(start, "down", "--data", folder)


@pytest.fixture
def served(data, server, upstream):
    def make(options=""):
        up = upstream({"records": "www.example.net. 60 IN A 192.0.2.80"})
        s = server(COREFILE % options, DATA=data, UP=up)
        until(lambda: ask(s, "web.demo.svc." + Z, "A").answer, "the cluster is read", timeout=20)
        return s
    return make


def ask(s, name, kind):
    return dns.query.tcp(dns.message.make_query(name, kind), "127.0.0.1", port=s.port("PORT"), timeout=6)


def texts(rrs, owner=False):
    return sorted(f"{rr.name} " * owner + f"{dns.rdatatype.to_text(rr.rdtype)} {r}" for rr in rrs for r in rr)


def test_rows(served):
    s, wrong = served(), []
    for row, name, kind, rcode, answers, additional in ROWS:
        r = ask(s, f"{name}.{Z}", kind)
        got = (dns.rcode.to_text(r.rcode()), texts(r.answer))
        if got != (rcode, sorted(answers)):
            wrong.append(f"{row}: {got}")
        if additional is not None and texts(r.additional, True) != sorted(additional):
            wrong.append(f"{row}: additional {texts(r.additional, True)}")
        if not answers and not any(rr.rdtype == dns.rdatatype.SOA for rr in r.authority):
            wrong.append(f"{row}: no SOA")
    assert not wrong, "\n".join(wrong)


def test_reverse_rows(served):
    s = served()
    for row, name, targets in REVERSE:
        r = ask(s, name, "PTR")
        assert texts(r.answer) == sorted("PTR " + t for t in targets), row
        assert r.rcode() == (dns.rcode.NOERROR if targets else dns.rcode.NXDOMAIN), row


def test_topology_zones(served):
    s = served("zonal")
    assert texts(ask(s, "zone-a.pin._zone.split.demo.svc." + Z, "A").answer) == ["A 10.244.6.1"]
    assert texts(ask(s, "zone-c.pin._zone.split.demo.svc." + Z, "A").answer) == []
    assert texts(ask(s, "zone-c.prefer._zone.split.demo.svc." + Z, "A").answer) == ["A 10.244.6.1", "A 10.244.6.2"]


def test_namespaces_by_label(served, data):
    s = served("namespace_labels team=blue")
    assert ask(s, "web.other.svc." + Z, "A").rcode() == dns.rcode.NXDOMAIN
    assert ask(s, "20.1.96.10.in-addr.arpa.", "PTR").rcode() == dns.rcode.NXDOMAIN


def test_the_zone_is_transferred_whole(served):
    s = served()
    zone = dns.zone.Zone(Z)
    dns.query.inbound_xfr("127.0.0.1", zone, port=s.port("PORT"), timeout=10, lifetime=20)
    assert len(zone.find_rdataset("many.demo.svc", "A")) == 200
    assert len(zone.find_rdataset("_sql._tcp.db.demo.svc", "SRV")) == 4
    assert zone.get_rdataset("ext-out.demo.svc", "CNAME")
    assert not zone.get_node("10-244-7-1.demo.pod")
