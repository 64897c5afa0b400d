# SPDX-License-Identifier: Apache-2.0
"""The metrics that the sources define."""
import re

import tree

DESC = re.compile(r"struct metric_desc\b[^;{]*=\s*\{(.*?)\n?\};", re.S)
NAME = re.compile(r'\.name\s*=\s*"([^"]+)"')
KIND = re.compile(r"METRIC_(COUNTER|GAUGE|HISTOGRAM)\b")


def in_files(*patterns):
    """(path, line, name, kind) of each; a counter where no kind is given, as in C."""
    out = []
    for path in tree.files(*patterns):
        text = tree.text(path)
        for desc in DESC.finditer(text):
            names = list(NAME.finditer(desc[1]))
            for m, following in zip(names, names[1:] + [None]):
                part = desc[1][m.start():following.start() if following else None]
                kind = KIND.search(part)
                line = text.count("\n", 0, desc.start(1) + m.start()) + 1
                out.append((path, line, m[1], kind[1] if kind else "COUNTER"))
    return out
