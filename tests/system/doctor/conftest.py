# SPDX-License-Identifier: Apache-2.0
"""`binnacle doctor` in networks that are as they should be, and in networks with a real fault."""
import pytest

from .net_cluster import Net


@pytest.fixture
def net(netns, server, upstream):
    return Net(netns, server, upstream)
