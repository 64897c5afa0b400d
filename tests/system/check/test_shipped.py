# SPDX-License-Identifier: Apache-2.0
"""Every Corefile that the project ships or shows is taken by Binnacle and by CoreDNS 1.14.7 itself."""
import glob
import os
import re
import subprocess

import pytest

from harness import server as servers, wait

# In a cluster, or with its addresses: tests/system/stock and tests/system/deploy.
ELSEWHERE = ("examples/stock/", "deploy/kubernetes/", "deploy/eks/")
SHIPPED = sorted(p for pattern in ("examples/**/*Corefile*", "deploy/**/*Corefile*")
                 for p in glob.glob(os.path.join(servers.ROOT, pattern), recursive=True)
                 if not p.endswith(".extra") and not os.path.relpath(p, servers.ROOT).startswith(ELSEWHERE))
PAGES = sorted(glob.glob(os.path.join(servers.ROOT, "docs", "**", "*.md"), recursive=True)) + \
    [os.path.join(servers.ROOT, "README.md")]
FENCE = re.compile(r"^```corefile([^\n]*)\n(.*?)^```", re.M | re.S)


def shown():
    """(page:line, words after ```corefile, text) of every Corefile in the pages."""
    for page in PAGES:
        if os.path.exists(page):
            with open(page) as f:
                text = f.read()
            for m in FENCE.finditer(text):
                yield f"{os.path.relpath(page, servers.ROOT)}:{text[:m.start()].count(chr(10)) + 1}", m[1].split(), m[2]


EXAMPLES = list(shown())


def taken_by_coredns(text, netns, server, coredns):
    """Whether the real one starts with it, in a namespace where every port is free."""
    ns = netns().like_a_pod(4, 6)
    s = server(text, ns=ns, command=coredns, listens=[], resolv="nameserver 192.0.2.53\n", wait_up=False)
    wait.until(lambda: s.proc.poll() is not None or re.search(r"^CoreDNS-1\.14\.7$", s.output(), re.M),
               "CoreDNS serves or gives up", timeout=15)
    if s.proc.poll() is None:
        return True
    s.exit()
    return False


def portable(path):
    r = subprocess.run(servers.binary() + ["check", "-conf", str(path), "-portable"], capture_output=True, text=True,
                       timeout=20 * wait.FACTOR)
    return r.returncode == 0


def test_something_is_shipped():
    assert SHIPPED


@pytest.mark.parametrize("path", SHIPPED, ids=[os.path.basename(p) for p in SHIPPED])
def test_shipped_corefiles_are_good_and_portable(path):
    for more in ([], ["-portable"]):
        r = subprocess.run(servers.binary() + ["check", "-conf", path, *more], capture_output=True, text=True,
                           timeout=20 * wait.FACTOR)
        assert r.returncode == 0, r.stdout + r.stderr


@pytest.mark.parametrize("path", SHIPPED, ids=[os.path.basename(p) for p in SHIPPED])
def test_coredns_starts_with_what_is_shipped(path, netns, server, coredns):
    with open(path) as f:
        assert taken_by_coredns(f.read(), netns, server, coredns)


@pytest.mark.parametrize("where, words, text", EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_examples_in_the_pages_load(where, words, text, tmp_path):
    """```corefile: taken.  Words behind it: `later` waits for a plugin, `bad` shows a mistake."""
    if "later" in words:
        pytest.skip("waits for a plugin of a later stage")
    path = tmp_path / "Corefile"
    path.write_text(text)
    r = subprocess.run(servers.binary() + ["check", "-conf", str(path)], capture_output=True, text=True,
                       timeout=20 * wait.FACTOR)
    assert r.returncode == (1 if "bad" in words else 0), r.stdout + r.stderr


@pytest.mark.parametrize("where, words, text", [e for e in EXAMPLES if not {"bad", "later"} & set(e[1])],
                         ids=[e[0] for e in EXAMPLES if not {"bad", "later"} & set(e[1])])
def test_portable_says_what_coredns_does(where, words, text, tmp_path, netns, server, coredns):
    """Examples with options of our own too: refused by both."""
    path = tmp_path / "Corefile"
    path.write_text(text)
    assert portable(path) == taken_by_coredns(text, netns, server, coredns)
