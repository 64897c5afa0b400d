# SPDX-License-Identifier: Apache-2.0
"""What /metrics shows: readable for Prometheus, complete on its page, bounded, and right after traffic of every kind."""
import glob
import os
import re
import shutil
import socket
import subprocess

import pytest

from harness import ask, server as servers, wait, web

CONF = """.:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2} {
        runtime_metrics
    }
    health 127.0.0.1:{PORT3}
    errors
    log
    cache 30
    forward . {UP} {
        max_concurrent 100
    }
}
a.example:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2}
    whoami
}
cut.example:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2}
    forward . {CUT}
}
"""
UP = {"rules": [{"match": {"name": "fail.example."}, "rcode": "SERVFAIL"},
                {"match": {}, "answer": "@ 60 IN A 192.0.2.1"}]}
CUT = {"udp_max": 512, "edns_max": 512, "records": "$GENERATE 1-60 cut.example. 60 IN A 192.0.2.$"}


def of_every_kind(made):
    for name, kw in (("a.example.", {}), ("x.a.example.", {"query": {"do": True}}), ("b.example.", {}), ("b.example.", {}),
                     ("fail.example.", {}), ("cut.example.", {}), ("b.example.", {"query": {"edns": 4096}})):
        made.udp(name, **kw)
    for rdtype in ("AAAA", "TXT", "MX", "ANY", "HTTPS", "TYPE65280", "SVCB"):
        made.tcp("a.example.", rdtype)
    made.raw(b"\0\1\2")                                      # no query
    made.raw(b"\0" * 12)
    made.raw(b"\x12\x34\x79\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1")    # another opcode
    made.raw(ask.query("a.example.", "A", rdclass="CH").to_wire())
    with made.connect() as s:
        s.sendall(b"\0\3abc")


def check(text):
    """promtool's complaints."""
    tool = shutil.which("promtool")
    if not tool:
        pytest.skip("no promtool")
    r = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True)
    return r.returncode, r.stdout + r.stderr


@pytest.fixture
def made(admin, upstream):
    return admin(CONF, UP=upstream(UP), CUT=upstream(CUT))


def test_prometheus_can_read_it(made):
    for _ in range(2):
        status, out = check(web.get(made.port("PORT2"), "/metrics").text)
        assert status == 0 and not out.strip(), out
        of_every_kind(made)


def test_each_query_is_counted_once(made):
    for _ in range(3):
        made.udp("x.a.example.", "A")
    made.udp("x.a.example.", "AAAA", query={"do": True})
    made.tcp("x.a.example.", "TXT")
    made.udp("b.example.")
    made.udp("b.example.")
    made.udp("fail.example.")
    m = web.metrics(made.port("PORT2"))
    for labels, n in (({"zone": "a.example."}, 5), ({"zone": "a.example.", "type": "A", "proto": "udp", "family": "1"}, 3),
                      ({"zone": "a.example.", "proto": "tcp", "type": "TXT"}, 1), ({"zone": "."}, 3)):
        assert web.value(m, "coredns_dns_requests_total", **labels) == n, labels
    assert web.value(m, "coredns_dns_do_requests_total", zone="a.example.") == 1
    for labels, n in (({"zone": ".", "plugin": "forward", "rcode": "NOERROR"}, 1),
                      ({"zone": ".", "plugin": "cache", "rcode": "NOERROR"}, 1),
                      ({"zone": ".", "rcode": "SERVFAIL"}, 1), ({"zone": "a.example.", "plugin": "whoami"}, 5)):
        assert web.value(m, "coredns_dns_responses_total", **labels) == n, labels
    for name in ("request_duration_seconds", "request_size_bytes", "response_size_bytes"):
        assert web.value(m, f"coredns_dns_{name}_count") == 8
        assert web.value(m, f"coredns_dns_{name}_bucket", le="+Inf") == 8
    assert web.value(m, "coredns_proxy_request_duration_seconds_count", rcode="NOERROR") == 1


