# SPDX-License-Identifier: Apache-2.0
"""One server process: started with a Corefile, awaited by condition, stopped by its pid."""
import itertools, os, re, shlex, signal, socket, subprocess

import compat
from harness import ask, wait

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
SANITIZER = compat.SANITIZER
_serial = itertools.count(1)


def binary():
    """The server under test as a list of arguments (env BINNACLE, default build/binnacle)."""
    args = shlex.split(os.environ.get("BINNACLE") or os.path.join(ROOT, "build", "binnacle"))
    if os.path.exists(args[0]):
        args[0] = os.path.abspath(args[0])
    return args


def plugins_of(args):
    """The names that `SERVER -plugins` prints."""
    out = subprocess.run(args + ["-plugins"], capture_output=True, text=True, timeout=20, check=True).stdout
    return {w.split(".")[-1] for w in out.split()}


class Server:
    """A running server.

    In `corefile`, {PORT}, {PORT2}.. become free ports, and {NAME} the keyword argument NAME (an upstream,
    a folder).  `listens` lists what must be bound before the server counts as up, as ("udp", "PORT");
    None: UDP and TCP on {PORT}.  The Corefile's folder is the working directory.  In a namespace {PORT} is
    53, and `resolv` the /etc/resolv.conf that the server sees."""

    def __init__(self, corefile, folder, *, args=(), env=None, ns=None, stdin=None, conf=True, command=None,
                 listens=None, stdout=None, wait_up=True, resolv=None, files=None, **names):
        self.dir = os.path.join(str(folder), f"server{next(_serial)}")
        os.mkdir(self.dir)
        self.names, self.ns, self.ports = names, ns, {}
        self.stopped = False
        self.conf = os.path.join(self.dir, "Corefile")
        self.log = os.path.join(self.dir, "log")
        for name, text in (files or {}).items():
            self.write(text, name)
        if corefile is not None:
            self.write(corefile)
        line = list(command or binary()) + (["-conf", self.conf] if conf else []) + [self.sub(str(a)) for a in args]
        if ns:
            line = ns.command(line, resolv)
        log = open(self.log, "w")
        self.proc = subprocess.Popen(line, cwd=self.dir, env=dict(os.environ, **(env or {})), stdin=stdin,
                                     stdout=stdout or log, stderr=subprocess.STDOUT if stdout is None else log)
        log.close()
        self.listens = listens if listens is not None else [("udp", "PORT"), ("tcp", "PORT")]
        if wait_up:
            self.wait_up()

    # -- configuration
    def sub(self, text):
        def value(m):
            name = m[1]
            if name in self.names:
                return str(self.names[name])
            if re.fullmatch(r"PORT\d*", name):
                return str(self.port(name))
            return self.dir if name == "DIR" else m[0]
        return re.sub(r"\{([A-Z]+\d*)\}", value, text)

    def write(self, corefile, name="Corefile"):
        """Put a file in the server's folder, at once (the new text or the old one is read, never half)."""
        path = os.path.join(self.dir, name)
        with open(path + ".new", "w") as f:
            f.write(self.sub(corefile))
        os.rename(path + ".new", path)
        return path

    def port(self, name="PORT"):
        if name not in self.ports:
            self.ports[name] = 53 if self.ns else compat.free_port()
        return self.ports[name]

    # -- life
    def wait_up(self, timeout=15):
        def up():
            if self.proc.poll() is not None:
                raise AssertionError(f"server ended with {self.proc.returncode} at its start:\n{self.output()[-2000:]}")
            return all(self.bound(kind, self.port(name)) for kind, name in self.listens)
        wait.until(up, f"server listens on {self.listens}: {self.output()[-500:]}", timeout)
        return self

    def bound(self, kind, port):
        """Whether that port is bound in the server's namespace."""
        for table in (kind, kind + "6"):
            try:
                with open(f"/proc/{self.proc.pid}/net/{table}") as f:
                    for line in f:
                        w = line.split()
                        if w[1].endswith(f":{port:04X}") and (kind == "udp" or w[3] == "0A"):
                            return True
            except OSError:
                pass
        return False

    def output(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def said(self, pattern, timeout=5):
        """Wait until the output has a match (multi-line mode); the match."""
        return wait.until(lambda: re.search(pattern, self.output(), re.M),
                          f"output matches {pattern!r}:\n{self.output()[-2000:]}", timeout)

    def send_signal(self, sig):
        self.proc.send_signal(sig)

    def exit(self, timeout=12):
        """The exit status, once the server has ended."""
        try:
            status = self.proc.wait(timeout * wait.FACTOR)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"server did not end within {timeout} s:\n{self.output()[-2000:]}") from None
        self.stopped = True
        self.check_output()
        return status

    def stop(self, sig=signal.SIGTERM, timeout=12):
        if self.proc.poll() is None:
            self.send_signal(sig)
        return self.exit(timeout)

    def close(self):
        """End what the test left running: TERM must give status 0."""
        if self.stopped:
            return
        try:
            status = self.stop()
        finally:
            if self.proc.poll() is None:
                self.proc.kill()
                self.proc.wait()
        assert status == 0, f"exit status {status} after SIGTERM:\n{self.output()[-2000:]}"

    def check_output(self):
        found = SANITIZER.search(self.output())
        assert not found, f"sanitizer report:\n{self.output()[max(0, found.start() - 200):][:4000]}"

    def rss_mb(self):
        with open(f"/proc/{self.proc.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1]) / 1024

    # -- questions
    def udp(self, name, rdtype="A", host="127.0.0.1", port="PORT", **kw):
        with self._inside():
            return ask.udp(ask.query(name, rdtype, **kw.pop("query", {})), host, self.port(port), **kw)

    def tcp(self, name, rdtype="A", host="127.0.0.1", port="PORT", **kw):
        with self._inside():
            return ask.tcp(ask.query(name, rdtype, **kw.pop("query", {})), host, self.port(port), **kw)

    def raw(self, wire, host="127.0.0.1", port="PORT", timeout=2.0):
        """What comes back for these bytes over UDP; None for silence."""
        with self._inside(), socket.socket(ask.family(host), socket.SOCK_DGRAM) as s:
            s.settimeout(timeout * wait.FACTOR)
            s.connect((host, self.port(port)))
            s.send(wire)
            try:
                return s.recv(65535)
            except socket.timeout:
                return None

    def connect(self, host="127.0.0.1", port="PORT", timeout=5.0):
        with self._inside():
            return socket.create_connection((host, self.port(port)), timeout * wait.FACTOR)

    def _inside(self):
        return self.ns.inside() if self.ns else _here()


class _here:
    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False


def refused(corefile, folder, *, timeout=10, **kw):
    """Start with a Corefile that must be refused: (exit status, output)."""
    s = Server(corefile, folder, wait_up=False, **kw)
    try:
        return s.exit(timeout), s.output()
    finally:
        if s.proc.poll() is None:
            s.proc.kill()
            s.proc.wait()
