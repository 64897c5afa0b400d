# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared: one life of each, its figures from /proc, questions to it."""
import contextlib, os, re, signal, socket, struct, subprocess, tempfile, time, urllib.request

STOP_S = 30
COREFILE = """cluster.local:{port} {{
    bind 127.0.0.1
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        {where}
        pods insecure
        ttl 30
    }}
    ready 127.0.0.1:{ready}
}}
"""
TYPES = {"A": 1, "SRV": 33}


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def question(name, kind="A", number=0):
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.rstrip(".").split("."))
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", TYPES[kind], 1)


def records(answer):
    """Answer records of a message; 0 when the rcode says no."""
    return struct.unpack(">H", answer[6:8])[0] if len(answer) >= 12 and answer[3] & 15 == 0 else 0


class Server:
    """A server on an API server; `where`: the plugin's line that says which."""

    def __init__(self, name, command, where, environment=None):
        self.name = name
        self.folder = tempfile.TemporaryDirectory(prefix="bench-kubernetes-")
        self.port, self.ready_port = free_ports(2)
        conf = os.path.join(self.folder.name, "Corefile")
        with open(conf, "w") as f:
            f.write(COREFILE.format(port=self.port, ready=self.ready_port, where=where))
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        self.began = time.monotonic()
        self.proc = subprocess.Popen([*command.split(), "-conf", conf], stdout=self.log, stderr=self.log, cwd=self.folder.name,
                                     env={**os.environ, **(environment or {})})

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            self.proc.send_signal(signal.SIGCONT)
            self.proc.send_signal(signal.SIGTERM)
        try:
            self.proc.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.log.close()
        self.folder.cleanup()

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ready_port}/ready", timeout=1) as r:
                return r.status == 200
        except OSError:
            return False

    def wait_ready(self, name, timeout=300):
        """Seconds from the start until it says that it is ready and knows `name` (CoreDNS says so for a moment before it has
        begun)."""
        while not (self.is_ready() and self.ask(name, timeout=0.1)):
            if self.proc.poll() is not None or time.monotonic() - self.began > timeout:
                self.log.seek(0)
                raise SystemExit(f"{self.name} is not ready:\n{self.log.read()[-2000:]}")
            time.sleep(0.005)
        return time.monotonic() - self.began

    # ---- figures
    def kb(self, *fields):
        """Lines of /proc/PID/status, in KiB."""
        with open(f"/proc/{self.proc.pid}/status") as f:
            lines = dict(re.findall(r"^(\w+):\s+(\d+) kB", f.read(), re.M))
        return [int(lines.get(field, 0)) for field in fields]

    def forget_peak(self):
        with open(f"/proc/{self.proc.pid}/clear_refs", "w") as f:
            f.write("5")

    def cpu_s(self):
        """CPU of all threads that there are, in seconds; finer than the clock ticks of /proc/PID/stat."""
        total = 0
        folder = f"/proc/{self.proc.pid}/task"
        for task in os.listdir(folder):
            with contextlib.suppress(OSError), open(f"{folder}/{task}/schedstat") as f:
                total += int(f.read().split()[0])
        return total / 1e9

    # ---- questions
    def ask(self, name, kind="A", timeout=2):
        """The answer's number of records; None without an answer."""
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            try:
                s.connect(("127.0.0.1", self.port))
                s.send(question(name, kind))
                return records(s.recv(65535))
            except OSError:
                return None

    def wait_answer(self, name, timeout=120):
        end = time.monotonic() + timeout
        while not self.ask(name):
            if time.monotonic() > end:
                raise SystemExit(f"{self.name} does not answer {name}")
            time.sleep(0.02)


class Asker:
    """Asks several servers the same name again and again, until each has records for it."""

    def __init__(self, servers):
        self.servers = servers
        self.sockets = []
        for s in servers:
            sock = socket.socket(type=socket.SOCK_DGRAM)
            sock.connect(("127.0.0.1", s.port))
            sock.setblocking(False)
            self.sockets.append(sock)
        self.number = 0

    def close(self):
        for s in self.sockets:
            s.close()

    def until(self, name, timeout, pause=0.0005):
        """Monotonic times of the first answers with records; None where none came."""
        found, sent = [None] * len(self.sockets), [0.0] * len(self.sockets)
        self.number = (self.number + 1) & 0xffff
        message, end = question(name, "A", self.number), time.monotonic() + timeout
        waiting = [False] * len(self.sockets)
        while None in found and time.monotonic() < end:
            for i, sock in enumerate(self.sockets):
                if found[i] is not None:
                    continue
                now = time.monotonic()
                if not waiting[i] or now - sent[i] > 0.2:
                    with contextlib.suppress(OSError):
                        sock.send(message)
                        waiting[i], sent[i] = True, now
                with contextlib.suppress(OSError):
                    answer = sock.recv(65535)
                    if answer[:2] == message[:2]:
                        waiting[i] = False
                        if records(answer):
                            found[i] = time.monotonic()
            time.sleep(pause)
        return found
