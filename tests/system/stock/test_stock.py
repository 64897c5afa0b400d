# SPDX-License-Identifier: Apache-2.0
"""The Corefiles that platforms ship (examples/stock), unchanged, in a pod or on a node as they are found there: addresses,
/etc/resolv.conf, the API server of the cluster with its service account, upstreams by UDP and TCP."""
import os
import subprocess

import pytest

import fakekube
from harness import ask, server as servers, wait, web

STOCK = os.path.join(servers.ROOT, "examples", "stock")
API = "10.96.0.1"
RESOLVER = "192.0.2.53"
TOKEN = "s3cret"
OBJECTS = [{"kind": "Service", "metadata": {"name": "kubernetes", "namespace": "default"},
            "spec": {"clusterIP": API, "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]}}]
EXTERNAL = "www.example.net. 60 IN A 203.0.113.7"
IN_CLUSTER = "kubernetes.default.svc.cluster.local. 5 IN A 10.96.0.1"

# What stands where: the server's addresses, where DNS, HTTP and metrics answer, upstreams and what they know.
CLUSTER = {"at": "192.0.2.10", "kubernetes": True, "health": "192.0.2.10", "ready": "192.0.2.10", "metrics": ("192.0.2.10", 9153)}
PLATFORMS = {
    "kubeadm": CLUSTER,
    "deployment": CLUSTER,
    "eks": CLUSTER,
    "aks": CLUSTER,
    "k3s": CLUSTER,
    "openshift": dict(CLUSTER, port=5353, metrics=("127.0.0.1", 9153), upstreams={"198.51.100.53": "x.foo.example. 60 IN A 203.0.113.8"}),
    "nodelocaldns": {"at": "169.254.20.10", "addresses": ["169.254.20.10/32", "10.96.0.10/32"], "health": "169.254.20.10",
                     "metrics": ("127.0.0.1", 9253), "upstreams": {"10.96.7.53": IN_CLUSTER}, "by_tcp": "10.96.7.53",
                     "cluster": True},
    "aks-localdns": {"at": "169.254.10.11", "addresses": ["169.254.10.10/32", "169.254.10.11/32"], "ready": "169.254.10.11",
                     "metrics": ("127.0.0.1", 9253), "upstreams": {"10.0.0.10": EXTERNAL + "\n" + IN_CLUSTER,
                                                                   "168.63.129.16": EXTERNAL}, "by_tcp": "10.0.0.10",
                     "cluster": True},
}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """(certificate, key) of the API server, which is its own CA."""
    to = tmp_path_factory.mktemp("api")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=kubernetes", "-addext", f"subjectAltName=IP:{API}", "-keyout", to / "key.pem", "-out", to / "cert.pem"],
                   check=True, capture_output=True)
    return str(to / "cert.pem"), str(to / "key.pem")


class Host:
    """A pod's or node's namespace, with the system files that the server sees there; behind its link is all the rest."""

    def __init__(self, ns, rest, folder, name, certificate, spec):
        self.ns, self.name, self.spec, self.folder = ns, name, spec, folder
        ns.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", rest.name)
        for where, addresses in ((ns, ["192.0.2.10/24", *spec.get("addresses", [])]),
                                 (rest, [RESOLVER + "/24", API + "/32", *(a + "/32" for a in spec.get("upstreams", {}))])):
            where.ip("link", "set", "eth0", "up")
            for a in addresses:
                where.ip("addr", "add", a, "dev", "eth0")
        ns.ip("route", "add", "default", "via", RESOLVER)
        self.etc, account = folder / "etc", folder / "run" / "secrets" / "kubernetes.io" / "serviceaccount"
        for d in (self.etc / "coredns" / "custom", account):
            d.mkdir(parents=True)
        self.corefile = self.etc / "coredns" / "Corefile"
        with open(os.path.join(STOCK, name + ".Corefile")) as f:
            self.corefile.write_text(f.read())
        (self.etc / "coredns" / "NodeHosts").write_text("192.0.2.10 node-1\n")
        (self.etc / "resolv.conf").write_text(f"search example.net\nnameserver {RESOLVER}\noptions ndots:5\n")
        (self.etc / "nsswitch.conf").write_text("hosts: dns\n")
        (self.etc / "hosts").write_text("127.0.0.1 localhost\n")
        if os.path.exists("/etc/ld.so.cache"):
            with open("/etc/ld.so.cache", "rb") as f:
                (self.etc / "ld.so.cache").write_bytes(f.read())
        (account / "token").write_text(TOKEN)
        with open(certificate[0]) as f:
            (account / "ca.crt").write_text(f.read())

    def command(self, *args):
        """The server with these system files."""
        script = f'mount --bind {self.etc} /etc && mount --bind {self.folder / "run"} /run && exec "$@"'
        return ["unshare", "-m", "sh", "-c", script, "sh", *servers.binary(), *args]

    def check(self):
        line = self.ns.command(self.command("check", "-portable", "-conf", "/etc/coredns/Corefile"))
        return subprocess.run(line, capture_output=True, text=True, timeout=20 * wait.FACTOR, cwd=self.folder, env=self.env())

    def env(self):
        return dict(os.environ, KUBERNETES_SERVICE_HOST=API, KUBERNETES_SERVICE_PORT="443")

    def udp(self, name, rdtype="A", **kw):
        return self._ask(ask.udp, name, rdtype, **kw)

    def tcp(self, name, rdtype="A", **kw):
        return self._ask(ask.tcp, name, rdtype, **kw)

    def _ask(self, by, name, rdtype, at=None, **kw):
        with self.ns.inside():
            return by(ask.query(name, rdtype, **kw), at or self.spec["at"], self.spec.get("port", 53), timeout=10 * wait.FACTOR)

    def get(self, host, port, path):
        with self.ns.inside():
            return web.get(port, path, host=host)

    def answers_http(self, host, port, path):
        def good():
            try:
                return self.get(host, port, path).status == 200
            except OSError:
                return False
        wait.until(good, f"http://{host}:{port}{path} answers 200", 20)


@pytest.fixture
def host(netns, tmp_path, certificate, upstream):
    """host(NAME): where that Corefile is at home, with the API server and upstreams that it names."""
    started = []

    def make(name):
        spec, ns, rest = PLATFORMS[name], netns(), netns()
        made = Host(ns, rest, tmp_path, name, certificate, spec)
        made.upstreams = {a: upstream({"records": text}, host=a, port=53, ns=rest)
                          for a, text in dict({RESOLVER: EXTERNAL}, **spec.get("upstreams", {})).items()}
        with rest.inside():
            made.api = fakekube.FakeKube(443, OBJECTS, {"token": TOKEN}, tls=certificate, host=API).start()
        started.append(made.api)
        return made
    yield make
    for api in started:
        api.stop()


@pytest.fixture
def serve(server):
    """serve(HOST): the server there, once it listens.  It is killed at the end: lame ducks take up to 20 s."""
    running = []

    def make(host):
        made = server(None, conf=False, ns=host.ns, command=host.command(), env=host.env(),
                      args=["-conf", "/etc/coredns/Corefile"], wait_up=False)
        running.append(made)
        port = host.spec.get("port", 53)

        def up():
            assert made.proc.poll() is None, made.output()
            return made.bound("udp", port) and made.bound("tcp", port)
        wait.until(up, "the server listens", 20)
        return made
    yield make
    for made in running:
        if made.proc.poll() is None:
            made.proc.kill()
            made.proc.wait()
            made.stopped = True
            made.check_output()


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_stock_corefile_is_good_for_both_servers(host, name):
    r = host(name).check()
    assert r.returncode == 0, r.stdout + r.stderr


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_stock_corefile_serves(serve, host, name):
    h = host(name)
    made = serve(h)
    if h.spec.get("ready"):
        h.answers_http(h.spec["ready"], 8181, "/ready")
    for by in (h.udp, h.tcp):
        assert ask.addresses(by("www.example.net.")) == ["203.0.113.7"], made.output()
    if h.spec.get("kubernetes") or h.spec.get("cluster"):
        assert ask.addresses(h.udp("kubernetes.default.svc.cluster.local.")) == [API]
    if h.spec.get("health"):
        h.answers_http(h.spec["health"], 8080, "/health")
    h.answers_http(*h.spec["metrics"], "/metrics")
    with h.ns.inside():
        got = web.metrics(h.spec["metrics"][1], host=h.spec["metrics"][0])
    assert web.value(got, "coredns_dns_requests_total") >= 2
    if h.spec.get("by_tcp"):
        up = h.upstreams[h.spec["by_tcp"]]
        assert up.seen(proto="tcp") and not up.seen(proto="udp")
    assert "ERROR" not in made.output(), made.output()


def test_every_stock_corefile_is_tested():
    assert {f[:-len(".Corefile")] for f in os.listdir(STOCK) if f.endswith(".Corefile")} == set(PLATFORMS)


def test_aks_takes_the_customer_s_files(serve, host):
    h = host("aks")
    (h.etc / "coredns" / "custom").joinpath("log.override").write_text("log\n")
    (h.etc / "coredns" / "custom").joinpath("shop.server").write_text(
        "shop.example:53 {\n    errors\n    template IN A shop.example {\n        answer \"{{ .Name }} 60 IN A 203.0.113.9\"\n    }\n}\n")
    made = serve(h)
    h.answers_http(h.spec["ready"], 8181, "/ready")
    assert ask.addresses(h.udp("a.shop.example.")) == ["203.0.113.9"]
    assert ask.addresses(h.udp("www.example.net.")) == ["203.0.113.7"]
    made.said(r'"A IN www\.example\.net\. udp')


def test_aks_denies_what_is_azure_s(serve, host):
    h = host("aks")
    serve(h)
    h.answers_http(h.spec["ready"], 8181, "/ready")
    for name in ("a.b.c.d.internal.cloudapp.net.", "x.reddog.microsoft.com."):
        assert h.udp(name).rcode() == 3, name


def test_k3s_knows_its_nodes(serve, host):
    h = host("k3s")
    serve(h)
    h.answers_http(h.spec["ready"], 8181, "/ready")
    assert ask.addresses(h.udp("node-1.")) == ["192.0.2.10"]


def test_openshift_forwards_the_zone_of_its_own(serve, host):
    h = host("openshift")
    serve(h)
    assert ask.addresses(h.udp("x.foo.example.")) == ["203.0.113.8"]
    assert h.upstreams["198.51.100.53"].seen(name="x.foo.example.")


def test_localdns_has_an_address_for_each_kind_of_pod(serve, host):
    h = host("aks-localdns")
    serve(h)
    for at, up in (("169.254.10.10", "168.63.129.16"), ("169.254.10.11", "10.0.0.10")):
        assert ask.addresses(h.udp("www.example.net.", at=at)) == ["203.0.113.7"]
        assert h.upstreams[up].seen(name="www.example.net.")
        assert h.udp("health-check.localdns.local.", at=at).rcode() == 0


def test_flags_of_node_cache_are_refused_by_name(host):
    h = host("nodelocaldns")
    r = subprocess.run(h.ns.command(h.command("-localip", "169.254.20.10,10.96.0.10", "-conf", "/etc/coredns/Corefile")),
                       capture_output=True, text=True, timeout=20 * wait.FACTOR)
    assert r.returncode == 2 and "-localip" in r.stderr and "node-cache" in r.stderr, r.stderr


def test_a_form_that_is_not_filled_in_is_refused(host):
    h = host("nodelocaldns")
    text = h.corefile.read_text().replace("cluster.local", "__PILLAR__DNS__DOMAIN__").replace("10.96.7.53", "__PILLAR__CLUSTER__DNS__")
    h.corefile.write_text(text.replace("169.254.20.10 10.96.0.10", "__PILLAR__LOCAL__DNS__ __PILLAR__DNS__SERVER__"))
    r = h.check()
    assert r.returncode == 1, r.stdout
    for line, word in ((1, "__PILLAR__DNS__DOMAIN__:53"), (9, "__PILLAR__LOCAL__DNS__"), (10, "__PILLAR__CLUSTER__DNS__")):
        assert f'Corefile:{line}: "{word}" is a blank' in r.stderr, r.stderr
