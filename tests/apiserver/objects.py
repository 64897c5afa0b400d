#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Creates the objects that a cluster DNS server serves, in a real API server
that `start` (beside this file) runs. Python's standard library only.

    objects.py --data DIR ready --timeout 60
    objects.py --data DIR rbac                 roles, service account, its token
    objects.py --data DIR basic                rbac and the fixed set of objects
    objects.py --data DIR bulk --count 1000    services bulk-0 .. bulk-999
    objects.py --data DIR bulk-delete --count 1000
    objects.py --data DIR bulk-direct --count 10000 [--remove]
                                               the same, straight into etcd
    objects.py --data DIR apply FILE.json      a list of objects, one of them, or
                                               a YAML file where PyYAML is there
    objects.py --data DIR get PATH | delete PATH | delete-namespace NAME
    objects.py --data DIR sa-uid
    objects.py --data DIR lag --dns 127.0.0.1:5353 --count 50

No controller manager runs, so nothing makes EndpointSlices from Pods, nothing
finishes the removal of a namespace (delete-namespace does), and nothing makes
default service accounts: a test says what exists.
"""
import argparse
import concurrent.futures
import http.client
import ipaddress
import json
import os
import socket
import ssl
import statistics
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

ZONE = "cluster.local"


class Failure(Exception):
    """The API server answered with an error."""

    def __init__(self, status, text):
        super().__init__(f"HTTP {status}: {text[:400]}")
        self.status = status


class Api:
    """A small client: JSON over kept-alive HTTPS, one connection per thread."""

    def __init__(self, data, token="admin", timeout=30):
        env = {}
        with open(os.path.join(data, "env"), encoding="utf-8") as f:
            for line in f:
                key, _, value = line.strip().partition("=")
                env[key] = value
        self.env = env
        self.host = urllib.parse.urlsplit(env["KAPI_SERVER"])
        self.tls = ssl.create_default_context(cafile=os.path.join(data, "pki", "ca.crt"))
        with open(os.path.join(data, token + ".token"), encoding="utf-8") as f:
            self.token = f.read().strip()
        self.timeout = timeout
        self.local = threading.local()

    def request(self, method, path, body=None, kind="application/json"):
        headers = {"Authorization": "Bearer " + self.token, "Accept": "application/json"}
        raw = None
        if body is not None:
            raw = json.dumps(body).encode()
            headers["Content-Type"] = kind
        for attempt in (0, 1):
            conn = getattr(self.local, "conn", None)
            if conn is None:
                conn = http.client.HTTPSConnection(
                    self.host.hostname, self.host.port, timeout=self.timeout, context=self.tls)
                self.local.conn = conn
            try:
                conn.request(method, path, raw, headers)
                answer = conn.getresponse()
                text = answer.read()
                break
            except (OSError, http.client.HTTPException):
                conn.close()
                self.local.conn = None
                if attempt:
                    raise
        if answer.status >= 400:
            raise Failure(answer.status, text.decode("utf-8", "replace"))
        try:
            return json.loads(text)
        except ValueError:
            return text.decode("utf-8", "replace")

    def put_object(self, obj):
        """Create it, or replace it where it exists; its status too, if it has one."""
        base = collection(obj)
        one = base + "/" + obj["metadata"]["name"]
        old = None
        try:
            old = self.request("GET", one)
        except Failure as e:
            if e.status != 404:
                raise
        if old is None:
            got = self.request("POST", base, obj)
        elif obj["kind"] == "Pod":
            got = old  # nearly all of a Pod's spec is fixed at creation
        else:
            new = dict(obj, metadata=dict(obj["metadata"], resourceVersion=old["metadata"]["resourceVersion"]))
            if obj["kind"] == "Service" and "clusterIP" not in obj["spec"] and "clusterIPs" in old["spec"] \
                    and obj["spec"].get("type", "ClusterIP") == old["spec"]["type"]:
                new["spec"] = dict(obj["spec"], clusterIP=old["spec"]["clusterIP"],
                                   clusterIPs=old["spec"]["clusterIPs"])
            got = self.request("PUT", one, new)
        if "status" in obj:
            got = self.request("PATCH", one + "/status", {"status": obj["status"]},
                               "application/merge-patch+json")
        return got


PLURALS = {
    "Namespace": "namespaces", "Service": "services", "Pod": "pods", "Node": "nodes",
    "ServiceAccount": "serviceaccounts", "ConfigMap": "configmaps", "Secret": "secrets",
    "Endpoints": "endpoints", "EndpointSlice": "endpointslices", "Deployment": "deployments",
    "ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings",
    "CustomResourceDefinition": "customresourcedefinitions", "ServiceImport": "serviceimports",
}
CLUSTER_WIDE = {"Namespace", "Node", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}


def collection(obj):
    version, kind = obj["apiVersion"], obj["kind"]
    path = ("/apis/" if "/" in version else "/api/") + version
    if kind not in CLUSTER_WIDE:
        path += "/namespaces/" + obj["metadata"].get("namespace", "default")
    return path + "/" + PLURALS.get(kind, kind.lower() + "s")


# ---- makers ----

def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def port(spec):
    """'http:80/TCP' or '80/UDP' (no name)."""
    left, _, proto = spec.partition("/")
    name, _, number = left.rpartition(":")
    got = {"port": int(number), "protocol": proto or "TCP"}
    if name:
        got["name"] = name
    return got


def service(ns, name, ports=("http:80/TCP",), ip=None, kind="ClusterIP", labels=None, **spec):
    body = {"type": kind, **spec}
    if ports:
        body["ports"] = [port(p) for p in ports]
    if isinstance(ip, (list, tuple)):
        body["clusterIP"], body["clusterIPs"] = ip[0], list(ip)
    elif ip:
        body["clusterIP"] = ip
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"namespace": ns, "name": name, "labels": labels or {}}, "spec": body}


def headless(ns, name, ports=("http:80/TCP",), **spec):
    return service(ns, name, ports, "None", **spec)


def external(ns, name, target):
    return service(ns, name, (), kind="ExternalName", externalName=target)


def endpoint(*addresses, ready=True, serving=None, terminating=False, hostname=None, pod=None, zone=None):
    got = {"addresses": list(addresses),
           "conditions": {"ready": ready, "serving": ready if serving is None else serving,
                          "terminating": terminating}}
    if hostname:
        got["hostname"] = hostname
    if pod:
        got["targetRef"] = {"kind": "Pod", "namespace": pod[0], "name": pod[1]}
    if zone:
        got["zone"] = zone
    return got


def endpoint_slice(ns, svc, suffix, endpoints, ports=("http:80/TCP",), labels=None):
    version = ipaddress.ip_address(endpoints[0]["addresses"][0]).version if endpoints else 4
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"namespace": ns, "name": f"{svc}-{suffix}",
                         "labels": {"kubernetes.io/service-name": svc, **(labels or {})}},
            "addressType": f"IPv{version}", "endpoints": endpoints,
            "ports": [port(p) for p in ports]}


def pod(ns, name, *ips, phase="Running", labels=None, hostname=None, subdomain=None):
    spec = {"containers": [{"name": "main", "image": "none.invalid/none"}], "nodeName": "node-1"}
    if hostname:
        spec["hostname"] = hostname
    if subdomain:
        spec["subdomain"] = subdomain
    status = {"phase": phase}
    if ips:
        status.update(podIP=ips[0], podIPs=[{"ip": i} for i in ips])
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": ns, "name": name, "labels": labels or {}},
            "spec": spec, "status": status}


# ---- the sets ----

def rbac_objects():
    """What a cluster DNS server may do; bound to the service account
    kube-system/coredns and to the user `dns` (static token and certificate)."""
    group = "rbac.authorization.k8s.io"
    return [
        namespace("kube-system"),
        {"apiVersion": "v1", "kind": "ServiceAccount",
         "metadata": {"namespace": "kube-system", "name": "coredns"}},
        {"apiVersion": group + "/v1", "kind": "ClusterRole", "metadata": {"name": "system:coredns"},
         "rules": [
             {"apiGroups": [""], "verbs": ["list", "watch"],
              "resources": ["endpoints", "services", "pods", "namespaces"]},
             {"apiGroups": ["discovery.k8s.io"], "verbs": ["list", "watch"],
              "resources": ["endpointslices"]},
             {"apiGroups": ["multicluster.x-k8s.io"], "verbs": ["list", "watch"],
              "resources": ["serviceimports"]}]},
        {"apiVersion": group + "/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "system:coredns"},
         "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "system:coredns"},
         "subjects": [
             {"kind": "ServiceAccount", "namespace": "kube-system", "name": "coredns"},
             {"kind": "User", "apiGroup": group, "name": "dns"}]},
    ]


def basic_objects(outside, dual):
    """The fixed set. Every address below is used once, so PTR answers are plain."""
    out = [namespace("demo", team="blue"), namespace("other", team="red")]
    two = ("http:80/TCP", "dns:53/UDP")
    out += [
        # ClusterIP, two named ports, two ready endpoints and one that isn't
        service("demo", "web", two, "10.96.1.10", labels={"app": "web"}),
        endpoint_slice("demo", "web", "a", [
            endpoint("10.244.1.1"), endpoint("10.244.1.2"), endpoint("10.244.1.3", ready=False)], two),
        # the same name in another namespace
        service("other", "web", ("http:80/TCP",), "10.96.1.20"),
        endpoint_slice("other", "web", "a", [endpoint("10.244.2.1")]),
        # ClusterIP with no endpoint at all, and with no slice
        service("demo", "empty", ("http:80/TCP",), "10.96.1.12"),
        # a port with no name
        service("demo", "unnamed", ("8080/TCP",), "10.96.1.13"),
        endpoint_slice("demo", "unnamed", "a", [endpoint("10.244.1.9")], ("8080/TCP",)),
        # headless: hostnames, a plain address, a Pod's, one not ready, one leaving
        headless("demo", "db", ("sql:5432/TCP", "admin:9000/TCP")),
        endpoint_slice("demo", "db", "a", [
            endpoint("10.244.3.1", hostname="db-0", pod=("demo", "db-0")),
            endpoint("10.244.3.2", hostname="db-1", pod=("demo", "db-1")),
            endpoint("10.244.3.3", pod=("demo", "db-plain")),
            endpoint("10.244.3.4"),
            endpoint("10.244.3.5", ready=False, hostname="db-late"),
            endpoint("10.244.3.6", ready=False, serving=True, terminating=True, hostname="db-leaving"),
        ], ("sql:5432/TCP", "admin:9000/TCP")),
        # headless, not-ready ones published (the slice controller marks them ready)
        headless("demo", "early", publishNotReadyAddresses=True),
        endpoint_slice("demo", "early", "a", [
            endpoint("10.244.4.1", ready=True, serving=False, hostname="early-0")]),
        # headless without ports, and without endpoints
        headless("demo", "portless", ()),
        endpoint_slice("demo", "portless", "a", [endpoint("10.244.5.1", hostname="p-0")], ()),
        headless("demo", "nobody"),
        # one service in two slices, with different ports; and zones
        headless("demo", "split", ("a:1000/TCP", "b:2000/TCP")),
        endpoint_slice("demo", "split", "a", [endpoint("10.244.6.1", zone="zone-a")], ("a:1000/TCP",)),
        endpoint_slice("demo", "split", "b", [endpoint("10.244.6.2", zone="zone-b")], ("b:2000/TCP",)),
        # an answer far over 512 and over 1232 bytes: 200 addresses in two slices
        headless("demo", "many"),
        endpoint_slice("demo", "many", "a", [endpoint(f"10.245.0.{i}") for i in range(1, 101)]),
        endpoint_slice("demo", "many", "b", [endpoint(f"10.245.1.{i}") for i in range(1, 101)]),
        # ExternalName: outside, inside, a missing inside name, an address
        external("default", "quote-redis-cluster", outside),
        external("demo", "ext-out", "www.example.net"),
        external("demo", "ext-in", f"web.demo.svc.{ZONE}"),
        external("demo", "ext-missing", f"missing.demo.svc.{ZONE}"),
        external("demo", "ext-ip", "192.0.2.77"),
        # load balancer
        dict(service("demo", "lb", ("https:443/TCP",), "10.96.1.14", kind="LoadBalancer"),
             status={"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}, {"ip": "198.51.100.8"}]}}),
        # Pods
        pod("demo", "db-0", "10.244.3.1", hostname="db-0", subdomain="db"),
        pod("demo", "db-1", "10.244.3.2", hostname="db-1", subdomain="db"),
        pod("demo", "db-plain", "10.244.3.3"),
        pod("demo", "lonely", "10.244.7.1"),
        pod("demo", "done", "10.244.7.2", phase="Succeeded"),
        pod("demo", "waiting", phase="Pending"),
    ]
    if dual:
        out += [
            service("demo", "dual", two, ("10.96.1.11", "fd00:10:96::111"),
                    ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack"),
            endpoint_slice("demo", "dual", "v4", [endpoint("10.244.8.1")], two),
            endpoint_slice("demo", "dual", "v6", [endpoint("fd00:10:244::81")], two),
            service("demo", "six", ("http:80/TCP",), "fd00:10:96::222",
                    ipFamilies=["IPv6"], ipFamilyPolicy="SingleStack"),
            endpoint_slice("demo", "six", "v6", [endpoint("fd00:10:244::91", hostname="six-0")]),
            headless("demo", "dualless", ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack"),
            endpoint_slice("demo", "dualless", "v4", [endpoint("10.244.9.1", hostname="d-0")]),
            endpoint_slice("demo", "dualless", "v6", [endpoint("fd00:10:244::a1", hostname="d-0")]),
            pod("demo", "both", "10.244.8.1", "fd00:10:244::81"),
        ]
    return out


def bulk_pair(ns, i, endpoints):
    """Service number i (every tenth one headless) and its one slice."""
    name = f"bulk-{i}"
    ports = ("http:80/TCP",)
    svc = headless(ns, name, ports) if i % 10 == 9 else service(ns, name, ports)
    base = int(ipaddress.ip_address("10.128.0.0")) + i * 4
    eps = [endpoint(str(ipaddress.ip_address(base + k))) for k in range(1, endpoints + 1)]
    return svc, endpoint_slice(ns, name, "a", eps, ports)


def direct_lines(ns, i, endpoints, stamp, remove=False):
    """The same pair as etcd holds it, with the IPAddress that the allocator
    would have made: KEY, tab, JSON."""
    svc, piece = bulk_pair(ns, i, endpoints)
    name = svc["metadata"]["name"]
    spec = svc["spec"]
    spec.update(sessionAffinity="None", internalTrafficPolicy="Cluster",
                ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    for p in spec["ports"]:
        p["targetPort"] = p["port"]
    out = []
    if spec.get("clusterIP") != "None":
        # from the top of 10.96.0.0/16 downwards
        ip = str(ipaddress.ip_address(int(ipaddress.ip_address("10.96.255.254")) - i))
        spec["clusterIP"] = ip
        out.append((f"/registry/ipaddresses/{ip}", {
            "apiVersion": "networking.k8s.io/v1", "kind": "IPAddress",
            "metadata": {"name": ip, "labels": {
                "ipaddress.kubernetes.io/ip-family": "IPv4",
                "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}},
            "spec": {"parentRef": {"resource": "services", "namespace": ns, "name": name}}}))
    spec["clusterIPs"] = [spec["clusterIP"]]
    svc["status"] = {"loadBalancer": {}}
    out.append((f"/registry/services/specs/{ns}/{name}", svc))
    out.append((f"/registry/endpointslices/{ns}/{piece['metadata']['name']}", piece))
    for key, obj in out:
        obj["metadata"].update(uid=str(uuid.uuid4()), creationTimestamp=stamp, generation=1)
        yield key + "\t" + ("" if remove else json.dumps(obj, separators=(",", ":")))


def many(api, jobs, workers):
    """Run the callables in threads; the first error ends it."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for done in concurrent.futures.as_completed([pool.submit(j) for j in jobs]):
            done.result()


