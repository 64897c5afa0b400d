# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes a real server: the dashboard's queries and those of the public CoreDNS dashboards find series,
and the rules that come along load and fire."""
import json
import os
import re
import shutil
import subprocess
import urllib.parse

import pytest

import compat, fakekube
from harness import server as servers, traffic, wait, web

DEPLOY = os.path.join(servers.ROOT, "deploy")

CONF = """.:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2} {
        top 5
    }
    health 127.0.0.1:{PORT3}
    errors
    cache 30 {
        serve_stale
    }
    forward . {UP} {DOWN} {
        policy round_robin
        health_check 100ms
    }
}
a.example:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2}
    whoami
}
cluster.local:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2}
    kubernetes {
        endpoint http://127.0.0.1:{KUBE}
    }
}
cut.example:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2}
    forward . {CUT}
}
"""
UP = {"rules": [{"match": {"name": "fail.example."}, "rcode": "SERVFAIL"},
                {"match": {"name": "gone.example."}, "rcode": "NXDOMAIN"},
                {"match": {}, "answer": "@ 60 IN A 192.0.2.1"}]}

SERVICE = {"kind": "Service", "metadata": {"name": "web", "namespace": "demo"},
           "spec": {"clusterIP": "10.96.0.80", "ports": [{"name": "http", "port": 80}]}}
CUT = {"udp_max": 512, "edns_max": 512, "records": "$GENERATE 1-60 cut.example. 60 IN A 192.0.2.$"}

# What the dashboards that people have ask for: the Kubernetes mixin for CoreDNS, Grafana's 5926, 14981, 15762 and 20423, and
# the queries that the manuals of managed clusters recommend.  Names that CoreDNS 1.14 no longer has come from the rules in
# old-names.yaml.
PUBLIC = """
sum(rate(coredns_dns_requests_total[5m])) by (proto)
sum(rate(coredns_dns_requests_total{instance=~".*"}[5m])) by (type)
sum(rate(coredns_dns_requests_total{instance=~".*"}[5m])) by (zone)
sum(rate(coredns_dns_requests_total[5m])) by (server)
sum(rate(coredns_dns_requests_total[5m])) by (view)
sum(rate(coredns_dns_requests_total[5m])) by (family, proto)
sum(rate(coredns_dns_do_requests_total[5m]))
sum(rate(coredns_dns_responses_total[5m])) by (rcode)
sum(rate(coredns_dns_responses_total{rcode="SERVFAIL"}[5m])) / sum(rate(coredns_dns_responses_total[5m]))
sum(rate(coredns_dns_responses_total{rcode=~"NXDOMAIN|NOERROR"}[5m])) by (plugin)
histogram_quantile(0.99, sum(rate(coredns_dns_request_duration_seconds_bucket[5m])) by (server, zone, le))
histogram_quantile(0.95, sum(rate(coredns_dns_request_duration_seconds_bucket{job=~".+"}[5m])) by (le, job))
sum(rate(coredns_dns_request_duration_seconds_sum[5m])) / sum(rate(coredns_dns_request_duration_seconds_count[5m]))
histogram_quantile(0.99, sum(rate(coredns_dns_request_size_bytes_bucket{proto="udp"}[5m])) by (le, proto))
histogram_quantile(0.90, sum(rate(coredns_dns_request_size_bytes_bucket{proto="tcp"}[5m])) by (le, proto))
histogram_quantile(0.99, sum(rate(coredns_dns_response_size_bytes_bucket{proto="udp"}[5m])) by (le, proto))
histogram_quantile(0.50, sum(rate(coredns_dns_response_size_bytes_bucket{proto="tcp"}[5m])) by (le, proto))
sum(coredns_cache_entries) by (type)
sum(rate(coredns_cache_hits_total[5m])) by (type)
sum(rate(coredns_cache_misses_total[5m]))
sum(rate(coredns_cache_requests_total[5m]))
sum(rate(coredns_cache_hits_total[5m])) / (sum(rate(coredns_cache_hits_total[5m])) + sum(rate(coredns_cache_misses_total[5m])))
sum(rate(coredns_proxy_request_duration_seconds_count[5m])) by (to)
histogram_quantile(0.99, sum(rate(coredns_proxy_request_duration_seconds_bucket[5m])) by (to, le))
sum(rate(coredns_proxy_request_duration_seconds_count{rcode="SERVFAIL"}[5m])) by (proxy_name, to)
sum(rate(coredns_proxy_conn_cache_hits_total[5m])) by (to, proto)
sum(rate(coredns_proxy_conn_cache_misses_total[5m])) by (to, proto)
sum(rate(coredns_proxy_healthcheck_failures_total[5m])) by (to)
sum(rate(coredns_forward_healthcheck_broken_total[5m]))
sum(rate(coredns_forward_max_concurrent_rejects_total[5m]))
coredns_plugin_enabled{name="cache"}
sum(rate(coredns_panics_total[5m]))
sum(coredns_panics_total)
count(coredns_build_info) by (version)
histogram_quantile(0.99, sum(rate(coredns_health_request_duration_seconds_bucket[5m])) by (le))
sum(rate(coredns_health_request_failures_total[5m]))
coredns_reload_failed_total
process_resident_memory_bytes{job="dns"}
rate(process_cpu_seconds_total{job="dns"}[5m])
process_open_fds / process_max_fds
time() - process_start_time_seconds
rate(process_network_receive_bytes_total[5m])
up{job="dns"}
sum(rate(coredns_forward_requests_total[5m])) by (to)
sum(rate(coredns_forward_responses_total[5m])) by (rcode)
histogram_quantile(0.99, sum(rate(coredns_forward_request_duration_seconds_bucket[5m])) by (to, le))
sum(rate(coredns_forward_request_duration_seconds_sum[5m])) / sum(rate(coredns_forward_request_duration_seconds_count[5m]))
sum(rate(coredns_forward_healthcheck_failures_total[5m])) by (to)
sum(rate(coredns_dns_request_count_total[5m])) by (proto)
sum(rate(coredns_dns_request_type_count_total[5m])) by (type)
sum(rate(coredns_dns_response_rcode_count_total[5m])) by (rcode)
sum(coredns_cache_size) by (type)
sum(rate(coredns_forward_response_rcode_count_total[5m])) by (rcode)
""".strip().splitlines()


def tool(name):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"no {name}")
    return path


class Prometheus:
    """One that scrapes `port` each second, with our rules."""

    def __init__(self, folder, port):
        self.port = compat.free_port()
        conf = os.path.join(folder, "prometheus.yml")
        with open(conf, "w") as f:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                       "rule_files": [os.path.join(DEPLOY, "prometheus", n) for n in ("alerts.yaml", "old-names.yaml")],
                       "scrape_configs": [{"job_name": "dns", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]}, f)
        self.log = open(os.path.join(folder, "prometheus.log"), "w+")
        self.proc = subprocess.Popen([tool("prometheus"), f"--config.file={conf}", f"--storage.tsdb.path={folder}/data",
                                      f"--web.listen-address=127.0.0.1:{self.port}"], stdout=self.log, stderr=self.log)
        wait.until(self.ready, "Prometheus", 90)

    def ready(self):
        assert self.proc.poll() is None, open(self.log.name).read()[-2000:]
        try:
            return web.get(self.port, "/-/ready").status == 200
        except OSError:
            return False

    def api(self, path, **args):
        r = json.loads(web.get(self.port, f"/api/v1/{path}?" + urllib.parse.urlencode(args)).text)
        assert r["status"] == "success", r
        return r["data"]

    def find(self, promql):
        """The series of a query that are numbers."""
        return [s for s in self.api("query", query=promql)["result"] if s["value"][1] not in ("NaN", "+Inf")]

    def stop(self):
        self.proc.terminate()
        self.proc.wait(20)
        self.log.close()


@pytest.fixture
def scraped(admin, upstream, tmp_path):
    """A server after traffic of all kinds, and the Prometheus that has watched it."""
    down = upstream({})
    at = str(down)
    down.stop()
    kube = fakekube.FakeKube(compat.free_port(), [SERVICE])
    kube.start()
    made = admin(CONF, UP=upstream(UP), DOWN=at, CUT=upstream(CUT), KUBE=kube.port)
    prom = Prometheus(str(tmp_path), made.port("PORT2"))
    load = traffic.Udp(made.port(), "load.example.", rate=100)
    try:
        def scrapes():
            for i in range(10):
                made.udp(f"n{os.urandom(4).hex()}.example.")
            for name in ("fail.example.", "gone.example.", "cut.example.", "x.a.example.", "web.demo.svc.cluster.local."):
                made.udp(name, query={"do": True})
                made.tcp(name)
            found = prom.find("count_over_time(up{job=\"dns\"}[1h])")
            return found and float(found[0]["value"][1]) >= 6
        wait.until(scrapes, "some scrapes", 120, every=0.2)
        yield made, prom
    finally:
        load.stop()
        prom.stop()
        kube.stop()


def dashboard():
    """(panel, query) of each, with the variables as Grafana sets them for All."""
    with open(os.path.join(DEPLOY, "grafana", "binnacle.json")) as f:
        for panel in json.load(f)["panels"]:
            for target in panel.get("targets", []):
                text = target["expr"].replace("$__rate_interval", "1m")
                yield panel["title"], re.sub(r"\$(job|instance)", ".*", text)


# Things that did not happen in this test.
QUIET = re.compile(r"binnacle_(upstream_(mismatched|edns_fallbacks)|reloads|cache_merged|kube_differences|kube_events)_total|coredns_cache_(served_stale|prefetch)_total")


def test_dashboards_find_what_they_ask_for(scraped):
    made, prom = scraped
    missing = [f"{title}: {q}" for title, q in dashboard() if not QUIET.search(q) and not wait_for(prom, q)]
    missing += [q for q in PUBLIC if not wait_for(prom, q)]
    assert not missing, "\n".join(missing)
    assert not prom.api("targets")["activeTargets"][0]["lastError"]


def wait_for(prom, promql):
    """Rules are evaluated a moment later than scrapes."""
    try:
        return wait.until(lambda: prom.find(promql), promql, 5, every=0.2)
    except AssertionError:
        return None


def test_rules_are_evaluated(scraped):
    made, prom = scraped
    rules = [r for g in prom.api("rules")["groups"] for r in g["rules"]]
    assert len(rules) >= 20
    assert not [r for r in rules if r.get("lastError")]


def test_dashboard_is_whole():
    with open(os.path.join(DEPLOY, "grafana", "binnacle.json")) as f:
        d = json.load(f)
    ids = [p["id"] for p in d["panels"]]
    assert len(set(ids)) == len(ids) and d["uid"] and {v["name"] for v in d["templating"]["list"]} >= {"job", "instance"}
    page = open(os.path.join(servers.ROOT, "docs", "metrics.md")).read()
    for title, q in dashboard():
        for name in re.findall(r"\b(?:coredns|binnacle|process)_\w+", q):
            assert f"`{re.sub('_(bucket|sum|count)$', '', name)}`" in page or f"`{name}`" in page, (title, name)


@pytest.mark.parametrize("command", [["check", "rules", "alerts.yaml", "old-names.yaml"], ["test", "rules", "alerts.test.yaml"]])
def test_rules(command):
    r = subprocess.run([tool("promtool"), *command], cwd=os.path.join(DEPLOY, "prometheus"), capture_output=True, text=True)
    assert r.returncode == 0, r.stdout + r.stderr
