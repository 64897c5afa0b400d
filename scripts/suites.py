#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run the suites and sum them up; scripts/test is the front door.

  suites.py [SUITE...]     all suites, or those named; last line: N passed, N failed
  suites.py --list         their names

Each suite writes build/test-logs/NAME.log, whose end is shown when something failed.  A suite counts its
tests; a build counts as one.  What needs a build that failed counts as one failure.
"""
import glob, json, os, re, shutil, signal, subprocess, sys, time
import xml.etree.ElementTree

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
LOGS = os.path.join(ROOT, "build", "test-logs")
TAIL = 60
JOBS = len(os.sched_getaffinity(0))
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))

SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
# Directory, compiler, options.  The sanitized builds optimize a little: without it the system tests crawl.
SANITIZED = ["-Dbuildtype=debug", "-Doptimization=1", "-Db_lundef=false"]
BUILDS = {
    "gcc": ("build-gcc", "gcc", ["-Dwerror=true"]),
    "clang": ("build-clang", "clang", ["-Dwerror=true"]),
    "asan": ("build-asan", "gcc", SANITIZED + ["-Db_sanitize=address,undefined"]),
    "tsan": ("build-tsan", "gcc", SANITIZED + ["-Db_sanitize=thread"]),
    "fuzz": ("build-fuzz", "clang", SANITIZED + ["-Db_sanitize=address,undefined", "-Dfuzz=true"]),
}


class Outcome:
    """What a suite counted.  `note`: why there is less than usual."""

    def __init__(self, passed=0, failed=0, skipped=0, note=""):
        self.passed, self.failed, self.skipped, self.note = passed, failed, skipped, note

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.note = "; ".join(filter(None, (self.note, other.note)))
        return self


class Log:
    """A suite's log file; run() puts a program's output there."""

    def __init__(self, name):
        self.name, self.path = name, os.path.join(LOGS, name + ".log")
        self.file = open(self.path, "w")

    def say(self, text):
        print(text, file=self.file, flush=True)

    def run(self, command, timeout=1800, **env):
        """Exit status; the program and its children are ended after `timeout` seconds."""
        self.say(f"$ {' '.join(command)}")
        proc = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **SANITIZER_OPTIONS, **env},
                                stdin=subprocess.DEVNULL, stdout=self.file, stderr=subprocess.STDOUT,
                                start_new_session=True)
        try:
            return proc.wait(timeout)
        except subprocess.TimeoutExpired:
            self.say(f"not done after {timeout} s: ended")
            return 124
        finally:
            if proc.poll() is None:
                os.killpg(proc.pid, signal.SIGKILL)
                proc.wait()

    def text(self):
        self.file.flush()
        with open(self.path, errors="replace") as f:
            return f.read()

    def tail(self):
        self.file.flush()
        with open(self.path, errors="replace") as f:
            return "".join(f.readlines()[-TAIL:])


# ---------------------------------------------------------------- builds
_built = {}


def built(kind, log):
    """Whether that build is there, made now if it was not tried yet."""
    if kind not in _built:
        folder, compiler, options = BUILDS[kind]
        ok = True
        if not os.path.exists(os.path.join(ROOT, folder, "build.ninja")):
            shutil.rmtree(os.path.join(ROOT, folder), ignore_errors=True)
            ok = log.run(["meson", "setup", folder, *options], CC=compiler) == 0
        _built[kind] = ok and log.run(["ninja", "-C", folder]) == 0
    return _built[kind]


def build_suite(kind):
    def suite(log):
        ok = built(kind, log)
        return Outcome(passed=int(ok), failed=int(not ok))
    return suite


def needs_build(kind):
    """A suite whose first step is a build; when that fails, so does the suite."""
    def wrap(run):
        def suite(log):
            if not built(kind, log):
                return Outcome(failed=1, note=f"not run: build-{kind} failed")
            return run(log)
        return suite
    return wrap


def binary(kind):
    path = os.path.join(ROOT, BUILDS[kind][0], "binnacle")
    return path if os.path.exists(path) else None


def without_aslr():
    """A prefix for programs under ThreadSanitizer: gcc 12's cannot live with more than 28 bits of randomness."""
    setarch = ["setarch", "-R"]
    works = shutil.which("setarch") and subprocess.run(setarch + ["true"], capture_output=True).returncode == 0
    return setarch if works else []


