# SPDX-License-Identifier: Apache-2.0
"""The load: questions at steady rates over UDP and TCP from C (see load.c), every one accounted for."""
import os
import re
import subprocess
import tempfile
import time

_made = {}

# 5,000 questions a second over all ways.
MIX = ("udp:2500", "fresh:500", "kept:1500", "conn:500")


def binary():
    if "path" not in _made:
        _made["folder"] = tempfile.TemporaryDirectory(prefix="bn-load-")
        path = os.path.join(_made["folder"].name, "load")
        source = os.path.join(os.path.dirname(__file__), "load.c")
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", path, source], check=True)
        _made["path"] = path
    return _made["path"]


def rate(ways):
    return sum(float(w.split(":")[1]) for w in ways)


class Result:
    """`ways`: {"udp": {"sent": N, "good": N, ...}}; `misses`: [("udp", MS)] from `start_ns`; `behind_ms`."""

    def __init__(self, out, ways, seconds):
        self.ways, self.misses, self.behind_ms, self.start_ns = {}, [], 0, 0
        for line in out.splitlines():
            if line.startswith("misses"):
                self.misses = [(w, int(ms)) for w, ms in re.findall(r"(\w+)@(-?\d+)", line)]
            elif line.startswith(("behind_ms", "start_ns")):
                name, number = line.split()
                setattr(self, name, int(number))
            else:
                way, rest = line.split(" ", 1)
                self.ways[way] = {k: int(v) for k, v in re.findall(r"(\w+) (\d+)", rest)}
        self.text = re.sub(r"(misses(?: \S+){10}).*", r"\1 ...", out)
        self.steady = self.total("sent") >= 0.9 * rate(ways) * seconds

    def total(self, what):
        return sum(w[what] for w in self.ways.values())

    def missed(self, *ways):
        """Questions without a good answer, of these ways or of all."""
        return sum(w["bad"] + w["lost"] + w["cut"] for k, w in self.ways.items() if not ways or k in ways)


class Load:
    """Runs from now on until stop()."""

    def __init__(self, port, ways=MIX, name="load.example.", host="127.0.0.1", ns=None):
        self.ways = ways
        line = [binary(), host, str(port), "0", name, *ways]
        self.proc = subprocess.Popen(ns.command(line) if ns else line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.start = time.monotonic()

    def stop(self):
        seconds = time.monotonic() - self.start
        try:
            out, _ = self.proc.communicate(timeout=60)
        finally:
            self.kill()
        assert self.proc.returncode == 0, out
        return Result(out, self.ways, seconds)

    def kill(self):
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()


def steady(attempt, tries=3):
    """attempt() -> Result, until one kept its rate: on a machine that was busy elsewhere less was asked than the test is
    about.  What was lost is never excused: attempt() has asserted that before it returns."""
    for _ in range(tries):
        got = attempt()
        if got.steady:
            return got
    raise AssertionError(f"no attempt of {tries} kept its rate:\n{got.text}")
