# SPDX-License-Identifier: Apache-2.0
"""What `meson install` puts where: program, man pages, unit files; and whether those are sound."""
import os
import re
import shutil
import subprocess

import pytest

from harness import server as server_module, wait

BINARY = server_module.binary()[-1]
BUILD = os.path.dirname(BINARY)
MAN = os.path.join(server_module.ROOT, "man")

in_build_folder = pytest.mark.skipif(not os.path.exists(os.path.join(BUILD, "man", "Corefile.5")),
                                     reason="not in a folder where all is built")


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"needs {program}")


def run(*line, **kw):
    return subprocess.run(line, capture_output=True, text=True, timeout=120 * wait.FACTOR, **kw)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The prefix of an installation."""
    folder = tmp_path_factory.mktemp("installed")
    r = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", str(folder))
    assert r.returncode == 0, r.stdout + r.stderr
    prefix = [os.path.dirname(p) for p, _, names in os.walk(folder) if os.path.basename(p) == "bin" and "binnacle" in names]
    return prefix[0]


def there(root, name):
    return [os.path.join(p, n) for p, folders, names in os.walk(root) for n in names + folders if n == name]


@in_build_folder
def test_everything_has_its_place(root):
    for end in ("bin/binnacle", "share/man/man8/binnacle.8", "share/man/man5/Corefile.5", "etc/binnacle",
                "lib/systemd/system/binnacle.service", "lib/systemd/system/binnacle.socket"):
        found = there(root, os.path.basename(end))
        assert any(p.endswith("/" + end) for p in found), f"{end}: {found}"


def unit(root, name, folder):
    """The unit with the program's path as it is here."""
    with open(there(root, name)[0]) as f:
        text = f.read()
    path = str(folder / name)
    with open(path, "w") as f:
        f.write(re.sub(r"^ExecStart=\S+", f"ExecStart={BINARY}", text, flags=re.M))
    return path


@in_build_folder
@needs("systemd-analyze")
def test_the_units_are_sound(root, tmp_path):
    for name in ("binnacle.service", "binnacle.socket"):
        unit(root, name, tmp_path)
    r = run("systemd-analyze", "verify", "--man=no", str(tmp_path / "binnacle.service"), str(tmp_path / "binnacle.socket"))
    ours = [line for line in r.stderr.splitlines() if "binnacle" in line]
    assert r.returncode == 0 and not ours, r.stderr


@in_build_folder
@needs("systemd-analyze")
def test_the_service_is_hardened(root, tmp_path):
    """2.0 of 10 at most, by systemd's own measure; what is left is the network and the one capability."""
    r = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20",
            unit(root, "binnacle.service", tmp_path))
    assert r.returncode == 0, r.stdout[-2000:] + r.stderr


@in_build_folder
@needs("systemd-analyze")
def test_the_service_lets_its_own_filter_be_set(root):
    with open(there(root, "binnacle.service")[0]) as f:
        line = re.search(r"^SystemCallFilter=(.*)$", f.read(), re.M)[1]
    allowed, queue = set(), line.split()
    while queue:
        name = queue.pop()
        allowed.add(name)
        if name.startswith("@"):
            out = run("systemd-analyze", "syscall-filter", name).stdout
            queue += [w for w in re.findall(r"^\s+([@\w-]+)$", out, re.M) if w not in allowed]
    assert {"seccomp", "prctl", "capset", "capget", "recvmmsg", "sendmmsg", "inotify_add_watch", "timer_create"} <= allowed


# ---------------------------------------------------------------- man pages

def pages():
    made = os.path.join(BUILD, "man", "Corefile.5")
    return [os.path.join(MAN, "binnacle.8")] + ([made] if os.path.exists(made) else [])


@needs("mandoc")
@pytest.mark.parametrize("path", pages())
def test_the_pages_are_well_formed(path):
    r = run("mandoc", "-Tlint", "-Wwarning", path)
    assert r.returncode == 0, r.stdout + r.stderr


def shown(path):
    out = run("mandoc", "-Tutf8", path).stdout
    return re.sub(r".\x08", "", out)


@needs("mandoc")
def test_every_flag_and_command_is_in_the_page():
    usage = run(BINARY, "-help").stderr
    flags = set(re.findall(r"^  (-[\w.]+) ", usage, re.M))
    commands = set(re.findall(r"^\s+binnacle (\w+)", usage, re.M))
    assert len(flags) > 10 and commands >= {"check", "flush"}
    text = shown(os.path.join(MAN, "binnacle.8"))
    described = text[text.index("The flags are:"):text.index("SIGNALS")]
    heads = re.findall(r"^ {5}(\S.*)$", described, re.M)
    missing = [x for x in flags | commands if not any(re.search(rf"(?<![\w.-]){re.escape(x)}(?![\w.])", h) for h in heads)]
    assert not missing, missing
    for flag in re.findall(r"^ {5}(-[\w.]+)", described, re.M):
        assert flag in flags, f"{flag} is in the page alone"


@in_build_folder
@needs("mandoc")
def test_every_plugin_is_in_the_table():
    text = shown(os.path.join(BUILD, "man", "Corefile.5"))
    table = text[text.index("\nPLUGINS"):text.index("\nEXAMPLES")]
    described = {m[1] for m in re.finditer(r"^ {5}([a-z0-9_]+)\b", table, re.M)}
    assert server_module.plugins_of(server_module.binary()) <= described
