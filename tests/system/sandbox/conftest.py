# SPDX-License-Identifier: Apache-2.0
import os, re, shutil, subprocess, sys, tempfile

import pytest

from harness import server as server_module

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture
def public(netns):
    """public(COREFILE, ...): as server, in a folder that every user can read."""
    folder = tempfile.mkdtemp(prefix="bn-public-")
    os.chmod(folder, 0o755)
    made = []

    def make(text, **kw):
        made.append(server_module.Server(text, folder, **kw))
        return made[-1]
    make.refused = lambda text, **kw: server_module.refused(text, folder, **kw)
    yield make
    try:
        for m in made:
            m.close()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def forbidden(tmp_path_factory):
    """The library that makes a forbidden call in a server it is preloaded into."""
    path = str(tmp_path_factory.mktemp("forbidden") / "forbidden.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forbidden.c")
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-pthread", "-o", path, source], check=True)
    return path
