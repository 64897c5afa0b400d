# SPDX-License-Identifier: Apache-2.0
"""`binnacle doctor` as a command: flags, exit status, what it prints.  The faults that it finds are in ../doctor."""
import json, os, pty, re, subprocess

import jsonschema
import pytest

import compat
from harness import server as servers, wait

SCHEMA = os.path.join(servers.ROOT, "docs", "doctor.schema.json")
GOOD = """.:{PORT} {
    bind 127.0.0.1
    hosts {
        192.0.2.1 www.example.org
        2001:db8::1 www.example.org
        192.0.2.9 ok.example.org
        2001:db8::9 ok.example.org
    }
}
"""
HEALTHY, FAULT, UNKNOWN, USAGE = 0, 1, 2, 3


@pytest.fixture
def resolv(tmp_path):
    """resolv(TEXT): a resolv.conf."""
    def make(text):
        path = tmp_path / "resolv.conf"
        path.write_text(text)
        return str(path)
    return make


def doctor(*args, env=None):
    """A run: (exit status, standard output, standard error).  HOME is nowhere, so that no kubeconfig is found."""
    r = subprocess.run([*servers.binary(), "doctor", *map(str, args)], capture_output=True, text=True, timeout=60 * wait.FACTOR,
                       env={**os.environ, "HOME": "/nonexistent", "KUBECONFIG": "", **(env or {})})
    assert not servers.SANITIZER.search(r.stderr), r.stderr
    return r.returncode, r.stdout, r.stderr


def document(*args):
    status, out, err = doctor("-json", "-quiet", *args)
    found = json.loads(out)
    with open(SCHEMA) as f:
        jsonschema.validate(found, json.load(f))
    assert found["conclusion"]["exit"] == status
    assert err == ""
    return found


@pytest.fixture
def good(server, resolv):
    """Arguments that make doctor ask a healthy server on loopback."""
    made = server(GOOD)
    return ["-resolv-conf", resolv("search example.org\nnameserver 127.0.0.1\noptions ndots:2\n"), "-p", made.port(),
            "-control", "ok.example.org"]


def test_a_healthy_server_is_healthy(good):
    status, out, err = doctor(*good, "www.example.org")
    assert status == HEALTHY, out
    lines = out.splitlines()
    assert lines[0].startswith("healthy"), out
    assert lines[2] == ""
    assert re.search(r"^  resolver 127\.0\.0\.1:\d+( +ok \d+ms){6} *$", out, re.M), out


def test_questions_are_told_before_and_bounded(good):
    status, out, err = doctor(*good, "-n", "www")
    m = re.search(r"^1 server will be asked (\d+) questions, and at most (\d+) more", out)
    assert status == 0 and err == "" and m, out
    assert doctor(*good, "www")[2].startswith(m[0])
    found = document(*good, "www")
    assert int(m[1]) <= found["questions"] <= found["questions_at_most"] == int(m[1]) + int(m[2])


def test_nothing_is_asked_for_the_plan_alone(server, resolv):
    made = server(GOOD.replace("hosts", "log\n    hosts"))
    assert doctor("-n", "-resolv-conf", resolv("nameserver 127.0.0.1\n"), "-p", made.port(), "www.example.org")[0] == 0
    made.udp("ok.example.org")
    made.said("ok.example.org")
    assert "www.example.org" not in made.output()


def test_the_budget_holds(good):
    found = document(*good, "-queries", "10", "www")
    sent = [o for o in found["observations"] if o["outcome"] != "not-sent"]
    assert len(sent) == found["questions"] == 10
    assert {o["why"] for o in found["observations"] if o["outcome"] == "not-sent"} == {"the budget was used up"}


def test_json_has_its_schema_and_indexes_that_fit(good):
    found = document(*good, "www", "AAAA")
    assert found["given"] == "www" and found["name"] == "www.example.org" and found["type"] == "AAAA"
    for i, o in enumerate(found["observations"]):
        assert o["index"] == i and o["server"] < len(found["servers"])
    for v in found["verdicts"]:
        assert all(k < len(found["observations"]) for e in v["evidence"] for k in e["observations"])
    ways = {o["way"] for o in found["observations"] if o["role"] == "asked"}
    assert ways == {"udp", "udp-512", "udp-1232", "udp-4096", "tcp", "cookie"}
    assert {o["name"] for o in found["observations"] if o["role"] == "control"} == {"ok.example.org"}
    assert found["resolv_conf"]["glibc"]["end"] == "found"


def test_flags_stand_before_and_behind_the_name(good):
    assert doctor("www.example.org", *good, "--json")[0] == HEALTHY
    assert doctor(*good[:2], "www.example.org.", "A", *good[2:], "-quiet=true")[0] == HEALTHY


def test_a_dead_server_is_a_fault(server, resolv):
    port = compat.free_port()
    status, out, err = doctor("-resolv-conf", resolv("nameserver 127.0.0.1\n"), "-p", port, "-timeout", "200ms", "www.example.org")
    assert status in (FAULT, UNKNOWN), out
    assert re.search(r"^  resolver 127\.0\.0\.1:\d+( +refused){6} *$", out, re.M), out


