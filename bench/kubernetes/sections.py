# SPDX-License-Identifier: Apache-2.0
"""What is measured.  Each function gives rows: (what, ours, theirs or None, what is judged, the goal)."""
import contextlib, os, statistics, subprocess, sys, threading, time

import objects
from apis import HERE, streams_seconds
from servers import Asker

SETTLE_S = 5                # after the start, before memory is read: a garbage collector runs in that time
CHANGES_A_SECOND = 200


def median(values):
    return statistics.median(values) if values else float("nan")


class Row:
    """A line of the table.  `value` is what has to be at most `goal`."""

    def __init__(self, what, ours, theirs, value, goal, unit="", note=""):
        self.what, self.ours, self.theirs, self.value, self.goal, self.unit, self.note = what, ours, theirs, value, goal, unit, note

    @property
    def met(self):
        return self.value <= self.goal

    def __str__(self):
        number = lambda x: "" if x is None else f"{x:.4g}"
        return (f"{self.what:46} {number(self.ours):>9} {number(self.theirs):>9} {self.unit:4} {self.value:8.3f} {self.goal:6.3g}  "
                f"{'met' if self.met else 'NOT MET'}{'  ' + self.note if self.note else ''}")


# ---------------------------------------------------------------- start, memory, relist

class Peak(threading.Thread):
    """The most private memory of some servers, looked at again and again."""

    def __init__(self, servers):
        super().__init__(daemon=True)
        self.servers, self.most, self.ends = servers, [0] * len(servers), threading.Event()
        self.start()

    def run(self):
        while not self.ends.wait(0.003):
            for i, s in enumerate(self.servers):
                with contextlib.suppress(OSError):
                    self.most[i] = max(self.most[i], s.kb("RssAnon")[0])

    def stop(self):
        self.ends.set()
        self.join()
        return self.most


def relist(api, servers, names):
    """(peak over steady of private memory, of resident memory), a server each; a new service ends it."""
    steady = [s.kb("RssAnon", "VmRSS") for s in servers]
    for s in servers:
        s.forget_peak()
    peak = Peak(servers)
    api.make_old(servers)
    name = f"relist-{next(names)}"
    api.put(name)
    for s in servers:
        s.wait_answer(f"{name}.bulk-0.svc.cluster.local")
    anon = peak.stop()
    return [(a / st[0], s.kb("VmHWM")[0] / st[1]) for a, st, s in zip(anon, steady, servers)]


def start_and_memory(api, make, rounds, say):
    """Rounds of: curl, then each server, started alone; then both side by side are left alone, measured and made to list anew."""
    curl, ready, memory, peaks = [], ([], []), ([], []), ([], [])
    names = iter(range(time.monotonic_ns() % 10 ** 8 * 100, 10 ** 12))
    streams_seconds(api)
    for n in range(rounds):
        curl.append(streams_seconds(api))
        servers = []
        try:
            for i, which in enumerate(make):
                servers.append(which(api))
                ready[i].append(servers[-1].wait_ready(api.known))
            time.sleep(SETTLE_S)
            for i, s in enumerate(servers):
                memory[i].append(s.kb("RssAnon", "VmRSS"))
            for i, p in enumerate(relist(api, servers, names)):
                peaks[i].append(p)
            say(f"round {n + 1}: curl {curl[-1]:.2f} s, ready {ready[0][-1]:.2f} and {ready[1][-1]:.2f} s, RssAnon "
                f"{memory[0][-1][0]} and {memory[1][-1][0]} KiB")
        finally:
            for s in servers:
                s.close()
    anon = [median([m[0] for m in memory[i]]) / 1024 for i in (0, 1)]
    rss = [median([m[1] for m in memory[i]]) / 1024 for i in (0, 1)]
    started = [median(r) for r in ready]
    bound = max(1.3 * median(curl), started[1] / 3)
    peak = [[median([p[k] for p in peaks[i]]) for i in (0, 1)] for k in (0, 1)]
    return [
        Row("private memory (RssAnon), of CoreDNS's", *anon, anon[0] / anon[1], 0.1, "MiB"),
        Row("resident memory (VmRSS), of CoreDNS's", *rss, rss[0] / rss[1], 1 / 6, "MiB"),
        Row("peak of RssAnon in a relist, of steady", *peak[0], peak[0][0], 1.3),
        Row("peak of VmRSS in a relist, of steady", *peak[1], peak[1][0], 1.3),
        Row("start to ready, of what is allowed", *started, started[0] / bound, 1, "s",
            f"curl {median(curl):.2f} s, allowed {bound:.2f} s"),
    ]


# ---------------------------------------------------------------- from an event to the answer

class Arrivals:
    """watcher.py's lines."""

    def __init__(self, api):
        ca = os.path.join(api.data, "pki", "ca.crt")
        self.proc = subprocess.Popen([sys.executable, os.path.join(HERE, "watcher.py"), api.api.env["KAPI_SERVER"], ca,
                                      api.token("admin")], stdout=subprocess.PIPE, text=True)
        self.at, self.known = {}, threading.Condition()
        if self.proc.stdout.readline().strip() != ".":
            raise SystemExit("the watcher does not watch")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.proc.stdout:
            name, when = line.split()
            with self.known:
                self.at[name] = float(when)
                self.known.notify_all()

    def of(self, name):
        with self.known:
            self.known.wait_for(lambda: name in self.at, 20)
            return self.at[name]

    def close(self):
        self.proc.terminate()
        self.proc.wait()


