# SPDX-License-Identifier: Apache-2.0
"""docs/migrate.md: our pods beside those of a platform.  Who selects whom, by the labels in the files."""
import os, re

import pytest

from harness import server as servers

from .conftest import files, find
from .owners import DNS, PLATFORMS

OURS = files(*(f"kubernetes/base/{name}.yaml" for name in ("deployment", "pdb", "rbac", "serviceaccount")))
DEPLOYMENT = find(OURS, "Deployment", "binnacle")
LABELS = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
SELECTOR = DEPLOYMENT["spec"]["selector"]["matchLabels"]
BUDGET = find(OURS, "PodDisruptionBudget", "binnacle")["spec"]["selector"]["matchLabels"]
# Where pods do not join by label alone.
APART = {"deployment", "openshift"}
everywhere = pytest.mark.parametrize("name", PLATFORMS)


def matches(selector, labels):
    return all(labels.get(k) == v for k, v in selector.items())


def page():
    with open(os.path.join(servers.ROOT, "docs", "migrate.md")) as f:
        return f.read()


TITLES = {"deployment": "The CoreDNS project's manifest", "eks": "Amazon EKS, the add-on", "aks": "Azure AKS", "gke": "Google GKE",
          "eks-self": "Amazon EKS, self-managed", "k3s": "k3s", "openshift": "OpenShift", "kubeadm": "kubeadm"}


def section(name):
    return re.search(rf"^## {TITLES[name]}\n(.*?)(?=^## |\Z)", page(), re.M | re.S)[1]


@everywhere
def test_our_deployment_and_budget_know_no_pod_of_the_platform(name):
    assert not matches(SELECTOR, PLATFORMS[name]["pods"])
    assert not matches(BUDGET, PLATFORMS[name]["pods"])
    assert matches(SELECTOR, LABELS) and matches(BUDGET, LABELS)


@everywhere
def test_the_platforms_replica_sets_take_none_of_our_pods(name):
    """A ReplicaSet's selector has the hash of its template, which a pod of another template has not."""
    replica_set = {**PLATFORMS[name]["owner"], "pod-template-hash": "theirs"}
    assert not matches(replica_set, {**LABELS, "pod-template-hash": "ours"})


@pytest.mark.parametrize("name", ["eks", "deployment", "openshift"])
def test_selectors_are_disjoint(name):
    assert not matches(PLATFORMS[name]["owner"], LABELS)


@pytest.mark.parametrize("name", [n for n in PLATFORMS if matches(PLATFORMS[n]["owner"], LABELS)])
def test_where_the_owners_selector_is_the_services_the_page_says_what_follows(name):
    """Who joins such a Service has the owner's labels, whatever else it has."""
    assert PLATFORMS[name]["owner"] == PLATFORMS[name]["service"] == DNS
    assert "selector" in section(name)


@everywhere
def test_no_pod_has_two_budgets(name):
    """The API refuses to evict a pod that two budgets match."""
    assert sum(matches(b, LABELS) for b in [BUDGET, *PLATFORMS[name]["budgets"]]) == 1
    for budget in PLATFORMS[name]["budgets"]:
        assert matches(budget, PLATFORMS[name]["pods"])


@everywhere
def test_our_pods_join_the_service_by_their_labels(name):
    assert matches(PLATFORMS[name]["service"], LABELS) == (name not in APART)
    if name in APART:
        assert "does not" in section(name) or "cannot" in section(name)
    assert matches(PLATFORMS[name]["service"], PLATFORMS[name]["pods"])


def test_the_deployment_itself_is_not_labelled_as_the_clusters_dns():
    """kubeadm upgrade gives up when two Deployments are."""
    assert not matches(DNS, DEPLOYMENT["metadata"]["labels"])


def test_nothing_of_ours_has_a_platforms_name():
    names = {o["metadata"]["name"].split(":")[-1] for o in OURS}
    assert names == {"binnacle"}


@pytest.mark.parametrize("name", TITLES)
def test_the_page_says_who_owns_what_reverts_and_how_to_go_back(name):
    text = section(name)
    for word in ("**Owner**", "**What reverts a change**", "**Back**", "**Tested**"):
        assert word in text, f"{name}: no {word}"