@pytest.mark.parametrize("args, said", [
    ([], "expected: binnacle doctor"),
    (["a", "A", "b"], "expected: binnacle doctor"),
    (["a", "NOTYPE"], '"NOTYPE" is no record type'),
    (["a", "AXFR"], '"AXFR" is no record type that can be asked for'),
    (["a..b"], '"a..b" is no domain name'),
    (["-server", "nonsense", "a"], '"nonsense" is no address'),
    (["-server", "\x1b[31m", "a"], r'"\027[31m" is no address'),
    (["-control", "a..b", "a"], '"a..b" is no domain name'),
    (["-queries", "0", "a"], 'invalid value "0" for flag -queries'),
    (["-timeout", "soon", "a"], 'invalid value "soon" for flag -timeout'),
    (["-p", "70000", "a"], 'invalid value "70000" for flag -p'),
    (["-service", "kube-dns", "a"], "expected NAMESPACE/NAME"),
    (["-configmap", "a/b/c", "a"], "expected NAMESPACE/NAME"),
    (["-corefile", "/nonexistent", "a"], "/nonexistent: No such file"),
    (["-nosuch", "a"], "flag provided but not defined: -nosuch"),
    (["a", "-server"], "flag needs an argument: -server"),
    (["-json=perhaps", "a"], "invalid boolean value"),
])
def test_wrong_usage_is_told(args, said):
    status, out, err = doctor("-no-api", *args)
    assert (status, out) == (USAGE, "") and said in err, err


def test_the_help_has_every_flag_of_the_page():
    status, out, err = doctor("-h")
    assert status == 0
    with open(os.path.join(servers.ROOT, "docs", "doctor.md")) as f:
        page = f.read()
    for flag in re.findall(r"^  -(\S+)", err, re.M):
        assert flag in ("h", "help") or f"-{flag}" in page, flag


def test_names_of_others_are_shown_escaped(server, resolv):
    made = server(".:{PORT} {\n    bind 127.0.0.1\n    template IN ANY . {\n        answer \"{{ .Name }} 60 IN CNAME a\\027[31m.example.\"\n"
                  "    }\n    chaos \"evil\x1b[31m\" me\n}\n")
    status, out, err = doctor("-resolv-conf", resolv("nameserver 127.0.0.1\n"), "-p", made.port(), "x\\027y.example.")
    assert "\x1b" not in out + err and "x\\027y.example" in out


def test_colours_on_a_terminal_only(good):
    plain = doctor(*good, "www.example.org")[1]
    assert "\x1b" not in plain

    def on_terminal(**env):
        ours, theirs = pty.openpty()
        r = subprocess.Popen([*servers.binary(), "doctor", "-quiet", *map(str, good), "www.example.org"], stdout=theirs,
                             stderr=subprocess.PIPE, env={**os.environ, "TERM": "xterm", "HOME": "/nonexistent", **env})
        os.close(theirs)
        out = b""
        try:
            while piece := os.read(ours, 65536):
                out += piece
        except OSError:
            pass
        assert r.wait(60 * wait.FACTOR) == HEALTHY, (out, r.stderr.read())
        os.close(ours)
        return out.decode()

    assert "\x1b[32m" in on_terminal()
    assert "\x1b" not in on_terminal(NO_COLOR="1")
    assert "\x1b" not in on_terminal(TERM="dumb")


def test_the_corefiles_own_resolv_conf_is_never_ours(good, tmp_path):
    corefile = tmp_path / "Corefile"
    corefile.write_text(". {\n    forward . /etc/resolv.conf\n}\n")
    legs = [s for s in document(*good, "-corefile", corefile, "www")["servers"] if s["kind"] == "upstream"]
    assert [s["state"] for s in legs] == ["unknown"] and "--upstream" in legs[0]["reason"]
    named = document(*good, "-corefile", corefile, "-upstream", "127.0.0.1", "www")["servers"]
    assert [s["address"] for s in named if s["kind"] == "upstream"] == ["127.0.0.1"]


def test_an_address_without_a_route_is_no_fault(netns, server, resolv):
    ns = netns()
    made = server(GOOD.replace("{PORT}", "53"), ns=ns)
    line = ns.command([*servers.binary(), "doctor", "-json", "-no-api", "-resolv-conf", resolv("nameserver 127.0.0.1\n"),
                       "-pod", "192.0.2.7", "-upstream", "2001:db8::7", "www.example.org"])
    r = subprocess.run(line, capture_output=True, text=True, timeout=60 * wait.FACTOR)
    found = json.loads(r.stdout)
    assert [s["state"] for s in found["servers"]] == ["asked", "no-route", "no-route"]
    assert all("not reachable from here" in s["reason"] for s in found["servers"][1:])
    assert not any(v["severity"] == "fault" for v in found["verdicts"]), found["verdicts"]
    assert made.proc.poll() is None


def test_upstreams_behind_the_file_come_from_the_binnacle_here(netns, server, upstream, resolv):
    ns, near = netns(), {"rules": [{"match": {}, "answer": "@ 60 IN A 192.0.2.1"}]}
    upstream(near, host="127.0.0.5", port=53, ns=ns)
    server(".:53 {\n    bind 127.0.0.1\n    forward . /etc/resolv.conf\n    cache\n}\n", ns=ns, resolv="nameserver 127.0.0.5\n")

    def run(*args):
        r = subprocess.run(ns.command([*servers.binary(), "doctor", "-no-api", "-resolv-conf", resolv("nameserver 127.0.0.1\n"),
                                       *args, "www.example.org"]), capture_output=True, text=True, timeout=60 * wait.FACTOR)
        return r.stdout or r.stderr
    wait.until(lambda: run("-n").startswith("2 servers"), "the server tells its upstreams", 20)
    found = json.loads(run("-json", "-quiet"))
    assert found["corefile"]["origin"] == "admin" and found["corefile"]["where"].startswith("admin data of binnacle/")
    assert [(s["address"], s["kind"]) for s in found["servers"]] == [("127.0.0.1", "resolver"), ("127.0.0.5", "upstream")]
    assert run("-admin", "off", "-n").startswith("1 server ")
