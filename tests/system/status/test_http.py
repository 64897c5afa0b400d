# SPDX-License-Identifier: Apache-2.0
"""The page's paths: what they answer, to whom, and what they cost nobody who did not ask for a page."""
import contextlib
import json
import re
import signal
import socket
import threading

import pytest

import compat
import fakekube
from harness import wait

pytestmark = pytest.mark.threads

PLAIN = """.:{PORT} {
    bind 127.0.0.1
    status 127.0.0.1:{PORT2}
    whoami
}
"""


def test_the_document_shows_what_happens(shown):
    s = shown()
    for name in ("small.test.", "small.test.", "big.test.", "x.dead.", "web.shop.svc.cluster.local."):
        s.made.udp(name)
    s.made.tcp("small.test.")
    d = s.document()
    assert (d["traffic"]["udp_queries"], d["traffic"]["tcp_queries"]) == (5, 1)
    assert d["listeners"][0]["zones"] == ["."] and d["generation"] == 1 and not d["stopping"]
    assert d["memory"]["resident_bytes"] > 1 << 20
    cache = s.state("cache")
    assert (cache["requests"], cache["hits"]) == (6, 2) and cache["entries"] >= 2 and cache["bytes"] > 0
    rules = {r["from"]: r["upstreams"] for r in s.state("forward")["rules"]}
    assert rules["."][0]["state"] == "up" and rules["."][0]["truncated"] == 1 and rules["."][0]["completed_over_tcp"] == 1
    assert rules["."][0]["answers"] == 3 and 0 < rules["."][0]["mean_ms"] < 5000
    assert rules["dead."][0]["failures"]["refused"] >= 1
    assert s.state("kubernetes")["synced"]
    assert {o["kind"]: o["count"] for o in s.state("kubernetes")["objects"]}["services"] == 2
    assert [(r["cause"], r["ok"]) for r in d["reloads"]] == [("start", True)]
    clients = [c["client"] for c in d["who"]["minute"]["clients"]]
    assert clients == ["127.0.0.1"]


def test_failures_are_shown_with_their_reason(shown):
    s = shown()
    s.made.udp("x.dead.")
    s.made.udp("y.example.", "ANY")
    failures = s.document()["failures"]
    answer = next(f for f in failures if f["name"] == "x.dead." and "rcode" in f)
    assert (answer["rcode"], answer["client"], answer["plugin"], answer["ede"]) == ("SERVFAIL", "127.0.0.1", "forward", 23)
    assert "connection refused" in answer["reason"]
    attempt = next(f for f in failures if "upstream" in f)
    assert re.fullmatch(r"127.0.0.1:\d+", attempt["upstream"]) and "connection refused" in attempt["reason"]
    refused = next(f for f in failures if f["name"] == "y.example.")
    assert (refused["rcode"], refused["type"], refused["plugin"]) == ("REFUSED", "ANY", "acl")
    for i in range(200):
        s.made.udp(f"n{i}.example.", "ANY")
    failures = s.document()["failures"]
    assert len(failures) == 40 and failures[0]["at_ms"] >= failures[-1]["at_ms"]


def test_names_are_escaped_in_the_json(shown):
    s = shown()
    s.made.udp(r"<script>alert(1)</script>\"\000\255.dead.")
    text = s.get("/status.json").text
    assert "<" not in text and ">" not in text and text.isascii()
    assert any("<script>" in f["name"] for f in json.loads(text)["failures"])


def test_reloads_are_remembered_with_their_errors(shown):
    s = shown(PLAIN)
    s.made.write(".:{PORT} {\n    nonsense\n}\n")
    s.made.send_signal(signal.SIGUSR1)
    s.made.said("Restart failed")
    wait.until(lambda: len(s.document()["reloads"]) == 2, "the failed reload is shown")
    s.made.write(PLAIN)
    s.made.send_signal(signal.SIGUSR1)
    s.made.said("Reloading complete")
    newest, failed, first = wait.until(lambda: (lambda r: len(r) == 3 and r)(s.document()["reloads"]), "three loads")
    assert (first["cause"], first["ok"], first["generation"]) == ("start", True, 1)
    assert (failed["cause"], failed["ok"], failed["generation"]) == ("signal", False, 1) and 'directive "nonsense"' in failed["error"]
    assert (newest["cause"], newest["ok"]) == ("signal", True) and newest["generation"] > 1


def test_headers_keep_the_page_to_itself(shown):
    s = shown(PLAIN)
    for path in ("/status", "/status.json", "/absent"):
        headers = s.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ") and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert len(re.findall(r"'sha256-[\w+/=]+'", policy)) == 2
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert headers["cache-control"] == "no-store"
    assert s.get("/").status == 302 and s.get("/").headers["location"] == "/status"
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", s.get().text)


def test_a_name_made_to_lead_here_gets_nothing(shown):
    s = shown(PLAIN)
    for host in ("evil.example", "evil.example:9154", "127.0.0.1.evil.example", "localhost.evil.example", "[::1", ""):
        for path in ("/status", "/status.json", "/status/events", "/absent"):
            r = s.get(path, headers={"Host": host})
            assert r.status in (400, 403) and "pid" not in r.text, (host, path)
        assert s.get("/trace.json?name=a.example", method="POST", headers={"Host": host}).status in (400, 403)
    for host in ("localhost", "LOCALHOST:9154", "127.0.0.1:80", "[::1]:9154", "[fd00::1]"):
        assert s.get(headers={"Host": host}).status == 200, host