def events(api, servers, count, say):
    """A new service is asked of both servers from before it is made on."""
    arrivals, asker = Arrivals(api), Asker(servers)
    late = [[], []]
    try:
        for i in range(count):
            name = f"event-{time.monotonic_ns()}"
            maker = threading.Thread(target=api.put, args=(name,))
            maker.start()
            found = asker.until(f"{name}.bulk-0.svc.cluster.local", 20)
            maker.join()
            came = arrivals.of(name)
            for k in (0, 1):
                late[k].append(max(0.0, found[k] - came) * 1000 if found[k] else float("inf"))
    finally:
        arrivals.close()
        asker.close()
    p95 = [sorted(l)[int(len(l) * 0.95)] for l in late]
    say(f"{count} events; 95 of 100 within {p95[0]:.1f} and {p95[1]:.1f} ms of their arrival")
    medians = [median(l) for l in late]
    return [Row("event's arrival to the answer", *medians, medians[0], 10, "ms", f"95 of 100: {p95[0]:.1f} and {p95[1]:.1f}")]


# ---------------------------------------------------------------- the API server is away

class Continuous(threading.Thread):
    """A known name is asked again and again; each answer is counted."""

    def __init__(self, servers, name):
        super().__init__(daemon=True)
        self.servers, self.name, self.ends = servers, name, threading.Event()
        self.asked, self.lost = [0] * len(servers), [0] * len(servers)
        self.start()

    def run(self):
        while not self.ends.wait(0.02):
            for i, s in enumerate(self.servers):
                self.asked[i] += 1
                self.lost[i] += not s.ask(self.name)

    def stop(self):
        self.ends.set()
        self.join()


def ready_again(api):
    """The API server is started; when it is ready, looked for more often than `start` does."""
    starting = threading.Thread(target=api.start)
    starting.start()
    while not api.is_ready():
        time.sleep(0.01)
    at = time.monotonic()
    return at, starting


def outages(api, servers, seconds, say):
    rows = []
    for s in seconds:
        asked, asker = Continuous(servers, api.known), Asker(servers)
        api.run("kill-apiserver")
        time.sleep(s)
        at, starting = ready_again(api)
        name = f"outage-{s}-{time.monotonic_ns()}"
        maker = threading.Thread(target=api.put, args=(name,))
        maker.start()
        found = [f - at if f else float("inf") for f in asker.until(f"{name}.bulk-0.svc.cluster.local", 120)]
        maker.join()
        starting.join()
        asked.stop()
        asker.close()
        say(f"outage of {s} s: resolvable {found[0]:.2f} and {found[1]:.2f} s after ready; old name asked {asked.asked[0]} times, "
            f"{asked.lost[0]} and {asked.lost[1]} without an answer")
        rows.append(Row(f"outage of {s} s: ready to a new answer", *found, found[0], 2, "s"))
        rows.append(Row(f"outage of {s} s: old answers lost", *asked.lost, asked.lost[0], 0, "", f"of {asked.asked[0]}"))
    return rows


# ---------------------------------------------------------------- CPU of the watch

def change(api, name, i):
    """One event: another address in a slice."""
    body = objects.endpoint_slice("bulk-0", name, "w", [objects.endpoint(f"10.250.{i // 200 % 256}.{i % 200 + 1}")])
    path = objects.collection(body) + "/" + body["metadata"]["name"]
    patch = {"endpoints": body["endpoints"]}
    api.api.request("PATCH", path, patch, "application/merge-patch+json")


def changes(api, servers, seconds, say):
    """CHANGES_A_SECOND updates of slices for some seconds; the CPU of both servers meanwhile."""
    workers = 8
    slices = [f"watched-{k}" for k in range(workers)]
    for name in slices:
        api.put(name)
        api.api.put_object(objects.endpoint_slice("bulk-0", name, "w", [objects.endpoint("10.250.0.1")]))
    done = [0] * workers
    before, began = [s.cpu_s() for s in servers], time.monotonic()

    def work(k):
        for i in range(k, int(seconds * CHANGES_A_SECOND), workers):
            time.sleep(max(0.0, began + i / CHANGES_A_SECOND - time.monotonic()))
            change(api, slices[k], i + 1)
            done[k] += 1
    threads = [threading.Thread(target=work, args=(k,)) for k in range(workers)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - began
    time.sleep(0.5)
    used = [(s.cpu_s() - b) / sum(done) * 1e6 for s, b in zip(servers, before)]
    say(f"{sum(done)} changes in {took:.1f} s, {sum(done) / took:.0f} a second")
    return [Row(f"CPU of the watch, {sum(done) / took:.0f} changes/s, of CoreDNS's", *used, used[0] / used[1], 0.2, "us")]


def events_in_storm(api, servers, count, say):
    """A new service while 200 slices change a second."""
    ends = threading.Event()

    def storm():
        while not ends.is_set():
            changes(api, servers, 10, lambda _: None)
    thread = threading.Thread(target=storm)
    thread.start()
    try:
        time.sleep(1)
        rows = events(api, servers, count, say)
    finally:
        ends.set()
        thread.join()
    for row in rows:
        row.what += ", in a storm"
    return rows
