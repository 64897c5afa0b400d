# SPDX-License-Identifier: Apache-2.0
"""binnacle trace and /trace.json: the way of a question, plugin by plugin, with what each did."""
import json
import re
import subprocess

import pytest

from harness import server as server_module


def notes(report, plugin, depth=0):
    return [n["text"] for s in report["steps"] if s["plugin"] == plugin and s["depth"] == depth for n in s["notes"]]


def way(report):
    return [s["plugin"] for s in report["steps"] if s["depth"] == 0]


def traced(shown, *words):
    r = shown.trace("-json", *words)
    assert r.stdout, r.stderr
    return json.loads(r.stdout)


def test_what_each_plugin_does_with_a_name(shown):
    s = shown()
    first = traced(s, "OLD.example.org")
    assert way(first) == ["errors", "loadbalance", "rewrite", "acl", "cache", "template", "hosts"]
    assert (first["rcode"], first["answered_by"], first["answer"]) == ("NOERROR", "hosts", ["OLD.example.org. 30 A 192.0.2.7"])
    assert "makes the question new.example.org. IN A" in notes(first, "rewrite")
    assert notes(first, "acl") == ["no rule is about this client and type"]
    assert notes(first, "cache")[:2] == ["not in the cache", "keeps the answer for 30 s"]
    again = traced(s, "old.example.org")
    assert way(again)[-1] == "cache" and again["answered_by"] == "cache"
    assert re.fullmatch(r"in the cache for \d s, good for another (30|2\d) s", notes(again, "cache")[0])


def test_a_truncated_upstream_is_asked_again_over_tcp(shown):
    s = shown()
    r = traced(s, "big.test")
    up = s.made.names["UP"]
    said = notes(r, "forward")
    assert said[0] == f"asks {up} over UDP"
    assert re.fullmatch(rf"{up} answers over UDP in [\d.]+ ms: NOERROR, truncated", said[1])
    assert said[2] == f"asks {up} over TCP"
    assert re.fullmatch(rf"{up} answers over TCP in [\d.]+ ms: NOERROR", said[3])
    assert said[4] == "answers NOERROR, 100 records"
    assert r["truncated"] and r["whole_size"] > 1500 and r["size"] <= 1232 and "tc" in r["flags"]
    assert "does not keep a truncated answer" not in notes(r, "cache")


def test_an_upstream_that_is_not_there(shown):
    s = shown()
    r = s.trace("x.dead")
    assert r.returncode == 2
    assert re.search(r"fails over UDP: read udp \S+->127.0.0.1:\d+: read: connection refused", r.stdout)
    assert "Extended DNS Error 23: upstream cannot be reached" in r.stdout
    assert re.search(r"^SERVFAIL in [\d.]+ ms", r.stdout, re.M)


def test_a_cluster_name_and_what_it_leads_to(shown):
    s = shown()
    r = traced(s, "web.shop.svc.cluster.local")
    assert (r["answer"], r["answered_by"]) == (["web.shop.svc.cluster.local. 5 A 10.96.4.10"], "kubernetes")
    assert notes(r, "kubernetes")[0] == "found in the cluster's objects"
    assert notes(r, "hosts") == ["not in the table: falls through"]
    absent = traced(s, "none.shop.svc.cluster.local")
    assert absent["rcode"] == "NXDOMAIN" and notes(absent, "kubernetes")[0] == "not in the cluster"
    out = traced(s, "out.shop.svc.cluster.local")
    assert "an ExternalName: its target is asked for" in notes(out, "kubernetes")
    assert "asks the whole server for new.example.org. A" in notes(out, "kubernetes")
    inner = [st for st in out["steps"] if st["depth"] == 1]
    assert [st["plugin"] for st in inner] == ["errors", "loadbalance", "rewrite", "acl", "cache", "template", "hosts"]
    assert out["steps"][inner and out["steps"].index(inner[0])]["parent"] == way(out).index("kubernetes")
    assert out["answer"][-1].endswith(" A 192.0.2.7")


def test_template_and_acl_speak_too(shown):
    s = shown()
    r = traced(s, "a.example.org", "TXT")
    assert r["answer"] == ['a.example.org. 30 TXT "hello"'] and notes(r, "template")[0] == "matches by its zone"
    refused = s.trace("a.example.org", "ANY")
    assert refused.returncode == 2 and "a rule refuses this client" in refused.stdout
    assert re.search(r"^REFUSED in .* answered by acl$", refused.stdout, re.M)


def test_the_client_that_seems_to_ask_counts_for_views(shown):
    corefile = """.:{PORT} {
    bind 127.0.0.1
    view inside {
        expr incidr(client_ip(), '10.0.0.0/8')
    }
    status 127.0.0.1:{PORT2}
    template IN A {
        answer "{{ .Name }} 60 IN A 192.0.2.1"
    }
}
.:{PORT} {
    bind 127.0.0.1
    template IN A {
        answer "{{ .Name }} 60 IN A 192.0.2.2"
    }
}
"""
    s = shown(corefile)
    assert traced(s, "-client", "10.1.2.3", "a.example")["answer"] == ["a.example. 60 A 192.0.2.1"]
    assert traced(s, "a.example")["answer"] == ["a.example. 60 A 192.0.2.2"]
    by_http = json.loads(s.follow("a.example", client="10.9.9.9").text)
    assert (by_http["client"], by_http["answer"]) == ("10.9.9.9", ["a.example. 60 A 192.0.2.1"])


def test_names_are_escaped_on_the_terminal(shown):
    s = shown()
    r = s.trace(r"\027[31m<b>\"x.example.org", "TXT")
    assert r.returncode == 0
    assert "\033" not in r.stdout and r'\027[31m<b>\"x.example.org. 30 TXT "hello"' in r.stdout
    hostile = {"records": 'a.evil. 300 IN TXT "\\027]0;owned\\007<script>"\n'}
    s = shown(spec=hostile)
    out = s.trace("a.evil", "TXT").stdout
    assert "\033" not in out and "\007" not in out and r'"\027]0;owned\007<script>"' in out


@pytest.mark.parametrize("words, why", [
    (["bad..name"], "expected a domain name"),
    (["a.example", "NOSUCH"], "unknown type"),
    (["a.example", "AXFR"], "no questions that can be followed"),
    (["-listener", "dns://:1", "a.example"], "no such listener"),
    (["-client", "house", "a.example"], "expected an IP address"),
    (["a.example", "A", "B"], "expected: binnacle trace"),
    ([], "expected: binnacle trace"),
    (["x" * 1200], "too long"),
])
def test_what_cannot_be_asked_is_told(shown, words, why):
    r = shown().trace(*words)
    assert (r.returncode, r.stdout) == (1, "") and why in r.stderr


def test_without_a_server_it_says_so():
    r = subprocess.run([*server_module.binary(), "trace", "-admin", "binnacle/nobody", "a.example"], capture_output=True, text=True,
                       timeout=60)
    assert r.returncode == 1 and "binnacle/nobody" in r.stderr
