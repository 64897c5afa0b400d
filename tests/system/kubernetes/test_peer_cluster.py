# SPDX-License-Identifier: Apache-2.0
"""The peer's own cluster suite: its objects, its Corefiles, its questions, asked as its client pod asks them: dig with the
search path of a pod (`+search +showsearch`), one query attempt.  Its other cases are elsewhere: programming time, API server
restart and kubeconfig in kube_store, ConfigMap translation in convert, reload in reload."""
import re
import subprocess

import pytest

import fakekube
from harness.netns import may_make
from harness.wait import until

pytestmark = pytest.mark.skipif(not may_make(), reason="needs network namespaces")

SEARCH = "search {ns}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 127.0.0.1\noptions ndots:5\n"
SERVER = "10.244.0.53"  # the pod that the server under test is in


def meta(name, ns, **more):
    return {"name": name, "namespace": ns, **more}


def service(ns, name, ip=None, ports=(("http", 80, "TCP"),), **spec):
    ports = [{"name": n, "port": p, "protocol": proto} for n, p, proto in ports]
    return {"kind": "Service", "metadata": meta(name, ns), "spec": {"clusterIP": ip or "None", "ports": ports, **spec}}


def external(ns, name, target):
    return {"kind": "Service", "metadata": meta(name, ns), "spec": {"type": "ExternalName", "externalName": target}}


def slices(ns, name, endpoints, ports=(("http", 80, "TCP"),)):
    """What the cluster makes of an Endpoints object: a slice for each family."""
    out = []
    for family in ("4", "6"):
        mine = [e for e in endpoints if (":" in e[0]) == (family == "6")]
        if mine:
            out.append({"kind": "EndpointSlice",
                        "metadata": meta(f"{name}-{family}", ns, labels={"kubernetes.io/service-name": name}),
                        "ports": [{"name": n, "port": p, "protocol": proto} for n, p, proto in ports],
                        "endpoints": [{"addresses": [a], **({"hostname": h} if h else {}),
                                       **({"targetRef": {"kind": "Pod", "name": pod, "namespace": ns}} if pod else {})}
                                      for a, h, pod in ((*e, None, None)[:3] for e in mine)]})
    return out


UDP = (("c-port", 1234, "UDP"),)
WEB = (("http", 80, "TCP"), ("https", 443, "TCP"))
LONG = "test-name-that-is-as-long-as-a-pod-may-have-it-but-no-label-can-be"
HEADLESS = [("172.17.0.255", "headless-svc-1"), ("172.17.0.254", "headless-svc-2"), ("1234:abcd::1", "headless-svc-3"),
            ("1234:abcd::2", "headless-svc-4")]
