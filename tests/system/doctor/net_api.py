# SPDX-License-Identifier: Apache-2.0
"""A real API server that knows the Net's DNS: the Service kube-dns, its EndpointSlice, the pods and the Corefile.

  BINNACLE_K8S=folder    with `start` and `objects.py` (tests/apiserver); without it these tests are skipped
"""
import json
import os
import shutil
import subprocess
import sys

from harness import wait
from .net_cluster import VIP

K8S = os.environ.get("BINNACLE_K8S", "")
HERE = os.path.exists(os.path.join(K8S, "start")) and shutil.which("kubectl")
SECRET = "/var/run/secrets/kubernetes.io/serviceaccount"
PORTS = ("dns:53/UDP", "dns-tcp:53/TCP")


class Api:
    """`put(OBJECT)` as the administrator; kubectl(ARGS)."""

    def __init__(self, data):
        sys.path.append(K8S)
        import objects
        self.objects, self.data = objects, str(data)
        self._start("up", "--port", "0", "--etcd-port", "0", "--etcd-peer-port", "0")
        try:
            self.api = objects.Api(self.data)
            self.port = int(self.api.env["KAPI_PORT"])
            for name in ("kube-system", "default", "shop"):
                self.put(objects.namespace(name))
            self.put(self.account("shop", "default"))
        except BaseException:
            self.close()
            raise

    def _start(self, *args):
        p = subprocess.run([os.path.join(K8S, "start"), args[0], "--data", self.data, *args[1:]], capture_output=True, text=True)
        assert p.returncode == 0, p.stderr

    def close(self):
        self._start("down")

    def put(self, obj):
        return self.api.put_object(obj)

    def kubectl(self, *args, text=None):
        p = subprocess.run(["kubectl", "--kubeconfig", f"{self.data}/admin.kubeconfig", *args], input=text,
                           capture_output=True, text=True, timeout=60 * wait.FACTOR)
        assert p.returncode == 0, p.stderr
        return p.stdout

    @staticmethod
    def account(ns, name):
        return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": ns, "name": name}}

    # -- the cluster's DNS
    def dns(self, pods, corefile, image="registry.example/coredns:v1.11.3", configmap="coredns"):
        """What an API server knows of these pods (their addresses)."""
        o = self.objects
        for obj in json.loads(self.kubectl("-n", "kube-system", "get", "pods,configmaps", "-o", "json"))["items"]:
            if obj["metadata"]["name"] != "kube-root-ca.crt":
                self.kubectl("-n", "kube-system", "delete", obj["kind"], obj["metadata"]["name"], "--grace-period=0", "--force")
        self.put(o.service(ports=PORTS, ns="kube-system", name="kube-dns", ip=VIP, labels={"k8s-app": "kube-dns"},
                           selector={"k8s-app": "kube-dns"}))
        names = [f"coredns-{i}" for i in range(len(pods))]
        self.put(o.endpoint_slice("kube-system", "kube-dns", "a", [
            o.endpoint(p, pod=("kube-system", n)) for p, n in zip(pods, names)], PORTS))
        for p, n in zip(pods, names):
            made = o.pod("kube-system", n, p, labels={"k8s-app": "kube-dns"})
            made["spec"]["containers"][0].update(name="coredns", image=image)
            self.put(made)
        self.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "kube-system", "name": configmap},
                  "data": {"Corefile": corefile}})

    # -- what a client of it has
    def token(self, ns, account):
        return self.kubectl("-n", ns, "create", "token", account).strip()

    def kubeconfig(self, path, token):
        """As a person has it on a laptop."""
        config = json.loads(self.kubectl("config", "view", "--raw", "--flatten", "-o", "json"))
        config["users"][0]["user"] = {"token": token}
        with open(path, "w") as f:
            json.dump(config, f)
        return str(path)

    def secret(self, folder, ns, token):
        """What the kubelet puts into a Pod."""
        os.mkdir(folder)
        shutil.copy(f"{self.data}/pki/ca.crt", folder)
        for name, text in (("token", token), ("namespace", ns)):
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        return str(folder)

    def in_pod(self, secret, line):
        """The command line, with that folder where a Pod has its account, and the API server's address as variables."""
        script = (f"mkdir -p {SECRET} && mount -t tmpfs none {os.path.dirname(SECRET)} && mkdir {SECRET} && "
                  f"mount --bind {secret} {SECRET} && exec \"$@\"")
        return ["env", "KUBERNETES_SERVICE_HOST=127.0.0.1", f"KUBERNETES_SERVICE_PORT={self.port}",
                "sh", "-c", script, "sh", *line]
