# SPDX-License-Identifier: Apache-2.0
"""The longest functions and files are shown after the run: something to look at, not a rule."""
import os, sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tree                                                     # noqa: E402


def pytest_terminal_summary(terminalreporter):
    files = sorted(((len(tree.lines(p)), p) for p in tree.files("src/*.c", "src/*.h")), reverse=True)
    functions = sorted((f for p in tree.files("src/*.c") for f in tree.functions(p)), reverse=True)
    write = terminalreporter.write_line
    write("longest files:")
    for n, path in files[:8]:
        write(f"  {n:5}  {path}")
    write("longest functions:")
    for n, path, line, name in functions[:12]:
        write(f"  {n:5}  {path}:{line}  {name}")
