# SPDX-License-Identifier: Apache-2.0
"""Verdicts for which a real API server tells what ought to be: a Service that was asked for before it was made, an ExternalName
to nothing; and what a refusal of the API server leaves untold."""
import time

import pytest

from harness import relay, server as servers, wait
from . import faults_answers as faults, net_api, net_servers
from .net_cluster import UP
from .net_doctor import HEALTHY, PATIENCE, Report

pytestmark = pytest.mark.skipif(not net_api.HERE, reason="needs BINNACLE_K8S and kubectl")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    a = net_api.Api(tmp_path_factory.mktemp("k8s") / "data")
    yield a
    a.close()


@pytest.fixture(params=net_servers.COREFILES)
def known(net, api, request):
    """One pod with the plugin kubernetes, known to the API server, which the client reaches as well."""
    relays = [relay.Relay(net.client, api.port)]
    command = servers.binary() if request.param == "Binnacle" else request.getfixturevalue("coredns")
    net.upstream()
    pod = faults.kubernetes_pod(net, f"{api.data}/admin.kubeconfig", api.port, command, relays)
    net.service()
    api.dns([pod.address], net_servers.corefile(UP))
    own = ("@" + pod.address, "+noad", "kube-dns.kube-system.svc.cluster.local")
    wait.until(lambda: "10.96.0.10" in net.dig(*own), "the pod knows the cluster", 30, 0.2)
    yield net
    for r in relays:
        r.close()


def run(net, api, name, config=None):
    line = [*servers.binary(), "doctor", *PATIENCE, name, "--kubeconfig", config or f"{api.data}/admin.kubeconfig", "--json"]
    return Report(net.run(line))


def inside(name):
    return f"{name}.shop.svc.cluster.local"


def test_a_service_that_was_asked_for_before_it_was_made(known, api, request):
    """The denial stays in the pod's cache after the Service is there; its age and the Service's are compared."""
    name = f"late-{int(time.time())}"
    assert "NXDOMAIN" in known.dig("@" + known.pods[0].address, "+noad", inside(name))
    asked = time.time()
    wait.until(lambda: time.time() >= asked + 4, "the API server's clock has whole seconds", 10, 0.1)
    api.put(api.objects.service("shop", name, ip=f"10.96.8.{int(asked) % 250 + 1}"))
    v = run(known, api, name + ".shop").found("nxdomain-cached-early", known.pods[0].address, "from before it existed", "API server")
    assert "denial" in v["remedy"]


def test_an_external_name_to_nothing(known, api):
    name = f"gone-{int(time.time())}"
    api.put(api.objects.external("shop", name, "no-such-name.example.org"))
    ready = ("@" + known.pods[0].address, "+noad", "CNAME", inside(name))
    wait.until(lambda: known.dig("+short", *ready), "the pod knows it", 20, 0.5)
    v = run(known, api, name + ".shop").found("externalname-dangling", "no-such-name.example.org", "does not exist", "externalName")
    assert "kubectl" in v["remedy"]


def test_what_the_api_server_refuses_is_said_and_no_fault(known, api, tmp_path):
    config = api.kubeconfig(tmp_path / "config", api.token("shop", "default"))
    report = run(known, api, "www.example.org", config)
    assert report.status == HEALTHY and report.verdict("could-not-tell")["severity"] == "note", report.story()
    assert "403" in report.evidence("could-not-tell") and "endpointslices" in report.evidence("could-not-tell"), report.story()