OBJECTS = [
    {"kind": "Namespace", "metadata": {"name": f"test-{i}"}} for i in range(1, 6)] + [
    service("test-1", "svc-1-a", "10.96.0.100", WEB), *slices("test-1", "svc-1-a", [("172.17.0.253", "svc-1-a")], WEB),
    service("test-1", "svc-1-b", "10.96.0.110"), *slices("test-1", "svc-1-b", [("172.17.1.1",)]),
    service("test-1", "svc-c", "10.96.0.115", UDP), *slices("test-1", "svc-c", [("172.17.1.2",)], UDP),
    service("test-1", "svc-unready", None, UDP),
    service("test-1", "headless-svc", None, UDP), *slices("test-1", "headless-svc", HEADLESS, UDP),
    external("test-1", "ext-svc", "example.net"),
    service("test-2", "svc-c", "10.96.0.120", UDP),
    service("test-2", "svc-d", "10.96.0.121"), *slices("test-2", "svc-d", [("172.17.0.252", "svc-d")]),
    external("test-2", "upriver", "up.river.local"),
    service("kube-system", "kube-dns", "10.96.0.10", (("dns", 53, "UDP"), ("dns-tcp", 53, "TCP"))),
    *slices("kube-system", "kube-dns", [(SERVER,)], (("dns", 53, "UDP"),)),
] + [o for ns in ("test-3", "test-5") for o in (
    service(ns, "headless-1"), *slices(ns, "headless-1", [("172.17.2.1", None, "test-name")]),
    service(ns, "headless-2"), *slices(ns, "headless-2", [("172.17.2.2", None, LONG)]))] + [
    service("test-4", "svc-1-a", "10.96.0.200", WEB), *slices("test-4", "svc-1-a", [("172.17.0.251", "svc-1-a")], WEB),
    service("test-4", "svc-1-b", "10.96.0.210"), service("test-4", "svc-c", "10.96.0.215", UDP),
    service("test-4", "svc-unready", None, UDP), external("test-4", "ext-svc", "example.net"),
    service("test-4", "headless-svc", None, UDP),
    *slices("test-4", "headless-svc", [("172.17.0.250", "headless-svc-1"), ("172.17.0.249", "headless-svc-2"),
                                       ("1234:abcd::3", "headless-svc-3"), ("1234:abcd::4", "headless-svc-4")], UDP),
    {"kind": "Pod", "metadata": meta("client", "test-1"), "status": {"podIP": "127.0.0.1"}},
]
ZONEFILE = """$ORIGIN {origin}
@ 303 IN SOA sns.dns.icann.org. noc.dns.icann.org. 2015082541 7200 3600 1209600 3600
@ 303 IN NS ns.{origin}
ns 303 IN A 10.10.10.10
{more}"""
EXAMPLE = ZONEFILE.format(origin="example.net.", more="@ 303 IN A 13.14.15.16\nfoo 303 IN A 10.10.10.11\n")
CLUSTER = ZONEFILE.format(origin="cluster.local.", more="@ 303 IN NS b.cluster.local.\nfoo 303 IN A 10.10.10.10\nb 303 IN A 10.10.10.9\n"
                          "f.b.svc 303 IN A 10.10.10.11\n")


class Pod:
    """The cluster with one Corefile, and the client pod in its namespace."""

    def __init__(self, ns, server, kube, tmp_path, stanza, **files):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        self.kube, self.ns = kube, ns
        ns.interface("eth0", SERVER + "/24")
        text = stanza.replace("ENDPOINT", f"endpoint http://127.0.0.1:{kube.port}").replace("DIR", str(tmp_path))
        self.server = server(text, ns=ns)
        self.resolv = SEARCH.format(ns="test-1")

    def dig(self, name, rdtype="A", **pod):
        """(rcode, answer lines, authority lines, additional lines) of the last message that dig shows."""
        out = subprocess.run(self.ns.command(["dig", name, rdtype, "+search", "+showsearch", "+time=10", "+tries=1", "+noedns",
                                              "+nocookie"], pod.get("resolv", self.resolv)),
                             capture_output=True, text=True, timeout=60).stdout
        last = out[out.rindex("->>HEADER<<-"):]
        sections = {k: [] for k in ("ANSWER", "AUTHORITY", "ADDITIONAL")}
        where = None
        for line in last.splitlines():
            m = re.match(r";; (\w+) SECTION:", line)
            where = m[1] if m else where if line.strip() else None
            if where in sections and not line.startswith(";"):
                sections[where].append(" ".join(line.split()))
        return re.search(r"status: (\w+)", last)[1], *(sections[k] for k in ("ANSWER", "AUTHORITY", "ADDITIONAL"))

    def answers(self, name, rdtype="A", ttl=False):
        """Answer lines as "name type data", sorted."""
        rcode, answer, _, _ = self.dig(name, rdtype)
        assert rcode == "NOERROR", (name, rcode)
        return sorted(" ".join(w for i, w in enumerate(l.split()) if i not in ((2,) if ttl else (1, 2))) for l in answer)

    def denied(self, name, rdtype="A", zone="cluster.local."):
        rcode, answer, authority, _ = self.dig(name, rdtype)
        assert (rcode, answer) == ("NXDOMAIN", []), (name, rcode, answer)
        assert [l.split()[0] for l in authority] == [zone] and " SOA " in authority[0], authority


