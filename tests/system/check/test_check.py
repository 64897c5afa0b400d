# SPDX-License-Identifier: Apache-2.0
"""`binnacle check`: every error at once, with its place, what was found, and what is allowed there."""
import os
import re
import subprocess

import pytest

from harness import server as servers, wait

GOOD = ".:1053 {\n    bind 127.0.0.1\n    errors\n    forward . 127.0.0.1:5300\n    cache 30\n}\n"


def check(folder, corefile, *args, extra=None):
    """(exit status, output) of a check of that text."""
    path = folder / "Corefile"
    path.write_text(corefile)
    more = []
    if extra is not None:
        (folder / "extra").write_text(extra)
        more = ["-extra", str(folder / "extra")]
    r = subprocess.run(servers.binary() + ["check", "-conf", str(path), *more, *args], capture_output=True, text=True,
                       timeout=20 * wait.FACTOR, cwd=folder)
    assert not servers.SANITIZER.search(r.stdout + r.stderr), r.stdout + r.stderr
    return r.returncode, r.stdout + r.stderr


def test_a_good_corefile(tmp_path):
    status, out = check(tmp_path, GOOD)
    assert status == 0, out


def test_nothing_is_bound_and_nothing_served(tmp_path):
    """A check beside a running server on the same port does not disturb it."""
    import socket
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        status, out = check(tmp_path, GOOD.replace("1053", str(s.getsockname()[1])))
    assert status == 0, out


def test_every_error_is_told(tmp_path):
    """Independent mistakes in several blocks and plugins, each with its line."""
    status, out = check(tmp_path, """.:1053 {
    bind 127.0.0.1
    bufsize 100
    cach 30
    forward . 127.0.0.1:5300 {
        polcy random
        max_fails many
    }
    cache -1
}
b..example:1053 {
    whoami me
}
c.example:1053 {
    log {
        class good
    }
    errors {
        consolidate 1m "([a-z"
    }
}
""")
    assert status == 1
    for line in (3, 4, 6, 7, 9, 11, 12, 16, 19):
        assert re.search(rf"Corefile:{line}\b", out), f"nothing about line {line}:\n{out}"


