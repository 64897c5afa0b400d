# SPDX-License-Identifier: Apache-2.0
"""Every kind of name with every kind of question, put to this server and to CoreDNS on the same API server."""
import itertools, socket

import dns.flags, dns.message, dns.query, dns.rcode, dns.rdatatype
import pytest

import fakekube

ZONE = "cluster.local."


def service(name, ns, **spec):
    return {"kind": "Service", "metadata": {"name": name, "namespace": ns}, "spec": spec}


def slice_of(name, ns, of, ports, endpoints, **labels):
    labels = dict(labels, **({"kubernetes.io/service-name": of} if of else {}))
    return {"kind": "EndpointSlice", "metadata": {"name": name, "namespace": ns, "labels": labels}, "ports": ports,
            "endpoints": endpoints}


def port(number, name="", protocol="TCP"):
    return {"name": name, "port": number, "protocol": protocol}


def at(*addresses, ready=True, **kw):
    return dict({"addresses": list(addresses), "conditions": {"ready": ready}}, **kw)


OBJECTS = [
    service("web", "shop", clusterIP="10.96.4.10", ports=[port(80, "http"), port(8443, "admin"), port(53, "dns", "UDP")]),
    slice_of("web-1", "shop", "web", [port(80, "http")], [at("10.244.3.1", hostname="w0"), at("10.244.3.2")]),
    service("dual", "shop", clusterIP="10.96.4.12", clusterIPs=["10.96.4.12", "fd10:96::12"], ports=[port(1, "x"), port(2)]),
    service("six", "shop", clusterIP="fd10:96::13", ports=[port(1, "x")]),
    service("bare", "shop", clusterIP="10.96.4.14"),
    service("db", "shop", clusterIP="None", ports=[port(5432, "pg")]),
    slice_of("db-1", "shop", "db", [port(5432, "pg")],
             [at("10.244.1.7", hostname="db-0"), at("10.244.2.9", hostname="db-1"), at("10.244.2.10"),
              at("10.244.2.11", ready=False, hostname="db-3"), at("10.244.2.12", hostname="db-1")]),
    slice_of("db-6", "shop", "db", [port(5432, "pg"), port(9, "m", "UDP")], [at("fd00:244::6"), at("fd00:244::")]),
    service("noports", "shop", clusterIP="None"),
    slice_of("noports-1", "shop", "noports", [], [at("10.244.5.5"), at("10.244.5.6", hostname="np")]),
    service("empty", "shop", clusterIP="None", ports=[port(80, "http")]),
    service("ip", "shop", type="ExternalName", externalName="203.0.113.5"),
    service("http", "svc", clusterIP="10.96.5.1", ports=[port(80, "http")]),
    slice_of("lone", "shop", "nobody", [port(1, "a")], [at("10.244.9.9", hostname="lone")]),
    service("pub", "shop", clusterIP="10.96.4.40", type="LoadBalancer", externalIPs=["198.51.100.9", "2001:db8::9"],
            ports=[port(80, "http"), port(81, "alt")]),
    slice_of("pub-1", "shop", "pub", [port(80, "http")], [at("10.244.8.1", hostname="p0")]),
    {"kind": "Pod", "metadata": {"name": "p1", "namespace": "shop"}, "status": {"podIP": "10.244.1.7"}},
    {"kind": "Pod", "metadata": {"name": "p6", "namespace": "shop"}, "status": {"podIP": "fd00:244::6"}},
    {"kind": "Namespace", "metadata": {"name": "void"}},
]

HOSTS = ["", "db-0.", "db-1.", "db-3.", "10-244-2-10.", "10-244-1-7.", "fd00-244--6.", "fd00-244--0.", "fd00-244--.", "w0.", "np.",
         "10-244-3-2.", "10-244-5-5.", "_http._tcp.", "http.tcp.", "_HTTP._TCP.", "_pg._tcp.", "_m._udp.", "_x._tcp.", "_dns._udp.",
         "_http._udp.", "_._tcp.", "_http._.", "_http.", "a.b.c.", "*."]
SERVICES = ["web", "dual", "six", "bare", "db", "noports", "empty", "ip", "http", "nobody", "pub", "absent"]
SPACES = ["shop", "svc", "void", "nons"]
NAMES = [h + s + "." + n + ".svc." for h, s, n in itertools.product(HOSTS, SERVICES, ["shop"])]
NAMES += [s + "." + n + ".svc." for s, n in itertools.product(SERVICES, SPACES)]
NAMES += ["", "svc.", "pod.", "foo.", "shop.svc.", "void.svc.", "nons.svc.", "shop.pod.", "void.pod.", "nons.pod.", "x.foo.", "dns.",
          "apex.dns.", "x.ns.dns.", "dns-version.", "x.dns-version.", "svc.svc.", "pod.svc.", "shop.foo.", "_http._tcp.", "_http._tcp.svc."]
