# SPDX-License-Identifier: Apache-2.0
"""The story of this project, from beginning to end: a Service of type ExternalName for a name whose answer does not fit 512
bytes, looked up by a client of the cluster through the Service's address, at each DNS pod, and at the upstream.

Real parts: kube-apiserver with etcd, kubectl, nftables as kube-proxy would have it, nslookup and dig, tcpdump in the client and in a pod.

  BINNACLE_K8S=folder    with `start` and `objects.py` (tests/apiserver); without it this is skipped
"""
import os, re, shutil, signal, subprocess, sys

import dns.flags, dns.message
import pytest

from harness import cluster, pcap, relay, story, wait

K8S = os.environ.get("BINNACLE_K8S", "")
MISSING = [p for p in ("kubectl", "tcpdump", "nslookup", "dig") if not shutil.which(p)]
pytestmark = pytest.mark.skipif(not os.path.exists(os.path.join(K8S, "start")) or bool(MISSING),
                                reason="needs BINNACLE_K8S, and " + ", ".join(MISSING))

COREFILE = """.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {DATA}/dns.kubeconfig
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""
UPSTREAM = "10.0.3.2"
LARGE, SMALL = "quote-redis-cluster", "quote-control"
OUTSIDE = {LARGE: "redis.n60.bucket.example.org.", SMALL: "control.n1.bucket.example.org."}
COUNT = {LARGE: 60, SMALL: 1}
RESOLV = f"search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver {cluster.VIP}\noptions ndots:5\n"
FORMS = {"512 bytes": ["+ignore", "+noedns"], "EDNS 4096": ["+bufsize=4096", "+nocookie"], "TCP": ["+tcp"]}


@pytest.fixture(scope="module")
def apiserver(tmp_path_factory):
    """A running API server: (data folder, port)."""
    data = str(tmp_path_factory.mktemp("apiserver") / "data")

    def run(*args):
        p = subprocess.run([os.path.join(K8S, "start"), args[0], "--data", data, *args[1:]], capture_output=True, text=True)
        assert p.returncode == 0, p.stderr
    run("up", "--port", "0", "--etcd-port", "0", "--etcd-peer-port", "0")
    try:
        sys.path.append(K8S)
        import objects
        api = objects.Api(data)
        for obj in objects.rbac_objects():
            api.put_object(obj)
        for name, outside in OUTSIDE.items():  # by hand, as people do it
            subprocess.run(["kubectl", "--kubeconfig", f"{data}/admin.kubeconfig", "create", "service", "externalname", name,
                            "--external-name", outside.rstrip(".")], check=True, capture_output=True, timeout=60)
        yield data, int(api.env["KAPI_PORT"])
    finally:
        run("down")


class Capture:
    """tcpdump in a namespace."""

    def __init__(self, ns, interface, path):
        self.path = path
        self.proc = subprocess.Popen(ns.command(["tcpdump", "-Z", "root", "-U", "--immediate-mode", "-n", "-i", interface, "-s", "0", "-w", path, "port", "53"]),
                                     stderr=subprocess.PIPE, text=True)
        while "listening on" not in self.proc.stderr.readline():
            assert self.proc.poll() is None, "tcpdump has ended"

    def end(self, last):
        """Its packets, once those about the name `last` are there."""
        wait.until(lambda: any(last in p.data for p in pcap.packets(self.path) if p.proto == "udp"), "the capture's end", 20)
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGINT)
            self.proc.wait(20)
        self.proc.stderr.close()
        return pcap.packets(self.path)


class Stage:
    """The cluster with two DNS pods, a client and an upstream."""

    def __init__(self, netns, server, apiserver, folder, command):
        data, port = apiserver
        self.folder, self.closing = folder, []
        self.cluster = cluster.Cluster(netns, server)
        up = self.cluster.outside(UPSTREAM, "upstream")
        self.upstream = story.StoryUpstream(story.upstream_spec(True), host=UPSTREAM, port=53, ns=up).start()
        self.closing.append(self.upstream.stop)
        self.pods = [self.cluster.start(COREFILE, prepare=lambda ns: self.closing.append(relay.Relay(ns, port).close),
                                        command=command, resolv=f"nameserver {UPSTREAM}\n", DATA=data) for _ in range(2)]
        self.cluster.endpoints(self.pods)
        self.servers = {"the Service": cluster.VIP, "pod A": self.pods[0].address, "pod B": self.pods[1].address,
                        "the upstream": UPSTREAM}

    def run(self, *args):
        """A command of the client's."""
        p = subprocess.run(self.cluster.client.command(args, RESOLV), capture_output=True, text=True, timeout=60 * wait.FACTOR)
        return p.stdout

    def dig(self, server, name, form, rdtype="A"):
        return self.run("dig", f"@{self.servers[server]}", "+tries=1", "+time=5", "+noall", "+answer", "+comments", *FORMS[form], name, rdtype)

    def close(self):
        for fn in reversed(self.closing):
            fn()


