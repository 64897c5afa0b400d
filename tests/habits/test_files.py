# SPDX-License-Identifier: Apache-2.0
"""Licence lines, registered tests, and nothing that only holds on one machine."""
import os, re

import tree

SPDX = "SPDX-License-Identifier: Apache-2.0"

# Folders of a machine or a home, and hosts of package registries (with their dots escaped, so that this
# file does not name them itself).
MACHINE = re.compile(r"(?<![\w.}/-])/(?:work|root|home)/\w")
REGISTRY = re.compile(r"deb\.debian\.org|pypi\.org|files\.pythonhosted\.org|proxy\.golang\.org|sum\.golang\.org|"
                      r"registry\.npmjs\.org|(?:static\.|index\.)?crates\.io|repo1?\.maven\.(?:org|apache\.org)")


def test_sources_have_their_licence_line():
    def head(path):
        return "\n".join(tree.lines(path)[:3])
    tree.report([f"{path}:1: no '{SPDX}'" for path in tree.files("*.c", "*.h", "*.py", "*.sh", "*meson.build",
                                                                 "scripts/*", ".ci/*")
                 if SPDX not in head(path) and path != "scripts/packages"])


def test_unit_tests_are_registered():
    found = []
    for path in tree.files("tests/unit/*/test_*.c"):
        name = os.path.basename(path)[len("test_"):-len(".c")]
        build = os.path.join(os.path.dirname(path), "meson.build")
        known = os.path.exists(os.path.join(tree.ROOT, build)) and \
            re.search(rf"'(?:test_)?{name}(?:\.c)?'", tree.text(build))
        if not known:
            found.append(f"{path}: not registered in {build}")
    tree.report(found)


def matches(pattern):
    found = []
    for path in tree.tracked():
        for i, line in enumerate(tree.lines(path), 1):
            m = pattern.search(line)
            if m:
                found.append(f"{path}:{i}: {m[0]}")
    return found


def test_no_paths_of_one_machine():
    tree.report(matches(MACHINE))


def test_no_hosts_of_package_registries():
    tree.report(matches(REGISTRY))


def test_sources_have_no_open_ends():
    pattern = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
    found = []
    for path in tree.files("src/*", "tests/*.c", "tests/*.py", "fuzz/*.c", "scripts/*"):
        if path != "tests/habits/test_files.py":
            found += [f"{path}:{i}: {line.strip()}" for i, line in enumerate(tree.lines(path), 1) if pattern.search(line)]
    tree.report(found)
