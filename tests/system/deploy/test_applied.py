# SPDX-License-Identifier: Apache-2.0
"""The manifests, given to a real API server by the real kubectl and helm."""
import json, os, subprocess

import pytest
import yaml

from harness import server as servers, wait
from .conftest import DEPLOY, find, objects

FOLDERS = ["kubernetes", "kubernetes/join", "eks"]
CHART = os.path.join(DEPLOY, "helm", "binnacle")
LEVEL = "pod-security.kubernetes.io/enforce=restricted"
CLUSTER = ["--set", "service.name=kube-dns,service.clusterIP=10.96.0.10,autoscaler.enabled=true"]


@pytest.fixture
def clean(api):
    """Nothing of ours is there before and after."""
    def sweep():
        everything = "deployment,service,serviceaccount,configmap,pdb,role,rolebinding,clusterrole,clusterrolebinding,hpa"
        api.kubectl("-n", "kube-system", "delete", everything, "-l", "app.kubernetes.io/name=binnacle", "--wait=false",
                    ok=False)
    sweep()
    yield api
    sweep()


def drift(api, text):
    """What applying it again would change."""
    return api.kubectl("diff", "-f", "-", text=text, ok=False).stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_variant_is_taken_and_stays_as_it_is(folder, clean, kustomize):
    text = kustomize(folder)
    out = clean.kubectl("apply", "-f", "-", text=text).stdout
    assert len(out.splitlines()) == len(objects(text)) and "Warning" not in out
    assert not drift(clean, text)
    made = clean.get("-n", "kube-system", "deployment", "binnacle")
    assert made["spec"]["template"]["spec"]["priorityClassName"] == "system-cluster-critical"


def test_the_service_has_the_address_of_every_resolv_conf(clean, kustomize):
    clean.kubectl("apply", "-f", "-", text=kustomize("kubernetes"))
    assert clean.get("-n", "kube-system", "service", "kube-dns")["spec"]["clusterIP"] == "10.96.0.10"


def pods(text):
    """A Pod of each Deployment's template."""
    for o in objects(text):
        if o["kind"] == "Deployment":
            template = o["spec"]["template"]
            yield {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
                   "metadata": {"name": o["metadata"]["name"], "labels": template["metadata"]["labels"]}}


def accepted(api, pod):
    r = api.kubectl("-n", "strict", "create", "--dry-run=server", "-f", "-", text=json.dumps(pod), ok=False)
    return r.returncode == 0, r.stderr


@pytest.fixture(scope="module")
def strict(api):
    api.kubectl("create", "namespace", "strict")
    api.kubectl("label", "namespace", "strict", LEVEL)
    return api


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_pods_pass_the_level_restricted(folder, strict, kustomize):
    made = list(pods(kustomize(folder)))
    assert made
    for pod in made:
        assert accepted(strict, pod) == (True, "")


def test_the_level_is_enforced_here(strict, kustomize):
    pod = next(pods(kustomize("kubernetes/join")))
    pod["spec"]["securityContext"]["runAsNonRoot"] = False
    ok, why = accepted(strict, pod)
    assert not ok and "runAsNonRoot" in why


def kubeconfig(api, account, path):
    """Of that ServiceAccount of kube-system."""
    with open(api.config) as f:
        config = yaml.safe_load(f)
    token = api.kubectl("-n", "kube-system", "create", "token", account).stdout.strip()
    config["users"][0]["user"] = {"token": token}
    for c in config["clusters"]:
        ca = c["cluster"].get("certificate-authority")
        if ca:
            c["cluster"]["certificate-authority"] = os.path.join(api.data, ca)
    path.write_text(yaml.safe_dump(config))
    return str(path)


def may(api, account, verb, what):
    r = api.kubectl("auth", "can-i", verb, what, "-A", f"--as=system:serviceaccount:kube-system:{account}", ok=False)
    return r.stdout.strip() == "yes"


