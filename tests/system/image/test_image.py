# SPDX-License-Identifier: Apache-2.0
"""What is in the image."""
import json, os, re, struct, subprocess

from harness import server as servers

from .conftest import Image, build

LIMIT = 30_000_000


def test_it_is_small(image):
    assert len(image.packed) < LIMIT and len(image.raw) < LIMIT


def test_it_runs_as_nobody_by_the_peers_names(image):
    assert image.config["config"]["User"] == "65532:65532"
    assert image.config["config"]["Entrypoint"] == ["/coredns"] and "Cmd" not in image.config["config"]
    assert image.config["os"] == "linux" and image.index["manifests"][0]["platform"]["architecture"] == \
        image.config["architecture"]
    with image.tar() as t:
        assert t.getmember("coredns").linkname == "usr/bin/binnacle"
        assert t.getmember("usr/bin/coredns").linkname == "binnacle"
        for m in t:
            assert m.uid == m.gid == 0 and not m.mode & 0o022 or m.issym(), f"{m.name} can be written"
            assert not m.mode & 0o6000 and m.isreg() | m.issym() | m.isdir(), m.name


def test_the_program_alone_may_bind_low_ports(image):
    """struct vfs_cap_data: revision 2 with the effective bit; permitted 1 << 10; nothing inheritable."""
    with image.tar() as t:
        having = {m.name: m.pax_headers["SCHILY.xattr.security.capability"] for m in t
                  if any("xattr" in k for k in m.pax_headers)}
    assert list(having) == ["usr/bin/binnacle"]
    assert struct.unpack("<5I", having["usr/bin/binnacle"].encode("utf-8", "surrogateescape")) == \
        (0x02000001, 1 << 10, 0, 0, 0)


def test_there_is_nothing_but_what_the_program_needs(image):
    with image.tar() as t:
        files = {m.name for m in t if m.isreg()}
    programs = {f for f in files if re.match(r"(usr/)?s?bin/", f)}
    assert programs == {"usr/bin/binnacle"}
    allowed = r"usr/lib/[^/]+/[^/]+\.so(\.\d+)*|usr/lib64/ld-[^/]+|etc/(passwd|group|nsswitch\.conf)|" \
              r"etc/ssl/certs/ca-certificates\.crt|usr/share/doc/[^/]+/copyright|usr/share/sbom/binnacle\.spdx\.json"
    assert {f for f in files - programs if not re.fullmatch(allowed, f)} == set()


def test_libraries_that_are_loaded_later_are_there_too(image):
    with image.tar() as t:
        files = {os.path.basename(m.name) for m in t}
    for library in ("libcurl-gnutls", "libgnutls", "libmicrohttpd", "libldns", "libpcre2-8", "libmaxminddb", "libnghttp2"):
        assert any(f.startswith(library + ".so.") for f in files), f"no {library}: {sorted(files)}"


def test_the_bill_of_materials_names_every_file_with_a_package(image):
    with image.tar() as t:
        files = {os.path.basename(m.name) for m in t if m.isreg() and (".so" in m.name or m.name.endswith(".crt"))}
        bill = json.load(t.extractfile("usr/share/sbom/binnacle.spdx.json"))
        notices = {m.name.split("/")[3] for m in t if m.name.endswith("/copyright")}
    with open(os.path.join(image.folder, f"sbom-{image.config['architecture']}.spdx.json")) as f:
        assert json.load(f) == bill
    assert bill["spdxVersion"] == "SPDX-2.3"
    named = set()
    for p in bill["packages"][1:]:
        named |= set(p["comment"].split(";")[0].split(", "))
        assert p["externalRefs"][0]["referenceLocator"].startswith(f"pkg:deb/debian/{p['name']}@")
        assert p["name"] in notices and p["versionInfo"]
    assert named == files
    ids = [p["SPDXID"] for p in bill["packages"]] + [bill["SPDXID"]]
    assert len(ids) == len(set(ids))
    assert {r["relatedSpdxElement"] for r in bill["relationships"]} | {bill["SPDXID"]} == set(ids)


def test_the_same_build_gives_the_same_bytes(image, tmp_path):
    assert Image(build(tmp_path / "again")).index == image.index


def test_another_kind_of_file_is_refused(tmp_path):
    r = subprocess.run([os.path.join(servers.ROOT, "scripts", "image"), "-o", str(tmp_path / "x"), __file__],
                       capture_output=True, text=True)
    assert r.returncode == 1 and "neither an x86-64 nor an ARM64 program" in r.stderr
