# SPDX-License-Identifier: Apache-2.0
"""What a case needs of a server: plugins, and the transports of its keys and upstreams.

Read from the case's Corefile (and the files that it imports), so that nobody keeps it by hand."""
import fnmatch, os, re

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMES = ("tls", "https", "https3", "quic", "grpc")


def known_plugins():
    """Every directive that the project knows, built or not: the first words of src/plugin/plugin.list."""
    with open(os.path.join(HERE, "..", "..", "src", "plugin", "plugin.list")) as f:
        return {line.split()[0] for line in f if line.strip() and not line.startswith("#")}


def tokens(text):
    """[(line number, word)] of a Corefile: quoted words whole, comments gone."""
    out, line, i = [], 1, 0
    text = text.lstrip("\ufeff").replace("\r", "")
    while i < len(text):
        c = text[i]
        if c == "\n":
            line, i = line + 1, i + 1
        elif c.isspace():
            i += 1
        elif c == "#":
            while i < len(text) and text[i] != "\n":
                i += 1
        elif c == '"':
            m = re.compile(r'"((?:\\.|[^"\\])*)"?', re.S).match(text, i)
            out.append((line, m[1]))
            line, i = line + m[0].count("\n"), m.end()
        else:
            m = re.compile(r"[^\s#]+").match(text, i)
            out.append((line, m[0]))
            i = m.end()
    return out


def words(text, known):
    """(directives, schemes) of a Corefile or of a fragment of one."""
    plugins, schemes, depth, last, head, imports = set(), set(), 0, 0, None, []
    for line, word in tokens(text):
        first, last = line != last, line
        if word == "{":
            depth += 1
        elif word == "}":
            depth = max(0, depth - 1)
        elif first and depth <= 1 and word in known:
            plugins.add(word)
            head = word
        elif first:
            head = word
        m = re.match(r"(\w+)://", word)
        if m and m[1] in SCHEMES and (depth == 0 or head == "forward"):
            schemes.add(m[1] + "://" if depth == 0 else f"forward-{m[1]}")
        if head == "import" and not first:
            imports.append(word)
    return plugins, schemes, imports


def of_case(spec, known):
    """The sorted needs of one case: plugin names, `tls://` for a key, `forward-tls` for an upstream."""
    files = dict(spec.get("files") or {})
    for step in spec.get("steps") or []:
        files.update({n: files.get(n, "") + "\n" + t for n, t in (step.get("write") or {}).items()})
    text = spec["corefile"] + "\n" + files.get("Corefile", "")
    todo, seen, needs = [text], set(), set()
    while todo:
        plugins, schemes, imports = words(todo.pop(), known)
        needs |= plugins | schemes
        for pattern in imports:
            tail = pattern.replace("{DIR}/", "").lstrip("./")
            for name, body in files.items():
                if name not in seen and (fnmatch.fnmatch(name, tail) or name.endswith("/" + tail)):
                    seen.add(name)
                    todo.append(body)
    return sorted(needs)
