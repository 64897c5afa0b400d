# SPDX-License-Identifier: Apache-2.0
"""Libraries are mapped by what uses them: a plugin that is not in the Corefile costs no memory."""
import importlib.machinery, importlib.util, os, re, signal, sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "geoip"))
import mmdb                                                     # noqa: E402

from harness import server as servers, status, wait             # noqa: E402

# With the program: the event loop, RCU, JSON, the filter of system calls, capabilities.
ALWAYS = {"libc", "libcap-ng", "libcjson", "libseccomp", "liburcu-qsbr", "libuv", "ld"}
PLAIN = ".:{PORT} {\n    bind 127.0.0.1\n    errors\n    log\n    cache\n    forward . 127.0.0.1:{PORT2}\n}\n"
MORE = PLAIN.replace("errors\n", "errors\n    %s\n")

loader = importlib.machinery.SourceFileLoader("image", os.path.join(servers.ROOT, "scripts", "image"))
image = importlib.util.module_from_spec(importlib.util.spec_from_loader("image", loader))
loader.exec_module(image)

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:{PORT3}"}}]
"""
KUBERNETES = "kubernetes cluster.local {{\n        {}\n        startup_timeout 100ms\n    }}"
FILES = {
    "db.example": "@ 300 SOA ns hostmaster 1 3600 600 86400 300\n@ 300 NS ns\n",
    "db.rare": "@ 300 SOA ns hostmaster 1 3600 600 86400 300\n@ 300 NS ns\n@ 300 LOC 42 21 54 N 71 06 18 W -24m 30m\n",
    "kubeconfig": KUBECONFIG,
    "web.yml": "http_server_config: {http2: false}\n",
}
HTTP = {"libmicrohttpd", "libz", "libgnutls"}
CURL = {"libcurl", "libgnutls"}
USES = {  # in place of what, which
    "acl": ("acl {\n        block net 192.0.2.0/24\n    }", set()),
    "hosts": ("hosts {\n        192.0.2.1 a.example\n    }", set()),
    "errors": ("errors {\n        consolidate 5m \"^read udp .*\"\n    }", {"libpcre2"}),
    "rewrite": ("rewrite name exact a.example b.example", set()),
    "rewrite-regex": ("rewrite name regex ^a(.*) b{1}", {"libpcre2"}),
    "template": ("template IN A a.example {\n        match ^a[.]\n        rcode NXDOMAIN\n    }", {"libpcre2"}),
    "view": ("view v {\n        expr 1 < 2\n    }", {"libm"}),
    "file": ("file db.example example", set()),
    "file-rare-types": ("file db.rare example", {"libldns", "libcrypto"}),
    "reload": ("reload", {"libnettle"}),
    "health": ("health 127.0.0.1:{PORT3}", HTTP),
    "ready": ("ready 127.0.0.1:{PORT3}", HTTP),
    "prometheus": ("prometheus 127.0.0.1:{PORT3}", HTTP),
    "prometheus-web": ("prometheus 127.0.0.1:{PORT3} {\n        tls web.yml\n    }", HTTP | {"libyaml", "libcrypt"}),
    "trace": ("trace zipkin 127.0.0.1:{PORT3}", CURL),
    "dnstap": ("dnstap {DIR}/tap.sock", {"libfstrm"}),
    "geoip": ("metadata\n    geoip {DB}", {"libmaxminddb"}),
    "kubernetes": (KUBERNETES.format("endpoint http://127.0.0.1:{PORT3}"), CURL),
    "kubernetes-kubeconfig": (KUBERNETES.format("kubeconfig kubeconfig"), CURL | {"libyaml"}),
}


def stem(path):
    """libcurl-gnutls.so.4 is libcurl, libpcre2-8.so.0 is libpcre2."""
    return re.sub(r"-(?:gnutls|linux|\d).*", "", os.path.basename(path).split(".so")[0])


def mapped(made):
    with open(f"/proc/{made.proc.pid}/maps") as f:
        return {stem(line.split()[5]) for line in f if re.search(r"\.so(\.|$)", line)}


def later():
    """What the program says it loads when something needs it."""
    return {stem(name) for name in image.loaded_later(servers.binary()[-1])}


def of_sanitizers():
    return {"libm"} if status.sanitized() else set()


def fits(use):
    return use.split("-")[0] in servers.plugins_of(servers.binary())


@pytest.mark.skipif(status.sanitized(), reason="sanitizers bring their own")
def test_the_program_is_linked_with_few():
    assert {stem(name) for name in image.needed(servers.binary()[-1])} <= ALWAYS


def test_a_plain_server_maps_none_that_can_come_later(server):
    assert {"libcurl", "libmicrohttpd", "libldns", "libgnutls", "libpcre2"} <= later()
    assert mapped(server(PLAIN)) & later() <= of_sanitizers()


@pytest.mark.parametrize("use", USES)
def test_each_plugin_brings_what_it_uses_alone(server, tmp_path, use):
    text, wanted = USES[use]
    if not fits(use):
        pytest.skip("not in this build")
    if use == "geoip":
        mmdb.write(tmp_path / "city.mmdb", "GeoLite2-City", {"127.0.0.0/8": {"city": {"names": {"en": "Wien"}}}})
    corefile = PLAIN.replace("errors", text) if use == "errors" else MORE.replace("%s", text)
    made = server(corefile, files=FILES, DB=tmp_path / "city.mmdb")
    made.said(r"^\[INFO\] Serving ")
    there = mapped(made)
    assert wanted <= there, f"{wanted - there} not mapped"
    unasked = {"libgnutls": {"libnettle"}, "libcurl": {"libz", "libnettle", "libldns"}}
    brought = wanted.union(*(unasked.get(w, set()) for w in wanted))
    assert there & later() <= brought | of_sanitizers()


def test_a_reload_brings_more_under_the_filter(server):
    """The filter was put on for a Corefile without them, and does not stand in the way."""
    made = server(PLAIN, files=FILES)
    assert {t["Seccomp"] for t in status.threads(made)} == {"2"}
    made.write(MORE.replace("%s", "\n    ".join((
        "prometheus 127.0.0.1:{PORT4}", "health 127.0.0.1:{PORT5}", USES["rewrite-regex"][0], "reload",
        USES["kubernetes-kubeconfig"][0], "file db.rare rare"))))
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete", timeout=15)
    assert HTTP | CURL | {"libpcre2", "libnettle", "libyaml", "libldns"} <= mapped(made)
    assert made.udp("rare.", "LOC").answer


@pytest.fixture
def broken(tmp_path):
    """broken(NAME...): the environment in which those libraries are found, but are none."""
    def make(*names):
        for name in image.loaded_later(servers.binary()[-1]):
            if stem(name) in names:
                (tmp_path / name).touch()
        return {"LD_LIBRARY_PATH": str(tmp_path)}
    return make


@pytest.mark.parametrize("use,line,library", [
    ("kubernetes", 4, "libcurl"), ("health", 4, "libmicrohttpd"), ("geoip", 5, "libmaxminddb"), ("dnstap", 4, "libfstrm"),
    ("trace", 4, "libcurl"), ("reload", 4, "libnettle")])
def test_a_missing_library_is_an_error_at_the_directive(refused, broken, use, line, library):
    if not fits(use):
        pytest.skip("not in this build")
    code, said = refused(MORE.replace("%s", USES[use][0]), env=broken(library), DB="/nowhere")
    assert code == 1
    assert re.search(rf"Corefile:{line}: plugin {use} needs \S*/{library}\S*: file too short$", said, re.M), said


@pytest.mark.parametrize("use,library,where", [
    ("errors", "libpcre2", r"Corefile:4: plugin errors: .*"), ("view", "libm", r"Corefile:5: plugin view: .*"),
    ("prometheus-web", "libcrypt", r"Corefile:5: plugin prometheus: .*"), ("file-rare-types", "libldns", r".*db\.rare:3.*"),
    ("kubernetes-kubeconfig", "libyaml", r"Corefile:4: plugin kubernetes: .*")])
def test_so_is_one_that_an_option_or_a_file_needs(refused, broken, use, library, where):
    if library in of_sanitizers():
        pytest.skip("the sanitizers' own needs it")
    text = USES[use][0]
    corefile = PLAIN.replace("errors", text) if use == "errors" else MORE.replace("%s", text)
    code, said = refused(corefile, files=FILES, env=broken(library))
    assert code == 1
    assert re.search(rf"{where}\S*/{library}\S*: file too short", said), said


def test_a_reload_without_its_library_is_refused(server, broken):
    made = server(PLAIN, env=broken("libmicrohttpd"))
    made.write(MORE.replace("%s", USES["prometheus"][0]))
    made.send_signal(signal.SIGUSR1)
    made.said(r"Corefile:4: plugin prometheus needs \S*/libmicrohttpd\S*: file too short")
    wait.until(lambda: made.udp("a.example.").rcode() == 2, "the configuration before still answers")
    made.write(PLAIN)
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