@pytest.fixture
def pod(netns, server, tmp_path):
    """pod(Corefile, file=text...): with the API server in the same namespace."""
    made = []

    def make(stanza, **files):
        ns = netns()
        with ns.inside():
            kube = fakekube.FakeKube(16443, OBJECTS).start()
        made.append(kube)
        return Pod(ns, server, kube, tmp_path, stanza, **files)
    yield make
    for k in made:
        k.stop()


def a(name, *addresses):
    return sorted(f"{name}. {'AAAA' if ':' in x else 'A'} {x}" for x in addresses)


SVC = "svc.cluster.local"


def block(options, zones="cluster.local 10.in-addr.arpa", more="", before=""):
    return f".:53 {{\n health\n {before}\n kubernetes {zones} {{\n  ENDPOINT\n  {options}\n }}\n {more}\n}}\n"


def test_services_endpoints_and_pods_by_address(pod):
    p = pod(block("namespaces test-1"))
    assert p.answers("svc-1-a.test-1.svc.cluster.local.", ttl=True) == [f"svc-1-a.test-1.{SVC}. 5 A 10.96.0.100"]
    assert p.answers("headless-svc.test-1.svc.cluster.local.") == a(f"headless-svc.test-1.{SVC}", "172.17.0.254", "172.17.0.255")
    assert p.answers("headless-svc.test-1.svc.cluster.local.", "AAAA") == a(f"headless-svc.test-1.{SVC}", "1234:abcd::1", "1234:abcd::2")
    for name in ("bogusservice.test-1", "bogusendpoint.svc-1-a.test-1", "svc-unready.test-1"):
        p.denied(f"{name}.svc.cluster.local.")
    p.denied("10-20-0-101.test-1.pod.cluster.local.")
    assert p.answers("dns-version.cluster.local.", "TXT") == ['dns-version.cluster.local. TXT "1.1.0"']


def test_the_search_path_of_a_pod_leads_to_the_service(pod):
    p = pod(block("namespaces test-1 test-2"))
    want = {"svc-1-a": f"svc-1-a.test-1.{SVC}", "svc-1-a.test-1": f"svc-1-a.test-1.{SVC}",
            "svc-1-a.test-1.svc": f"svc-1-a.test-1.{SVC}", f"svc-1-a.test-1.{SVC}": f"svc-1-a.test-1.{SVC}"}
    for asked, found in want.items():
        assert p.answers(asked) == a(found, "10.96.0.100"), asked
    assert p.answers("svc-c.test-2") == a(f"svc-c.test-2.{SVC}", "10.96.0.120")
    assert p.dig("bogusservice")[0] != "NOERROR"


def test_name_servers_are_told_though_their_namespace_is_not_exposed(pod):
    rcode, answer, _, additional = pod(block("namespaces test-1")).dig("cluster.local.", "NS")
    assert (rcode, answer, additional) == ("NOERROR", [f"cluster.local. 5 IN NS kube-dns.kube-system.{SVC}."],
                                           [f"kube-dns.kube-system.{SVC}. 5 IN A 10.96.0.10"])


def test_a_service_that_is_made_is_answered_at_once(pod):
    p = pod(block("namespaces test-1"))
    p.denied("new-svc.test-1.svc.cluster.local.")
    p.kube.do({"apply": [service("test-1", "new-svc", "10.96.0.222"), *slices("test-1", "new-svc", [("172.17.0.222",)])]})
    until(lambda: p.dig("new-svc")[0] == "NOERROR", "the new service")
    assert p.answers("new-svc") == a(f"new-svc.test-1.{SVC}", "10.96.0.222")
    until(lambda: p.dig("172-17-0-222.new-svc")[0] == "NOERROR", "its endpoint")
    assert p.answers("172-17-0-222.new-svc") == a(f"172-17-0-222.new-svc.test-1.{SVC}", "172.17.0.222")


