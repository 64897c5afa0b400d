# SPDX-License-Identifier: Apache-2.0
"""Real programs that look up a name, each as it comes: what they print, and the first UDP reply they got."""
import collections, os, re, shutil, subprocess

import dns.message

from harness import ask, wait

SOURCES = os.path.join(os.path.dirname(__file__), "..", "truncation", "clients")

# name: how it appears in tables; argv: a function (programs, name, family digit, server address);
# options: resolv.conf options; udp: it asks over UDP first; whole: over TCP it goes on to all addresses;
# alone: it must get usable addresses also when TCP is lost (it never asks over TCP, or does not mind TC).
Client = collections.namedtuple("Client", "name argv options udp whole alone", defaults=("", True, True, False))


def _dig(*flags):
    def argv(p, name, six, server):
        return ["dig", f"@{server}", "+tries=1", "+time=4", "+short", *flags, name, "AAAA" if six else "A"]
    return argv


def _six(six):
    return ["6"] if six else []


CLIENTS = [
    Client("dig, 512 bytes, no TCP", _dig("+noedns", "+ignore"), whole=False, alone=True),
    Client("dig, EDNS 4096, no TCP", _dig("+bufsize=4096", "+nocookie", "+ignore"), whole=False, alone=True),
    Client("dig, 512 bytes", _dig("+noedns")),
    Client("dig, EDNS 4096", _dig("+bufsize=4096", "+nocookie")),
    Client("dig, cookie", _dig("+cookie")),
    Client("dig, TCP", _dig("+tcp"), udp=False),
    Client("nslookup", lambda p, name, six, server: ["nslookup", f"-type={'AAAA' if six else 'A'}", name, server]),
    Client("glibc (getent)", lambda p, name, six, s: ["getent", "ahostsv6" if six else "ahostsv4", name]),
    Client("glibc, edns0", lambda p, name, six, s: ["getent", "ahostsv6" if six else "ahostsv4", name], "edns0"),
    Client("glibc, use-vc", lambda p, name, six, s: ["getent", "ahostsv6" if six else "ahostsv4", name], "use-vc",
           udp=False),
    Client("musl, static", lambda p, name, six, s: [p["musl"], name, *_six(six)], whole=False, alone=True),
    Client("Python", lambda p, name, six, s: ["/usr/bin/python3", os.path.join(SOURCES, "lookup.py"), name, *_six(six)]),
    Client("Go", lambda p, name, six, s: [p["go"], name, *_six(six)]),
    Client("Java", lambda p, name, six, s: ["java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Dsun.net.inetaddr.ttl=0",
                                            f"-Djava.net.preferIPv6Addresses={'true' if six else 'false'}",
                                            "-cp", p["java"], "Lookup", name]),
    Client("Node, resolve", lambda p, name, six, s: ["node", os.path.join(SOURCES, "resolve.js"), "resolve", name, *_six(six)]),
    Client("Node, lookup", lambda p, name, six, s: ["node", os.path.join(SOURCES, "resolve.js"), "lookup", name, *_six(six)]),
]


def build(folder):
    """Compile the small programs: {"musl": path, "go": path, "java": folder}; what cannot be built is missing."""
    made = {}
    steps = {"musl": (["musl-gcc", "-O1", "-static", "-o", f"{folder}/lookup-musl", f"{SOURCES}/lookup.c"], "lookup-musl"),
             "go": (["go", "build", "-o", f"{folder}/lookup-go", f"{SOURCES}/lookup.go"], "lookup-go"),
             "java": (["javac", "-d", str(folder), f"{SOURCES}/Lookup.java"], "")}
    env = dict(os.environ, CGO_ENABLED="0", GOTOOLCHAIN="local", GOFLAGS="-mod=mod", GO111MODULE="off")
    env["PATH"] += ":/usr/local/go/bin"         # where Go's own archive puts it
    for what, (cmd, out) in steps.items():
        cmd[0] = shutil.which(cmd[0], path=env["PATH"])
        if cmd[0]:
            subprocess.run(cmd, check=True, env=env, cwd=folder)
            made[what] = os.path.join(str(folder), out)
    return made


def missing(client, programs):
    """Whether this machine lacks the client's program."""
    try:
        return not shutil.which(client.argv(programs, "x", "", "127.0.0.1")[0])
    except KeyError:
        return True


Outcome = collections.namedtuple("Outcome", "addresses first_addresses first_tc first_size tcp status")


class Lab:
    """A namespace with a server on `address` port 53, and a tap between it and its clients."""

    def __init__(self, ns, tap, programs, address="127.0.0.1", family=4):
        self.ns, self.tap, self.programs, self.address, self.family = ns, tap, programs, address, family

    def run(self, client, name, patience=None):
        """Let a program look a name up.  It is ended `patience` seconds (6) after the first UDP reply at the latest."""
        six = "6" if self.family == 6 else ""
        resolv = f"nameserver {self.address}\noptions timeout:4 attempts:1 {client.options}\n"
        mark = len(self.tap)
        proc = subprocess.Popen(self.ns.command(client.argv(self.programs, name, six, self.address), resolv),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            if client.udp:
                wait.until(lambda: proc.poll() is not None or self._first(mark, name), f"{client.name}: a reply or the end", 10)
            out, _ = proc.communicate(timeout=6 * wait.FACTOR if patience is None else patience)
            status = proc.returncode
        except subprocess.TimeoutExpired:
            proc.kill()
            out, _ = proc.communicate()
            status = None
        first = wait.until(lambda: self._first(mark, name) or not client.udp, f"{client.name}: a UDP reply", 1) \
            if client.udp else None
        syn = any(p.proto == "syn" and p.dport == 53 and p.dst == self.address for p in self.tap.since(mark))
        found = set(re.findall(r"2001:db8:[0-9a-f:]+" if six else r"192\.0\.2\.\d+", out))
        if not isinstance(first, dns.message.Message):
            return Outcome(found, None, None, None, syn, status)
        return Outcome(found, ask.addresses(first, "AAAA" if six else "A"), ask.tc(first), first.size, syn, status)

    def _first(self, mark, name):
        """The first UDP reply to a question for the name and our type, as a message."""
        want = ask.question(name, ask.T_AAAA if self.family == 6 else ask.T_A).lower()
        for p in self.tap.since(mark):
            if p.proto == "udp" and p.sport == 53 and p.src == self.address and len(p.data) > 12 and p.data[2] & 0x80 \
                    and p.data[12:12 + len(want)].lower() == want:
                m = dns.message.from_wire(p.data, ignore_trailing=True)
                m.size = len(p.data)
                return m
        return None
