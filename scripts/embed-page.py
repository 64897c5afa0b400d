#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed-page.py NAME PAGE.html OUT.c: a self-contained page as a C array, with the content security policy that lets exactly
its own inline style and script run (CSP level 3: sha256 of each element's text)."""
import base64, hashlib, re, sys

name, source, out = sys.argv[1:]
page = open(source, encoding="utf-8").read()


def hashes(tag):
    texts = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
    return " ".join("'sha256-%s'" % base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in texts)


assert not re.search(r"""\s(?:on\w+|style)=|(?:src|href)=["'](?!data:|#)""", page), f"{source}: inline handlers, styles or outside assets"
policy = (f"default-src 'none'; script-src {hashes('script')}; style-src {hashes('style')}; connect-src 'self'; img-src data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
data = page.encode()
rows = [", ".join(f"0x{b:02x}" for b in data[i:i + 20]) for i in range(0, len(data), 20)]
with open(out, "w") as f:
    f.write(f"// SPDX-License-Identifier: Apache-2.0\n/* Made of page.html. */\n#include \"plugin/status/page.h\"\n\n"
            f"const unsigned char {name}[] = {{\n" + ",\n".join("\t" + r for r in rows) + "\n};\n"
            f"const size_t {name}_len = sizeof({name});\nconst char {name}_policy[] =\n\t\"{policy}\";\n")