MISTAKES = {
    # name: (Corefile, the line, what must stand there)
    "unknown plugin, near": (".:1053 {\n    forwrad . 127.0.0.1\n}\n", 2, ["forwrad", "forward"]),
    "unknown plugin, far": (".:1053 {\n    zzzzzzzzzz\n}\n", 2, ["zzzzzzzzzz"]),
    "unknown option, near": (".:1053 {\n    forward . 127.0.0.1 {\n        polcy random\n    }\n}\n", 3, ["polcy", "policy"]),
    "unknown policy": (".:1053 {\n    forward . 127.0.0.1 {\n        policy rando\n    }\n}\n", 3, ["rando", "random"]),
    "unclosed block": (".:1053 {\n    whoami\n", None, []),
    "brace on the line": (".:1053 { whoami }\n", 1, []),
    "snippet unknown": (".:1053 {\n    import nosuch\n}\n", 2, ["nosuch"]),
    "snippet twice": ("(a) {\n    whoami\n}\n(a) {\n    whoami\n}\n", 4, ["a"]),
    "import without a name": (".:1053 {\n    import\n}\n", 2, ["import"]),
    "same zone twice": (".:1053 {\n    whoami\n}\n.:1053 {\n    whoami\n}\n", 4, []),
    "port that is none": (".:70000 {\n    whoami\n}\n", 1, ["70000"]),
    "zone that is none": ("a..b:1053 {\n    whoami\n}\n", 1, ["a..b"]),
    "bufsize too small": (".:1053 {\n    bufsize 511\n}\n", 2, ["511", "512"]),
    "bufsize too large": (".:1053 {\n    bufsize 4097\n}\n", 2, ["4097", "4096"]),
    "cache without a unit": (".:1053 {\n    cache 30 {\n        success many\n    }\n}\n", 3, ["many"]),
    "class unknown": (".:1053 {\n    log . {\n        class denail\n    }\n}\n", 3, ["denail", "denial"]),
    "forward without upstream": (".:1053 {\n    forward .\n}\n", 2, ["forward"]),
    "forward to a port that is none": (".:1053 {\n    forward . 127.0.0.1:x\n}\n", 2, ["127.0.0.1:x"]),
    "bind to nothing": (".:1053 {\n    bind nosuch0\n    whoami\n}\n", 2, ["nosuch0"]),
    "debug with an argument": (".:1053 {\n    debug yes\n}\n", 2, ["yes"]),
    "whoami with an argument": (".:1053 {\n    whoami me\n}\n", 2, ["me"]),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_told_with_its_place(tmp_path, what):
    text, line, words = MISTAKES[what]
    status, out = check(tmp_path, text)
    assert status == 1, out
    where = rf"Corefile:{line}\b" if line else r"Corefile:\d+"
    told = [x for x in out.splitlines() if re.search(where, x)]
    assert told, out
    for w in words:
        assert any(w in x for x in told), f"{w!r} is missing in {told}"


@pytest.mark.parametrize("what", MISTAKES)
def test_the_server_refuses_the_same_with_the_same_words(refused, tmp_path, what):
    text, line, words = MISTAKES[what]
    status, out = refused(text)
    assert status == 1, out
    assert re.search(rf"Corefile:{line}\b" if line else r"Corefile:\d+", out), out


def test_every_plugin_that_is_not_built_is_named(tmp_path):
    """Never ignored: a Corefile that asks for it does not serve."""
    with open(os.path.join(servers.ROOT, "src", "plugin", "plugin.list")) as f:
        words = [line.split() for line in f if line.strip() and not line.startswith("#")]
    missing = [w[0] for w in words if w[1:2] != ["built"]]
    status, out = check(tmp_path, ".:1053 {\n" + "".join(f"    {name}\n" for name in missing) + "    whoami\n}\n")
    assert status == 1 or not missing
    for i, name in enumerate(missing):
        assert re.search(rf"Corefile:{i + 2}\b.*\b{name}\b.*not in this build", out), f"{name}:\n{out}"


@pytest.mark.parametrize("text, words", [(".:1053 {\n    whoami\n}\n}\n", "}"),
                                         ("foo://a.example:1053 {\n    whoami\n}\n", "foo://")])
def test_what_coredns_takes_though_it_looks_wrong_is_a_warning(tmp_path, text, words):
    status, out = check(tmp_path, text)
    assert status == 0 and re.search(r"(?i)warning.*Corefile:\d", out) and words in out, out


@pytest.mark.parametrize("key, word", [("tls://.:1853", "tls"), ("https://.:1443", "https"), ("https3://.:1443", "https3"),
                                       ("quic://.:1853", "quic"), ("grpc://.:1443", "grpc")])
def test_transports_that_are_not_built_are_named(tmp_path, key, word):
    plugins = servers.plugins_of(servers.binary())
    if "tls" in plugins:
        pytest.skip("this build has them")
    status, out = check(tmp_path, key + " {\n    whoami\n}\n")
    assert status == 1 and re.search(rf"Corefile:1\b.*{word}", out), out


def test_an_error_in_an_imported_file_names_that_file(tmp_path):
    (tmp_path / "part.conf").write_text("    whoami\n    cahce 30\n")
    status, out = check(tmp_path, ".:1053 {\n    import part.conf\n}\n")
    assert status == 1 and re.search(r"part\.conf:2\b.*cahce.*cache", out), out


def test_corefile_of_the_working_directory(tmp_path):
    (tmp_path / "Corefile").write_text(".:1053 {\n    nosuch\n}\n")
    r = subprocess.run(servers.binary() + ["check"], capture_output=True, text=True, cwd=tmp_path, timeout=20)
    assert r.returncode == 1 and "Corefile:2" in r.stdout + r.stderr


def test_missing_file(tmp_path):
    r = subprocess.run(servers.binary() + ["check", "-conf", str(tmp_path / "nosuch")], capture_output=True, text=True, timeout=20)
    assert r.returncode == 1 and "nosuch" in r.stdout + r.stderr


# ---------------------------------------------------------------- the way back
OURS = ".:1053 {\n    bind 127.0.0.1\n    forward . 127.0.0.1:5300 {\n        tc passthrough\n    }\n}\n"
EXTRA = ".:1053 {\n    forward {\n        tc passthrough\n    }\n}\n"


def test_portable_refuses_our_own_options(tmp_path):
    assert check(tmp_path, OURS)[0] == 0
    status, out = check(tmp_path, OURS, "-portable")
    assert status == 1 and re.search(r"Corefile:4\b.*tc", out), out


def test_portable_takes_them_in_the_second_file(tmp_path):
    plain = OURS.replace(" {\n        tc passthrough\n    }\n}", "\n}")
    status, out = check(tmp_path, plain, "-portable", extra=EXTRA)
    assert status == 0, out


def test_portable_and_coredns_agree(tmp_path, coredns):
    """What one takes as portable, the other one starts with; what it refuses, that one refuses."""
    from harness.server import Server
    for text, want in ((GOOD, 0), (OURS, 1)):
        status, out = check(tmp_path, text, "--portable")
        assert status == want, out
        s = Server(text.replace("1053", "{PORT}"), tmp_path, command=coredns, wait_up=False)
        if want == 0:
            s.wait_up()
            assert s.stop() == 0
        else:
            assert s.exit() == 1