def test_buckets_are_the_ones_of_coredns(made):
    made.udp("x.a.example.")
    bounds = {}
    for (name, labels), _ in web.metrics(made.port("PORT2")).items():
        if name.endswith("_bucket"):
            bounds.setdefault(name, set()).add(dict(labels)["le"])
    t16 = {"0.00025", "0.0005", "0.001", "0.002", "0.004", "0.008", "0.016", "0.032", "0.064", "0.128", "0.256", "0.512",
           "1.024", "2.048", "4.096", "8.192", "+Inf"}
    sizes = {"0", "100", "200", "300", "400", "511", "1023", "2047", "4095", "8291", "16000", "32000", "48000", "64000",
             "+Inf"}
    assert bounds["coredns_dns_request_duration_seconds_bucket"] == t16
    assert bounds["coredns_dns_request_size_bytes_bucket"] == sizes
    assert bounds["coredns_dns_response_size_bytes_bucket"] == sizes
    assert bounds["coredns_health_request_duration_seconds_bucket"] == {"0.00025", "0.0025", "0.025", "0.25", "2.5", "+Inf"}


def families(text):
    """{name: (type, sorted label names)} of a text."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    out = {}
    for (name, labels), _ in web.parse(text).items():
        base = name if name in kinds else re.sub(r"_(bucket|sum|count)$", "", name)
        out[base] = (kinds[base], sorted({k for k, _ in labels} - {"le"}))
    return out


def test_the_same_names_types_and_labels_as_coredns(admin, upstream, coredns):
    """Side by side, after the same questions: what CoreDNS shows, we show alike (go_* and the Go version aside)."""
    seen = []
    for command in (servers.binary(), coredns):
        made = admin(CONF, UP=upstream(UP), CUT=upstream(CUT), command=command)
        of_every_kind(made)
        for i in range(50): # until sockets to the upstream are used again
            made.udp(f"n{i}.example.")
        wait.until(lambda: web.value(web.metrics(made.port("PORT2")), "coredns_health_request_duration_seconds_count") > 0,
                   "a look at itself")
        seen.append(families(web.get(made.port("PORT2"), "/metrics").text))
        made.stop()
    ours, theirs = seen
    theirs = {n: v for n, v in theirs.items() if not n.startswith("go_")}
    wrong = [f"{n}: {v}, here {ours.get(n)}" for n, v in sorted(theirs.items()) if ours.get(n) != v]
    assert not wrong, "\n".join(wrong)


def test_the_page_has_what_a_server_shows(made):
    of_every_kind(made)
    page = open(os.path.join(servers.ROOT, "docs", "metrics.md")).read()
    missing = [n for n in families(web.get(made.port("PORT2"), "/metrics").text) if f"`{n}`" not in page]
    assert not missing, missing


def test_the_page_and_the_sources_know_the_same():
    page = open(os.path.join(servers.ROOT, "docs", "metrics.md")).read().split("## Names that CoreDNS no longer has")[0]
    listed = set(re.findall(r"`((?:coredns|binnacle|process)_\w+)`", page))
    defined = set()
    for path in glob.glob(os.path.join(servers.ROOT, "src", "**", "*.c"), recursive=True):
        defined |= set(re.findall(r'"((?:coredns|binnacle|process)_\w+?)"', open(path).read()))
    defined -= {"process_vm_readv"}
    assert not listed - defined, f"on the page alone: {sorted(listed - defined)}"
    assert not defined - listed, f"docs/metrics.md does not list {sorted(defined - listed)}"


def test_questions_make_no_series(made):
    """Names, types and codes of packets are no label values."""
    for i in range(300):
        made.udp(f"n{i}.a.example.", f"TYPE{1000 + i}")
    m = web.metrics(made.port("PORT2"))
    assert web.value(m, "coredns_dns_requests_total", type="other") == 300
    assert len([1 for (n, _), _ in m.items() if n == "coredns_dns_requests_total"]) <= 3
    assert not any("n7" in v for (_, labels), _ in m.items() for _, v in labels)


def test_many_zones_make_few_series(admin):
    """2,000 zones are served; only those that were asked for have series."""
    zones = " ".join(f"z{i}.example:{{PORT}}" for i in range(2000))
    made = admin(zones + " {\n    bind 127.0.0.1\n    prometheus 127.0.0.1:{PORT2}\n    whoami\n}\n")
    for i in (0, 7, 1999):
        made.udp(f"a.z{i}.example.")
    m = web.metrics(made.port("PORT2"))
    for i in (0, 7, 1999):
        assert web.value(m, "coredns_dns_requests_total", zone=f"z{i}.example.") == 1
    assert len({dict(ls).get("zone") for (n, ls), _ in m.items() if n == "coredns_dns_requests_total"}) == 3
