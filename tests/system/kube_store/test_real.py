# SPDX-License-Identifier: Apache-2.0
"""The API client against a real kube-apiserver and etcd, and everything that can be done to those.

  BINNACLE_K8S=folder    with `start` and `objects.py` (a kube-apiserver as a Go module); without it these are skipped
"""
import os, random, subprocess, sys, threading, time

import pytest

from harness.wait import until

K8S = os.environ.get("BINNACLE_K8S", "")
pytestmark = pytest.mark.skipif(not os.path.exists(os.path.join(K8S, "start")), reason="BINNACLE_K8S is not set")
if K8S:
    sys.path.append(K8S)


class Real:
    def __init__(self, data, *flags):
        self.data = str(data)
        up = ("up", "--port", "0", "--etcd-port", "0", "--etcd-peer-port", "0", *flags)
        self.run(*up)
        import objects
        self.objects = objects
        self.api = objects.Api(self.data)
        for obj in objects.rbac_objects():
            self.api.put_object(obj)
        self.api.put_object(objects.namespace("demo"))
        self.put("web", "10.96.7.1", "10.0.0.1")

    def run(self, *args):
        for _ in range(30):
            p = subprocess.run([os.path.join(K8S, "start"), args[0], "--data", self.data, *args[1:]],
                               capture_output=True, text=True)
            if "address already in use" not in p.stderr:
                break
            time.sleep(1)  # while it was away, somebody's connection took its port
        assert p.returncode == 0, p.stderr
        return p.stdout.strip()

    def put(self, name, ip=None, *endpoints):
        """A server that has just started may refuse some requests: tried again."""
        objects = [self.objects.service("demo", name, ip=ip)]
        if endpoints:
            objects.append(self.objects.endpoint_slice(
                "demo", name, "x", [self.objects.endpoint(e) for e in endpoints]))
        for obj in objects:
            until(lambda: _try(lambda: self.api.put_object(obj)), f"the server takes {name}", timeout=40)

    def delete(self, resource, name):
        group = "/api/v1" if resource == "services" else "/apis/discovery.k8s.io/v1"

        def gone():
            try:
                self.api.request("DELETE", f"{group}/namespaces/demo/{resource}/{name}")
                return True
            except self.objects.Failure as e:
                return e.status == 404
            except OSError:
                return False
        until(gone, f"the server deletes {name}", timeout=40)

    def heal(self):
        """After a test that failed half way."""
        for part in ("etcd", "apiserver"):
            if f"{part} -" in self.run("status"):
                self.run("start-" + part)
        self.run("resume-apiserver")

    def truth(self):
        services = {(o["metadata"]["namespace"], o["metadata"]["name"]):
                    tuple(i for i in o["spec"].get("clusterIPs") or [] if i != "None")
                    for o in self.api.request("GET", "/api/v1/services")["items"]}
        endpoints = {}
        for o in self.api.request("GET", "/apis/discovery.k8s.io/v1/endpointslices")["items"]:
            key = (o["metadata"]["namespace"], o["metadata"]["labels"]["kubernetes.io/service-name"])
            endpoints.setdefault(key, []).extend(
                a for e in o["endpoints"] or [] if e["conditions"].get("ready", True) for a in e["addresses"])
        return services, {k: sorted(v) for k, v in endpoints.items()}

    def agrees(self, s):
        services, endpoints = self.truth()
        return {k: v[1] for k, v in s.services.items()} == services and \
            {k: sorted(v) for k, v in s.endpoints.items()} == endpoints

    def config(self, user="dns"):
        return ["-kubeconfig", os.path.join(self.data, user + ".kubeconfig")]

    def close(self):
        self.run("down")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    r = Real(tmp_path_factory.mktemp("k8s") / "data")
    yield r
    r.close()


@pytest.fixture
def real(shared):
    shared.heal()
    return shared


@pytest.fixture
def other(tmp_path):
    """other(*flags): a server of its own."""
    made = []

    def make(*flags):
        made.append(Real(tmp_path / "data", *flags))
        return made[-1]
    yield make
    for r in made:
        r.close()


def web(s):
    return s.services.get(("demo", "web")) and s.endpoints.get(("demo", "web")) == ["10.0.0.1"]


def has(name):
    return lambda s: ("demo", name) in s.services


def always_web(d):
    assert d.snapshots and all(web(s) for s in d.snapshots)


def lists(d):
    return d.metric("binnacle_kube_lists_total")


def test_the_whole_is_listed_in_one_streamed_list_a_resource(real, dump):
    d = dump(*real.config())
    assert real.agrees(d.wait())
    until(lambda: lists(d) == 3, "three lists")
    assert d.metric("coredns_kubernetes_rest_client_requests_total") == 3


