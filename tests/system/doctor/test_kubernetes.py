# SPDX-License-Identifier: Apache-2.0
"""doctor with a real API server: as a Pod with the rights of deploy/doctor, as a Pod with no rights at all, as a laptop with a
kubeconfig that reaches the API server and none of the pods; and the manifests themselves."""
import json
import os
import subprocess

import pytest
import yaml

from harness import peers, relay, server as servers
from . import net_api, net_cluster, net_faults, net_servers
from .net_cluster import UP, VIP
from .net_doctor import PATIENCE, Report

pytestmark = pytest.mark.skipif(not net_api.HERE, reason="needs BINNACLE_K8S and kubectl")
DEPLOY = os.path.join(servers.ROOT, "deploy", "doctor")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    a = net_api.Api(tmp_path_factory.mktemp("k8s") / "data")
    yield a
    a.close()


@pytest.fixture(scope="module")
def manifests():
    return subprocess.run(["kubectl", "kustomize", DEPLOY], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def known(net, api, request):
    """A net with two pods that the API server knows, and a way to the API server from the client."""
    net.healthy()
    api.dns([p.address for p in net.pods], net.corefile())
    relays = [relay.Relay(net.client, api.port)]
    yield net
    for r in relays:
        r.close()


def run(net, api, tmp_path, account, name="www.example.org", *args):
    """In a Pod of that account (NAMESPACE/NAME)."""
    ns, who = account.split("/")
    secret = api.secret(tmp_path / f"secret-{ns}-{who}", ns, api.token(ns, who))
    line = [*servers.binary(), "doctor", *PATIENCE, name, *args, "--json"]
    return Report(net.run(api.in_pod(secret, line)))


@pytest.fixture
def applied(api, manifests):
    api.kubectl("apply", "-f", "-", text=manifests)
    yield api
    api.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", text=manifests)


def test_the_manifests_are_taken_as_they_are(applied, manifests):
    p = subprocess.run(["kubectl", "--kubeconfig", f"{applied.data}/admin.kubeconfig", "diff", "-f", "-"], input=manifests,
                       capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr


def test_the_pod_passes_the_level_restricted(applied, manifests):
    applied.put(applied.objects.namespace("strict", **{"pod-security.kubernetes.io/enforce": "restricted"}))
    pod = next(o for o in yaml.safe_load_all(manifests) if o["kind"] == "Pod")
    pod["metadata"]["namespace"] = "strict"
    applied.put(applied.account("strict", "binnacle-doctor"))
    out = applied.kubectl("create", "--dry-run=server", "-f", "-", text=json.dumps(pod))
    assert "binnacle-doctor created" in out


def test_the_role_reads_and_no_more(applied, manifests):
    rules = [r for o in yaml.safe_load_all(manifests) if o["kind"] in ("ClusterRole", "Role") for r in o["rules"]]
    assert {v for r in rules for v in r["verbs"]} <= {"get", "list"}
    assert not {"secrets", "*"} & {x for r in rules for x in r["resources"]}


def test_with_the_role_all_is_found_by_itself(known, applied, tmp_path):
    report = run(known, applied, tmp_path, "default/binnacle-doctor").is_healthy()
    for address in (VIP, UP, *(p.address for p in known.pods)):
        assert address in report.text, report.story()
    assert report.json["kubernetes"]["reached"] and not report.json["kubernetes"]["refused"], report.story()


def test_each_right_of_the_role_is_used(known, applied, tmp_path, manifests):
    """Without one of them something is refused, and said."""
    for o in yaml.safe_load_all(manifests):
        if o["kind"] not in ("ClusterRole", "Role"):
            continue
        for left_out in range(len(o["rules"])):
            less = dict(o, rules=[r for i, r in enumerate(o["rules"]) if i != left_out])
            applied.kubectl("apply", "-f", "-", text=json.dumps(less))
            folder = tmp_path / f"{o['kind']}{left_out}"
            folder.mkdir()
            rule = o["rules"][left_out]

            def refused():
                # RBAC takes a moment to see the change.
                sub = folder / str(len(list(folder.iterdir())))
                sub.mkdir()
                report = run(known, applied, sub, "default/binnacle-doctor", "web")
                return {(x["verb"], x["resource"].split(".")[0]) for x in report.json["kubernetes"]["refused"]}
            net_api.wait.until(lambda: (rule["verbs"][0], rule["resources"][0]) in refused(), f"{rule} is missed", 20)
        applied.kubectl("apply", "-f", "-", text=json.dumps(o))


def test_without_rights_the_missing_ones_are_named_and_the_rest_goes_on(known, api, tmp_path):
    report = run(known, api, tmp_path, "shop/default")
    assert report.status != 1, report.story()
    refused = {(x["verb"], x["resource"].split(".")[0]) for x in report.json["kubernetes"]["refused"]}
    assert ("list", "endpointslices") in refused and ("get", "configmaps") in refused, report.story()
    assert any(o["outcome"] == "answered" for o in report.json["observations"])


def test_without_rights_a_fault_is_still_found_by_what_the_client_sees(known, api, tmp_path):
    known.lose("tcp dport 53", known.client, hook="output")
    report = run(known, api, tmp_path, "shop/default", "large.example.org.")
    report.found("tcp-blocked-client", VIP)


def test_with_the_role_a_fault_is_found(known, applied, tmp_path):
    net_faults.no_kube_proxy(known)
    report = run(known, applied, tmp_path, "default/binnacle-doctor")
    report.found("service-address-dead", VIP, known.pods[0].address)


LAPTOP = "nameserver 127.0.0.53\nsearch home.example\n"


@pytest.fixture(params=["no route", "a route that leads nowhere"])
def laptop(netns, server, api, request):
    """A machine outside: its own resolver, a way to the API server, none to the pods."""
    ns = netns()
    peers.zone_server(server, ns, "127.0.0.53", net_cluster.ZONE)
    if request.param != "no route":
        ns.interface("lan0", "192.168.1.5/24")
        ns.ip("route", "add", "default", "via", "192.168.1.1", "dev", "lan0")
        ns.ip("neigh", "add", "192.168.1.1", "lladdr", "02:00:00:00:00:01", "dev", "lan0")
    way = relay.Relay(ns, api.port)
    yield ns
    way.close()


def test_from_a_laptop_the_pods_are_not_reachable_and_that_is_no_fault(laptop, applied, tmp_path):
    pods = ["10.0.1.10", "10.0.1.11"]
    applied.dns(pods, net_servers.corefile(UP))
    config = applied.kubeconfig(tmp_path / "config", applied.token("default", "binnacle-doctor"))
    line = [*servers.binary(), "doctor", *PATIENCE, "www.example.org", "--kubeconfig", config]
    p = subprocess.run(laptop.command(line, LAPTOP), capture_output=True, text=True, timeout=120)
    assert p.stdout.count("not reachable from here") >= 3 and p.returncode != 1, p.stdout + p.stderr
    report = Report(subprocess.run(laptop.command([*line, "--json"], LAPTOP), capture_output=True, text=True, timeout=120))
    assert not report.slugs("fault"), report.story()
    assert all(address in report.text for address in (VIP, *pods)), report.story()