def test_autopath_answers_the_first_question_of_the_search(pod):
    p = pod("example.net:53 {\n file DIR/example\n}\n" + block("pods verified", before="autopath @kubernetes", more=""),
            example=EXAMPLE)
    assert p.answers("svc-1-a") == a(f"svc-1-a.test-1.{SVC}", "10.96.0.100")
    for asked in ("svc-1-a.test-1", "svc-1-a.test-1.svc", f"svc-1-a.test-1.{SVC}"):
        got = p.answers(asked)
        assert f"{asked}.test-1.{SVC}. CNAME svc-1-a.test-1.{SVC}." in got and f"svc-1-a.test-1.{SVC}. A 10.96.0.100" in got, got


def test_autopath_leads_out_of_the_cluster(pod):
    p = pod(block("pods verified", before="autopath @kubernetes\n file DIR/example example.net"), example=EXAMPLE)
    rcode, answer, authority, _ = p.dig("foo.example.net")
    assert rcode == "NOERROR" and any(l.endswith("A 10.10.10.11") for l in answer), answer
    assert any(" CNAME foo.example.net." in l and l.startswith(f"foo.example.net.test-1.{SVC}.") for l in answer), answer


def test_transfers_give_the_zone_and_nothing_else(pod):
    p = pod(block("namespaces test-4", zones="cluster.local", before="transfer {\n to *\n }"))
    out = subprocess.run(p.ns.command(["dig", "@127.0.0.1", "cluster.local", "AXFR", "+noedns"]), capture_output=True, text=True).stdout
    rows = [" ".join(l.split()) for l in out.splitlines() if l and not l.startswith(";")]
    names = {r.split()[0] for r in rows}
    assert rows[0].split()[3] == rows[-1].split()[3] == "SOA"
    assert f"ext-svc.test-4.{SVC}. 5 IN CNAME example.net." in rows
    for host, addr in (("headless-svc-1", "172.17.0.250"), ("headless-svc-2", "172.17.0.249")):
        assert f"headless-svc.test-4.{SVC}. 5 IN A {addr}" in rows and f"{host}.headless-svc.test-4.{SVC}. 5 IN A {addr}" in rows
        assert f"_c-port._udp.headless-svc.test-4.{SVC}. 5 IN SRV 0 50 1234 {host}.headless-svc.test-4.{SVC}." in rows
    for name, addr, port, label in (("svc-1-b", "10.96.0.210", 80, "_http._tcp"), ("svc-c", "10.96.0.215", 1234, "_c-port._udp")):
        assert f"{name}.test-4.{SVC}. 5 IN A {addr}" in rows
        for owner in (f"{name}.test-4.{SVC}.", f"{label}.{name}.test-4.{SVC}."):
            assert f"{owner} 5 IN SRV 0 100 {port} {name}.test-4.{SVC}." in rows
    assert not [n for n in names if ".test-1." in n or ".test-2." in n or "svc-unready" in n], names


def test_transfers_name_endpoints_by_their_pods(pod):
    p = pod(block("namespaces test-5\n  pods verified\n  endpoint_pod_names", zones="cluster.local", before="transfer {\n to *\n }"))
    out = subprocess.run(p.ns.command(["dig", "@127.0.0.1", "cluster.local", "AXFR", "+noedns"]), capture_output=True, text=True).stdout
    assert f"_http._tcp.headless-1.test-5.{SVC}." in out and f"0 100 80 test-name.headless-1.test-5.{SVC}." in out
    assert f"0 100 80 172-17-2-2.headless-2.test-5.{SVC}." in out


