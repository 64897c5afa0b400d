# SPDX-License-Identifier: Apache-2.0
"""The tracked files and what the habits look for in them."""
import fnmatch, functools, os, re, subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def _from_git():
    """What git lists, or None without git or repository.  A root that asks about another's clone is let."""
    try:
        git = subprocess.run(["git", "-C", ROOT, "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
                             capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return git.stdout.split("\0") if git.returncode == 0 else None


def _from_folders():
    out = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [d for d in folders if not d.startswith(("build", ".git", ".cache", ".pytest", "__"))]
        out += [os.path.relpath(os.path.join(folder, n), ROOT) for n in names]
    return out


@functools.cache
def tracked():
    """Files under version control that are there, as paths from the root; in an unpacked archive, all files."""
    names = _from_git()
    return [n for n in (_from_folders() if names is None else names) if n and os.path.isfile(os.path.join(ROOT, n))]


def files(*patterns):
    return [n for n in tracked() if any(fnmatch.fnmatch(n, p) for p in patterns)]


@functools.cache
def text(path):
    """The file's text; "" for what is not text."""
    with open(os.path.join(ROOT, path), "rb") as f:
        data = f.read()
    return "" if b"\0" in data else data.decode(errors="replace")


def lines(path):
    return text(path).splitlines()


@functools.cache
def code(path):
    """C text with comments and the contents of strings blanked, line numbers kept."""
    def blank(m):
        kept = re.sub(r"[^\n]", " ", m[0])
        return kept if m[0].startswith("/") else f'"{kept[1:-1]}"'
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text(path), flags=re.S)


def functions(path):
    """(lines of the body, path, line, name) of each function, by the layout that .clang-format makes."""
    out, start, name = [], None, ""
    for i, line in enumerate(lines(path), 1):
        if line == "{":
            start = i
        elif line == "}" and start:
            out.append((i - start - 1, path, start, name))
            start = None
        elif line and not line[0].isspace() and (m := re.search(r"(\w+)\(", line)):
            name = m[1]
    return out


def plugin_list():
    """[(name, words behind it)] of src/plugin/plugin.list."""
    rows = [line.split("#")[0].split() for line in lines("src/plugin/plugin.list")]
    return [(r[0], r[1:]) for r in rows if r]


def built_plugins():
    return [name for name, words in plugin_list() if "built" in words]


def report(found):
    """Fail with one line per finding."""
    assert not found, "\n" + "\n".join(found)
