# SPDX-License-Identifier: Apache-2.0
"""The manifests as they are in the tree, as kustomize and helm make them, and a real API server to give them to.

  BINNACLE_K8S=tests/apiserver   the API server (tests/apiserver/README.md)
  HELM=path                      helm, see scripts/helm
kubectl is taken from PATH.  What is missing is skipped."""
import os, shutil, subprocess

import pytest
import yaml

from harness import server as servers, wait

DEPLOY = os.path.join(servers.ROOT, "deploy")
K8S = os.environ.get("BINNACLE_K8S", "")


def run(*args, text=None, env=None, ok=True, timeout=120):
    r = subprocess.run([str(a) for a in args], input=text, capture_output=True, text=True,
                       env={**os.environ, **(env or {})}, timeout=timeout * wait.FACTOR)
    assert not ok or r.returncode == 0, f"{args}: {r.stdout}{r.stderr}"
    return r


def objects(text):
    return [o for o in yaml.safe_load_all(text) if o]


def files(*names):
    """The objects in these files of deploy/."""
    out = []
    for name in names:
        with open(os.path.join(DEPLOY, name)) as f:
            out += objects(f.read())
    return out


def find(objs, kind, name):
    return next(o for o in objs if o["kind"] == kind and o["metadata"]["name"] == name)


@pytest.fixture(scope="session")
def kubectl():
    path = shutil.which("kubectl")
    if not path:
        pytest.skip("no kubectl")
    return path


@pytest.fixture(scope="session")
def kustomize(kubectl):
    """kustomize("kubernetes/join"): text of the objects."""
    return lambda folder: run(kubectl, "kustomize", os.path.join(DEPLOY, folder)).stdout


@pytest.fixture(scope="session")
def helm(tmp_path_factory):
    """helm(*args): a run of it that knows no other files of this user."""
    path = os.environ.get("HELM")
    if not path:
        pytest.skip("HELM=$(scripts/helm) is not set")
    home = str(tmp_path_factory.mktemp("helm"))
    env = {"HELM_CACHE_HOME": home, "HELM_CONFIG_HOME": home, "HELM_DATA_HOME": home}
    return lambda *args, **kw: run(path, *args, env=env, **kw)


class Api:
    """A real API server; kubectl as its administrator."""

    def __init__(self, data, kubectl):
        self.data, self.path = str(data), kubectl
        self.config = os.path.join(self.data, "admin.kubeconfig")
        run(os.path.join(K8S, "start"), "up", "--data", self.data, "--port", "0", "--etcd-port", "0",
            "--etcd-peer-port", "0", timeout=180)

    def kubectl(self, *args, **kw):
        return run(self.path, "--kubeconfig", self.config, *args, **kw)

    def get(self, *args):
        return yaml.safe_load(self.kubectl("get", *args, "-o", "yaml").stdout)

    def server(self):
        return self.kubectl("config", "view", "--minify", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}").stdout

    def close(self):
        run(os.path.join(K8S, "start"), "down", "--data", self.data, ok=False)


@pytest.fixture(scope="session")
def api(kubectl, tmp_path_factory):
    if not os.path.exists(os.path.join(K8S, "start")):
        pytest.skip("BINNACLE_K8S is not set")
    a = Api(tmp_path_factory.mktemp("k8s") / "data", kubectl)
    yield a
    a.close()
