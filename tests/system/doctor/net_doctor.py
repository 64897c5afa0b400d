# SPDX-License-Identifier: Apache-2.0
"""`binnacle doctor`, run in a namespace with a resolv.conf: what it said, read from its JSON."""
import json
import re

from harness import server as servers, wait
from .net_cluster import NAME, RESOLV

HEALTHY, FAULT, COULD_NOT_TELL = 0, 1, 2
# What is lost costs a test this long, some times over; SOON: where much is, and on purpose.
SOON = ["--timeout", f"{min(2, wait.FACTOR):g}s"]
PATIENCE = ["--timeout", f"{min(5, 2 * wait.FACTOR):g}s"]


class Report:
    """`status`: the exit status; `out`: all that it printed to stdout; verdicts as they stand in the JSON."""

    def __init__(self, proc):
        self.status, self.err, self.text = proc.returncode, proc.stderr, proc.stdout
        assert not servers.SANITIZER.search(proc.stderr), proc.stderr
        assert proc.stdout, f"doctor ended with {proc.returncode} and printed nothing; stderr:\n{proc.stderr[-3000:]}"
        self.json = json.loads(proc.stdout)
        self.verdicts = self.json["verdicts"]

    def slugs(self, severity=None):
        return [v["verdict"] for v in self.verdicts if severity in (None, v["severity"])]

    def verdict(self, slug):
        return next(v for v in self.verdicts if v["verdict"] == slug)

    def evidence(self, slug):
        """All its evidence as one text."""
        return "\n".join(e["text"] for e in self.verdict(slug)["evidence"])

    def story(self):
        """For a failed assertion: what it said, and of each question what came of it."""
        lines = [f"status {self.status}", json.dumps(self.verdicts, indent=1)]
        for o in self.json["observations"]:
            r = o["reply"] or {}
            lines.append(" ".join(map(str, (o["index"], self.json["servers"][o["server"]]["label"], o["role"], o["name"],
                                            o["type"], o["way"], f"round {o['round']} pair {o['pair']}", o["outcome"],
                                            o["took_ms"], [r.get(k) for k in ("rcode", "flags", "size", "cnames", "wanted")]))))
        return "\n".join(lines)

    def is_healthy(self):
        """At most with a note, such as what the search path costs."""
        assert self.status == HEALTHY and self.json["conclusion"]["status"] == "healthy", self.story()
        assert set(self.slugs()) <= {"healthy", *self.slugs("note")}, self.story()
        return self

    def found(self, slug, *evidence):
        """This fault, as the first one, with patterns that its summary or evidence must match, and a remedy."""
        assert self.status == FAULT and self.json["conclusion"]["status"] == "fault", self.story()
        assert self.slugs("fault")[0] == slug, self.story()
        v = self.verdict(slug)
        assert v["severity"] == "fault" and v["remedy"] and v["evidence"], self.story()
        for e in v["evidence"]:
            assert all(0 <= i < len(self.json["observations"]) for i in e["observations"]), self.story()
        said = v["summary"] + "\n" + self.evidence(slug)
        for pattern in evidence:
            assert re.search(pattern, said), f"{pattern!r} is not in:\n{said}\n{self.story()}"
        return v


def command(net, name=NAME, *args, pods=True, corefile=True, upstream=None):
    """The command line for this net: addresses as a person gives them where no API server tells them."""
    line = [*servers.binary(), "doctor", "--no-api", *PATIENCE, name, *args]
    if pods:
        line += [a for p in net.pods for a in ("--pod", p.address)]
    if upstream:
        line += ["--upstream", upstream]
    elif corefile and net.pods[0].made.conf:
        line += ["--corefile", net.pods[0].made.conf]
    return line


def doctor(net, name=NAME, *args, where=None, resolv=RESOLV, timeout=90, **how):
    return Report(net.run([*command(net, name, *args, **how), "--json"], where, resolv, timeout))