# ---- commands ----

def cmd_ready(api, args):
    end = time.monotonic() + args.timeout
    api.timeout = min(5, args.timeout)
    while True:
        try:
            api.request("GET", "/readyz")
            return
        except (OSError, http.client.HTTPException, Failure) as e:
            if time.monotonic() >= end:
                raise SystemExit(f"not ready in {args.timeout} s: {e}") from e
            time.sleep(0.1)


def cmd_rbac(api, args):
    for obj in rbac_objects():
        api.put_object(obj)
    # A token of the API server's own making, laid out as a Pod sees it.
    where = os.path.join(args.data, "serviceaccount")
    os.makedirs(where, mode=0o700, exist_ok=True)
    got = api.request("POST", "/api/v1/namespaces/kube-system/serviceaccounts/coredns/token",
                      {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                       "spec": {"expirationSeconds": 86400}})
    with open(os.path.join(args.data, "pki", "ca.crt"), encoding="utf-8") as f:
        ca = f.read()
    for name, text in (("token", got["status"]["token"]), ("ca.crt", ca), ("namespace", "kube-system")):
        path = os.path.join(where, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
            f.write(text)


def cmd_basic(api, args):
    cmd_rbac(api, args)
    with open(os.path.join(args.data, "apiserver.flags"), encoding="utf-8") as f:
        dual = "fd00:10:96::/112" in f.read()
    objects = basic_objects(args.outside, dual)
    for obj in objects:
        api.put_object(obj)
    print(len(objects), "objects")


def cmd_bulk(api, args):
    spaces = [f"bulk-{k}" for k in range(args.namespaces)]
    for ns in spaces:
        api.put_object(namespace(ns))

    def one(i):
        for obj in bulk_pair(spaces[i % len(spaces)], i, args.endpoints):
            try:
                api.request("POST", collection(obj), obj)
            except Failure as e:
                if e.status != 409:
                    raise

    began = time.monotonic()
    step = -(-args.count // args.workers)
    first = args.first

    def run(k):
        for i in range(first + k * step, min(first + (k + 1) * step, first + args.count)):
            one(i)

    many(api, [lambda k=k: run(k) for k in range(args.workers)], args.workers)
    took = time.monotonic() - began
    print(f"{args.count} services with {args.endpoints} endpoints each in {took:.1f} s "
          f"({2 * args.count / took:.0f} objects/s)")


def cmd_bulk_direct(api, args):
    """bulk, written straight into etcd: seconds, not minutes."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if not args.remove:
        for k in range(args.namespaces):
            api.put_object(namespace(f"bulk-{k}"))
    began = time.monotonic()
    with subprocess.Popen([api.env["KAPI_BINARY"], "load", "-port", api.env["KAPI_ETCD_PORT"]],
                          stdin=subprocess.PIPE, text=True) as run:
        lines = [line for i in range(args.first, args.first + args.count)
                 for line in direct_lines(f"bulk-{i % args.namespaces}", i, args.endpoints, stamp, args.remove)]
        # addresses first, or the API server's repair loop makes them as well
        lines.sort(key=lambda line: not line.startswith("/registry/ipaddresses/"))
        for line in lines:
            run.stdin.write(line + "\n")
        run.stdin.close()
        if run.wait():
            raise SystemExit("kapi load failed")
    print(f"{args.count} services in {time.monotonic() - began:.1f} s")


def cmd_bulk_delete(api, args):
    def one(i):
        ns = f"bulk-{i % args.namespaces}"
        for obj in bulk_pair(ns, i, 1):
            try:
                api.request("DELETE", collection(obj) + "/" + obj["metadata"]["name"])
            except Failure as e:
                if e.status != 404:
                    raise

    many(api, [lambda i=i: one(i) for i in range(args.first, args.first + args.count)], args.workers)


def cmd_apply(api, args):
    with open(args.path, encoding="utf-8") as f:
        text = f.read()
    try:
        got = json.loads(text)
        objects = got if isinstance(got, list) else got.get("items", [got])
    except ValueError:
        import yaml  # only for YAML files
        objects = [o for o in yaml.safe_load_all(text) if o]
    for obj in objects:
        api.put_object(obj)
    print(len(objects), "objects")


def cmd_get(api, args):
    got = api.request("GET", args.path)
    print(got if isinstance(got, str) else json.dumps(got, indent=1))


def cmd_delete(api, args):
    api.request("DELETE", args.path)


def cmd_delete_namespace(api, args):
    """The namespace controller's part: remove what's in it, then finalize."""
    name = args.path
    base = "/api/v1/namespaces/" + name
    try:
        api.request("DELETE", base)
    except Failure as e:
        if e.status == 404:
            return
        if e.status != 409:
            raise
    for path in (base + "/services", base + "/pods", base + "/endpoints",
                 f"/apis/discovery.k8s.io/v1/namespaces/{name}/endpointslices"):
        for item in api.request("GET", path)["items"]:
            one = path + "/" + item["metadata"]["name"]
            api.request("DELETE", one, {"gracePeriodSeconds": 0})
    try:
        got = api.request("GET", base)
        got["spec"]["finalizers"] = []
        api.request("PUT", base + "/finalize", got)
    except Failure as e:
        if e.status != 404:
            raise


def cmd_sa_uid(api, _args):
    got = api.request("GET", "/api/v1/namespaces/kube-system/serviceaccounts/coredns")
    print(got["metadata"]["uid"])


def ask(sock, where, name, qid):
    """One A question; (rcode, number of answers) or None on no answer."""
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".") if p)
    sock.sendto(struct.pack("!6H", qid, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1", where)
    try:
        while True:
            raw = sock.recv(65535)
            if struct.unpack("!H", raw[:2])[0] == qid:
                return raw[3] & 15, struct.unpack("!H", raw[6:8])[0]
    except socket.timeout:
        return None


def cmd_lag(api, args):
    """From an object's creation to a DNS server's answer. `sent` counts from
    before the request, `done` from the API server's reply."""
    host, _, number = args.dns.rpartition(":")
    where = (host, int(number))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(1)
    api.put_object(namespace("lag"))
    stamp = f"{int(time.time()):x}"
    figures = {"cluster-ip, sent": [], "cluster-ip, done": [], "headless, sent": [], "headless, done": []}
    lost = 0
    qid = 0

    def wait(name):
        nonlocal qid
        end = time.monotonic() + args.timeout
        while time.monotonic() < end:
            qid = (qid + 1) & 0xffff
            got = ask(sock, where, name, qid)
            if got and got[0] == 0 and got[1] > 0:
                return time.monotonic()
            time.sleep(args.poll / 1000)
        return None

    for i in range(args.count):
        for kind in ("cluster-ip", "headless"):
            name = f"lag-{stamp}-{i}-{kind[0]}"
            ports = ("http:80/TCP",)
            svc = headless("lag", name, ports) if kind == "headless" else service("lag", name, ports)
            eps = [endpoint(str(ipaddress.ip_address(int(ipaddress.ip_address("10.250.0.0")) + 2 * i + k)))
                   for k in (0, 1)]
            piece = endpoint_slice("lag", name, "a", eps, ports)
            # the object that makes the name resolve goes last
            first, last = (svc, piece) if kind == "headless" else (piece, svc)
            api.request("POST", collection(first), first)
            if kind == "headless":
                time.sleep(0.05)
            sent = time.monotonic()
            api.request("POST", collection(last), last)
            done = time.monotonic()
            seen = wait(f"{name}.lag.svc.{ZONE}")
            if seen is None:
                lost += 1
            else:
                figures[kind + ", sent"].append(1000 * (seen - sent))
                figures[kind + ", done"].append(max(0.0, 1000 * (seen - done)))
            for obj in (svc, piece):
                api.request("DELETE", collection(obj) + "/" + obj["metadata"]["name"])
    for what, values in figures.items():
        if values:
            values.sort()
            print(f"{what}: n {len(values)}, median {statistics.median(values):.1f} ms, "
                  f"p90 {values[int(len(values) * .9)]:.1f} ms, max {values[-1]:.1f} ms")
    if lost:
        raise SystemExit(f"{lost} names did not resolve in {args.timeout} s each")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", required=True, help="the directory given to `start up`")
    p.add_argument("--as", dest="who", default="admin", help="whose token: admin, dns or nobody")
    sub = p.add_subparsers(dest="command", required=True)

    def add(name, run, *options):
        s = sub.add_parser(name)
        s.set_defaults(run=run)
        for option in options:
            flag, kind, default = option
            if kind is bool:
                s.add_argument(flag, action="store_true")
            elif default is None:
                s.add_argument(flag, type=kind)
            else:
                s.add_argument(flag, type=kind, default=default)

    add("ready", cmd_ready, ("--timeout", float, 60.0))
    add("rbac", cmd_rbac)
    add("basic", cmd_basic, ("--outside", str, "quote-redis-cluster.cache.example.net"))
    sizes = (("--count", int, 1000), ("--first", int, 0), ("--namespaces", int, 10), ("--workers", int, 8))
    add("bulk", cmd_bulk, ("--endpoints", int, 2), *sizes)
    add("bulk-direct", cmd_bulk_direct, ("--endpoints", int, 2), ("--remove", bool, False), *sizes)
    add("bulk-delete", cmd_bulk_delete, *sizes)
    add("apply", cmd_apply, ("path", str, None))
    add("get", cmd_get, ("path", str, None))
    add("delete", cmd_delete, ("path", str, None))
    add("delete-namespace", cmd_delete_namespace, ("path", str, None))
    add("sa-uid", cmd_sa_uid)
    add("lag", cmd_lag, ("--dns", str, "127.0.0.1:5353"), ("--count", int, 50),
        ("--poll", float, 1.0), ("--timeout", float, 10.0))
    args = p.parse_args()
    try:
        args.run(Api(args.data, args.who), args)
    except Failure as e:
        sys.exit(str(e))


if __name__ == "__main__":
    main()