def test_the_account_may_do_what_the_server_needs_and_no_more(clean, kustomize, tmp_path):
    clean.kubectl("apply", "-f", "-", text=kustomize("kubernetes"))
    r = wait.until(lambda: (lambda p: p.returncode == 0 and p)(subprocess.run(
        [*servers.binary(), "kube", "dump", "-stats", "-pods", "-timeout", "10", "-kubeconfig",
         kubeconfig(clean, "binnacle", tmp_path / "config")], capture_output=True, text=True)),
        "the whole cluster is listed", timeout=40)
    assert json.loads(r.stdout.splitlines()[-1])["synced"]
    assert may(clean, "binnacle", "watch", "services")
    for verb, what in (("list", "secrets"), ("get", "configmaps"), ("list", "nodes"), ("update", "services"),
                       ("create", "pods"), ("get", "services")):
        assert not may(clean, "binnacle", verb, what), f"{verb} {what}"
    assert may(clean, "binnacle-autoscaler", "watch", "nodes")
    assert not may(clean, "binnacle-autoscaler", "update", "deployments.apps")


# ---------------------------------------------------------------- the chart
def template(helm, *args, **kw):
    return helm("template", "binnacle", CHART, "-n", "kube-system", "--kube-version", "1.33.0", *args, **kw)


def test_the_chart_is_taken(clean, helm):
    text = template(helm, *CLUSTER).stdout
    clean.kubectl("apply", "-f", "-", text=text)
    assert not drift(clean, text)
    assert clean.get("-n", "kube-system", "service", "kube-dns")["spec"]["clusterIP"] == "10.96.0.10"
    dns = clean.get("-n", "kube-system", "deployment", "-l", "k8s-app=kube-dns")
    assert dns["items"] == []  # kubeadm upgrade takes such a Deployment for its own


def test_the_chart_is_installed_upgraded_and_uninstalled(clean, helm):
    at = ["-n", "kube-system", "--kubeconfig", clean.config]
    helm("install", "binnacle", CHART, *at, *CLUSTER)
    helm("upgrade", "binnacle", CHART, *at, *CLUSTER, "--set", "replicaCount=3,autoscaler.enabled=false")
    assert clean.get("-n", "kube-system", "deployment", "binnacle")["spec"]["replicas"] == 3
    helm("uninstall", "binnacle", *at)
    left = clean.kubectl("-n", "kube-system", "get", "deployment,service,configmap,pdb", "-l",
                         "app.kubernetes.io/name=binnacle", "-o", "name").stdout
    assert left == ""


def test_the_charts_pods_pass_the_level_restricted(strict, helm):
    made = list(pods(template(helm, *CLUSTER).stdout))
    assert len(made) == 2
    for pod in made:
        assert accepted(strict, pod) == (True, "")


