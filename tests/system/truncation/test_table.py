# SPDX-License-Identifier: Apache-2.0
"""The comparison that docs/truncation.md shows: the same upstream behind several servers.

    pytest tests/system/truncation/test_table.py --truncation-table=docs/truncation.md
"""
import os
import re
import subprocess

import dns.rcode
import pytest

from harness import ask, clients, peers, server as servers, story

PROGRAMS = ("dig, 512 bytes, no TCP", "dig, EDNS 4096, no TCP", "nslookup", "glibc (getent)", "glibc, edns0", "musl, static",
            "Python", "Go", "Java", "Node, resolve")
PAGE = os.path.join(servers.ROOT, "docs", "truncation.md")

HEAD = """# Answers that the upstream truncates

A name whose answer is a CNAME and many addresses; its upstream cuts the answer over UDP to the CNAME
alone, sets TC, and gives the whole answer over TCP.  A client that takes the first UDP reply at its word,
or that cannot use TCP, sees a name without an address.  Binnacle asks the upstream again over TCP, keeps
the whole answer, and gives every client as many whole records as fit.

These tables are made by `tests/system/truncation/test_table.py` (how: [testing.md](testing.md)); all servers
stand in front of the same upstream, with a cache that does not know the name yet.  CoreDNS runs with the
stock cluster Corefile, also with the two remedies that people use.  (BIND takes no RRset of more than 100 records
unless `max-records-per-type` says so, hence its SERVFAIL.)

"""


class Bench:
    """One server in a namespace of its own, with its upstream."""

    def __init__(self, name, honours_edns, folder, netns, tap, programs, coredns):
        self.name = name
        self.ns = netns().like_a_pod(4, 6)
        self.upstream = story.StoryUpstream(story.upstream_spec(honours_edns), port=5300, ns=self.ns).start()
        self.server = peers.start(name, folder, self.ns, self.upstream, coredns)
        if self.server:
            self.lab = clients.Lab(self.ns, tap(self.ns), programs)

    def close(self):
        if self.server:
            self.server.close()
        self.upstream.stop()

    def replies(self, n):
        """How many addresses the first reply holds: over UDP in 512 bytes, with EDNS 4096, over TCP."""
        out = []
        for how in ("plain", "edns", "tcp"):
            name = story.name(how, n)
            try:
                r = self.server.tcp(name) if how == "tcp" else self.server.udp(name, query={"edns": 4096 if how == "edns" else None})
            except (OSError, EOFError):
                out.append("no reply")
                continue
            got = len(ask.addresses(r))
            cell = dns.rcode.to_text(r.rcode()) if r.rcode() else f"{got} of {n}" if got else f"**none** of {n}"
            out.append(cell + (", TC" if ask.tc(r) else ""))
        return out

    def program(self, name):
        """What a program got: addresses in its first UDP reply, and what it ended with without TCP."""
        c = next(c for c in clients.CLIENTS if c.name == name)
        if clients.missing(c, self.lab.programs):
            return "–"
        got = self.lab.run(c, story.name(c.name, 60), patience=0.2)
        return str(len(got.first_addresses or ())) if got.first_addresses else "**none**"


def measure(folder, netns, tap, programs, coredns, only=peers.NAMES):
    """{server: {(honours_edns, n): [cells], "programs": [cells]}}"""
    table = {}
    for name in only:
        for honours in (False, True):
            b = Bench(name, honours, folder, netns, tap, programs, coredns)
            if b.server is None:
                continue
            for n in story.COUNTS:
                table.setdefault(name, {})[honours, n] = b.replies(n)
            if not honours:
                b.ns.drop_tcp(53)
                table[name]["programs"] = [b.program(p) for p in PROGRAMS]
            b.close()
    return table


def version(args):
    out = subprocess.run(args, capture_output=True, text=True)
    found = re.search(r"\d+\.\d+(\.\d+)?", out.stdout + out.stderr)
    return found[0] if found else "?"


def page(table, coredns):
    lines = [HEAD]
    for honours in (False, True):
        lines.append(f"## An upstream that {'honours' if honours else 'ignores'} EDNS\n")
        lines.append("Addresses in the first reply.\n")
        lines.append("| server | " + " | ".join(f"{n}: UDP 512 | EDNS 4096 | TCP" for n in story.COUNTS) + " |")
        lines.append("|---" * (1 + 3 * len(story.COUNTS)) + "|")
        for name, cells in table.items():
            lines.append(f"| {name} | " + " | ".join(c for n in story.COUNTS for c in cells[honours, n]) + " |")
        lines.append("")
    lines.append("## Real programs, TCP to the server lost\n")
    lines.append("60 addresses, an upstream that ignores EDNS, and every TCP packet between client and server dropped: addresses "
                 "in the program's first UDP reply.\n")
    lines.append("| server | " + " | ".join(PROGRAMS) + " |")
    lines.append("|---" * (1 + len(PROGRAMS)) + "|")
    for name, cells in table.items():
        lines.append(f"| {name} | " + " | ".join(cells["programs"]) + " |")
    lines.append("")
    have = {"CoreDNS": "1.14.7", "unbound": version(["unbound", "-V"]), "BIND": version(["named", "-v"]),
            "dnsmasq": version(["dnsmasq", "--version"])}
    lines.append("Versions: " + ", ".join(f"{k} {v}" for k, v in have.items()) + " (Debian's but for CoreDNS).")
    return "\n".join(lines) + "\n"


def row(text, name):
    return [x for x in text.splitlines() if x.startswith(f"| {name} |")]


def test_the_table_shows_what_is_so(tmp_path, netns, tap, programs, request):
    """Binnacle's rows hold addresses everywhere and stand in docs/truncation.md as they are now."""
    out = request.config.getoption("--truncation-table")
    coredns = request.getfixturevalue("coredns") if out else None
    table = measure(tmp_path, netns, tap, programs, coredns, only=peers.NAMES if out else ("Binnacle",))
    text = page(table, coredns)
    if out:
        with open(os.path.join(servers.ROOT, out) if not os.path.isabs(out) else out, "w") as f:
            f.write(text)
    mine = row(text, "Binnacle")
    assert len(mine) == 3 and not any(w in r for r in mine for w in ("none", "no reply", "FAIL")), mine
    if not out:
        with open(PAGE) as f:
            there = row(f.read(), "Binnacle")
        assert [same(a, b) for a, b in zip(there, mine)] == [True] * 3, \
            f"run this test with --truncation-table=docs/truncation.md: {there} {mine}"


def same(there, here):
    """Equal rows; a program that this machine lacks (–) is not compared."""
    a, b = there.split("|"), here.split("|")
    return len(a) == len(b) and all(x == y or y.strip() == "–" for x, y in zip(a, b))


@pytest.mark.parametrize("name", ["CoreDNS"])
def test_coredns_rows_lack_addresses(name, tmp_path, netns, tap, programs, coredns):
    table = measure(tmp_path, netns, tap, programs, coredns, only=(name,))
    assert all("none" in table[name][False, n][0] for n in story.COUNTS)
