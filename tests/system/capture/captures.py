# SPDX-License-Identifier: Apache-2.0
"""tcpdump in several places at once, and what doctor says about its files."""
import json, os, signal, subprocess

import jsonschema

from harness import server as servers, wait

END = "the-end.example"


class Captures:
    """add() captures, run traffic, end(): their files by name."""

    def __init__(self, net, folder):
        self.net, self.folder, self.running, self.files = net, folder, {}, {}

    def add(self, name, ns, interface, *args, snap=0, link=None):
        path = str(self.folder / f"{name}.pcap")
        proc = subprocess.Popen(ns.command(["tcpdump", "-Z", "root", "-U", "--immediate-mode", "-B", "32768", "-n", "-i", interface, "-s", str(snap),
                                            "-w", path, *(["-y", link] if link else []), *(args or ["port", "53"])]), stderr=subprocess.PIPE, text=True)
        while "listening on" not in proc.stderr.readline():
            assert proc.poll() is None, "tcpdump has ended"
        self.running[name], self.files[name] = proc, path
        return self

    def everywhere(self):
        """At the client, on all interfaces of the node, the same cut at 96 bytes (with the older header of such captures, which
        does not name the interface), in the first pod."""
        return self.add("client", self.net.client, "eth0").add("node", self.net.node, "any") \
            .add("node96", self.net.node, "any", snap=96, link="LINUX_SLL").add("pod", self.net.pods[0].ns, "eth0")

    def end(self, marker=True):
        """Stop all, once each has seen a last question of the client's to the first pod."""
        if marker:
            self.net.dig("@" + self.net.pods[0].address, END)
            for name in self.running:
                wait.until(lambda: self._has_end(self.files[name]), f"the end of the capture at the {name}", 20)
        self.close()
        return self

    @staticmethod
    def _has_end(path):
        with open(path, "rb") as f:
            return b"the-end" in f.read()

    def close(self):
        for proc in self.running.values():
            if proc.poll() is None:
                proc.send_signal(signal.SIGINT)
            proc.wait(20)
            proc.stderr.close()
        self.running = {}

    def doctor(self, *names, args=()):
        """(exit status, JSON) of doctor over these captures."""
        return doctor([self.files[n] for n in names], args)

    def text(self, *names):
        return subprocess.run(servers.binary() + ["doctor", "--pcap", *[self.files[n] for n in names]], capture_output=True, text=True,
                              timeout=60 * wait.FACTOR).stdout


def doctor(paths, args=()):
    p = subprocess.run(servers.binary() + ["doctor", "-json", *args, "--pcap", *paths], capture_output=True, text=True,
                       timeout=60 * wait.FACTOR)
    assert not servers.SANITIZER.search(p.stderr), p.stderr
    assert p.returncode in (0, 1, 2), p.stderr
    report = json.loads(p.stdout)
    with open(os.path.join(servers.ROOT, "docs", "doctor-pcap.schema.json")) as f:
        jsonschema.validate(report, json.load(f))
    assert report["conclusion"]["exit"] == p.returncode
    report["stderr"] = p.stderr
    return p.returncode, report


def verdicts(report, *severities):
    return {v["verdict"] for v in report["verdicts"] if not severities or v["severity"] in severities}


def verdict(report, slug):
    """The verdict with that slug; fails without one."""
    found = [v for v in report["verdicts"] if v["verdict"] == slug]
    assert found, f"no {slug} in {[(v['verdict'], v['summary']) for v in report['verdicts']]}"
    return found[0]
