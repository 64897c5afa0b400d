# SPDX-License-Identifier: Apache-2.0
"""Includes point downward, and outside libraries stay behind the door."""
import re

import tree

# Folders of one rank do not know each other.
RANK = {"base": 0, "foreign": 1, "wire": 1, "corefile": 2, "net": 2, "cache": 3, "upstream": 3, "zone": 3, "kube": 3,
        "capture": 3, "server": 4, "plugin": 5, "control": 6, "doctor": 6, "cli": 7, "main.c": 7}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
FOREIGN = re.compile(r"\b(?:(?:uv|curl|MHD|urcu)_\w+|lib(?:curl|microhttpd)[._]\w+)")
FOREIGN_HOMES = ("src/foreign/", "src/net/", "src/control/", "src/base/rcu", "src/kube/http")


def folder(path):
    return path.split("/")[1]


def test_every_folder_has_its_rank():
    tree.report([f"{p}: {folder(p)} has no place in the order of layers" for p in tree.files("src/*.c", "src/*.h")
                 if folder(p) not in RANK])


def test_includes_go_downward():
    found = []
    for path in tree.files("src/*.c", "src/*.h"):
        own = folder(path)
        for i, line in enumerate(tree.lines(path), 1):
            m = INCLUDE.match(line)
            other = m and m[1].split("/")[0]
            if not m or other == own or other not in RANK:
                continue
            if RANK[other] >= RANK[own] and not (own == "main.c" and other == "cli"):
                found.append(f"{path}:{i}: {own} includes {m[1]}, which is not below it")
    tree.report(found)


def test_includes_name_their_folder():
    """`#include "base/err.h"`, never a bare name: so that grep and the layers can see it."""
    found = []
    for path in tree.files("src/*.c", "src/*.h"):
        for i, line in enumerate(tree.lines(path), 1):
            m = INCLUDE.match(line)
            if m and ("/" not in m[1] or ".." in m[1]):
                found.append(f"{path}:{i}: includes {m[1]} without its folder")
    tree.report(found)


def test_foreign_libraries_stay_behind_the_door():
    found = []
    for path in tree.files("src/*.c", "src/*.h"):
        if path.startswith(FOREIGN_HOMES):
            continue
        for i, line in enumerate(tree.code(path).splitlines(), 1):
            found += [f"{path}:{i}: {name} outside {', '.join(FOREIGN_HOMES)}" for name in FOREIGN.findall(line)]
    tree.report(found)
