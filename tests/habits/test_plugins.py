# SPDX-License-Identifier: Apache-2.0
"""The chain's order is CoreDNS's, and each plugin has what belongs to it."""
import os

import tree

# The order of CoreDNS 1.14.7.
ORDER = """
    root metadata geoip cancel proxyproto quic grpc_server https https3 timeouts multisocket reload nsid
    bufsize bind debug trace ready health pprof shed prometheus errors log dnstap local dns64 any chaos
    loadbalance tsig rewrite autopath acl cache header dnssec tls minimal template transfer hosts route53
    azure clouddns k8s_external kubernetes file auto secondary etcd loop forward grpc erratic whoami on sign
    view nomad
""".split()


def test_plugin_list_has_the_order_of_coredns():
    assert [name for name, words in tree.plugin_list() if "-extra" not in words] == ORDER


def test_plugin_list_has_known_words():
    tree.report([f"src/plugin/plugin.list: {name}: unknown word {w}" for name, words in tree.plugin_list()
                 for w in words if w not in ("built", "-extra")])


def missing(what):
    return [f"{name}: no {what.format(name)}" for name in tree.built_plugins()
            if not os.path.exists(os.path.join(tree.ROOT, what.format(name)))]


def test_built_plugins_have_their_source():
    tree.report(missing("src/plugin/{0}/{0}.c"))


def test_built_plugins_have_a_page():
    tree.report(missing("docs/plugins/{}.md"))


def test_built_plugins_have_cases():
    tree.report(missing("tests/compat/cases/{}"))


def test_plugins_metrics_are_on_its_page():
    import metrics
    found = []
    for name in tree.built_plugins():
        page = tree.text(f"docs/plugins/{name}.md") if not missing_page(name) else ""
        for path, line, metric, _ in metrics.in_files(f"src/plugin/{name}/*.c"):
            if metric not in page:
                found.append(f"{path}:{line}: {metric} is not in docs/plugins/{name}.md")
    tree.report(found)


def missing_page(name):
    return not os.path.exists(os.path.join(tree.ROOT, f"docs/plugins/{name}.md"))
