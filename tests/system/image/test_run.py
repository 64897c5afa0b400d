# SPDX-License-Identifier: Apache-2.0
"""The image's root filesystem, run as the Deployment says, in a pod's network with an API server and a resolver."""
import os, re, shutil, subprocess

import dns.rcode
import pytest

import compat, fakekube
from harness import ask, server as servers, wait, web

from .conftest import FILTERS, pod_spec

POD, NODE = "198.51.100.2", "198.51.100.1"
OWN = "deploy/kubernetes/base/deployment.yaml"
SERVICE = {"kind": "Service", "metadata": {"name": "web", "namespace": "demo"},
           "spec": {"clusterIP": "10.96.0.80", "ports": [{"name": "http", "port": 80}]}}
PRIVILEGES = ("CapInh", "CapPrm", "CapEff", "CapAmb")
NET_BIND_SERVICE = "0000000000000400"


class Place:
    """A pod's network namespace, the node's behind it with a resolver, an API server on the pod's loopback."""

    def __init__(self, netns, upstream, folder):
        self.pod, self.node = netns(), netns()
        self.node.ip("link", "add", "pod0", "type", "veth", "peer", "name", "eth0", "netns", self.pod.name)
        for ns, link, address in ((self.node, "pod0", NODE), (self.pod, "eth0", POD)):
            ns.ip("addr", "add", address + "/24", "dev", link)
            ns.ip("link", "set", link, "up")
        self.upstream = upstream({"records": "www.example. 60 A 192.0.2.80\n"}, host=NODE, port=53, ns=self.node)
        cert, key = compat.make_certs(str(folder))
        with self.pod.inside():
            self.kube = fakekube.FakeKube(compat.free_port(), [SERVICE], {"token": "secret"}, tls=(cert, key))
            self.kube.start()
        self.folder, self.cert = folder, cert

    def mounts(self):
        """What the kubelet mounts: ConfigMap, token, resolv.conf; readable for all, writable for none."""
        config, account = self.folder / "config", self.folder / "account"
        for d in (config, account):
            d.mkdir()
        with open(os.path.join(servers.ROOT, "deploy/kubernetes/base/Corefile")) as f:
            (config / "Corefile").write_text(f.read())
        (account / "token").write_text("secret")
        (account / "namespace").write_text("kube-system")
        with open(self.cert) as f:
            (account / "ca.crt").write_text(f.read())
        (self.folder / "resolv.conf").write_text(f"nameserver {NODE}\n")
        return {"/etc/coredns": config, "/var/run/secrets/kubernetes.io/serviceaccount": account,
                "/etc/resolv.conf": self.folder / "resolv.conf"}

    def env(self):
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": self.kube.port}

    def ask(self, how, name):
        with self.node.inside():
            return how(ask.query(name), POD, 53)

    def get(self, port, path):
        try:
            with self.node.inside():
                return web.get(port, path, host=POD)
        except OSError:
            return None


@pytest.fixture
def place(netns, upstream, tmp_path):
    p = Place(netns, upstream, tmp_path)
    yield p
    p.kube.stop()


def answers(place, c):
    """Through every probe and for every kind of name; then a polite end."""
    wait.until(lambda: c.proc.poll() is not None or getattr(place.get(8181, "/ready"), "status", 0) == 200,
               f"the pod is ready: {c.output()}", timeout=20)
    assert c.proc.poll() is None, c.output()
    assert place.get(8080, "/health").status == 200
    for how in (ask.udp, ask.tcp):
        assert [r.address for r in place.ask(how, "web.demo.svc.cluster.local.").answer[0]] == ["10.96.0.80"]
        assert [r.address for r in place.ask(how, "www.example.").answer[0]] == ["192.0.2.80"]
        assert place.ask(how, "none.demo.svc.cluster.local.").rcode() == dns.rcode.NXDOMAIN
    assert "coredns_dns_requests_total" in place.get(9153, "/metrics").text


def pod_of(path, **main):
    pod = pod_spec(path)
    pod["containers"][0].update(main)
    return pod


@pytest.mark.parametrize("command", [None, ["/coredns"], ["/usr/bin/coredns"], ["/usr/bin/binnacle"]],
                         ids=["entrypoint", "coredns", "usr-bin-coredns", "binnacle"])
def test_the_pod_of_the_deployment_answers(place, container, command):
    c = container(pod_of(OWN, **({"command": command} if command else {})), place.pod, place.mounts(), place.env())
    answers(place, c)
    assert c.status("Uid") == ["65532"] * 4 and c.status("Gid") == ["65532"] * 4
    assert c.status("NoNewPrivs") == ["1"]
    filters = int(c.status("Seccomp_filters")[0])
    assert filters == 1 + os.path.exists(FILTERS)  # its own, on top of the runtime's
    assert int(c.status("VmRSS")[0]) < 60_000
    assert c.status("CapBnd") == [NET_BIND_SERVICE]
    assert {int(c.status(f)[0], 16) & ~int(NET_BIND_SERVICE, 16) for f in PRIVILEGES} == {0}
    if command is None:
        assert c.stop() == 0, c.output()


def test_memory_is_limited_and_nothing_can_be_written(place, container):
    c = container(pod_of(OWN), place.pod, place.mounts(), place.env())
    answers(place, c)
    if c.memory.folder:
        with open(c.memory.limit) as f, open(os.path.join(c.memory.folder, "cgroup.procs")) as g:
            assert int(f.read()) == 170 << 20 and str(c.pid()) in g.read().split()
    with open(f"/proc/{c.pid()}/mounts") as f:
        writable = [line.split()[1] for line in f if "rw" in line.split()[3].split(",")]
    assert set(writable) <= {"/proc"}, writable
    assert not re.search(r"permission|read-only|seccomp|system call", c.output(), re.I), c.output()


def stock_pod(user):
    """The template of CoreDNS's manifests for Kubernetes, by what they say of rights, with this user."""
    return {"containers": [{
        "args": ["-conf", "/etc/coredns/Corefile"], "resources": {"limits": {"memory": "170Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsUser": user,
                            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}}}]}


def test_the_peers_stock_pod_answers_as_root_too(place, container):
    c = container(stock_pod(0), place.pod, place.mounts(), place.env())
    answers(place, c)
    assert c.status("Uid") == ["0"] * 4 and c.status("CapBnd") == [NET_BIND_SERVICE]
    assert c.stop() == 0, c.output()


def test_without_the_right_to_low_ports_it_says_so(place, container):
    pod = pod_of(OWN)
    pod["containers"][0]["securityContext"]["capabilities"]["add"] = []
    place.pod.sysctl("net.ipv4.ip_unprivileged_port_start", 1024)
    c = container(pod, place.pod, place.mounts(), place.env())
    assert c.proc.wait(20 * wait.FACTOR) != 0
    assert re.search(r"permission|not permitted", c.output(), re.I), c.output()


def test_the_program_finds_its_libraries_without_any_of_ours(rootfs):
    """Not even a shell is there: version and plugins, by the image's own linker."""
    r = subprocess.run([shutil.which("chroot"), rootfs, "/coredns", "-version"], capture_output=True, text=True, env={})
    assert r.returncode == 0 and "inux/" in r.stdout, r.stdout + r.stderr
