# SPDX-License-Identifier: Apache-2.0
"""The image for ARM64 (scripts/cross-arm64), as far as qemu-user can show it: it starts from its own root and answers.

qemu runs one program with another machine's instructions on this kernel, without its own namespaces or filters; rights and
limits are tested with the image of this machine's kind."""
import os, re, shutil, struct, subprocess

import dns.rcode
import pytest

from harness import server as servers

from .conftest import CAPABILITY, Image, build, release

BINARY = os.path.join(servers.ROOT, "build-arm64", "binnacle")
QEMU = shutil.which("qemu-aarch64")
pytestmark = pytest.mark.skipif(not QEMU or not os.path.exists(BINARY), reason="scripts/cross-arm64 has not been run")
AARCH64 = 183


@pytest.fixture(scope="module")
def arm64(tmp_path_factory):
    """(image, its root filesystem)"""
    folder = build(tmp_path_factory.mktemp("arm64") / "layout", release(), BINARY)
    image, root = Image(folder, "arm64"), tmp_path_factory.mktemp("root") / "root"
    root.mkdir()
    image.unpack(root)
    return image, str(root)


def command(root):
    return [QEMU, "-L", root, os.path.join(root, "usr/bin/binnacle"), "-seccomp", "off"]


def test_the_index_has_both_architectures(arm64):
    image, _ = arm64
    assert [m["platform"]["architecture"] for m in image.index["manifests"]] == ["amd64", "arm64"]
    assert image.config["architecture"] == "arm64" and image.config["config"]["Entrypoint"] == ["/coredns"]
    assert len(image.raw) < 30_000_000


def test_every_program_in_it_is_of_its_kind(arm64):
    _, root = arm64
    seen = 0
    for folder, _, names in os.walk(root):
        for path in (os.path.join(folder, n) for n in names):
            with open(path, "rb") as f:
                head = f.read(20)
            if head[:4] == b"\x7fELF":
                assert struct.unpack_from("<H", head, 18)[0] == AARCH64, path
                seen += 1
    assert seen > 30
    if not os.geteuid():
        assert os.getxattr(os.path.join(root, "usr/bin/binnacle"), CAPABILITY)


def test_its_bill_of_materials_is_of_its_packages(arm64):
    _, root = arm64
    with open(os.path.join(root, "usr/share/sbom/binnacle.spdx.json")) as f:
        assert set(re.findall(r"\?arch=(\w+)", f.read())) == {"arm64"}


def test_it_answers(arm64, server, upstream, tmp_path):
    _, root = arm64
    up = upstream({"records": "www.example. 60 A 192.0.2.80\n"})
    s = server(".:{PORT} {\n    bind 127.0.0.1\n    forward . {UP}\n    cache\n}\n", UP=up, command=command(root))
    for ask in (s.udp, s.tcp, s.udp):
        assert [r.address for r in ask("www.example.").answer[0]] == ["192.0.2.80"]
    assert s.udp("none.example.").rcode() == dns.rcode.NXDOMAIN
    assert len(up.seen(name="www.example.")) == 1


def test_it_takes_the_corefile_that_is_shipped(arm64):
    _, root = arm64
    r = subprocess.run([*command(root)[:-2], "check", "-conf", os.path.join(servers.ROOT, "deploy/kubernetes/base/Corefile")],
                       capture_output=True, text=True, timeout=60)
    assert [line for line in r.stderr.splitlines()[:-1] if "in-cluster configuration" not in line] == [], r.stderr
