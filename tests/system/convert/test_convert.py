# SPDX-License-Identifier: Apache-2.0
"""`binnacle convert`: kube-dns's ConfigMap and Corefiles of older CoreDNS.

migrations/NAME_VERSION.in was written for that CoreDNS; NAME_VERSION.out is what CoreDNS's own migration library (1.0.36)
makes of it for 1.14.7."""
import glob, os, re, subprocess

import pytest

from harness import server as servers, wait

HERE = os.path.dirname(os.path.abspath(__file__))
MIGRATIONS = sorted(glob.glob(os.path.join(HERE, "migrations", "*.in")))


def convert(*args, text=None):
    """(exit status, standard output, standard error)"""
    r = subprocess.run([*servers.binary(), "convert", *args], input=text, capture_output=True, text=True,
                       timeout=20 * wait.FACTOR)
    assert not servers.SANITIZER.search(r.stderr), r.stderr
    return r.returncode, r.stdout, r.stderr


def taken(text, tmp_path):
    """Portable, and right as it stands, but that this is no cluster, and for what a build leaves out."""
    path = tmp_path / "Corefile"
    path.write_text(text)
    r = subprocess.run([*servers.binary(), "check", "-portable", "-conf", str(path)], capture_output=True, text=True,
                       timeout=20 * wait.FACTOR)
    bad = [line for line in r.stderr.splitlines()[:-1] if not re.search("in-cluster configuration|not in this build", line)]
    assert not bad, r.stderr + text


def lines(text):
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("path", MIGRATIONS, ids=[os.path.basename(p)[:-3] for p in MIGRATIONS])
def test_corefiles_are_migrated_as_the_peers_tool_does(path, tmp_path):
    version = re.search(r"_([\d.]+)\.in$", path)[1]
    status, out, notes = convert("corefile", "--from", version, path)
    assert status == 0, notes
    with open(path[:-3] + ".out") as f:
        assert lines(out) == lines(f.read())
    taken(out, tmp_path)
    again = convert("corefile", "--from", "1.14.7", "-", text=out)
    assert again == (0, out, "")


def test_each_change_is_told_with_its_line():
    status, _, notes = convert("corefile", "-from=1.3.1", os.path.join(HERE, "migrations", "stub-domains_1.3.1.in"))
    assert status == 0
    told = {int(line.split(":")[1]): line for line in notes.splitlines()}
    assert 'since 1.7.0 ' not in told.get(7, "") and '"upstream" of "kubernetes"' in told[7], notes
    assert "least_conn" not in notes and 'becomes "force_tcp"' in told[12]
    assert "server block of its own" in notes


@pytest.mark.parametrize("version", ["1.1.2", "1.15.0", "2.0", "x", ""])
def test_other_versions_are_refused(version):
    status, out, err = convert("corefile", "-from", version, text=". {\n}\n")
    assert (status, out) == (2, "") and "1.1.3 to 1.14.7" in err


def test_a_file_that_cannot_be_read_gives_no_corefile(tmp_path):
    assert convert("corefile", "-from", "1.3.1", str(tmp_path / "none"))[:2] == (1, "")
    assert convert("kube-dns", str(tmp_path / "none"))[:2] == (1, "")
    assert convert("kube-dns", text="stubDomains: '{'\n")[:2] == (1, "")
    assert convert("kube-dns", "-wrong", "x")[:2] == (2, "")
    assert convert()[:2] == (2, "")


CONFIGMAP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: kube-dns
  namespace: kube-system
data:
  federations: '{"f": "federation.example"}'
  stubDomains: |
    {"abc.com": ["1.2.3.4:5300", "4.4.4.4"], "my.cluster.local": ["2.3.4.5:5300"]}
  upstreamNameservers: |
    ["8.8.8.8", "8.8.4.4"]
"""


def test_the_configmap_of_kube_dns_becomes_a_corefile(tmp_path):
    status, out, err = convert("kube-dns", "-domain", "k.example", "-reverse", "10.96.0.0/16", text=CONFIGMAP)
    assert status == 0 and "federations: dropped" in err
    assert "kubernetes k.example 10.96.0.0/16 {" in out
    assert "    forward . 8.8.8.8 8.8.4.4 {\n" in out
    assert re.findall(r"^(\S+) \{\n    errors\n    cache 30\n    loop\n    forward \. (.*) \{$", out, re.M) == \
        [("abc.com:53", "1.2.3.4:5300 4.4.4.4"), ("my.cluster.local:53", "2.3.4.5:5300")]
    taken(out, tmp_path)


def test_options_say_the_same_as_the_configmap():
    one = convert("kube-dns", "--upstream", "8.8.8.8", "--upstream=8.8.4.4", "--stub", "abc.com=1.2.3.4:5300,4.4.4.4",
                  "--stub", "my.cluster.local=2.3.4.5:5300")
    assert one[0] == 0
    assert one[1] == convert("kube-dns", text=CONFIGMAP)[1]


def test_the_new_corefile_answers_for_stub_domains(server, upstream, tmp_path):
    """All servers of a domain are used; what is no stub domain goes to the upstreams."""
    stub, main = upstream(), upstream()
    out = convert("kube-dns", "-upstream", f"127.0.0.1:{main.port}", "-stub", f"abc.com=127.0.0.1:{stub.port}")[1]
    out = re.sub(r"    (kubernetes|prometheus|health|ready)[^{}\n]*(\{[^}]*\})?\n", "", out).replace(":53 {", ":{PORT} {")
    s = server(out)
    s.udp("a.abc.com.")
    s.udp("a.example.")
    assert stub.seen(name="a.abc.com.") and not stub.seen(name="a.example.")
    assert main.seen(name="a.example.") and not main.seen(name="a.abc.com.")
