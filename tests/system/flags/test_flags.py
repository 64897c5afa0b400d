# SPDX-License-Identifier: Apache-2.0
"""The command line, as CoreDNS has it."""
import os
import re
import stat
import subprocess

import dns.rcode
import pytest

import compat
from harness import server as servers, wait

WHOAMI = ".:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n"


def run(*args, cwd=None, stdin=None):
    """One invocation that ends by itself."""
    return subprocess.run(servers.binary() + list(args), capture_output=True, text=True, timeout=20 * wait.FACTOR, cwd=cwd,
                          input=stdin)


def answers(made, port="PORT"):
    """whoami answers: nothing in the answer section, the client's address beside it."""
    r = made.udp("who.example.", port=port)
    return r.rcode() == 0 and len(r.additional) == 2


@pytest.mark.parametrize("args", [["-dns.port", "{PORT}"], ["-p", "{PORT}"], ["-dns.port={PORT}"], ["--dns.port", "{PORT}"],
                                  ["-dns.port", "1", "-p", "{PORT}"]])
def test_port_of_keys_without_one(server, args):
    assert answers(server(".\n{\n    bind 127.0.0.1\n    whoami\n}\n", args=args))


def test_port_of_a_key_wins(server):
    made = server(".:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n", args=["-p", "{PORT2}"])
    assert answers(made) and not made.bound("udp", made.port("PORT2"))


def test_corefile_of_the_working_directory(server):
    assert answers(server(WHOAMI, conf=False))


def test_without_a_corefile_whoami_and_log(server):
    made = server(None, conf=False, args=["-dns.port", "{PORT}"])
    assert answers(made)
    made.said(r'^\[INFO\] \S+:\d+ - \d+ "A IN who\.example\. udp \d+ false 512" NOERROR qr,aa,rd \d+ \d+(\.\d+)?(e-\d+)?s$')


@pytest.mark.parametrize("text", ["", "# only a comment\n", "(snippet) {\n    whoami\n}\n"])
def test_a_corefile_without_blocks_is_like_none(server, text):
    assert answers(server(text, args=["-dns.port", "{PORT}"]))


def test_corefile_from_stdin(server, tmp_path):
    port = compat.free_port()
    text = tmp_path / "in"
    text.write_text(WHOAMI.replace("{PORT}", str(port)))
    with open(text) as f:
        made = server(None, conf=False, args=["-conf", "stdin"], stdin=f, listens=[])
    wait.until(lambda: made.bound("udp", port), "the port of the Corefile from stdin")
    made.ports["PORT"] = port
    assert answers(made)


def test_start_lines_and_quiet(server):
    loud = server(WHOAMI)
    loud.said(rf"^\.:{loud.port()} on 127\.0\.0\.1$")
    loud.said(r"^[A-Z]\w+-\d+\.\d+\.\d+$")
    loud.said(r"^linux/\w+, ")
    quiet = server(WHOAMI, args=["-quiet"])
    assert answers(quiet)
    quiet.stop()
    assert not re.search(r"^\.:\d+|^[A-Z]\w+-\d+\.\d+|^linux/", quiet.output(), re.M), quiet.output()


def test_quiet_false_is_loud(server):
    made = server(WHOAMI, args=["-quiet=false"])
    made.said(rf"^\.:{made.port()} on 127\.0\.0\.1$")


def test_wildcard_start_line_has_no_address(server):
    made = server("b.example:{PORT} a.example:{PORT} {\n    whoami\n}\n")
    made.said(rf"^a\.example\.:{made.port()}\nb\.example\.:{made.port()}$")


def test_pidfile(server, tmp_path):
    path = tmp_path / "pid"
    made = server(WHOAMI, args=["-pidfile", str(path)])
    wait.until(path.exists, "the pid file")
    assert path.read_text() == f"{made.proc.pid}\n"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
    assert made.stop() == 0
    assert not path.exists()


def test_a_pidfile_that_cannot_be_written_is_told_only(server, tmp_path):
    made = server(WHOAMI, args=["-pidfile", str(tmp_path / "nosuch" / "pid")])
    assert answers(made)
    made.said(r"(?i)^\[(ERROR|WARNING)\].*pid")


@pytest.mark.parametrize("flag", ["-version", "--version", "-version=true"])
def test_version(flag):
    r = run(flag)
    assert r.returncode == 0
    assert re.fullmatch(r"\w+-\d+\.\d+\.\d+\nlinux/\w+, .+, .*\n", r.stdout), r.stdout


def test_plugins_are_those_built_one_a_line_sorted():
    r = run("-plugins")
    names = r.stdout.split()
    assert r.returncode == 0 and r.stdout == "".join(n + "\n" for n in names)
    assert [n for n in names if n != "on"] == sorted(n for n in names if n != "on")
    with open(os.path.join(servers.ROOT, "src", "plugin", "plugin.list")) as f:
        built = {line.split()[0] for line in f if line.split()[1:2] == ["built"]}
    assert {n.split(".")[-1] for n in names} == built


@pytest.mark.parametrize("flag", ["-h", "-help", "--help"])
def test_help(flag):
    r = run(flag)
    assert r.returncode == 0 and "-dns.port" in r.stderr and "-conf" in r.stderr and r.stdout == ""


@pytest.mark.parametrize("args", [["-nosuch"], ["-nosuch=1"], ["-conf"], ["-quiet=perhaps"]])
def test_unknown_flags_and_missing_values(args, tmp_path):
    r = run(*args, cwd=tmp_path)
    assert r.returncode == 2 and "-dns.port" in r.stderr, r


def test_positional_argument(tmp_path):
    r = run("nosuchword", cwd=tmp_path)
    assert r.returncode == 1 and "nosuchword" in r.stderr


def test_missing_corefile_is_named(tmp_path):
    r = run("-conf", str(tmp_path / "nosuch"))
    assert r.returncode == 1 and str(tmp_path / "nosuch") in r.stdout + r.stderr


def test_port_that_is_none(refused):
    status, out = refused(".:99999 {\n    whoami\n}\n")
    assert status == 1 and "99999" in out


def test_address_in_use_is_told_with_the_address(server, refused):
    """A socket without SO_REUSEPORT holds the port."""
    import socket
    with socket.socket() as t:
        t.bind(("127.0.0.1", 0))
        t.listen(1)
        port = t.getsockname()[1]
        status, out = refused(f".:{port} {{\n    bind 127.0.0.1\n    whoami\n}}\n")
    assert status == 1 and f"127.0.0.1:{port}" in out, out


def test_refused_on_an_unknown_zone(server):
    made = server("example.org:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n")
    assert made.udp("www.example.com.").rcode() == dns.rcode.REFUSED
