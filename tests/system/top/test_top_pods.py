# SPDX-License-Identifier: Apache-2.0
"""Clients are told by their pods where the cluster's objects say whose address it is, and by nothing where they do not."""
import json, os, subprocess

import pytest

import compat, fakekube
from harness import server as server_module, wait

COREFILE = """.:{PORT} {
    bind 127.0.0.1
    %s
    kubernetes cluster.local {
        endpoint http://127.0.0.1:{KUBE}
        %s
    }
    whoami
}
"""


def meta(name):
    return {"name": name, "namespace": "shop", "labels": {"kubernetes.io/service-name": name.rsplit("-", 1)[0]}}


def pod(name, ip):
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "status": {"podIP": ip}}


OBJECTS = [
    {"kind": "Namespace", "metadata": {"name": "shop"}},
    {"kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
     "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "http", "port": 80}]}},
    {"kind": "EndpointSlice", "metadata": meta("web-x"), "ports": [{"name": "http", "port": 80}],
     "endpoints": [{"addresses": ["127.0.0.7"], "targetRef": {"kind": "Pod", "name": "web-0", "namespace": "shop"}}]},
    pod("web-0", "127.0.0.7"), pod("job-1", "127.0.0.8"), pod("host-a", "127.0.0.9"), pod("host-b", "127.0.0.9"),
]


@pytest.fixture
def kube():
    k = fakekube.FakeKube(compat.free_port(), OBJECTS, {})
    k.start()
    yield k
    k.stop()


def owners(made):
    """address -> what the client is told to be."""
    r = subprocess.run([*server_module.binary(), "top", "-admin", f"binnacle/pods-{os.getpid()}", "-once", "-json"],
                       capture_output=True, text=True, timeout=20 * wait.FACTOR)
    assert r.returncode == 0, r
    return {c["client"]: {k: c[k] for k in ("pod", "service", "namespace") if k in c}
            for c in json.loads(r.stdout)["who"]["minute"]["clients"]}


@pytest.mark.parametrize("log, options, first, second", [
    ("", "pods insecure", {"service": "shop/web"}, {}),
    ("", "endpoint_pod_names", {"pod": "shop/web-0"}, {}),
    ("", "pods verified", {"service": "shop/web"}, {"namespace": "shop"}),
    ("metadata\n    log . {/kubernetes/client-pod-name}", "pods verified", {"pod": "shop/web-0"}, {"pod": "shop/job-1"}),
], ids=["services", "endpoint names", "verified", "verified with names"])
def test_clients_by_what_is_known(server, kube, log, options, first, second):
    made = server(COREFILE % (log, options), args=["-admin", f"binnacle/pods-{os.getpid()}"], KUBE=kube.port)
    wait.until(lambda: made.udp("web.shop.svc.cluster.local.").rcode() == 0, "the cluster's names")
    for i in (6, 7, 8, 9):
        made.udp("web.shop.svc.cluster.local.", source=f"127.0.0.{i}")
    seen = owners(made)
    assert seen["127.0.0.7"] == first
    assert seen["127.0.0.8"] == second
    assert seen["127.0.0.6"] == {} and seen["127.0.0.9"] == {}      # nobody's, and two pods'
