# SPDX-License-Identifier: Apache-2.0
"""trace: spans as they arrive at a Zipkin or Datadog endpoint."""
import http.server, json, queue, re, threading

import pytest

from harness import wait

ANSWER = {"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]}
COREFILE = ".:{PORT} {\n    bind 127.0.0.1\n    trace %s\n    errors\n    cache\n    forward . {UP}\n}\n"


class Endpoint:
    """Takes posts; `posts` holds (path, headers, what the body says)."""

    def __init__(self, status=202):
        self.posts, endpoint = queue.Queue(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.posts.put((self.path, self.headers, json.loads(body)))
                self.send_response(endpoint.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.status = status
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def __str__(self):
        return f"127.0.0.1:{self.http.server_port}"

    def post(self, timeout=10):
        return self.posts.get(timeout=timeout * wait.FACTOR)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def endpoint():
    made = []

    def make(**kw):
        made.append(Endpoint(**kw))
        return made[-1]
    yield make
    for e in made:
        e.close()


def ways(spans):
    """{name: name of the span that it is within} of one trace."""
    names = {s["id"]: s["name"] for s in spans}
    return {s["name"]: names.get(s.get("parentId")) for s in spans}


def test_zipkin_gets_a_span_for_each_plugin(server, upstream, endpoint):
    e = endpoint()
    s = server(COREFILE % e, UP=upstream(ANSWER))
    s.udp("wWw.example.org.")
    path, headers, spans = e.post()
    assert path == "/api/v2/spans" and headers["Content-Type"] == "application/json"
    assert ways(spans) == {"servedns": None, "errors": "servedns", "cache": "errors", "forward": "cache"}
    assert len({x["traceId"] for x in spans}) == 1 and re.fullmatch("[0-9a-f]{16}", spans[0]["traceId"])
    assert len({x["id"] for x in spans}) == 4
    root = {x["name"]: x for x in spans}["servedns"]
    assert root["tags"] == {"coredns.io/name": "www.example.org.", "coredns.io/type": "A", "coredns.io/rcode": "NOERROR",
                            "coredns.io/proto": "udp", "coredns.io/remote": "127.0.0.1"}
    for x in spans:
        assert x["localEndpoint"] == {"serviceName": "coredns"} and x["duration"] >= 1
        # Within the whole, but for what rounding to microseconds makes of it.
        assert root["timestamp"] <= x["timestamp"] + 1
        assert x["timestamp"] + x["duration"] <= root["timestamp"] + root["duration"] + 2
    s.tcp("www.example.org.")
    spans = e.post()[2]
    assert ways(spans) == {"servedns": None, "errors": "servedns", "cache": "errors"}  # answered by the cache
    assert {x["name"]: x for x in spans}["servedns"]["tags"]["coredns.io/proto"] == "tcp"


def test_questions_that_plugins_ask_are_within(server, upstream, endpoint):
    e = endpoint()
    s = server(".:{PORT} {\n    bind 127.0.0.1\n    trace %s\n    template IN A a.example {\n        answer \"{{ .Name }} 60 IN CNAME b.example.\"\n    }\n"
               "    forward . {UP}\n}\n" % e, UP=upstream(ANSWER))
    s.udp("a.example.")
    spans = e.post()[2]
    names = [x["name"] for x in spans]
    assert names.count("servedns") == 1 and names.count("template") == 2 and "forward" in names
    ids = {x["id"]: x for x in spans}
    inner = [x for x in spans if x["name"] == "forward"][0]
    chain = []
    while inner.get("parentId"):
        inner = ids[inner["parentId"]]
        chain.append(inner["name"])
    assert chain == ["template", "trace", "template", "servedns"]


def test_datadog(server, upstream, endpoint):
    e = endpoint(status=200)
    s = server(COREFILE % f"datadog {e} {{\n        service dns\n        datadog_analytics_rate 0.5\n    }}",
               UP=upstream({"rules": [{"match": {}, "rcode": "SERVFAIL"}]}))
    s.udp("www.example.org.")
    path, _, traces = e.post()
    assert path == "/v0.3/traces"
    spans = {x["name"]: x for x in traces[0]}
    root = spans["servedns"]
    assert root["parent_id"] == 0 and root["error"] == 1 and root["service"] == "dns"
    assert root["meta"]["coredns.io@rcode"] == "SERVFAIL" and root["metrics"] == {"_dd1.sr.eausr": 0.5}
    assert spans["forward"]["parent_id"] == spans["cache"]["span_id"] and spans["forward"]["trace_id"] == root["trace_id"]
    assert all(x["trace_id"] < 2**63 and x["span_id"] < 2**63 for x in traces[0])


def test_every_n_and_batches(server, upstream, endpoint):
    e = endpoint()
    s = server(COREFILE % f"zipkin http://{e}/spans {{\n        every 5\n        zipkin_max_batch_size 8\n        zipkin_max_batch_interval 1h\n    }}",
               UP=upstream(ANSWER), args=["-workers", "1"])
    for i in range(10):
        s.udp(f"n{i}.example.org.")
    path, _, spans = e.post()  # two queries with four spans each
    assert path == "/spans" and len(spans) == 8 and len({x["traceId"] for x in spans}) == 2
    assert sorted(x["tags"]["coredns.io/name"] for x in spans if "tags" in x) == ["n4.example.org.", "n9.example.org."]
    for i in range(5):
        s.udp(f"m{i}.example.org.")
    assert e.posts.empty()
    s.stop()  # what waits is posted
    assert len(e.post()[2]) == 4


def test_every_0_traces_nothing(server, upstream, endpoint):
    e = endpoint()
    s = server(COREFILE % f"{e} {{\n        every 0\n    }}", UP=upstream(ANSWER))
    s.udp("www.example.org.")
    s.stop()
    assert e.posts.empty()


def test_endpoint_that_is_away_holds_up_nobody(server, upstream, endpoint):
    e = endpoint(status=500)
    s = server(COREFILE % e, UP=upstream(ANSWER))
    s.udp("www.example.org.")
    e.post()
    s.said(r"^\[ERROR\] plugin/trace: spans cannot be posted to http://.*: HTTP status 500")
    e.status = 202
    s.udp("www.example.org.")
    assert len(e.post()[2]) == 3


def test_trace_id_is_metadata(server, upstream, endpoint):
    e = endpoint()
    s = server((COREFILE % e).replace("errors", "metadata\n    log . \"id {/trace/traceid}.\""), UP=upstream(ANSWER))
    s.udp("www.example.org.")
    got = s.said(r"id ([0-9a-f]{16})\.")[1]
    assert e.post()[2][0]["traceId"] == got


@pytest.mark.parametrize("text, says", [
    ("jaeger localhost:1", "expected zipkin or datadog"),
    ("zipkin localhost:1 more", "Corefile:3"),
    ("{\n        every -1\n    }", "every|N"),
    ("{\n        datadog_analytics_rate 1.5\n    }", "expected 0 to 1"),
    ("{\n        zipkin_max_batch_size 0\n    }", "N"),
    ("{\n        colour\n    }", "colour"),
])
def test_what_cannot_be_is_refused_by_place(refused, text, says):
    status, out = refused(COREFILE % text, UP="127.0.0.1:9")
    assert status == 1 and re.search(r"Corefile:[34]", out) and re.search(says, out), out