def test_pages_of_others_can_ask_nothing(shown):
    s = shown(PLAIN)
    ours = f"http://127.0.0.1:{s.http}"
    path = "/trace.json?name=a.example"
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": f"http://127.0.0.1:{s.http + 1}"},
                    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        assert s.get(path, method="POST", headers=headers).status == 403, headers
        assert s.get("/status.json", headers=headers).status == 403, headers
    assert s.get(path, method="POST", headers={"Origin": ours, "Sec-Fetch-Site": "same-origin"}).status == 200
    for method, path, allow in (("GET", path, "POST"), ("PUT", path, "POST"), ("POST", "/status", "GET, HEAD"), ("DELETE", "/status.json", "GET, HEAD")):
        r = s.get(path, method=method)
        assert (r.status, r.headers["allow"]) == (405, allow), (method, path)


def test_what_cannot_be_followed_is_told(shown):
    s = shown(PLAIN)
    for query, why in (("", "a domain name"), ("name=a..b", "a domain name"), ("name=a&type=NOSUCH", "unknown type"),
                       ("name=a&client=x", "an IP address"), ("name=a&type=AXFR", "followed"), ("name=" + "a" * 300, "a domain name")):
        r = s.get(f"/trace.json?{query}", method="POST")
        assert r.status == 400 and why in json.loads(r.text)["error"], query
    r = s.get("/trace.json?name=a&listener=dns://:1", method="POST")
    assert r.status == 503 and "no such listener" in json.loads(r.text)["error"]


def test_events_come_until_the_reload_and_then_from_the_new_configuration(shown):
    s = shown(PLAIN)
    with contextlib.closing(s.events()) as e:
        assert e.status == 200 and "text/event-stream" in e.head
        first = e.next()
        s.made.udp("a.example.")
        second = e.next()
        assert second["now_ms"] > first["now_ms"]
        assert wait.until(lambda: e.next()["traffic"]["udp_queries"] == 1, "the query is counted")
        s.made.write(PLAIN + "# another one\n")
        s.made.send_signal(signal.SIGUSR1)
        while e.next() is not None: # the stream ends with the configuration that gave it
            pass
    with contextlib.closing(s.events()) as e:
        assert e.next()["generation"] == 2


def events_status(s):
    with contextlib.closing(s.events()) as e:
        return e.status


def test_only_so_many_are_told(shown):
    s = shown(PLAIN)
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(contextlib.closing(s.events())) for _ in range(8)]
        assert all(e.next() for e in many)
        over = stack.enter_context(contextlib.closing(s.events()))
        assert over.status == 503
        assert s.document()["pid"]
        many[0].close()
        wait.until(lambda: events_status(s) == 200, "a place is free again", 15, every=0.2)


def test_a_client_that_takes_nothing_holds_up_nobody(shown):
    s = shown(PLAIN)
    with socket.create_connection(("127.0.0.1", s.http)) as c:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        c.sendall(b"GET /status/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with contextlib.closing(s.events()) as e: # others are told meanwhile
            assert e.next() and e.next()
    s.made.stop()


def test_the_end_waits_for_no_page(shown):
    s = shown(PLAIN)
    with contextlib.closing(s.events()) as e:
        assert e.next()
        assert s.made.stop() == 0
        while e.next() is not None:
            pass


def test_many_ask_at_once_while_the_configuration_changes(shown):
    """Nothing that a page looks at goes away under it."""
    s = shown()
    stop, wrong = threading.Event(), []

    def watch(path, method):
        while not stop.is_set():
            r = s.get(path, method=method)
            if r.status != 200 or not json.loads(r.text):
                wrong.append((path, r.status, r.text))
                return

    threads = [threading.Thread(target=watch, args=a) for a in
               [("/status.json", "GET"), ("/status.json", "GET"), ("/trace.json?name=small.test", "POST"), ("/trace.json?name=x.dead", "POST")]]
    text = open(s.made.conf).read()
    for t in threads:
        t.start()
    try:
        for i in range(1, 6):
            s.made.write(text + f"# {i}\n")
            s.made.send_signal(signal.SIGUSR1)
            wait.until(lambda: len(re.findall("Reloading complete", s.made.output())) == i, f"reload {i}", 20)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert not wrong


def test_under_the_filter_and_without_a_page(shown, server):
    """The system-call filter is on by default; without the directive nothing listens."""
    s = shown(PLAIN, args=["-seccomp", "on"])
    assert s.document()["workers"] >= 1 and s.follow("a.example").status == 200
    assert s.trace("a.example").returncode == 0
    s.made.stop()
    assert "seccomp" not in s.made.output().lower() or "stopped" not in s.made.output()


def test_a_second_server_block_shares_the_address(shown):
    s = shown(PLAIN + "example.org:{PORT} {\n    bind 127.0.0.1\n    status 127.0.0.1:{PORT2}\n    health 127.0.0.1:{PORT2}\n    whoami\n}\n")
    assert s.get().status == 200 and s.get("/health").text == "OK"
    assert [b["keys"] for b in s.document()["blocks"]] == [["."], ["example.org."]]
    r = json.loads(s.follow("www.example.org").text)
    assert r["zone"] == "example.org."


def test_an_api_server_that_is_away_is_shown(shown):
    k = fakekube.FakeKube(compat.free_port(), [{"kind": "Namespace", "metadata": {"name": "shop"}}]).start()
    try:
        s = shown(PLAIN.replace("    whoami", "    kubernetes cluster.local {\n        endpoint http://127.0.0.1:%d\n    }" % k.port))
        wait.until(lambda: s.state("kubernetes")["synced"], "the cluster is read")
        assert not s.state("kubernetes")["away"]
    finally:
        k.stop()
    wait.until(lambda: s.state("kubernetes")["away"], "the page says that the API server is away", 20)
    assert s.state("kubernetes")["synced"], "what was read stays"
