# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions.  Tests never sleep for a fixed time and hope."""
import os, time

# Bounds in time are multiplied by this: 1 for a release build, more under sanitizers or on a loaded machine.
FACTOR = float(os.environ.get("BINNACLE_TIME_FACTOR", "1"))


def until(cond, what, timeout=10.0, every=0.01):
    """The first true value of cond(), polled; AssertionError naming `what` after timeout x FACTOR seconds."""
    end = time.monotonic() + timeout * FACTOR
    while True:
        got = cond()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout * FACTOR:g} s: {what}")
        time.sleep(every)


def never(cond, what, seconds):
    """Watch for `seconds` that cond() stays false (only where a thing must not happen)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert not cond(), what
        time.sleep(0.01)