def test_a_client_certificate_does_as_well(real, dump):
    assert real.agrees(dump(*real.config("dns-cert")).wait())
    pki = os.path.join(real.data, "pki")
    with open(os.path.join(real.data, "env")) as f:
        server = f.readline().strip().split("=")[1]
    d = dump("-endpoint", server, "-cert", f"{pki}/dns.crt", "-key", f"{pki}/dns.key", "-ca", f"{pki}/ca.crt")
    assert real.agrees(d.wait())
    bad = dump("-endpoint", server, "-cert", f"{pki}/dns.crt", "-key", f"{pki}/dns.key", "-ca", f"{pki}/other-ca.crt")
    until(lambda: "certificate" in bad.log(), "the complaint")


def test_who_may_read_nothing_is_told_so(real, dump):
    d = dump(*real.config("nobody"))
    until(lambda: "403" in d.log(), "the reason")
    assert d.last is None


def test_a_change_arrives_at_once(real, dump):
    d = dump(*real.config())
    d.wait()
    for i in range(5):
        real.put(f"quick-{i}", None, f"10.0.9.{i}")
        d.wait(lambda s: has(f"quick-{i}")(s) and ("demo", f"quick-{i}") in s.endpoints, "the change")
    d.wait(real.agrees, "the truth")


@pytest.mark.parametrize("seconds", [1, 5])
def test_a_killed_server_that_comes_back_is_found_within_two_seconds(real, dump, seconds):
    d = dump(*real.config())
    d.wait()
    real.run("kill-apiserver")
    time.sleep(seconds)
    assert web(d.last)
    real.run("start-apiserver")  # returns when it is ready, which it looks for once a second
    ready = time.monotonic()
    real.put(f"after-kill-{seconds}")
    d.wait(has(f"after-kill-{seconds}"), "a service made after the outage")
    took = time.monotonic() - ready
    assert took < 2 or os.environ.get("BINNACLE_TIME_FACTOR"), took
    d.wait(real.agrees, "the truth")
    always_web(d)


def test_a_polite_restart_is_followed(real, dump):
    d = dump(*real.config())
    d.wait()
    real.run("restart-apiserver")
    real.put("after-restart")
    d.wait(has("after-restart"), "a service made after the restart")
    always_web(d)


def test_a_server_that_hangs_is_noticed_within_thirty_seconds(real, dump):
    d = dump(*real.config())
    d.wait()
    real.run("pause-apiserver")
    began = time.monotonic()
    try:
        until(lambda: d.metric("binnacle_kube_away") == 1, "the loss of the connection", timeout=30)
        assert web(d.last)
    finally:
        real.run("resume-apiserver")
    assert time.monotonic() - began < 31
    real.put("after-pause")
    d.wait(has("after-pause"), "a service made after the pause")
    until(lambda: lists(d) == 3, "no list anew")
    always_web(d)


def test_without_its_store_the_server_says_nothing_and_nothing_is_lost(real, dump):
    d = dump(*real.config())
    d.wait()
    real.run("stop-etcd")
    time.sleep(3)
    assert web(d.last)
    real.run("start-etcd")
    real.put("after-etcd")
    d.wait(has("after-etcd"), "a service made after that")
    d.wait(real.agrees, "the truth", timeout=20)
    always_web(d)


def _try(fn):
    try:
        fn()
        return True
    except Exception:
        return False


def test_a_version_that_the_server_no_longer_has_is_listed_anew(real, dump):
    d = dump(*real.config())
    d.wait()
    real.put("doomed", None, "10.0.5.5")
    d.wait(lambda s: ("demo", "doomed") in s.endpoints, "it")
    pid = d.proc.pid
    os.kill(pid, 19)  # SIGSTOP: its watches fall behind
    try:
        real.run("kill-apiserver")
        real.run("start-apiserver")
        real.delete("services", "doomed")
        real.delete("endpointslices", "doomed-x")
        for i in range(20):
            real.put("churn", None, f"10.0.6.{i}")
        real.run("kill-apiserver")
        real.run("start-apiserver")
    finally:
        os.kill(pid, 18)
    d.wait(real.agrees, "the truth", timeout=20)
    gone = [has("doomed")(s) for s in d.snapshots]
    assert not gone[-1]
    always_web(d)


def test_a_thousand_random_changes_end_in_the_truth(real, dump):
    r = random.Random(7)
    d = dump(*real.config())
    d.wait()
    there = set()
    for step in range(1000):
        name = f"r-{r.randrange(60)}"
        what = r.random()
        if what < 0.35:
            real.put(name)
            there.add(name)
        elif what < 0.8:
            real.put(name, None, *[f"10.1.{r.randrange(250)}.{i}" for i in range(r.randrange(1, 5))])
            there.add(name)
        elif name in there:
            real.delete("services", name)
            real.delete("endpointslices", name + "-x")
            there.discard(name)
    d.wait(real.agrees, "the truth", timeout=30)
    always_web(d)


