# SPDX-License-Identifier: Apache-2.0
"""dnstap: what collectors get, read by fstrm_capture and dnstap-read, over unix sockets, TCP and TLS, in both directions."""
import os, re, signal, socket, ssl, subprocess, sys

import dns.message
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import frames                                                   # noqa: E402

import compat                                                   # noqa: E402
from harness import ask, server as servers, wait                # noqa: E402

COREFILE = ".:{PORT} {\n    bind 127.0.0.1\n    dnstap %s\n    forward . {UP}\n}\n"
ANSWER = {"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]}


class Capture:
    """fstrm_capture, writing to a file."""

    def __init__(self, folder, *where):
        self.path, self.log = folder / "capture", folder / "capture.log"
        self.where, self.proc = where, None
        self.start()

    def start(self):
        with open(self.log, "w") as log:
            self.proc = subprocess.Popen(["fstrm_capture", "-t", frames.TYPE.decode(), *map(str, self.where), "-w",
                                          str(self.path), "-dddd"], stdout=log, stderr=log)
        wait.until(lambda: "opened" in self.log.read_text() or self.proc.poll() is not None, "fstrm_capture listens")
        assert self.proc.poll() is None, self.log.read_text()

    def end(self):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            self.proc.wait(20)

    def read(self):
        self.end()
        return frames.read(self.path)


@pytest.fixture
def capture(tmp_path):
    made = []
    yield lambda *where: made.append(Capture(tmp_path, *where)) or made[-1]
    for c in made:
        c.end()


def ask_one(s, name="www.example.org.", tcp=False):
    return (s.tcp if tcp else s.udp)(name)


def where(kind, tmp_path):
    if kind == "unix":
        path = tmp_path / "sock"
        return ["-u", path], f"unix://{path}"
    port = compat.free_port()
    return ["-a", "127.0.0.1", "-p", port], f"tcp://127.0.0.1:{port}"


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_collector_gets_queries_and_answers(server, upstream, capture, tmp_path, kind):
    options, endpoint = where(kind, tmp_path)
    c = capture(*options)
    up = upstream(ANSWER)
    s = server(COREFILE % f"{endpoint} full", UP=up, args=["-workers", "1"])  # one worker: one order
    q, r = ask.query("wWw.example.org."), None
    r = ask.udp(q, "127.0.0.1", s.port())
    s.tcp("tcp.example.org.")
    s.stop()
    got = c.read()
    kinds = ["CLIENT_QUERY", "FORWARDER_QUERY", "FORWARDER_RESPONSE", "CLIENT_RESPONSE"]
    assert [d["message"]["type"] for d in got] == kinds * 2
    for d in got:
        assert d["type"] == "MESSAGE" and d["identity"] == socket.gethostname() and d["version"].startswith("Binnacle-")
        assert d["message"]["socket_family"] == "INET" and d["message"]["query_address"] == "127.0.0.1"
    assert [d["message"]["socket_protocol"] for d in got] == ["UDP"] * 4 + ["TCP"] * 4
    first, forwarder = got[0]["message"], got[2]["message"]
    assert "wWw.example.org." in first["query_message"] and "ANSWER: 0" in first["query_message"]
    assert "192.0.2.1" in got[3]["message"]["response_message"]
    assert "wWw.example.org." in got[3]["message"]["response_message"]
    assert f"{forwarder['response_address']}:{forwarder['response_port']}" == str(up)
    assert "192.0.2.1" in forwarder["response_message"]
    assert first["query_time"] <= got[1]["message"]["query_time"] <= forwarder["response_time"] \
        <= got[3]["message"]["response_time"]
    assert r.answer


def test_without_full_the_messages_stay(server, upstream, tmp_path):
    text = "unix://%s/sock {\n        identity here\n        version v1\n        extra \"{name} {rcode} {/forward/upstream}\"\n    }\n    metadata"
    with frames.listen(tmp_path / "sock") as l:
        s = server(COREFILE % (text % tmp_path), UP=upstream(ANSWER))
        r = frames.Reader(l.accept()[0])
        ask_one(s)
        raw = r.frames(4)
    for m in frames.messages(raw, tmp_path):
        assert "query_message" not in m and "response_message" not in m
        assert (m["identity"], m["version"]) == ("here", "v1")
    assert frames.field(raw[0], 3) == "www.example.org. - -"
    assert re.fullmatch(r"www\.example\.org\. NOERROR 127\.0\.0\.1:\d+", frames.field(raw[3], 3))


def test_frames_wait_for_a_collector_that_comes_back(server, upstream, capture, tmp_path):
    options, endpoint = where("unix", tmp_path)
    s = server(COREFILE % endpoint, UP=upstream(ANSWER))
    ask_one(s)
    s.said("No connection to dnstap endpoint")
    c = capture(*options)
    wait.until(lambda: "accepted" in c.log.read_text(), "the server connects", 15)
    ask_one(s)
    s.stop()
    assert len(c.read()) == 8


def test_reload_keeps_the_connection(server, upstream, tmp_path):
    with frames.listen(tmp_path / "sock") as l:
        s = server(COREFILE % f"unix://{tmp_path}/sock", UP=upstream(ANSWER))
        r = frames.Reader(l.accept()[0])
        ask_one(s)
        first = r.frames(4)
        s.write(COREFILE.replace("bind 127.0.0.1", "bind 127.0.0.1\n    errors") % f"unix://{tmp_path}/sock")
        s.send_signal(signal.SIGUSR1)
        s.said("Reloading complete")
        ask_one(s)
        assert [m["type"] for m in frames.messages(first + r.frames(4), tmp_path)].count("CLIENT_QUERY") == 2
        s.send_signal(signal.SIGTERM)
        assert r.frame() is None and r.stopped  # STOP, FINISH
        assert s.exit() == 0


def test_failing_upstream_has_a_question_and_no_answer(server, upstream, tmp_path):
    up = upstream({"rules": [{"match": {}, "drop": True}]})
    with frames.listen(tmp_path / "sock") as l:
        s = server(COREFILE.replace("forward . {UP}", "forward . {UP} {\n        read_timeout 100ms\n        max_connect_attempts 1\n    }")
                   % f"unix://{tmp_path}/sock full", UP=up)
        r = frames.Reader(l.accept()[0])
        ask_one(s)
        got = frames.messages(r.frames(3), tmp_path)
        assert [m["type"] for m in got] == ["CLIENT_QUERY", "FORWARDER_QUERY", "CLIENT_RESPONSE"]
        assert "SERVFAIL" in got[2]["response_message"]


def test_collectors_that_come_to_us(server, upstream, tmp_path):
    port = compat.free_port()
    s = server(COREFILE % f"listen tcp://127.0.0.1:{port} full", UP=upstream(ANSWER), listens=[("udp", "PORT"), ("tcp", "PORT")])
    wait.until(lambda: s.bound("tcp", port), "listens for collectors")
    with socket.create_connection(("127.0.0.1", port)) as a, socket.create_connection(("127.0.0.1", port)) as b:
        readers = [frames.Reader(x) for x in (a, b)]
        ask_one(s, "seen.example.")
        for r in readers:
            got = frames.messages(r.frames(4), tmp_path)
            assert [m["type"] for m in got][0] == "CLIENT_QUERY" and "seen.example." in got[0]["query_message"]
    ask_one(s, "after.example.")  # nobody is there
    s.stop()


def test_two_taps_and_unix_listener(server, upstream, tmp_path):
    s = server(COREFILE % f"listen {tmp_path}/one\n    dnstap listen unix://{tmp_path}/two full", UP=upstream(ANSWER))
    readers = []
    for name in ("one", "two"):
        wait.until(lambda: (tmp_path / name).exists(), name)
        c = socket.socket(socket.AF_UNIX)
        c.connect(str(tmp_path / name))
        readers.append(frames.Reader(c))
    ask_one(s)
    one, two = (frames.messages(r.frames(4), tmp_path) for r in readers)
    assert "query_message" not in one[0] and "query_message" in two[0]
    s.stop()
    assert not (tmp_path / "one").exists()


@pytest.fixture
def certificate(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key.pem",
                    "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def test_tls_to_a_collector(server, upstream, certificate, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with frames.listen() as l:
        port = l.getsockname()[1]
        s = server(COREFILE % f"tls://localhost:{port} full {{\n        skipverify\n    }}", UP=upstream(ANSWER))
        r = frames.Reader(context.wrap_socket(l.accept()[0], server_side=True))
        ask_one(s)
        assert len(frames.messages(r.frames(4), tmp_path)) == 4
    with frames.listen() as l:  # a certificate that nobody vouches for
        s = server(COREFILE % f"tls://localhost:{l.getsockname()[1]}", UP=upstream(ANSWER))
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            frames.Reader(context.wrap_socket(l.accept()[0], server_side=True))
        s.said("No connection to dnstap endpoint tls://localhost.*TLS")


def test_tls_collectors_that_come_to_us(server, upstream, certificate, tmp_path):
    port = compat.free_port()
    cert, key = certificate
    s = server(COREFILE % f"listen tls://127.0.0.1:{port} {{\n        tls {cert} {key}\n    }}", UP=upstream(ANSWER))
    wait.until(lambda: s.bound("tcp", port), "listens for collectors")
    context = ssl.create_default_context(cafile=str(cert))
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost") as c:
        r = frames.Reader(c)
        ask_one(s)
        assert len(frames.messages(r.frames(4), tmp_path)) == 4


@pytest.mark.parametrize("text, says", [
    ("", "ENDPOINT"),
    ("tcp://127.0.0.1", "no port"),
    ("tcp://127.0.0.1:x", "no port"),
    ("udp://127.0.0.1:6000", "expected tcp://"),
    ("/s full 0", "TCP_BUF_MIB"),
    ("/s full 1 5000", "QUEUE_X10K"),
    ("/s full 1 1 1", "Corefile:3"),
    ("/s {\n        tls a b\n    }", "listen"),
    ("listen tls://127.0.0.1:6000", "needs \"tls CERT KEY"),
    ("listen tls://127.0.0.1:6000 {\n        tls absent.pem absent.key\n    }", "TLS: "),
    ("/s {\n        colour red\n    }", "colour"),
])
def test_what_cannot_be_is_refused_by_place(refused, text, says):
    status, out = refused(COREFILE % text, UP="127.0.0.1:9")
    assert status == 1 and re.search(r"Corefile:[345]", out) and says in out, out


def test_a_full_queue_is_counted_and_holds_up_nobody(server, upstream, tmp_path):
    """Nobody reads: the rings fill up, questions are answered all the same."""
    up = upstream(ANSWER)
    s = server(COREFILE.replace("forward", "cache\n    forward") % f"unix://{tmp_path}/nobody full", UP=up, args=["-workers", "1"])
    query = dns.message.make_query("www.example.org.", "A").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
        c.connect(("127.0.0.1", s.port()))
        c.settimeout(5)
        for _ in range(400):
            for _ in range(25):
                c.send(query)
            for _ in range(25):
                assert c.recv(512)
    s.stop()
    dropped = [int(x) for x in re.findall(r"Dropped dnstap messages: (\d+)", s.output())]
    assert sum(dropped) > 0
    assert servers.binary()
