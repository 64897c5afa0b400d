# SPDX-License-Identifier: Apache-2.0
"""HTTP requests to a server under test, and metrics read from it."""
import base64, http.client, re, ssl, threading, time

from harness import wait


class Reply:
    def __init__(self, r):
        self.status, self.headers = r.status, {k.lower(): v for k, v in r.getheaders()}
        self.body = r.read()

    @property
    def text(self):
        return self.body.decode()


def get(port, path, host="127.0.0.1", method="GET", headers=None, tls=None, user=None, body=None, timeout=10):
    """One request on a connection of its own.  `tls`: an ssl.SSLContext; `user`: (name, password)."""
    headers = dict(headers or {})
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(user).encode()).decode()
    timeout *= wait.FACTOR
    c = http.client.HTTPSConnection(host, port, timeout=timeout, context=tls) if tls else \
        http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        c.request(method, path, body=body, headers=headers)
        return Reply(c.getresponse())
    finally:
        c.close()


def trusting(ca=None, cert=None, key=None):
    """A TLS context of a client; without `ca` it believes everybody."""
    c = ssl.create_default_context(cafile=ca)
    c.check_hostname = False
    if not ca:
        c.verify_mode = ssl.CERT_NONE
    if cert:
        c.load_cert_chain(cert, key)
    return c


SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """{(name, frozenset of (label, value)): number}"""
    out = {}
    for line in text.splitlines():
        m = SAMPLE.match(line)
        if m:
            out[m[1], frozenset(LABEL.findall(m[2] or ""))] = float(m[3])
    return out


def metrics(port, **kw):
    r = get(port, "/metrics", **kw)
    assert r.status == 200, r.status
    return parse(r.text)


def value(samples, name, /, **labels):
    """The sum of all series of that name that have these labels; 0 for none."""
    want = set(labels.items())
    return sum(v for (n, ls), v in samples.items() if n == name and want <= ls)


class Poll:
    """Requests one after the other until stop(), on a new connection each or on one that is kept."""

    def __init__(self, port, path, keep=False, host="127.0.0.1", tls=None, status=(200,)):
        self.port, self.path, self.keep, self.host, self.tls, self.status = port, path, keep, host, tls, status
        self.n, self.wrong, self.slowest, self.running = 0, [], 0.0, True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _connect(self):
        make = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        kw = {"context": self.tls} if self.tls else {}
        return make(self.host, self.port, timeout=10 * wait.FACTOR, **kw)

    def _run(self):
        c = self._connect()
        while self.running:
            began = time.monotonic()
            try:
                c.request("GET", self.path)
                r = c.getresponse()
                r.read()
                if r.status not in self.status:
                    self.wrong.append(f"{self.path}: {r.status}")
                self.n += 1
            except (OSError, http.client.HTTPException) as e:
                self.wrong.append(f"{self.path}: {e!r}")
                c.close()
                c = self._connect()
            self.slowest = max(self.slowest, time.monotonic() - began)
            if not self.keep:
                c.close()
                c = self._connect()
        c.close()

    def stop(self):
        """(requests, what went wrong)"""
        self.running = False
        self.thread.join()
        return self.n, self.wrong


def listens(corefile):
    """What must be bound before a server counts as up: DNS on {PORT}, HTTP on {PORT2} and so on."""
    return [("udp", "PORT"), ("tcp", "PORT")] + [("tcp", p) for p in sorted(set(re.findall(r"\{(PORT\d+)\}", corefile)))]
