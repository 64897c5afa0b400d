# SPDX-License-Identifier: Apache-2.0
import os, sys

import pytest

from harness import server as server_module
from harness.manager import Manager

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture
def manager(tmp_path):
    m = Manager(str(tmp_path / "notify"))
    yield m
    m.socket.close()


@pytest.fixture
def activated(server):
    """activated(COREFILE, [SOCKETS], ...) starts the server under activate.py."""
    def make(corefile, sockets, uid=0, pid=None, **kw):
        line = [sys.executable, os.path.join(HERE, "activate.py"), *(["--pid", pid] if pid else []),
                *(["--uid", str(uid)] if uid else [])]
        return server(corefile, command=[*line, *sockets, "--", *server_module.binary()], **kw)
    return make