def test_changes_during_restarts_end_in_the_truth(real, dump):
    d = dump(*real.config())
    d.wait()
    ended = threading.Event()

    def churn():
        r = random.Random(3)
        while not ended.is_set():
            real.put(f"c-{r.randrange(20)}", None, f"10.2.0.{r.randrange(1, 200)}")
            time.sleep(0.01)
    t = threading.Thread(target=churn)
    t.start()
    try:
        for how in ("kill-apiserver", "stop-apiserver"):
            real.run(how)
            real.run("start-apiserver")
    finally:
        ended.set()
        t.join()
    d.wait(real.agrees, "the truth", timeout=30)
    always_web(d)


def test_a_token_that_expires_is_replaced_from_its_file(real, dump, tmp_path):
    import yaml
    token = tmp_path / "token"
    token.write_text(real.run("token", "--ttl", "1h"))
    with open(os.path.join(real.data, "dns.kubeconfig")) as f:
        config = yaml.safe_load(f)
    config["users"][0]["user"] = {"tokenFile": str(token)}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    d = dump("-kubeconfig", str(path))
    d.wait()
    token.write_text(real.run("token", "--ttl", "-1h"))  # one that is refused: 401
    real.run("restart-apiserver")
    time.sleep(1)
    token.write_text(real.run("token", "--ttl", "1h"))
    real.put("after-token")
    d.wait(has("after-token"), "a service made with the new token", timeout=75)
    always_web(d)


def test_a_server_that_refuses_streamed_lists_gets_paged_ones(other, dump):
    r = other("--", "--feature-gates=WatchList=false")
    d = dump(*r.config())
    assert r.agrees(d.wait())
    r.put("more")
    d.wait(has("more"), "the watch after the list")
    until(lambda: d.metric("coredns_kubernetes_rest_client_requests_total", code="422") >= 1, "the refusal")


def test_history_that_etcd_has_dropped_is_listed_anew(other, dump):
    r = other("--watch-cache", "off")
    d = dump(*r.config())
    d.wait()
    os.kill(d.proc.pid, 19)
    try:
        r.run("kill-apiserver")
        r.run("start-apiserver")
        for i in range(5):
            r.put(f"more-{i}")
        r.run("compact")
        r.run("kill-apiserver")
        r.run("start-apiserver")
    finally:
        os.kill(d.proc.pid, 18)
    d.wait(r.agrees, "the truth", timeout=20)
    always_web(d)


def test_comparisons_agree_with_a_real_server(real, dump):
    d = dump(*real.config(), "-check", "1")
    d.wait()
    for i in range(100):
        real.put("busy", None, f"10.0.8.{i}")
    until(lambda: d.metric("binnacle_kube_checks_total", resource="services") >= 1, "a comparison", timeout=150)
    assert d.metric("binnacle_kube_differences_total") == 0


# ---------------------------------------------------------------- a connection that is dropped silently

class Inside:
    """A server in a network namespace, where packets can be lost."""

    def __init__(self, ns, data):
        self.ns, self.data = ns, str(data)
        if not _try(lambda: self.run("start", "up")):
            self.run("start", "up")
        self.run("objects.py", "basic")

    def run(self, program, *args):
        p = subprocess.run(self.ns.command([os.path.join(K8S, program), "--data", self.data, *args]
                                           if program == "objects.py" else
                                           [os.path.join(K8S, program), args[0], "--data", self.data, *args[1:]]),
                           capture_output=True, text=True)
        assert p.returncode == 0, p.stderr
        return p.stdout

    def client_ports(self, pid):
        out = subprocess.run(self.ns.command(["ss", "-Htnp", "state", "established"]), capture_output=True, text=True)
        return [line.split()[2].rsplit(":", 1)[1] for line in out.stdout.splitlines() if f"pid={pid}," in line]


def test_a_connection_whose_packets_are_lost_is_replaced_within_thirty_seconds(netns, dump, tmp_path):
    ns = netns()
    r = Inside(ns, tmp_path / "data")
    try:
        d = dump("-kubeconfig", os.path.join(r.data, "dns.kubeconfig"), ns=ns)
        d.wait()
        ports = until(lambda: r.client_ports(d.proc.pid), "its connection")
        assert len(ports) == 1, "all watches share one connection"
        ns.nft("table ip lost { chain in { type filter hook input priority 0; "
               f"tcp sport {ports[0]} drop; tcp dport {ports[0]} drop; }}; }}")
        began = time.monotonic()
        r.run("objects.py", "bulk", "--count", "1", "--namespaces", "1")
        d.wait(lambda s: ("bulk-0", "bulk-0") in s.services, "a service made meanwhile", timeout=32)
        assert time.monotonic() - began < 30 or os.environ.get("BINNACLE_TIME_FACTOR")
        assert ports[0] not in r.client_ports(d.proc.pid)
        until(lambda: lists(d) == 3, "nothing was listed anew")
    finally:
        r.run("start", "down")
