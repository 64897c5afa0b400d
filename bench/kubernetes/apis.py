# SPDX-License-Identifier: Apache-2.0
"""The API servers: the real one (tests/apiserver) and a small one in Python (tests/compat/fakekube.py) for more objects than
a real one takes in reasonable time; and their streams, read by others than the servers that are compared."""
import contextlib, json, os, ssl, subprocess, sys, tempfile, threading, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "tests", "apiserver")]
import objects                                                  # noqa: E402
from servers import free_ports                                  # noqa: E402

STREAMS = ("/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices", "/api/v1/namespaces")
WHOLE = "?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=600"
END = b"k8s.io/initial-events-end"


class Streams:
    """curl reads what a server reads at its start, up to the bookmarks that end the lists."""

    def __init__(self, server, accept, *options):
        command = ["curl", "-sSNf", "-H", f"Accept: {accept}", *options]
        self.began = time.monotonic()
        self.procs = [subprocess.Popen([*command, server + path + WHOLE], stdout=subprocess.PIPE) for path in STREAMS]

    def seconds(self, timeout=600):
        """From the start to the last of the bookmarks; None: they did not come."""
        ends = [None] * len(self.procs)

        def read(i):
            fd, tail = self.procs[i].stdout.fileno(), b""
            while chunk := os.read(fd, 1 << 20):
                if END in tail + chunk:
                    ends[i] = time.monotonic()
                    return
                tail = chunk[-64:]
        threads = [threading.Thread(target=read, args=(i,), daemon=True) for i in range(len(self.procs))]
        for t in threads:
            t.start()
        for t in threads:
            t.join(timeout)
        for p in self.procs:
            p.kill()
            p.wait()
            p.stdout.close()
        return None if None in ends else max(ends) - self.began


def streams_seconds(api):
    """A server that has just started may refuse some: tried again."""
    for _ in range(20):
        took = api.streams().seconds()
        if took is not None:
            return took
        time.sleep(0.5)
    raise SystemExit("curl could not read the streams to their end")


class Real:
    """kube-apiserver and etcd, with `count` services of two endpoints each."""

    def __init__(self, count):
        self.folder = tempfile.TemporaryDirectory(prefix="bench-apiserver-")
        self.data = os.path.join(self.folder.name, "data")
        self.run("up", "--port", "0", "--etcd-port", "0", "--etcd-peer-port", "0")
        self.api = objects.Api(self.data)
        for obj in objects.rbac_objects():
            self.api.put_object(obj)
        self.fill(count)
        self.where = "kubeconfig " + os.path.join(self.data, "dns.kubeconfig")
        self.known = "bulk-0.bulk-0.svc.cluster.local"

    def start(self):
        """Again.  Its port may be taken by somebody's connection for a while."""
        for _ in range(20):
            with contextlib.suppress(SystemExit):
                return self.run("start-apiserver")
            time.sleep(1)
        return self.run("start-apiserver")

    def run(self, *args):
        p = subprocess.run([os.path.join(ROOT, "tests", "apiserver", "start"), args[0], "--data", self.data, *args[1:]],
                           capture_output=True, text=True)
        if p.returncode:
            raise SystemExit(p.stderr)
        return p.stdout

    def fill(self, count):
        subprocess.run([sys.executable, os.path.join(ROOT, "tests", "apiserver", "objects.py"), "--data", self.data, "bulk-direct",
                        "--count", str(count), "--endpoints", "2", "--namespaces", "10"], check=True, stdout=subprocess.DEVNULL)

    def streams(self):
        return Streams(self.api.env["KAPI_SERVER"], "application/vnd.kubernetes.protobuf", "--cacert",
                       os.path.join(self.data, "pki", "ca.crt"), "-H", "Authorization: Bearer " + self.token("dns"))

    def token(self, who):
        with open(os.path.join(self.data, who + ".token")) as f:
            return f.read().strip()

    def is_ready(self):
        tls = ssl.create_default_context(cafile=os.path.join(self.data, "pki", "ca.crt"))
        try:
            with urllib.request.urlopen(self.api.env["KAPI_SERVER"] + "/readyz", context=tls, timeout=1) as r:
                return r.status == 200
        except OSError:
            return False

    def put(self, name, ip=None):
        """A new service, as soon as the server takes it."""
        obj = objects.service("bulk-0", name, ip=ip)
        while True:
            try:
                return self.api.request("POST", objects.collection(obj), obj)
            except objects.Failure as e:
                if e.status == 409:
                    return None
            except OSError:
                pass
            time.sleep(0.02)

    def make_old(self, stopped):
        """What the stopped servers know is too old for a watch when they go on: they list anew."""
        pids = [s.proc.pid for s in stopped]
        for pid in pids:
            os.kill(pid, 19)
        try:
            for n in range(2):
                self.run("kill-apiserver")
                self.start()
                for i in range(20):
                    self.put(f"old-{n}-{i}-{time.monotonic_ns() % 1000000}")
        finally:
            for pid in pids:
                os.kill(pid, 18)

    def close(self):
        self.run("down")
        self.folder.cleanup()


class Fake:
    """tests/compat/fakekube.py, in a process of its own."""

    def __init__(self, count):
        self.folder = tempfile.TemporaryDirectory(prefix="bench-fakekube-")
        path = os.path.join(self.folder.name, "objects.json")
        self.port, = free_ports(1)
        with open(path, "w") as f:
            json.dump([o for i in range(count) for o in self.pair(i)], f)
        self.proc = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "compat", "fakekube.py"), "--port", str(self.port),
                                      "--objects", path])
        self.where = f"endpoint http://127.0.0.1:{self.port}"
        self.known = "bulk-0.bulk-0.svc.cluster.local"
        while not self.answers():
            time.sleep(0.1)

    @staticmethod
    def pair(i):
        name, ns = f"bulk-{i}", f"bulk-{i % 10}"
        ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
        return ({"kind": "Service", "metadata": {"name": name, "namespace": ns},
                 "spec": {"clusterIP": "None" if i % 10 == 9 else f"10.{96 + i // 65000}.{i // 250 % 256}.{i % 250 + 1}", "ports": ports}},
                {"kind": "EndpointSlice", "metadata": {"name": name + "-a", "namespace": ns,
                                                       "labels": {"kubernetes.io/service-name": name}},
                 "ports": ports, "endpoints": [{"addresses": [f"10.{128 + i // 32000}.{i // 125 % 256}.{i % 125 * 2 + k}"]}
                                               for k in (1, 2)]})

    def answers(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
            return True
        return False

    def streams(self):
        return Streams(f"http://127.0.0.1:{self.port}", "application/json")

    def do(self, step):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/_control", json.dumps(step).encode())
        urllib.request.urlopen(request, timeout=60).close()

    def put(self, name, ip=None):
        self.do({"apply": [{"kind": "Service", "metadata": {"name": name, "namespace": "bulk-0"},
                            "spec": {"clusterIP": ip or "10.95.0.1", "ports": [{"name": "http", "port": 80}]}}]})

    def make_old(self, _stopped):
        self.do({"gone": True})

    def close(self):
        self.proc.terminate()
        self.proc.wait()
        self.folder.cleanup()
