# SPDX-License-Identifier: Apache-2.0
"""Network namespaces made for one test: loopback, interfaces, nftables, a private resolv.conf."""
import contextlib, ctypes, itertools, os, signal, subprocess, tempfile

_serial = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def may_make():
    """Whether this process may make namespaces (root with the usual capabilities)."""
    probe = f"bn-probe-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True).returncode:
        return False
    subprocess.run(["ip", "netns", "del", probe], capture_output=True)
    return True


class Netns:
    """A namespace with loopback up.  close() ends the processes in it and removes it."""

    def __init__(self):
        self.name = f"bn-{os.getpid()}-{next(_serial)}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self._files = tempfile.TemporaryDirectory(prefix="bn-ns-")
        # Addresses count at once, not after a second of looking for a twin.
        self.sysctl("net.ipv6.conf.all.accept_dad", 0)
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)
        self.ip("link", "set", "lo", "up")

    def close(self):
        pids = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True).stdout.split()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        subprocess.run(["ip", "netns", "del", self.name], check=False)
        self._files.cleanup()

    # -- making it what the test needs
    def ip(self, *args):
        subprocess.run(["ip", "-n", self.name, *args], check=True)

    def sysctl(self, key, value):
        subprocess.run(["ip", "netns", "exec", self.name, "sysctl", "-qw", f"{key}={value}"], check=True)

    def interface(self, name, *addresses):
        """An interface with these addresses (192.0.2.53/24, 2001:db8::53/64, fe80::53/64): one end of a
        veth pair, both ends here, since not every kernel has the dummy kind."""
        self.ip("link", "add", name, "type", "veth", "peer", "name", name + "-far")
        self.ip("link", "set", name, "up")
        self.ip("link", "set", name + "-far", "up")
        for a in addresses:
            self.ip("addr", "add", a, "dev", name, *(["nodad"] if ":" in a else []))

    def like_a_pod(self, *families):
        """An address of each family (4, 6) beside loopback: without one, glibc's AI_ADDRCONFIG does not ask."""
        self.interface("pod0", *({4: "198.51.100.2/24", 6: "2001:db8:100::2/64"}[f] for f in families))
        return self

    def nft(self, text):
        subprocess.run(["ip", "netns", "exec", self.name, "nft", "-f", "-"], input=text, text=True, check=True)

    def drop_tcp(self, port, address=None):
        """Lose every TCP packet to that port (of that address)."""
        to = f"{'ip6' if ':' in address else 'ip'} daddr {address} " if address else ""
        self.nft("table inet bn { chain in { type filter hook input priority 0; "
                 f"{to}tcp dport {port} drop; }}; }}")

    def drop_nothing(self):
        self.nft("table inet bn {}; delete table inet bn")

    # -- running in it
    def command(self, args, resolv=None):
        """args as a command line in this namespace, which sees `resolv` as its /etc/resolv.conf and
        asks DNS only for host names."""
        args = [str(a) for a in args]
        if resolv is None:
            return ["ip", "netns", "exec", self.name, *args]
        conf = self._file("resolv", resolv)
        switch = self._file("nsswitch", "hosts: dns\n")
        script = f"mount --bind {conf} /etc/resolv.conf && mount --bind {switch} /etc/nsswitch.conf && exec \"$@\""
        return ["ip", "netns", "exec", self.name, "unshare", "-m", "sh", "-c", script, "sh", *args]

    def _file(self, kind, text):
        path = os.path.join(self._files.name, f"{kind}-{abs(hash(text)):x}")
        with open(path, "w") as f:
            f.write(text)
        return path

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is in the namespace: sockets and threads that it makes belong there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _setns(there)
            yield self
        finally:
            _setns(home)
            os.close(home)
            os.close(there)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