# ---------------------------------------------------------------- suites
def meson_outcome(folder):
    """Counts of cmocka tests in the last `meson test`; a program that died counts as one failure more."""
    out = Outcome()
    try:
        with open(os.path.join(ROOT, folder, "meson-logs", "testlog.json")) as f:
            programs = [json.loads(line) for line in f]
    except FileNotFoundError:
        return Outcome(failed=1, note="no test log")
    for p in programs:
        text = p.get("stdout", "") + p.get("stderr", "")
        passed = len(re.findall(r"^\[       OK \]", text, re.M))
        failed = len(set(re.findall(r"^\[  FAILED  \] (\w+)$", text, re.M)))
        fine = p["result"] in ("OK", "EXPECTEDFAIL")
        out.passed += passed or int(fine)
        out.failed += failed or int(not fine)
    return out


def meson_tests(kind, *args):
    folder = BUILDS[kind][0]
    json_log = os.path.join(ROOT, folder, "meson-logs", "testlog.json")

    @needs_build(kind)
    def suite(log):
        if os.path.exists(json_log):
            os.remove(json_log)
        prefix = without_aslr() if kind == "tsan" else []
        status = log.run([*prefix, "meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs",
                          "--timeout-multiplier", "5", *args])
        out = meson_outcome(folder)
        if status and not out.failed:
            out.failed = 1
        return out
    return suite


def pytest_outcome(path, status):
    try:
        suites = xml.etree.ElementTree.parse(path).getroot().iter("testsuite")
        count = {k: 0 for k in ("tests", "failures", "errors", "skipped")}
        for s in suites:
            for k in count:
                count[k] += int(s.get(k, 0))
    except (OSError, xml.etree.ElementTree.ParseError):
        return Outcome(failed=1, note=f"pytest ended with {status}")
    failed = count["failures"] + count["errors"]
    if status not in (0, 5) and not failed:
        failed = 1
    return Outcome(max(0, count["tests"] - failed - count["skipped"]), failed, count["skipped"])


# System tests wait more than they compute: one file of tests a process, a process more than there are cores.
SIDE_BY_SIDE = ["-n", str(JOBS + 1), "--dist", "loadfile"]


def pytest(log, folder, *args, timeout=2400, **env):
    xml_path = log.path + ".xml"
    if os.path.exists(xml_path):
        os.remove(xml_path)
    status = log.run(["/usr/bin/python3", "-B", "-m", "pytest", "-o", f"cache_dir={log.path}.cache", "-q", "-ra", "--tb=short",
                      f"--junitxml={xml_path}", folder, *args], timeout, **env)
    return pytest_outcome(xml_path, status)


AGAIN_MAX = 10


def pytest_side_by_side(log, folder, *args, **env):
    """What fails beside others is run again alone, and named if it passes then: on a busy machine a time-out of a client or a
    peer is none of the server's faults.  A sanitizer's report, or more than a few failures, is never excused."""
    out = pytest(log, folder, *args, *SIDE_BY_SIDE, **env)
    if not 0 < out.failed <= AGAIN_MAX or "sanitizer report" in log.text():
        return out
    alone = pytest(log, folder, *args, "--last-failed", "--last-failed-no-failures=none", **env)
    recovered = out.failed - alone.failed
    if alone.passed + alone.failed < out.failed:
        return out  # not the same tests
    return Outcome(out.passed + recovered, alone.failed, out.skipped, f"{recovered} passed alone only, see {log.name}.log")


def exists(path):
    """A note in place of a suite whose folder is not there."""
    def wrap(run):
        def suite(log):
            return run(log) if glob.glob(os.path.join(ROOT, path)) else Outcome(note=f"no {path}")
        return suite
    return wrap


@exists("tests/habits/test_*.py")
def habits(log):
    return pytest(log, "tests/habits", timeout=300)