def addresses(text):
    return re.findall(r"\sA\s+(192\.0\.2\.\d+)", text)


def seen_by(packets, server, name):
    """UDP replies of a server about a name, parsed; (size, message)."""
    out = []
    for p in packets:
        if p.proto == "udp" and p.sport == 53 and p.src == server:
            m = dns.message.from_wire(p.data, ignore_trailing=True)
            if m.question and m.question[0].name.to_text().lower() == name:
                out.append((len(p.data), m))
    return out


def n_addresses(m):
    return sum(len(r) for r in m.answer if r.rdtype == dns.rdatatype.A)


def inside(name):
    return f"{name}.default.svc.cluster.local."


def tell(stage):
    """What people did, step by step; AssertionError where an address is missing."""
    text = stage.run("nslookup", LARGE, stage.pods[0].address)
    assert re.search(r"Name:.*\nAddress: 192\.0\.2\.\d+", text), f"nslookup of the short name finds no address:\n{text}"
    for server in ("the Service", "pod A", "pod B"):
        for name in (LARGE, SMALL):
            for form in FORMS:
                got = addresses(stage.dig(server, inside(name), form))
                assert got, f"no address of {name} from {server} with {form}"
                assert form != "TCP" or len(got) == COUNT[name], f"{len(got)} of {COUNT[name]} addresses of {name} over TCP"
    # What the story's people did in the end: the CNAME, and then its target.
    target = re.search(r"\sCNAME\s+(\S+)", stage.dig("the Service", inside(LARGE), "EDNS 4096", "CNAME"))
    assert target and target[1] == OUTSIDE[LARGE], "no CNAME"
    assert addresses(stage.dig("the Service", target[1], "EDNS 4096"))


def look_at_captures(stage, client, pod):
    """From the packets: sizes, TC, transports, and that the first UDP reply held addresses."""
    for server in ("the Service", "pod A", "pod B"):
        for name in (LARGE, SMALL):
            replies = seen_by(client, stage.servers[server], inside(name))
            assert replies, f"no UDP reply of {server} about {name}"
            for size, m in replies:
                if m.question[0].rdtype != dns.rdatatype.A:
                    continue
                assert n_addresses(m), f"a UDP reply of {server} about {name} without an address"
                tc, whole = bool(m.flags & dns.flags.TC), n_addresses(m) == COUNT[name]
                assert tc != whole, f"{server}: TC {tc}, {n_addresses(m)} of {COUNT[name]} addresses"
                assert size <= (512 if m.edns < 0 else 4096)
    # The upstream itself: no more than the CNAME where 512 bytes are all, which is where the story began.
    (size, first), *_ = [r for r in seen_by(client, UPSTREAM, OUTSIDE[LARGE]) if r[1].edns < 0]
    assert first.flags & dns.flags.TC and not n_addresses(first) and size <= 512
    # The pod asked the upstream over TCP, since what it was told over UDP was cut.
    assert any(p.proto == "syn" and p.dst == UPSTREAM and p.dport == 53 for p in pod)


@pytest.fixture
def stage(netns, server, apiserver, tmp_path):
    made = []

    def make(command=None):
        made.append(Stage(netns, server, apiserver, tmp_path, command))
        return made[-1]
    yield make
    for s in made:
        s.close()


def from_beginning_to_end(s, folder):
    client = Capture(s.cluster.client, "eth0", str(folder / "client.pcap"))
    pod = Capture(s.pods[0].ns, "eth0", str(folder / "pod.pcap"))
    try:
        for name in (LARGE, SMALL):
            for form in FORMS:
                s.dig("the upstream", OUTSIDE[name], form)
        tell(s)
    finally:
        s.run("dig", "@" + s.servers["pod A"], "+tries=1", "+time=5", "the-end.example.")
        packets = client.end(b"the-end"), pod.end(b"the-end")
    look_at_captures(s, *packets)


def test_story(stage, tmp_path):
    from_beginning_to_end(stage(), tmp_path)


def test_story_of_coredns(stage, coredns, tmp_path):
    """The same with CoreDNS 1.14.7 and the same Corefile: there are replies without an address."""
    with pytest.raises(AssertionError, match="no address|without an address"):
        from_beginning_to_end(stage(coredns), tmp_path)