def test_values_of_the_peers_chart_mean_the_same(helm, tmp_path):
    """A values file as written for CoreDNS's chart."""
    values = tmp_path / "values.yaml"
    values.write_text("""
image: {repository: registry.example/binnacle, tag: "9", pullSecrets: [pull]}
replicaCount: 4
rollingUpdate: {maxUnavailable: 1, maxSurge: 25%}
terminationGracePeriodSeconds: 30
podAnnotations: {a: b}
serviceType: LoadBalancer
isClusterService: false
priorityClassName: high
customLabels: {team: net}
customAnnotations: {note: x}
service: {name: dns, loadBalancerIP: 192.0.2.1, externalTrafficPolicy: Local, annotations: {c: d}}
serviceAccount: {create: false, name: other}
rbac: {create: false}
prometheus: {service: {enabled: true}, monitor: {enabled: true, interval: 9s, namespace: mon, additionalLabels: {m: n}}}
servers:
- zones: [{zone: a.example., use_tcp: true}, {zone: b.example.}]
  port: 5353
  plugins:
  - name: errors
  - name: cache
    parameters: 30
    configBlock: |-
      success 100
- zones: [{zone: ., scheme: "tls://"}]
  port: 853
  plugins: [{name: whoami}]
livenessProbe: {enabled: false}
readinessProbe: {failureThreshold: 7}
podDisruptionBudget: {minAvailable: 2}
tolerations: [{key: k, operator: Exists}]
nodeSelector: {disk: ssd}
affinity: {nodeAffinity: {}}
topologySpreadConstraints: [{maxSkew: 2, topologyKey: z, whenUnsatisfiable: DoNotSchedule}]
env: [{name: A, value: b}]
extraVolumes: [{name: v, emptyDir: {}}]
extraVolumeMounts: [{name: v, mountPath: /v}]
extraSecrets: [{name: s, mountPath: /s}]
extraContainers: [{name: side, image: side}]
zoneFiles: [{filename: a.db, domain: a.example, contents: "text"}]
hpa: {enabled: true, minReplicas: 3, maxReplicas: 5}
""")
    objs = objects(template(helm, "-f", values).stdout)
    kinds = {(o["kind"], o["metadata"]["name"]) for o in objs}
    assert not {"ServiceAccount", "ClusterRole", "ClusterRoleBinding"} & {k for k, _ in kinds}
    d = find(objs, "Deployment", "binnacle")
    spec = d["spec"]["template"]["spec"]
    main = spec["containers"][0]
    assert "replicas" not in d["spec"] and d["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": "25%"}
    assert d["metadata"]["labels"]["team"] == "net" and d["metadata"]["annotations"]["note"] == "x"
    assert main["image"] == "registry.example/binnacle:9" and spec["imagePullSecrets"] == [{"name": "pull"}]
    assert spec["serviceAccountName"] == "other" and spec["priorityClassName"] == "high"
    assert spec["terminationGracePeriodSeconds"] == 30 and spec["nodeSelector"]["disk"] == "ssd"
    assert spec["tolerations"] == [{"key": "k", "operator": "Exists"}] and spec["affinity"] == {"nodeAffinity": {}}
    assert spec["topologySpreadConstraints"][0]["maxSkew"] == 2
    assert "livenessProbe" not in main and main["readinessProbe"]["failureThreshold"] == 7
    assert {m["name"]: m["mountPath"] for m in main["volumeMounts"]} == {"config": "/etc/coredns", "v": "/v", "s": "/s"}
    assert main["env"] == [{"name": "A", "value": "b"}] and spec["containers"][1]["name"] == "side"
    assert {(p["containerPort"], p["protocol"]) for p in main["ports"]} == \
        {(5353, "TCP"), (5353, "UDP"), (853, "TCP"), (9153, "TCP")}
    s = find(objs, "Service", "dns")
    assert s["spec"]["type"] == "LoadBalancer" and s["spec"]["loadBalancerIP"] == "192.0.2.1"
    assert s["metadata"]["annotations"] == {"c": "d", "note": "x"}
    assert s["spec"]["selector"] == d["spec"]["selector"]["matchLabels"]
    assert "k8s-app" not in d["spec"]["template"]["metadata"]["labels"]
    assert find(objs, "PodDisruptionBudget", "binnacle")["spec"]["minAvailable"] == 2
    assert find(objs, "HorizontalPodAutoscaler", "binnacle")["spec"]["maxReplicas"] == 5
    monitor = find(objs, "ServiceMonitor", "binnacle")
    assert monitor["metadata"]["namespace"] == "mon" and monitor["spec"]["endpoints"][0]["interval"] == "9s"
    config = find(objs, "ConfigMap", "binnacle")["data"]
    assert config["a.db"] == "text\n"
    assert config["Corefile"] == ("a.example.:5353 b.example.:5353 {\n    errors\n    cache 30 {\n        success 100\n    }\n}\n"
                                  "\ntls://.:853 {\n    whoami\n}")


def test_a_value_that_the_chart_does_not_know_is_refused(helm):
    for wrong in ("nosuch=1", "service.nosuch=1", "servers[0].plugins[0].nosuch=1"):
        r = template(helm, "--set", wrong, ok=False)
        assert r.returncode and "nosuch" in r.stderr
    r = template(helm, "--set", "hpa.enabled=true,autoscaler.enabled=true", ok=False)
    assert r.returncode and "enable one" in r.stderr
