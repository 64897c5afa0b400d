# SPDX-License-Identifier: Apache-2.0
"""Servers count as up when their endpoints are bound too."""
import pytest

from harness import web


@pytest.fixture
def admin(server):
    """As `server`; {PORT2} and so on are HTTP endpoints."""
    return lambda text, **kw: server(text, listens=kw.pop("listens", web.listens(text)), **kw)