NAMES += [p + n + ".pod." for p, n in itertools.product(
    ["10-244-1-7.", "10-244-1-8.", "fd00-244--6.", "fd00-244--7.", "x.", "1-2-3.", "01-2-3-4.", "a.10-244-1-7.", "a.b.10-244-1-7.",
     "a.b.c.10-244-1-7.", "1-2-3-256.", "--1."], ["shop", "void", "nons"])]
REVERSE = ["10.4.96.10", "12.4.96.10", "7.1.244.10", "9.2.244.10", "12.2.244.10", "11.2.244.10", "9.9.244.10", "1.1.1.10", "4.96.10", "10",
           "", "svc.10", "web.shop.svc.10", "x.7.1.244.10"]
TYPES = ["A", "AAAA", "SRV", "TXT", "CNAME", "PTR", "MX", "SOA", "HTTPS", "ANY"]
FEW = ["A", "SRV", "TXT"]


def key(rr):
    return [f"{rr.name.to_text().lower()} {rr.ttl} {dns.rdatatype.to_text(rr.rdtype)} {r.to_text().lower()}" for r in rr]


def section(rrs):
    out = sorted(line for rr in rrs for line in key(rr))
    return [" ".join(w for i, w in enumerate(line.split()) if not (" soa " in line.lower() and i == 5)) for line in out]


def ask(where, name, kind):
    q = dns.message.make_query(name, kind, use_edns=0, payload=4096)
    r = dns.query.udp(q, "127.0.0.1", port=where, timeout=5)
    return {"rcode": dns.rcode.to_text(r.rcode()), "aa": bool(r.flags & dns.flags.AA), "answer": section(r.answer),
            "authority": section(r.authority), "additional": section(r.additional)}


@pytest.fixture(scope="module")
def kube():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        at_port = s.getsockname()[1]
    k = fakekube.FakeKube(at_port, OBJECTS).start()
    yield k
    k.stop()


def compare(server, coredns, kube, corefile, names, better=lambda name, kind: False, types=TYPES):
    text = corefile.replace("{KUBE}", str(kube.port))
    ours, theirs = server(text), server(text, command=coredns)
    differ = []
    for name, kind in itertools.product(names, types):
        try:
            got, want = ask(ours.port("PORT"), name, kind), ask(theirs.port("PORT"), name, kind)
        except dns.exception.Timeout:
            differ.append(f"{name} {kind}: no answer")
            continue
        if got != want and not better(name, kind):
            differ.append(f"{name} {kind}:\n  want {want}\n  got  {got}")
    assert not differ, f"{len(differ)} differ\n" + "\n".join(differ[:40])


def block(options, zones="cluster.local 10.in-addr.arpa"):
    return (".:{PORT} {\n bind 127.0.0.1\n kubernetes " + zones + " {\n  endpoint http://127.0.0.1:{KUBE}\n" + options +
            "\n }\n}\n")


def cluster_better(name, kind):
    """CoreDNS answers NODATA to SOA whether the name exists or not, and NXDOMAIN to TXT at the zone and at namespaces, which would
    deny all names below them (RFC 8020)."""
    if kind == "SOA":
        return name.lower() != ZONE
    labels = name[:-len(ZONE)].rstrip(".").split(".")
    return kind == "TXT" and (labels in ([""], ["svc"], ["pod"]) or
                              (len(labels) == 2 and labels[0] in ("shop", "svc", "void") and labels[1] in ("svc", "pod")))


def reverse_better(name, kind):
    return kind == "SOA" and name != "10.in-addr.arpa." or kind == "TXT" and name in ("10.in-addr.arpa.", "svc.10.in-addr.arpa.")


@pytest.mark.parametrize("options", ["", "pods insecure", "pods verified", "endpoint_pod_names\nttl 30", "ignore empty_service",
                                     "noendpoints", "namespaces svc", "zonal"])
def test_cluster_names(server, coredns, kube, options):
    compare(server, coredns, kube, block(options), [n + ZONE for n in NAMES], cluster_better, FEW if options else TYPES)


def test_reverse_names(server, coredns, kube):
    names = [(r if r.endswith("10") else "10") + ".in-addr.arpa." for r in REVERSE]
    compare(server, coredns, kube, block(""), names, reverse_better)


@pytest.mark.parametrize("options", ["", "headless", "apex mgmt\nttl 9"])
def test_external_names(server, coredns, kube, options):
    corefile = block("").rstrip("}\n") + "\n }\n k8s_external pub.example 198.51.100.0/24 {\n" + options + "\n }\n}\n"
    names = [h + s + ".shop.pub.example." for h, s in itertools.product(HOSTS + ["p0."], SERVICES)]
    names += ["pub.example.", "shop.pub.example.", "nons.pub.example.", "dns.pub.example.", "ns1.dns.pub.example.", "mgmt.pub.example.",
              "ns2.dns.pub.example.", "9.100.51.198.in-addr.arpa.", "8.100.51.198.in-addr.arpa.", "100.51.198.in-addr.arpa."]
    compare(server, coredns, kube, corefile, names)
