#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run the compatibility cases that this build is meant to pass.

  run.py SERVER [CASE...]           all cases but those of not-yet.txt; last line: N passed, N failed
  run.py SERVER --except FILE ...   another list; --except none runs every case
  run.py --write                    print a fresh list, by what each case needs (see needs.py)

SERVER is a command line (build/binnacle).  What is built is what `SERVER -plugins` prints.

The list cannot rot: a listed case that passes, a pattern without a case, and a case that needs
something that is not built but stands in no line, all fail the run.  A case whose Corefile must be
refused passes without the plugin, so it counts only once everything that it needs is built.
"""
import argparse, concurrent.futures, copy, fnmatch, glob, importlib.util, json, os, shlex, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import compat, needs

LIST = os.path.join(HERE, "not-yet.txt")


class Built:
    """What a server has: plugins by -plugins, transports by trying."""

    def __init__(self, server):
        self.args = shlex.split(server)
        if os.path.exists(self.args[0]):
            self.args[0] = os.path.abspath(self.args[0])
        out = subprocess.run(self.args + ["-plugins"], capture_output=True, text=True, timeout=20)
        self.plugins = {w.split(".")[-1] for w in out.stdout.split()}
        if not self.plugins:
            sys.exit(f"{server} -plugins printed nothing")
        self.schemes = {}

    def has(self, need):
        if need.endswith("://") or need.startswith("forward-"):
            if need not in self.schemes:
                self.schemes[need] = self._try(need)
            return self.schemes[need]
        return need in self.plugins

    def _try(self, need):
        """Whether a Corefile with that key (or upstream) is taken: still running after a second, or an
        error that is not about the transport."""
        port, up = compat.free_port(), compat.free_port()
        with tempfile.TemporaryDirectory(prefix="compat-") as d:
            tls = ""
            if need.endswith("://") and "tls" in self.plugins:
                tls = "    tls {} {}\n".format(*compat.make_certs(d))
            text = f"{need}.:{port} {{\n{tls}    whoami\n}}\n" if need.endswith("://") else \
                f".:{port} {{\n    forward . {need[8:]}://127.0.0.1:{up}\n}}\n"
            conf = os.path.join(d, "Corefile")
            with open(conf, "w") as f:
                f.write(text)
            proc = subprocess.Popen(self.args + ["-conf", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                proc.wait(1)
                return False
            except subprocess.TimeoutExpired:
                proc.terminate()
                proc.wait(10)
                return True


def all_cases():
    files = sorted(glob.glob(os.path.join(HERE, "cases", "**", "*.yaml"), recursive=True))
    return [compat.Case(f, HERE) for f in files]


def read_list(path):
    """[(pattern, reason)] of a list; blank lines and comments are skipped."""
    out = []
    with open(path) as f:
        for line in f:
            line = line.split("#")[0].strip()
            if line:
                pattern, _, reason = line.partition(" ")
                if not reason.strip():
                    sys.exit(f"{path}: {pattern} has no reason")
                out.append((pattern, reason.strip()))
    return out


def listed(case, rows):
    return next((why for pattern, why in rows if fnmatch.fnmatch(case.name, pattern)), None)


def rotten(cases, rows, lacks):
    """What is wrong with the list itself, as lines."""
    bad = [f"{p}: no case matches this line of the list" for p, _ in rows
           if not any(fnmatch.fnmatch(c.name, p) for c in cases)]
    for c in cases:
        why = listed(c, rows)
        if lacks[c.name] and why is None:
            bad.append(f"{c.name}: needs {' '.join(lacks[c.name])}, which is not built, and is not on the list")
        if why and not lacks[c.name] and why.startswith("needs ") and c.spec.get("fails_to_start"):
            bad.append(f"{c.name}: all that it needs is built now, take it off the list")
    return bad


def run_case(case, server):
    """Failures of one run, as lines."""
    exp = None
    if os.path.exists(case.expected_path):
        with open(case.expected_path) as f:
            exp = case.want = json.load(f)
    try:
        results, _ = case.run(server)
    except Exception as e:
        return [f"harness: {type(e).__name__}: {e}"]
    return case.compare(results, exp)


def run_twice(case, server):
    """A case, and once more when it fails: steps that wait by time are late on a busy machine now and
    then.  A pass at the second try is told, so that it does not hide."""
    bad = run_case(copy.deepcopy(case), server)
    if not bad:
        return []
    again = run_case(case, server)
    if not again:
        print(f"second try: {case.name}\n     {bad[0][:300]}", flush=True)
    return again


def write_list(cases, known, has):
    """One line for a folder whose every case lacks the same thing, else one line a case."""
    folders = {}
    for c in cases:
        folders.setdefault(c.name.split("/")[0], []).append(c)
    for folder, group in folders.items():
        lacks = [(c, [n for n in needs.of_case(c.spec, known) if not has(n)]) for c in group]
        shared = set.intersection(*(set(n) for _, n in lacks))
        if shared:
            print(f"{folder + '/*':44} needs {' '.join(sorted(shared))}")
            continue
        for c, n in lacks:
            if n:
                print(f"{c.name:44} needs {' '.join(n)}")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("server", nargs="?")
    ap.add_argument("cases", nargs="*", help="name prefixes; none: all")
    ap.add_argument("--except", dest="skip", default=LIST, metavar="FILE")
    ap.add_argument("--write", action="store_true")
    ap.add_argument("-j", type=int, default=4)
    ap.add_argument("-v", action="store_true")
    a = ap.parse_args()
    if not a.server:
        ap.error("which server?")
    known, built, cases = needs.known_plugins(), Built(a.server), all_cases()
    if a.write:
        return write_list(cases, known, built.has)
    rows = [] if a.skip == "none" else read_list(a.skip)
    lacks = {c.name: [n for n in needs.of_case(c.spec, known) if not built.has(n)] for c in cases}
    bad = [] if a.skip == "none" else rotten(cases, rows, lacks)
    if a.cases:
        cases = [c for c in cases if any(c.name.startswith(p) for p in a.cases)]
    skipped = [c for c in cases if not all(importlib.util.find_spec(m) for m in c.spec.get("needs") or [])]
    later = [c for c in cases if listed(c, rows)]
    now = [c for c in cases if c not in later and c not in skipped]
    # A listed case that lacks a plugin cannot start; the others are run and have to fail.
    tried = [c for c in later if not lacks[c.name] and not c.spec.get("fails_to_start") and c not in skipped]
    start, passed = time.monotonic(), 0
    with concurrent.futures.ThreadPoolExecutor(a.j) as ex:
        for c, why in zip(now, ex.map(lambda c: run_twice(c, a.server), now)):
            passed += not why
            if why:
                bad.append(f"{c.name}\n" + "\n".join(f"     {w[:2000 if a.v else 300]}" for w in why[:None if a.v else 4]))
            elif a.v:
                print(f"ok   {c.name}")
        for c, why in zip(tried, ex.map(lambda c: run_case(c, a.server), tried)):
            if not why:
                bad.append(f"{c.name}: passes now, take it off the list ({listed(c, rows)})")
    for b in bad:
        print(f"FAIL {b}")
    for c in skipped:
        print(f"skip {c.name} (needs Python modules {' '.join(c.spec['needs'])})")
    print(f"compat: {len(later)} cases wait for later stages, {time.monotonic() - start:.0f} s")
    print(f"{passed} passed, {len(bad)} failed")
    sys.exit(1 if bad or not passed else 0)


if __name__ == "__main__":
    main()
