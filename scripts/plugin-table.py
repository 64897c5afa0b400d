#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""plugin.list -> the C table of all plugins in chain order."""
import sys

rows, externs = [], []
for line in open(sys.argv[1]):
    words = line.split("#")[0].split()
    if not words:
        continue
    built = "built" in words[1:]
    if not set(words[1:]) <= {"built", "-extra"}:
        sys.exit(f"plugin.list: {line.strip()!r}: expected NAME, built, -extra")
    if built:
        externs.append(f"extern const struct plugin plugin_{words[0]};")
    rows.append(f'\t{{"{words[0]}", {"&plugin_" + words[0] if built else "NULL"}}},')
with open(sys.argv[2], "w") as out:
    out.write("/* Made by scripts/plugin-table.py from plugin.list. */\n#include \"server/plugin.h\"\n\n")
    out.write("\n".join(externs) + "\n\nconst struct plugin_slot plugin_table[] = {\n" + "\n".join(rows) + "\n};\n")
    out.write("const size_t plugin_table_len = sizeof(plugin_table) / sizeof(plugin_table[0]);\n")
