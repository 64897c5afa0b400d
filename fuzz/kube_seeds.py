#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seed corpora of the Kubernetes targets: python3 fuzz/kube_seeds.py

The protobuf encoder is this file's own, so that the seeds do not share the reader's idea of the format.
"""
import json
import pathlib
import struct

ROOT = pathlib.Path(__file__).parent / "corpus"
LIST_PROTO, WATCH_PROTO, LIST_JSON, WATCH_JSON = range(4)
SERVICE, SLICE, NAMESPACE, POD, IMPORT, IMPORT_SLICE = range(6)


def save(target, name, head, data):
    folder = ROOT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(bytes([head]) + data)


def stream(name, form, kind, data, chunk=7):
    save("kube_stream", name, form | kind << 2 | chunk << 5, data)


# ---- protobuf ------------------------------------------------------------------------------------

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(*pairs):
    return b"".join(field(n, v) for n, v in pairs)


def mapping(number, d):
    return b"".join(field(number, fields((1, k), (2, v))) for k, v in d.items())


def meta(name, ns="", version=7, labels={}, annotations={}, deleting=False):
    out = fields((1, name), (3, ns), (6, str(version)))
    out += field(9, field(1, 5)) if deleting else b""
    return out + mapping(11, labels) + mapping(12, annotations)


def unknown(kind, raw, version="v1"):
    return b"k8s\0" + field(1, fields((1, version), (2, kind))) + fields((2, raw), (3, ""), (4, ""))


def items(kind, *objects, version=9, next=""):
    return unknown(kind + "List", field(1, fields((2, str(version)), (3, next))) +
                   b"".join(field(2, o) for o in objects))


def event(kind, type, raw):
    frame = fields((1, type)) + field(2, field(1, unknown(kind, raw)))
    return struct.pack("!I", len(frame)) + frame


def port(name, number, proto="TCP"):
    return fields((1, name), (2, proto), (3, number))


service = field(1, meta("web", "demo", labels={"a": "b"})) + field(2, fields(
    (1, port("http", 80)), (1, port("dns", 53, "UDP")), (3, "10.96.0.1"), (4, "ClusterIP"), (5, "192.0.2.1"),
    (18, "10.96.0.1"), (18, "fd00::1"))) + field(3, field(1, field(1, fields((1, "198.51.100.1"))) +
                                                         field(1, fields((2, "lb.example.net")))))
headless = field(1, meta("db", "demo")) + field(2, fields((3, "None"), (4, "ClusterIP"), (18, "None")))
external = field(1, meta("ext", "demo")) + field(2, fields((4, "ExternalName"), (10, "www.example.net")))


def endpoint(*addresses, ready=None, host="", pod="", zone=""):
    out = b"".join(field(1, a) for a in addresses)
    out += b"" if ready is None else field(2, field(1, ready))
    out += field(3, host) if host else b""
    return out + (field(4, field(3, pod)) if pod else b"") + (field(7, zone) if zone else b"")


piece = field(1, meta("db-1", "demo", labels={"kubernetes.io/service-name": "db"}, annotations={
    "endpoints.kubernetes.io/last-change-trigger-time": "2024-01-01T00:00:00.123Z"})) + fields(
    (2, endpoint("10.0.0.1", host="db-0", pod="p-0", zone="Z-A")), (2, endpoint("10.0.0.2", "fd00::2", ready=1)),
    (2, endpoint("10.0.0.3", ready=0)), (3, port("sql", 5432)), (3, fields((1, "none"))), (4, "IPv4"))
mcs = field(1, meta("i-1", "demo", labels={"multicluster.kubernetes.io/service-name": "db",
                                          "multicluster.kubernetes.io/source-cluster": "east"})) + fields(
    (2, endpoint("10.9.0.1")), (3, port("sql", 5432)))
pod = field(1, meta("p-0", "demo", labels={"app": "db"})) + field(3, fields((1, "Running"), (6, "10.0.0.1")))
leaving = field(1, meta("p-1", "demo", deleting=True)) + field(3, field(6, "10.0.0.9"))
mark = field(1, meta("", "", 42, annotations={"k8s.io/initial-events-end": "true"}))
gone = fields((2, "Failure"), (3, "too old resource version: 1 (5)"), (4, "Expired"), (5, field(5, 1)), (6, 410))

stream("list-services", LIST_PROTO, SERVICE, items("Service", service, headless, external))
stream("list-services-bytes", LIST_PROTO, SERVICE, items("Service", service, external, next="abc"), 0)
stream("list-slices", LIST_PROTO, SLICE, items("EndpointSlice", piece), 1)
stream("list-pods", LIST_PROTO, POD, items("Pod", pod, leaving), 2)
stream("list-namespaces", LIST_PROTO, NAMESPACE, items("Namespace", field(1, meta("demo")), field(1, meta("x"))))
stream("list-empty", LIST_PROTO, SERVICE, items("Service"))
stream("list-imports", LIST_PROTO, IMPORT_SLICE, items("EndpointSlice", mcs), 1)
stream("watch-services", WATCH_PROTO, SERVICE, event("Service", "ADDED", service) +
       event("Service", "MODIFIED", headless) + event("Service", "BOOKMARK", mark) +
       event("Service", "DELETED", service))
stream("watch-slices", WATCH_PROTO, SLICE, event("EndpointSlice", "ADDED", piece) +
       event("EndpointSlice", "DELETED", piece), 1)
stream("watch-error", WATCH_PROTO, SERVICE, event("Status", "ERROR", gone), 0)
stream("watch-unwrapped", WATCH_PROTO, SERVICE, struct.pack("!I", len(
    fields((1, "ADDED")) + field(2, field(1, external)))) + fields((1, "ADDED")) + field(2, field(1, external)))


# ---- JSON ----------------------------------------------------------------------------------------

def jlist(kind, *objects, first="metadata"):
    body = {"kind": kind + "List", "apiVersion": "v1", "metadata": {"resourceVersion": "9", "continue": "x"},
            "items": list(objects)}
    if first == "items":
        body = dict(sorted(body.items()))
    return json.dumps(body).encode()


def jevent(type, obj):
    return json.dumps({"type": type, "object": obj}).encode() + b"\n"


jservice = {"metadata": {"name": "web", "namespace": "demo", "resourceVersion": "8", "labels": {"a": "}\"{"}},
            "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1", "fd00::1"],
                     "externalIPs": ["192.0.2.1"], "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}, {"hostname": "lb.example.net"}]}}}
jslice = {"metadata": {"name": "db-1", "namespace": "demo", "labels": {"kubernetes.io/service-name": "db"}},
          "endpoints": [{"addresses": ["10.0.0.1"], "hostname": "h", "zone": "Z", "targetRef": {"name": "p"}},
                        {"addresses": ["10.0.0.2"], "conditions": {"ready": False}}], "ports": [{"name": ""}]}
jimport = {"metadata": {"name": "db", "namespace": "demo"}, "spec": {
    "type": "ClusterSetIP", "ips": ["10.42.0.1"], "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}]}}
jpod = {"metadata": {"name": "p", "namespace": "demo", "labels": {"app": "x"}}, "status": {"podIP": "10.0.0.1"}}
jmark = {"metadata": {"resourceVersion": "42", "annotations": {"k8s.io/initial-events-end": "true"}}}
jgone = {"kind": "Status", "message": "too old", "reason": "Expired", "code": 410, "details": {"retryAfterSeconds": 1}}

stream("json-list", LIST_JSON, SERVICE, jlist("Service", jservice))
stream("json-list-items-first", LIST_JSON, SERVICE, jlist("Service", jservice, first="items"), 0)
stream("json-list-slices", LIST_JSON, SLICE, jlist("EndpointSlice", jslice), 1)
stream("json-list-null", LIST_JSON, POD, b'{"items":null,"metadata":{"resourceVersion":"1"}}')
stream("json-watch", WATCH_JSON, SERVICE, jevent("ADDED", jservice) + jevent("BOOKMARK", jmark) +
       jevent("DELETED", jservice))
stream("json-watch-imports", WATCH_JSON, IMPORT, jevent("ADDED", jimport), 0)
stream("json-watch-pods", WATCH_JSON, POD, jevent("ADDED", jpod) + jevent("MODIFIED", jpod), 2)
stream("json-watch-error", WATCH_JSON, SERVICE, jevent("ERROR", jgone))

save("kube_exec", "status-json", 1, json.dumps(jgone).encode())
save("kube_exec", "status-proto", 1, unknown("Status", gone))
save("kube_exec", "credential", 0, json.dumps({
    "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
    "status": {"token": "t", "expirationTimestamp": "2030-01-02T03:04:05+01:30"}}).encode())
save("kube_exec", "credential-certificate", 0, json.dumps({
    "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
    "status": {"clientCertificateData": "c", "clientKeyData": "k"}}).encode())
