# SPDX-License-Identifier: Apache-2.0
"""Commands at the events of the server's life."""
import signal
import time

from harness import ask, wait

BLOCK = ".:{PORT} {\n    bind 127.0.0.1\n    whoami\n%s\n}\n"


def block(*lines):
    return BLOCK % "\n".join(f"    on {x}" for x in lines)


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


def test_startup_runs_in_order_and_again_after_a_reload(server, tmp_path):
    out = tmp_path / "out"
    made = server(block('startup sh -c "sleep 0.3; echo first >> {OUT}"', 'startup sh -c "echo second >> {OUT}"'), OUT=out)
    wait.until(lambda: lines_of(out) == ["first", "second"], "both commands, in order")
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: lines_of(out) == ["first", "second"] * 2, "both commands again")


def test_a_command_that_is_not_waited_for_holds_nobody_up(server, tmp_path):
    out = tmp_path / "out"
    made = server(block('startup sh -c "while [ ! -e {OUT}.go ]; do sleep 0.05; done; echo slow >> {OUT}" &',
                        'startup sh -c "echo quick >> {OUT}"'), OUT=out)
    wait.until(lambda: lines_of(out) == ["quick"], "the second command")
    (tmp_path / "out.go").touch()
    wait.until(lambda: lines_of(out) == ["quick", "slow"], "the first one's end")
    assert ask.udp(ask.query("a.example."), "127.0.0.1", made.port())


def test_what_goes_wrong_is_logged_and_the_next_one_follows(server, tmp_path):
    out = tmp_path / "out"
    made = server(block("startup /bin/false", "startup /no/such/command", 'startup sh -c "echo third >> {OUT}"'), OUT=out)
    wait.until(lambda: lines_of(out) == ["third"], "the third command")
    made.said(r'command "/bin/false" with ID 1 ended with status 1')
    made.said(r'command "/no/such/command" with ID 2 cannot be started')


def test_shutdown_is_answered_through_and_waited_for(server, tmp_path):
    out = tmp_path / "out"
    made = server(block('shutdown sh -c "echo begun > {OUT}; while [ ! -e {OUT}.go ]; do sleep 0.05; done; echo done >> {OUT}"'),
                  OUT=out)
    made.send_signal(signal.SIGTERM)
    wait.until(lambda: lines_of(out) == ["begun"], "the command")
    assert ask.udp(ask.query("a.example."), "127.0.0.1", made.port())
    (tmp_path / "out.go").touch()
    assert made.exit(20) == 0
    assert lines_of(out) == ["begun", "done"]


def test_a_second_signal_does_not_wait(server, tmp_path):
    out = tmp_path / "out"
    made = server(block('shutdown sh -c "echo begun > {OUT}; exec sleep 20"'), OUT=out)
    made.send_signal(signal.SIGTERM)
    wait.until(lambda: lines_of(out) == ["begun"], "the command")
    began = time.monotonic()
    made.send_signal(signal.SIGTERM)
    assert made.exit(15) == 2
    assert time.monotonic() - began < 15 * wait.FACTOR
