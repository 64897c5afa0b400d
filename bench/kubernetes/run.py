#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The kubernetes plugin beside CoreDNS 1.14.7 on the same API server: memory, start, freshness, outages, CPU.

  run.py [--binnacle COMMAND] [--coredns PATH] [--services N] [--fake N] [--rounds N] [--only SECTION]... [--json FILE]

  real      N services with two endpoints each at a real API server (tests/apiserver): memory, start, relist,
            event to answer, outages, 200 changes a second
  changes   of these only the 200 changes a second, and event to answer meanwhile
  fake      N services at fakekube (tests/compat): memory, start, relist
  lookups   instructions of each kind of look-up beside a cache hit (callgrind; Binnacle alone)

CoreDNS: --coredns, or COREDNS in the environment.  Both servers run side by side or one after the other in each round, so that
noise of the machine falls on both; figures are medians over the rounds, what counts is the ratio and its goal.  Exit status 1
when a goal is not met.  CPU is CPU time, never the clock; latencies and starts are bounded by what others (curl, a watcher)
take for the same in the same run."""
import argparse, json, os, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE]
import apis, lookups, sections                                  # noqa: E402
from servers import Server                                      # noqa: E402

SECTIONS = ("real", "fake", "lookups")
PARTS = ("changes",)            # of a section, run only when it is asked for


def say(text):
    print("  " + text, flush=True)


def arguments():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--binnacle", default=os.path.join(HERE, "..", "..", "build", "binnacle"))
    ap.add_argument("--coredns", default=os.environ.get("COREDNS"))
    ap.add_argument("--services", type=int, default=10000)
    ap.add_argument("--fake", type=int, default=100000)
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--events", type=int, default=60)
    ap.add_argument("--outages", default="5,30,60", help="seconds; empty: none")
    ap.add_argument("--changes", type=float, default=20, help="seconds of 200 changes each")
    ap.add_argument("--bursts", type=int, default=150, help="of look-ups under callgrind")
    ap.add_argument("--only", action="append", choices=SECTIONS + PARTS, default=[])
    ap.add_argument("--json")
    a = ap.parse_args()
    if not a.coredns and (not a.only or set(a.only) - {"lookups"}):
        ap.error("--coredns PATH, or COREDNS in the environment")
    return a


def makers(a):
    return [lambda api: Server("Binnacle", a.binnacle, api.where), lambda api: Server("CoreDNS", a.coredns, api.where)]


def real(a):
    api = apis.Real(a.services)
    try:
        rows = sections.start_and_memory(api, makers(a), a.rounds, say)
        servers = [make(api) for make in makers(a)]
        try:
            for s in servers:
                s.wait_ready(api.known)
            rows += sections.events(api, servers, a.events, say)
            rows += sections.changes(api, servers, a.changes, say)
            rows += sections.outages(api, servers, [int(s) for s in a.outages.split(",") if s], say)
        finally:
            for s in servers:
                s.close()
        return rows
    finally:
        api.close()


def changes(a):
    api = apis.Real(a.services)
    try:
        servers = [make(api) for make in makers(a)]
        try:
            for s in servers:
                s.wait_ready(api.known)
            rows = []
            for _ in range(a.rounds):
                rows += sections.changes(api, servers, a.changes, say)
            return rows + sections.events_in_storm(api, servers, a.events, say)
        finally:
            for s in servers:
                s.close()
    finally:
        api.close()


def fake(a):
    api = apis.Fake(a.fake)
    try:
        return sections.start_and_memory(api, makers(a), a.rounds, say)
    finally:
        api.close()


def main():
    a = arguments()
    titles = {"real": f"real API server, {a.services} services, {2 * a.services} endpoints", "lookups": "look-ups",
              "changes": f"real API server, {a.services} services, 200 changes a second",
              "fake": f"fakekube, {a.fake} services, {2 * a.fake} endpoints"}
    run = {"real": real, "changes": changes, "fake": fake, "lookups": lambda a: lookups.lookups(a.binnacle, a.bursts, say)}
    table, failed = {}, 0
    for section in a.only or SECTIONS:
        print(f"\n{titles[section]} (load {os.getloadavg()[0]:.1f})", flush=True)
        began = time.monotonic()
        rows = run[section](a)
        print(f"{'':46} {'Binnacle':>9} {'CoreDNS':>9} {'':4} {'judged':>8} {'goal':>6}")
        for row in rows:
            print(row)
            failed += not row.met
        say(f"{time.monotonic() - began:.0f} s")
        table[section] = [vars(r) | {"met": r.met} for r in rows]
    if a.json:
        with open(a.json, "w") as f:
            json.dump(table, f, indent=1)
    print(f"\n{failed} goals not met" if failed else "\nall goals met")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
