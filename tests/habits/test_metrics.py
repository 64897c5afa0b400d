# SPDX-License-Identifier: Apache-2.0
"""Metric names follow the rules of Prometheus and of CoreDNS."""
import re

import metrics
import tree

NAME = re.compile(r"^(coredns|binnacle|process)_[a-z0-9_]+$")


def test_metric_names_have_a_known_prefix():
    tree.report([f"{path}:{line}: {name}" for path, line, name, _ in metrics.in_files("src/*.c")
                 if not NAME.match(name)])


def test_counters_end_in_total_and_others_do_not():
    tree.report([f"{path}:{line}: {name} is a {kind.lower()}" for path, line, name, kind in metrics.in_files("src/*.c")
                 if name.endswith("_total") != (kind == "COUNTER")])


def test_metrics_are_found_at_all():
    assert metrics.in_files("src/base/*.c"), "the pattern for metric_desc matches nothing any more"
