#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Corefile(5) with the table of plugins in its place.

  man-plugins.py TEMPLATE PLUGIN.LIST FOLDER OUT     FOLDER: docs/plugins, whose pages say what each is for"""
import os, re, sys


def page(path):
    """(first line of the syntax, first sentence or two) of a plugin's page; empty where there is none."""
    if not os.path.exists(path):
        return "", ""
    with open(path) as f:
        text = f.read()
    about = re.search(r"^# .*\n+((?:.+\n)+)", text)
    syntax = re.search(r"^```\w*\n(.*)$", text, re.M)
    return syntax[1].rstrip(" {") if syntax else "", " ".join(about[1].split()) if about else ""


def plain(text):
    """A line of roff that shows this text."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text).replace("`", "").replace("**", "").replace("\\", "\\e")
    return re.sub(r"([.!?]) (?=[A-Z])", r"\1\n", text)


def entry(name, folder):
    syntax, about = page(os.path.join(folder, name + ".md"))
    lines = [line if line[:1] not in ".'" else "\\&" + line for line in plain(about).split("\n") if line]
    return "\n".join([f'.It Ic "{plain(syntax or name)}"'.replace("\n", " "), *lines])


def main(template, plugin_list, folder, out):
    with open(plugin_list) as f:
        rows = [line.split("#")[0].split() for line in f]
    built = [r[0] for r in rows if "built" in r[1:]]
    with open(template) as f:
        text = f.read()
    with open(out, "w") as f:
        f.write(text.replace("@PLUGINS@", "\n".join(entry(name, folder) for name in built)))


main(*sys.argv[1:])
