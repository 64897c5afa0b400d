# SPDX-License-Identifier: Apache-2.0
"""What the server says of itself, line by line, beside CoreDNS: start, reloads good and bad, the end."""
import re
import signal

import pytest

from harness import wait

COREFILE = """.:{PORT} {
    bind 127.0.0.1
    reload 2s 0s
    errors
    health 127.0.0.1:{PORT8} {
        lameduck 300ms
    }
    whoami
}
"""
# Said by one of them only: what each makes of the machine, our summary, the endpoint that a probe holds open or is slow.
OWN = r"^(maxprocs: |\[INFO\] Limits: |\[INFO\] Serving |\[INFO\] plugin/health: Failed to stop |\[WARNING\] plugin/health: |\[INFO\] System calls: )"


def story(made):
    """One life; ends with the exit status."""
    def turn(change, said):
        before = len(made.output())
        change()
        wait.until(lambda: re.search(said, made.output()[before:], re.M), f"{said}\n{made.output()}", timeout=10)
    turn(lambda: made.write(COREFILE.replace("errors", "errors\n    log")), "Reloading complete")
    turn(lambda: made.write(COREFILE.replace("errors", "nosuch")), "but reload failed")
    made.write(COREFILE)
    turn(lambda: made.send_signal(signal.SIGUSR1), "Reloading complete")
    made.write("x {\n")
    turn(lambda: made.send_signal(signal.SIGUSR1), r"^\[ERROR\] SIGUSR1: ")
    made.send_signal(signal.SIGTERM)
    assert made.exit() == 0


def told(made):
    """The lines without what must differ: versions, sums, the words of errors."""
    out = []
    for line in made.output().splitlines():
        if re.search(OWN, line):
            continue
        line = re.sub(r"[0-9a-f]{128}", "SUM", line)
        line = re.sub(r"^(CoreDNS|Binnacle)-[0-9.]+$", "VERSION", line)
        line = re.sub(r"^(linux/\w+), .*", r"\1", line)
        line = re.sub(r"(Restart failed|reload failed|^\[ERROR\] SIGUSR1|parse failed): .*", r"\1: WHY", line)
        out.append(line.replace(f":{made.port()}", ":PORT"))
    return out


def test_the_lines_are_those_of_coredns(server, coredns):
    """After SIGUSR1 the peer does not watch and says no sum; we do both."""
    ours, peer = server(COREFILE), server(COREFILE, command=coredns)
    story(ours)
    story(peer)
    mine, theirs = told(ours), told(peer)
    assert mine.count("[INFO] plugin/reload: Running configuration SHA512 = SUM") == 3
    last = [i for i, line in enumerate(mine) if "Running configuration" in line][-1]
    mine.pop(last)
    assert mine == theirs, "\n".join([*mine, "----", *theirs])


@pytest.mark.parametrize("quiet", [False, True])
def test_the_start_says_what_is_served(server, quiet):
    text = ".:{PORT} a.example:{PORT} {\n    bind 127.0.0.1\n    errors\n    whoami\n}\nb.example:{PORT2} {\n    whoami\n}\n"
    made = server(text, args=["-workers", "2"] + (["-quiet"] if quiet else []))
    line = r"^\[INFO\] Serving 3 zones on 2 ports with 2 workers; plugins: bind, errors, whoami$"
    if not quiet:
        made.said(line)
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
    assert len(re.findall(line, made.output(), re.M)) == (0 if quiet else 1)
