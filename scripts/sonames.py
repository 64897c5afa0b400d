#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The names under which a program would find its libraries, as a header.

  sonames.py READELF LINKED HEADER NAME...

LINKED: a file that is linked with all of them.  NAME: what the linker calls a library ("z" for -lz), perhaps without a variant
or version behind it ("curl" for -lcurl-gnutls).
"""
import re, subprocess, sys


def main():
    readelf, linked, header, *names = sys.argv[1:]
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", subprocess.run(
        [readelf, "-dW", linked], check=True, capture_output=True, text=True, env={"LC_ALL": "C"}).stdout)
    out = ["/* Made by scripts/sonames.py. */", "#pragma once"]
    for name in names:
        # What libc has in itself (musl: libm, libcrypt) is found under libc's name.
        found = [n for n in needed if re.match(rf"lib{name}(-\w+)?\.so\b", n)] or [n for n in needed if n.startswith("libc.")]
        if len(found) != 1:
            sys.exit(f"{linked} is linked with {', '.join(needed)}: which of them is {name}?")
        out.append(f'#define SONAME_{name.upper()} "{found[0]}"')
    with open(header, "w") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
