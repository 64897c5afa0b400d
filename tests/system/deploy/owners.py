# SPDX-License-Identifier: Apache-2.0
"""What the DNS manifests of platforms say of labels: written down by hand from their published objects.  (AKS publishes none.)

A platform: the labels of its pods, the selectors of what owns them, of the Service, and of its PodDisruptionBudgets."""

DNS = {"k8s-app": "kube-dns"}
EKS = {**DNS, "eks.amazonaws.com/component": "coredns"}
REPO = {**DNS, "app.kubernetes.io/name": "coredns"}
OPENSHIFT = {"dns.operator.openshift.io/daemonset-dns": "default"}

PLATFORMS = {
    "kubeadm": {"pods": DNS, "owner": DNS, "service": DNS, "budgets": []},
    "eks": {"pods": EKS, "owner": EKS, "service": DNS, "budgets": [EKS]},
    "deployment": {"pods": REPO, "owner": REPO, "service": REPO, "budgets": []},
    "k3s": {"pods": DNS, "owner": DNS, "service": DNS, "budgets": []},
    "gke": {"pods": DNS, "owner": DNS, "service": DNS, "budgets": []},
    "openshift": {"pods": OPENSHIFT, "owner": OPENSHIFT, "service": OPENSHIFT, "budgets": []},
}
