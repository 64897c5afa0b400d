# SPDX-License-Identifier: Apache-2.0
"""`binnacle kube dump -watch` beside an API server: every state that the store went through, as one snapshot each."""
import json, os, shlex, signal, subprocess, tempfile, threading

import pytest

import compat, fakekube
from harness.wait import FACTOR, until


class Snapshot:
    """One print of the store: kind -> {(namespace, name): what}."""

    def __init__(self, lines, end):
        self.end = end
        self.services, self.endpoints, self.namespaces, self.pods, self.imports = {}, {}, set(), {}, {}
        for o in lines:
            key = (o.get("namespace", ""), o.get("name", ""))
            if o["kind"] == "namespace":
                self.namespaces.add(o["name"])
            elif o["kind"] == "service":
                self.services[key] = (o["type"], tuple(o["ips"]), o.get("externalName", ""))
            elif o["kind"] == "import":
                self.imports[key] = (o["type"], tuple(o["ips"]))
            elif o["kind"] == "slice":
                self.endpoints.setdefault(key, []).extend(e["ip"] for e in o["endpoints"])
            elif o["kind"] == "pod":
                self.pods.setdefault(o["namespace"], []).append(o.get("ip"))


class Dump:
    def __init__(self, *flags, env=None, ns=None):
        self.folder = tempfile.TemporaryDirectory(prefix="kube-dump-")
        self.metrics_file = os.path.join(self.folder.name, "metrics")
        self.err = open(os.path.join(self.folder.name, "err"), "w+")
        cmd = shlex.split(os.environ.get("BINNACLE", "build/binnacle"))
        cmd += ["kube", "dump", "-watch", "-metrics", self.metrics_file, *flags]
        self.proc = subprocess.Popen(ns.command(cmd) if ns else cmd,
                                     stdout=subprocess.PIPE, stderr=self.err, text=True,
                                     env={**os.environ, **(env or {})})
        self.snapshots = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        lines = []
        for line in self.proc.stdout:
            o = json.loads(line)
            if o["kind"] != "end":
                lines.append(o)
                continue
            self.snapshots.append(Snapshot(lines, o))
            lines = []

    @property
    def last(self):
        return self.snapshots[-1] if self.snapshots else None

    def wait(self, cond=lambda s: True, what="the first complete list", timeout=15):
        """The first latest snapshot for which cond holds."""
        try:
            return until(lambda: self.last and cond(self.last) and self.last, what, timeout)
        except AssertionError as e:
            raise AssertionError(f"{e}; the log:\n{self.log()}")

    def log(self):
        with open(self.err.name) as f:
            return f.read()

    def metric(self, name, **labels):
        """Sum of the samples of that name with these labels, as last written."""
        total = 0.0
        try:
            with open(self.metrics_file) as f:
                text = f.read()
        except OSError:
            return total
        for line in text.splitlines():
            head, _, value = line.rpartition(" ")
            if (head == name or head.startswith(name + "{")) and \
                    all(f'{k}="{v}"' in head for k, v in labels.items()):
                total += float(value)
        return total

    def stop(self):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        try:
            code = self.proc.wait(20 * FACTOR)
        finally:
            self.proc.kill()
            log = self.log()
            self.err.close()
            self.folder.cleanup()
        assert code in (0, 1), f"exit status {code}:\n{log}"
        assert "Sanitizer" not in log, log


@pytest.fixture
def dump():
    """dump(*flags, ns=None): a running dump; dump(kube, *flags): of that fake API server."""
    made = []

    def make(*args, **how):
        if args and isinstance(args[0], fakekube.FakeKube):
            k, *args = args
            args = ["-endpoint", f"{'https' if k.tls else 'http'}://127.0.0.1:{k.port}", *args]
        made.append(Dump(*args, **how))
        return made[-1]
    yield make
    for d in made:
        d.stop()


@pytest.fixture
def kube():
    """kube(objects, **options): a fake API server (tests/compat/README.md)."""
    made = []

    def make(objects=(), tls=None, start=True, **options):
        made.append(fakekube.FakeKube(compat.free_port(), objects, options, tls=tls))
        if start:
            made[-1].start()
        return made[-1]
    yield make
    for k in made:
        k.do({"resume": True})
        k.stop()


@pytest.fixture
def certs(tmp_path):
    """(certificate, key) for 127.0.0.1."""
    return compat.make_certs(str(tmp_path))


def service(name, ip="10.96.0.1", ns="demo", **spec):
    spec = {"clusterIP": ip, "ports": [{"name": "http", "port": 80}], **spec}
    return {"kind": "Service", "metadata": {"name": name, "namespace": ns}, "spec": spec}


def slice_of(svc, *ips, suffix="x", ns="demo", labels=None):
    return {"kind": "EndpointSlice",
            "metadata": {"name": f"{svc}-{suffix}", "namespace": ns,
                         "labels": labels or {"kubernetes.io/service-name": svc}},
            "endpoints": [{"addresses": [ip]} for ip in ips], "ports": [{"name": "http", "port": 80}]}


def truth(kube):
    """What a snapshot must hold: (services, endpoints, namespaces)."""
    with kube.cond:
        services = {k: tuple(i for i in o["spec"].get("clusterIPs") or [] if i != "None")
                    for k, o in kube.items["services"].items()}
        endpoints = {}
        for (ns, _), o in kube.items["endpointslices"].items():
            svc = o["metadata"]["labels"]["kubernetes.io/service-name"]
            ips = [a for e in o["endpoints"] if e["conditions"]["ready"] for a in e["addresses"]]
            endpoints.setdefault((ns, svc), []).extend(ips)
        return services, {k: sorted(v) for k, v in endpoints.items()}, {n for _, n in kube.items["namespaces"]}


def agrees(snapshot, kube):
    services, endpoints, namespaces = truth(kube)
    return ({k: v[1] for k, v in snapshot.services.items()} == services and
            {k: sorted(v) for k, v in snapshot.endpoints.items()} == endpoints and
            snapshot.namespaces == namespaces)
