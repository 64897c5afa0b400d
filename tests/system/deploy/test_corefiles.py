# SPDX-License-Identifier: Apache-2.0
"""The Corefiles of the manifests and of the chart: those of examples/stock, which tests/system/stock serves as they are."""
import os, subprocess

import pytest

from harness import server as servers, wait

from .conftest import DEPLOY, files, find, objects

STOCK = os.path.join(servers.ROOT, "examples", "stock")


def words(path):
    with open(path) as f:
        return [line.split() for line in f if line.strip()]


def complaints(path):
    """Of check -portable, but that there is no cluster here."""
    r = subprocess.run([*servers.binary(), "check", "-portable", "-conf", str(path)], capture_output=True, text=True,
                       timeout=20 * wait.FACTOR)
    return [line for line in r.stderr.splitlines()[:-1] if "in-cluster configuration" not in line]


@pytest.mark.parametrize("ours, stock", [("kubernetes/base", "deployment"), ("eks", "eks")])
def test_the_manifests_have_the_stock_corefile(ours, stock):
    path = os.path.join(DEPLOY, ours, "Corefile")
    assert words(path) == words(os.path.join(STOCK, stock + ".Corefile"))
    assert complaints(path) == []


def test_the_charts_corefile_is_portable(helm, tmp_path):
    text = helm("template", "binnacle", os.path.join(DEPLOY, "helm", "binnacle"), "--kube-version", "1.33.0").stdout
    path = tmp_path / "Corefile"
    path.write_text(find(objects(text), "ConfigMap", "binnacle")["data"]["Corefile"])
    assert complaints(path) == []


def test_the_grace_period_outlives_lameduck():
    """docs/operations.md: at least lameduck and 10 s; the replacement is ready before one goes."""
    spec = find(files("kubernetes/base/deployment.yaml"), "Deployment", "binnacle")["spec"]
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= 5 + 10
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    with open(os.path.join(DEPLOY, "kubernetes/base/Corefile")) as f:
        assert "lameduck 5s" in f.read()