def server_env(kind, factor):
    """The tests' environment: the server under test, CoreDNS if it could be built, patience."""
    prefix = without_aslr() if kind == "tsan" else []
    env = {"BINNACLE": " ".join([*prefix, binary(kind)]), "BINNACLE_TIME_FACTOR": str(factor)}
    if os.path.exists(os.path.join(ROOT, BUILDS["gcc"][0], "binnacle")):
        env["BINNACLE_RELEASE"] = binary("gcc")
    if peer.wait():
        env["COREDNS"] = peer.path
    if helm.wait():
        env["HELM"] = helm.path
    if apiserver.wait():
        env["BINNACLE_K8S"] = os.path.join(ROOT, "tests", "apiserver")
    return env


@exists("tests/system")
@needs_build("asan")
def system(log):
    if not binary("asan"):
        return Outcome(failed=1, note="the build made no binnacle")
    out = pytest_side_by_side(log, "tests/system", **server_env("asan", 5))
    missing = [b.name for b in BACKGROUND if not b.wait()]
    if missing:
        out.note = "; ".join(filter(None, (out.note, "without " + ", ".join(f"{name} (see {name}.log)" for name in missing))))
    return out


# Tests with this mark start the server with several threads that meet: reload, many workers, the log's writer.
@exists("tests/system")
@needs_build("tsan")
def system_threads(log):
    if not binary("tsan"):
        return Outcome(failed=1, note="the build made no binnacle")
    return pytest_side_by_side(log, "tests/system", "-m", "threads", **server_env("tsan", 10))


@exists("tests/compat/run.py")
@needs_build("asan")
def compat(log):
    if not binary("asan"):
        return Outcome(failed=1, note="the build made no binnacle")
    status = log.run(["/usr/bin/python3", "-B", "tests/compat/run.py", binary("asan"), "-j", str(2 * JOBS)])
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", log.tail(), re.M)
    if not counts:
        return Outcome(failed=1, note=f"ended with {status} and no count")
    passed, failed = map(int, counts[-1])
    return Outcome(passed, failed or int(status != 0))


@exists("scripts/cross-arm64")
@needs_build("gcc")
def arm64(log):
    if log.run(["scripts/cross-arm64"], timeout=900):
        return Outcome(failed=1, note="not run: the cross build failed")
    return pytest(log, "tests/system/image/test_arm64.py", timeout=300, BINNACLE=binary("gcc"))


# ---------------------------------------------------------------- fuzzing
def fuzz_commands(target, seconds, out_dir):
    """The corpus alone, then the search, whose findings stay out of the corpus."""
    program = os.path.join(ROOT, BUILDS["fuzz"][0], "fuzz", target)
    corpus = os.path.join(ROOT, "fuzz", "corpus", target.removeprefix("fuzz_"))
    new = os.path.join(out_dir, "new")
    os.makedirs(new, exist_ok=True)
    common = [program, "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={out_dir}/"]
    dictionary = os.path.join(ROOT, "fuzz", target + ".dict")
    if os.path.exists(dictionary):
        common.append(f"-dict={dictionary}")
    seeds = [corpus] if os.path.isdir(corpus) else []
    return [common + ["-runs=0", *seeds], common + [f"-max_total_time={seconds}", new, *seeds]]


def fuzz_one(target, seconds):
    """Corpus and search of one target as one process; its log has the target's name."""
    out_dir = os.path.join(LOGS, target)
    shutil.rmtree(out_dir, ignore_errors=True)
    commands = fuzz_commands(target, seconds, out_dir)
    script = " && echo CORPUS-PASSED && ".join(" ".join(c) for c in commands)
    with open(os.path.join(LOGS, target + ".log"), "w") as f:
        return subprocess.Popen(["sh", "-c", script], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=f,
                                stderr=subprocess.STDOUT, start_new_session=True,
                                env={**os.environ, **SANITIZER_OPTIONS})


def fuzz_count(target, status, log):
    with open(os.path.join(LOGS, target + ".log"), errors="replace") as f:
        text = f.read()
    corpus = "CORPUS-PASSED" in text
    log.say(f"{target}: corpus {'passed' if corpus else 'FAILED'}, search {'passed' if status == 0 else 'FAILED'}")
    if status:
        log.say(text[-4000:])
    return Outcome(passed=int(corpus) + int(status == 0), failed=int(not corpus) + int(corpus and status != 0))


