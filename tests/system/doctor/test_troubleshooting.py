# SPDX-License-Identifier: Apache-2.0
"""docs/troubleshooting.md: each line of its tables names a verdict that exists and is backed by a test that exists; what it says can be
typed is typed."""
import ast
import os
import re
import shlex
import subprocess

import pytest

from harness import server as servers, wait
from . import net_api
from .net_cluster import RESOLV

PAGE = os.path.join(servers.ROOT, "docs", "troubleshooting.md")
SYSTEM = os.path.join(servers.ROOT, "tests", "system")


def page():
    with open(PAGE) as f:
        return f.read()


def tables():
    """Each table of the page: its rows as {column: cell}."""
    found, head = [], None
    for line in page().splitlines():
        if not line.startswith("|"):
            head = None
            continue
        cells = [c.strip() for c in line.strip("|").split("|")]
        if head is None:
            head = cells
            found.append([])
        elif not set(line) <= set("|-: "):
            assert len(cells) == len(head), f"not {len(head)} columns: {line}"
            found[-1].append(dict(zip(head, cells)))
    return found


def symptoms():
    return [r for t in tables() if t and "symptom" in t[0] for r in t]


def backing():
    """What the last table says: verdict or command -> tests as FILE::FUNCTION below tests/system."""
    return {r["what"].strip("`"): re.findall(r"`([^`]+)`", r["tests"]) for t in tables() if t and "tests" in t[0] for r in t}


def slugs():
    with open(os.path.join(servers.ROOT, "src", "doctor", "verdict.c")) as f:
        return set(re.findall(r'\[VERDICT_\w+\] = "([a-z-]+)"', f.read()))


def functions_of(path):
    with open(os.path.join(SYSTEM, path)) as f:
        return {n.name for n in ast.walk(ast.parse(f.read())) if isinstance(n, ast.FunctionDef)}


def test_each_line_has_its_symptom_command_and_remedy():
    rows = symptoms()
    assert len(rows) > 20
    for r in rows:
        assert r["symptom"] and r["remedy"] and ("`" in r["command"] or "(" in r["command"]), r


def test_each_verdict_stands_on_the_page_and_no_other():
    named = {r["verdict"].strip("`") for r in symptoms() if "verdict" in r}
    assert named == slugs()


def test_each_line_is_backed_by_a_test():
    known = backing()
    for r in symptoms():
        key = r["verdict"].strip("`") if "verdict" in r else re.search(r"`(?:binnacle )?(doctor --pcap|\w+)", r["command"])[1]
        assert known.get(key), f"{key} has no test: {r}"


@pytest.mark.parametrize("what", sorted(backing()))
def test_the_tests_that_it_names_exist(what):
    assert backing()[what]
    for name in backing()[what]:
        path, function = name.split("::")
        assert function in functions_of(path), name


def test_the_options_that_it_names_exist():
    text = page()
    for command in ("doctor", "trace", "top", "flush"):
        p = subprocess.run([*servers.binary(), command, "-h"], capture_output=True, text=True, timeout=30)
        for line in re.findall(rf"binnacle {command}( [^`\n]*)", text):
            for option in re.findall(r" --?([a-z][a-z.-]*)", line):
                assert re.search(rf"^\s+-{option}\b", p.stdout + p.stderr, re.M), f"{command} --{option}"
    for option in re.findall(r"`--([a-z-]+)", text):
        p = subprocess.run([*servers.binary(), "doctor", "-h"], capture_output=True, text=True, timeout=30)
        assert re.search(rf"^\s+-{option}\b", p.stderr + p.stdout, re.M), option


def commands():
    """The lines of its blocks."""
    return [line.split(" # ")[0].strip() for block in re.findall(r"```sh\n(.*?)```", page(), re.S) for line in block.splitlines()]


def test_all_commands_are_of_the_kinds_that_are_run_here():
    for line in commands():
        assert re.match(r"(binnacle doctor|kubectl (apply|delete|logs|-n)) ?", line), line


@pytest.mark.parametrize("line", [c for c in commands() if c.startswith("binnacle doctor") and "--pcap" not in c])
def test_a_command_of_doctor_is_what_it_takes(net, line):
    """In a Pod of a cluster that is well; there is no API server here, and it says so."""
    net.healthy()
    p = net.run([*servers.binary(), *shlex.split(line)[1:]], resolv=RESOLV)
    assert p.returncode in (0, 2) and p.stdout, p.stdout + p.stderr


@pytest.mark.skipif(not net_api.HERE, reason="needs BINNACLE_K8S and kubectl")
def test_the_commands_of_kubectl_are_what_it_takes(tmp_path):
    """But for those that wait for a kubelet: there is none, so they are only asked what they would send."""
    api = net_api.Api(tmp_path / "data")
    try:
        for line in commands():
            words = shlex.split(line)
            if words[0] != "kubectl" or "logs" in words:
                continue
            if "run" in words:
                words[words.index("--rm"):words.index("-i") + 1] = ["--dry-run=client"]
            p = subprocess.run(["kubectl", "--kubeconfig", f"{api.data}/admin.kubeconfig", *words[1:]], cwd=servers.ROOT,
                               capture_output=True, text=True, timeout=60 * wait.FACTOR)
            assert p.returncode == 0, line + p.stderr
    finally:
        api.close()


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", page()):
        assert os.path.exists(os.path.join(os.path.dirname(PAGE), target)), target
