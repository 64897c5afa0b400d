# SPDX-License-Identifier: Apache-2.0
"""`reload`: the configuration is looked at, and taken up when it has changed."""
import os
import re
import signal
import socket
import subprocess

import pytest

from harness import ask, wait

pytestmark = pytest.mark.threads

OLD = {"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]}
NEW = {"rules": [{"match": {}, "answer": "@ 300 IN A 192.0.2.2"}]}
WATCHED = ".:{PORT} {\n    bind 127.0.0.1\n    reload 2s 0s\n    forward . {UP}\n}\n"
PATIENCE = 8       # two looks and the reload; the period is 2 s


def address(made, port="PORT"):
    got = ask.addresses(made.udp("a.example.", port=port))
    return got[0] if got else None


def turns(made, want="192.0.2.2"):
    wait.until(lambda: address(made) == want, f"the answer {want}\n{made.output()}", timeout=PATIENCE)


def reloads(made):
    return len(re.findall(r"^\[INFO\] Reloading$", made.output(), re.M))


def test_a_change_is_taken_up_and_then_another(server, upstream):
    old = upstream(OLD)
    made = server(WATCHED, UP=old)
    first = made.said(r"^\[INFO\] plugin/reload: Running configuration SHA512 = ([0-9a-f]{128})$")[1]
    made.names["UP"] = upstream(NEW)
    made.write(WATCHED)
    turns(made)
    made.said(r"^\[INFO\] Reloading\n\[INFO\] plugin/reload: Running configuration SHA512 = (?!" + first +
              r")[0-9a-f]{128}\n\[INFO\] Reloading complete$")
    made.names["UP"] = old
    made.write(WATCHED)
    turns(made, "192.0.2.1")


def test_comments_blank_lines_and_signals(server, upstream):
    """New comments and lines do not reload; SIGUSR1 does, and leaves the watching alive; without `reload` it ends."""
    made = server(WATCHED, UP=upstream(OLD))
    made.write("# one\n\n" + WATCHED.replace("    ", "\t") + "# two\n")
    wait.never(lambda: reloads(made), "a reload for a comment", 3)
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
    made.names["UP"] = upstream(NEW)
    made.write(WATCHED)
    turns(made)
    made.write(WATCHED.replace("    reload 2s 0s\n", ""))
    wait.until(lambda: reloads(made) == 3, "the reload that ends it", timeout=PATIENCE)
    made.said("(?s)(Reloading complete.*){3}")
    made.write("nonsense {\n")
    wait.never(lambda: "nonsense" in made.output() or "WARNING" in made.output(), "a look without `reload`", 3)


def test_imports_and_the_second_file_are_watched(server, upstream):
    """What stands in an imported file or in -extra is part of the configuration."""
    made = server(WATCHED.replace("forward . {UP}", "import {DIR}/part*"), files={"part1": "forward . {UP}\n", "extra": ""},
                  args=["-extra", "{DIR}/extra"], UP=upstream(OLD))
    made.names["UP"] = upstream(NEW)
    made.write("forward . {UP}\n", "part1")
    turns(made)
    made.write(".:{PORT} {\n    forward {\n        tc passthrough\n    }\n}\n", "extra")
    wait.until(lambda: reloads(made) == 2, "a reload for -extra", timeout=PATIENCE)
    made.write("log\n", "part2")
    wait.until(lambda: made.udp("seen.example.") and '"A IN seen.example.' in made.output(), "a new import", timeout=PATIENCE)


def config_map(made, version, text):
    """As the kubelet does it: a new folder, then `..data` is turned to it."""
    folder = os.path.join(made.dir, f"..{version}")
    os.mkdir(folder)
    with open(os.path.join(folder, "Corefile"), "w") as f:
        f.write(made.sub(text))
    link = os.path.join(made.dir, "..data")
    os.symlink(f"..{version}", link + "_tmp")
    os.rename(link + "_tmp", link)
    return folder


def test_a_config_map_is_turned(server, upstream):
    made = server(WATCHED, UP=upstream(OLD))
    config_map(made, "v1", WATCHED)
    os.symlink("..data/Corefile", made.conf + "_link")
    os.rename(made.conf + "_link", made.conf)
    made.names["UP"] = upstream(NEW)
    config_map(made, "v2", WATCHED)
    turns(made)
    # Gone: nothing changes but a warning, once; and it is taken up when it is back.
    os.rename(os.path.join(made.dir, "..v2"), os.path.join(made.dir, "gone"))
    made.said(r"^\[WARNING\] plugin/reload: Corefile parse failed: .*Corefile: cannot be read", timeout=PATIENCE)
    wait.never(lambda: made.output().count("cannot be read") > 1, "the same warning again", 3)
    assert address(made) == "192.0.2.2"
    made.names["UP"] = upstream(OLD)
    config_map(made, "v3", WATCHED)
    turns(made, "192.0.2.1")


def test_an_emptied_corefile_is_not_the_default(server, upstream):
    """A file that is cut to nothing before it is written again."""
    made = server(WATCHED, UP=upstream(OLD), conf=False, args=[])
    made.write("")
    made.said(r"^\[WARNING\] plugin/reload: .*Corefile: has no server block any more", timeout=PATIENCE)
    os.remove(made.conf)
    made.send_signal(signal.SIGUSR1)
    made.said(r"^\[ERROR\] Restart failed: Corefile: cannot be read")
    assert address(made) == "192.0.2.1"


def test_a_failed_reload_is_tried_again(server, upstream):
    """An address that cannot be had at first: without a change of the file the next try has it."""
    made = server(WATCHED, UP=upstream(OLD))
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", made.port("PORT2")))
        made.write(WATCHED + "two.example:{PORT2} {\n    bind 127.0.0.1\n    whoami\n}\n")
        made.said(r"^\[ERROR\] Restart failed: listen .*address already in use", timeout=PATIENCE)
        made.said(r"^\[ERROR\] plugin/reload: Corefile changed but reload failed: listen ")
        assert address(made) == "192.0.2.1"
    made.said(r"^\[INFO\] Reloading complete", timeout=PATIENCE)
    assert made.udp("x.two.example.", port="PORT2").rcode() == 0


def test_what_does_not_parse_is_told_once(server, upstream):
    made = server(WATCHED, UP=upstream(OLD))
    made.write(WATCHED + "x {\n")
    made.said(r"^\[WARNING\] plugin/reload: Corefile parse failed: .*Corefile:6: ", timeout=PATIENCE)
    made.names["UP"] = upstream(NEW)
    made.write(WATCHED)
    turns(made)
    assert reloads(made) == 1 and "[ERROR]" not in made.output()


def test_standard_input_is_kept(server, upstream, tmp_path):
    """`-conf stdin` has nothing to look at but what it imports."""
    text = ".:{PORT} {\n    bind 127.0.0.1\n    reload 2s 0s\n    import {DIR}/up\n}\n"
    made = server(None, conf=False, args=["-conf", "stdin"], stdin=subprocess.PIPE, wait_up=False,
                  files={"up": "forward . {UP}\n"}, UP=upstream(OLD))
    made.proc.stdin.write(made.sub(text).encode())
    made.proc.stdin.close()
    made.wait_up()
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
    assert address(made) == "192.0.2.1"
    made.names["UP"] = upstream(NEW)
    made.write("forward . {UP}\n", "up")
    turns(made)


@pytest.mark.parametrize("args, says", [
    ("1s", r"INTERVAL \"1s\" is not within 2s to 24h"), ("0", "INTERVAL"), ("soon", "no duration"),
    ("2s 500ms", r"JITTER \"500ms\" is neither 0 nor at least 1s"), ("2s -1s", "JITTER"), ("2s 1s 3", "no further argument"),
    ("2s {\n    now\n}", ""),
])
def test_bad_arguments_are_refused(refused, args, says):
    status, output = refused(f".:{{PORT}} {{\n    bind 127.0.0.1\n    reload {args}\n    whoami\n}}\n")
    assert status == 1 and re.search("Corefile:[34]: .*" + says, output), output