@exists("fuzz/fuzz_*.c")
@needs_build("fuzz")
def fuzz(log, seconds=None, targets=()):
    seconds = seconds or FUZZ_SECONDS
    targets = list(targets) or sorted(os.path.basename(p)[:-2] for p in glob.glob(os.path.join(ROOT, "fuzz", "fuzz_*.c")))
    out, running = Outcome(), {}
    while targets or running:
        while targets and len(running) < JOBS:
            running[targets[0]] = fuzz_one(targets[0], seconds)
            targets.pop(0)
        for target, proc in list(running.items()):
            if proc.poll() is not None:
                out += fuzz_count(target, running.pop(target).returncode, log)
        time.sleep(0.2)
    return out


# ---------------------------------------------------------------- the peer, the API server, helm
class Background:
    """A program that a command builds in the background while other suites run; the command prints its path."""

    def __init__(self, name, command, variable):
        self.name, self.command = name, command
        self.proc, self.path = None, os.environ.get(variable)

    def start(self):
        if self.path or self.proc:
            return
        with open(os.path.join(LOGS, self.name + ".log"), "w") as log:
            self.proc = subprocess.Popen(self.command, cwd=ROOT, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)

    def wait(self):
        """Its path, or None where it could not be built."""
        if self.proc:
            out, _ = self.proc.communicate()
            self.path = out.strip().split("\n")[-1] if self.proc.returncode == 0 else None
            self.proc = None
        return self.path


peer = Background("peer", ["scripts/peer"], "COREDNS")
# The first build on a machine takes some ten minutes; it leaves its result in a cache.
apiserver = Background("apiserver", ["nice", "tests/apiserver/start", "build"], "KAPI")

helm = Background("helm", ["nice", "scripts/helm"], "HELM")
BACKGROUND = (apiserver, peer, helm)

SUITES = {
    "habits": habits,
    "build-gcc": build_suite("gcc"),
    "sim": meson_tests("gcc", "--suite", "sim"),  # 10,000 seeds; the sanitized builds run 500 among "unit"
    "build-clang": build_suite("clang"),
    "build-asan": build_suite("asan"),
    "unit": meson_tests("asan"),
    "build-tsan": build_suite("tsan"),
    "unit-threads": meson_tests("tsan", "--suite", "threads"),
    "fuzz": fuzz,
    "compat": compat,
    "system": system,
    "system-threads": system_threads,
    "arm64": arm64,
}
PEER_USERS = {"system", "system-threads"}


def run_suite(name):
    log, start = Log(name), time.monotonic()
    try:
        out = SUITES[name](log)
    except Exception as e:  # a broken suite must not hide the others
        log.say(f"{type(e).__name__}: {e}")
        out = Outcome(failed=1, note=f"{type(e).__name__}: {e}")
    skipped = f", {out.skipped} skipped" if out.skipped else ""
    note = f"  ({out.note})" if out.note else ""
    print(f"{name:15} {out.passed} passed, {out.failed} failed{skipped}  {time.monotonic() - start:.0f} s{note}", flush=True)
    if out.failed:
        print(f"---- the end of {os.path.relpath(log.path, ROOT)}")
        print(log.tail() + "----", flush=True)
    return out


def main(names):
    if names == ["--list"]:
        print("\n".join(SUITES))
        return 0
    unknown = [n for n in names if n not in SUITES]
    if unknown:
        sys.exit(f"no suite {unknown[0]}; there are: {' '.join(SUITES)}")
    os.makedirs(LOGS, exist_ok=True)
    names = names or list(SUITES)
    if PEER_USERS & set(names):
        for b in BACKGROUND:
            b.start()
    total = Outcome()
    for name in names:
        total += run_suite(name)
    for b in BACKGROUND:
        b.wait()
    last = f"{total.passed} passed, {total.failed} failed"
    with open(os.path.join(LOGS, "total"), "w") as f:
        print(last, file=f)
    print(last)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
