# SPDX-License-Identifier: Apache-2.0
"""Limits of a cgroup as a process in a container sees them, from files that the test writes."""
from harness import server as server_module


def command(folder, files, program=None):
    """A command line for the server (or `program`), with these files at the root of its cgroup.  Needs root."""
    tree, own = folder / "cgroup", folder / "own-cgroup"
    tree.mkdir(exist_ok=True)
    for name, text in files.items():
        (tree / name).write_text(text)
    own.write_text("0::/\n")
    script = (f"mount --make-rprivate / && mount -t tmpfs none /sys/fs/cgroup && cp -r {tree}/. /sys/fs/cgroup/ && "
              f"mount --bind {own} /proc/$$/cgroup && exec \"$@\"")
    return ["unshare", "-m", "sh", "-c", script, "sh", *(program or server_module.binary())]