def test_endpoints_are_named_by_their_pods(pod):
    p = pod(block("namespaces test-3\n  endpoint_pod_names"))
    for name, host in (("headless-1", "test-name"), ("headless-2", "172-17-2-2")):
        rcode, answer, _, additional = p.dig(f"{name}.test-3.svc.cluster.local.", "SRV")
        assert rcode == "NOERROR" and len(answer) == len(additional) == 1
        assert answer[0].endswith(f"0 100 80 {host}.{name}.test-3.{SVC}."), answer


@pytest.mark.parametrize("zones, foo", [("", "NOERROR"), ("svc.cluster.local", "NXDOMAIN")])
def test_fallthrough_goes_on_to_the_zone_file(pod, zones, foo):
    p = pod("example.net:53 {\n file DIR/example\n}\n" +
            block(f"namespaces test-1\n  fallthrough {zones}", zones="cluster.local", more="file DIR/cluster cluster.local"),
            example=EXAMPLE, cluster=CLUSTER)
    if not zones:
        got = p.answers("ext-svc.test-1.svc.cluster.local.")
        assert got == ["example.net. A 13.14.15.16", f"ext-svc.test-1.{SVC}. CNAME example.net."]
    rcode, answer, authority, _ = p.dig("f.b.svc.cluster.local.")
    assert rcode == "NOERROR" and answer[0].endswith("A 10.10.10.11") and len(authority) == 2
    rcode, answer, authority, _ = p.dig("foo.cluster.local.")
    assert rcode == foo and (not answer or answer[0].endswith("A 10.10.10.10"))
    assert len(authority) == (2 if foo == "NOERROR" else 1)


def test_without_namespaces_all_are_exposed(pod):
    p = pod(block(""))
    assert p.answers("svc-1-a.test-1.svc.cluster.local.") == a(f"svc-1-a.test-1.{SVC}", "10.96.0.100")
    assert p.answers("svc-c.test-2.svc.cluster.local.") == a(f"svc-c.test-2.{SVC}", "10.96.0.120")


def test_pods_by_address(pod):
    insecure = pod(block("namespaces test-1\n  pods insecure"))
    assert insecure.answers("10-20-0-101.test-1.pod.cluster.local.") == a("10-20-0-101.test-1.pod.cluster.local", "10.20.0.101")
    insecure.denied("10-20-0-101.test-X.pod.cluster.local.")
    verified = pod(block("namespaces test-1\n  pods verified"))
    for ns in ("test-1", "test-X"):
        verified.denied(f"10-20-0-101.{ns}.pod.cluster.local.")


def test_addresses_lead_back_to_names(pod):
    p = pod(block("namespaces test-1", zones="cluster.local 10.96.0.0/24 172.17.0.0/24 1234:abcd::0/64"))

    def ptr(name):
        return [l.split()[-1] for l in p.answers(name, "PTR")]
    assert ptr("100.0.96.10.in-addr.arpa.") == [f"svc-1-a.test-1.{SVC}."]
    assert ptr("253.0.17.172.in-addr.arpa.") == [f"svc-1-a.svc-1-a.test-1.{SVC}."]
    v6 = "1." + "0." * 23 + "d.c.b.a.4.3.2.1.ip6.arpa."
    assert ptr(v6) == [f"headless-svc-3.headless-svc.test-1.{SVC}."]
    p.denied("120.0.96.10.in-addr.arpa.", "PTR", "0.96.10.in-addr.arpa.")
    for name in ("252.0.17.172", "200.0.17.172"):
        p.denied(name + ".in-addr.arpa.", "PTR", "0.17.172.in-addr.arpa.")


def test_services_of_two_ports_have_two_srv_records_and_one_address(pod):
    rcode, answer, _, additional = pod(block("namespaces test-1")).dig("svc-1-a.test-1.svc.cluster.local.", "SRV")
    assert rcode == "NOERROR" and len(additional) == 1
    assert sorted(l.split(" SRV ")[1] for l in answer) == [f"0 50 443 svc-1-a.test-1.{SVC}.", f"0 50 80 svc-1-a.test-1.{SVC}."]
