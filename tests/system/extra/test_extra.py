# SPDX-License-Identifier: Apache-2.0
"""-extra FILE: options of our own beside a Corefile that CoreDNS takes as well."""
import signal

from harness import ask, story, wait

COREFILE = ".:{PORT} {\n    bind 127.0.0.1\n    forward . {UP}\n}\n"
EXTRA = ".:{PORT} {\n    forward {\n        tc passthrough\n    }\n}\n"


def story_upstream(upstream_spec=None):
    return story.StoryUpstream(story.upstream_spec(False)).start()


def test_an_option_of_the_second_file_counts(server):
    up = story_upstream()
    plain = server(COREFILE, UP=up)
    assert len(ask.addresses(plain.udp(story.name("plain", 60)))) > 10
    ours = server(COREFILE, UP=up, files={"extra": EXTRA}, args=["-extra", "{DIR}/extra"])
    r = ours.udp(story.name("ours", 60))
    assert ask.tc(r) and not ask.addresses(r)
    assert not up.seen(name=story.name("ours", 60), proto="tcp")
    up.stop()


def test_it_is_read_again_on_reload(server):
    up = story_upstream()
    made = server(COREFILE, UP=up, files={"extra": EXTRA}, args=["-extra", "{DIR}/extra"])
    assert not ask.addresses(made.udp(story.name("before", 60)))
    made.write("", "extra")
    made.send_signal(signal.SIGUSR1)
    serial = iter(range(1000))
    wait.until(lambda: ask.addresses(made.udp(story.name(f"after{next(serial)}", 60))), "the default again")
    up.stop()


def test_a_mistake_in_it_is_told_with_its_file(refused):
    status, out = refused(COREFILE.replace("{UP}", "127.0.0.1"),
                          files={"extra": ".:{PORT} {\n    forward {\n        nonsense\n    }\n}\n"}, args=["-extra", "{DIR}/extra"])
    assert status == 1 and "extra:3" in out and "nonsense" in out, out


def test_other_keys_in_it_are_a_mistake(refused):
    status, out = refused(COREFILE.replace("{UP}", "127.0.0.1"),
                          files={"extra": "other.example:{PORT} {\n    whoami\n}\n"}, args=["-extra", "{DIR}/extra"])
    assert status == 1 and "extra:1" in out, out


def test_a_missing_one_is_told(refused):
    status, out = refused(COREFILE.replace("{UP}", "127.0.0.1"), args=["-extra", "{DIR}/nosuch"])
    assert status == 1 and "nosuch" in out, out


def test_a_bad_one_on_reload_changes_nothing(server):
    up = story_upstream()
    made = server(COREFILE, UP=up, files={"extra": EXTRA}, args=["-extra", "{DIR}/extra"])
    made.write(EXTRA.replace("tc passthrough", "tc nonsense"), "extra")
    made.send_signal(signal.SIGUSR1)
    made.said(r"extra:3\b.*nonsense")
    assert not ask.addresses(made.udp(story.name("still", 60)))
    up.stop()
