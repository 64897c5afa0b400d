# SPDX-License-Identifier: Apache-2.0
"""/ready: who is not ready, and the end."""
import signal

from harness import wait, web

LAME = """.:{PORT} {
    bind 127.0.0.1
    health 127.0.0.1:{PORT2} {
        lameduck 2s
    }
    ready 127.0.0.1:{PORT3}
    whoami
}
"""


def test_not_ready_from_the_first_moment_of_the_end_on(admin):
    """While it is a lame duck: /ready 503, /health 200, DNS answered; then status 0."""
    made = admin(LAME)
    assert web.get(made.port("PORT3"), "/ready").text == "OK"
    made.send_signal(signal.SIGTERM)
    wait.until(lambda: web.get(made.port("PORT3"), "/ready").status == 503, "503")
    assert web.get(made.port("PORT3"), "/ready").text == "shutting down"
    assert web.get(made.port("PORT2"), "/health").text == "OK"
    assert made.udp("a.example.").rcode() == 0
    assert made.exit() == 0


def test_the_longest_lameduck_counts(admin):
    made = admin(LAME + """b.example:{PORT} {
    bind 127.0.0.1
    health 127.0.0.1:{PORT4} {
        lameduck 10ms
    }
    whoami
}
""")
    made.send_signal(signal.SIGTERM)
    wait.never(lambda: made.proc.poll() is not None, "it went before the longer of the two", 1)
    assert web.get(made.port("PORT4"), "/health").text == "OK"
    assert made.exit() == 0


ERRATIC = """.:{PORT} {
    bind 127.0.0.1
    ready 127.0.0.1:{PORT2}
    erratic {
        drop 0
        delay 0
        truncate 0
    }
}
b.example:{PORT} {
    bind 127.0.0.1
    ready 127.0.0.1:{PORT3}
    whoami
}
"""


def test_blocks_have_one_answer(admin):
    """Both addresses tell of what either block waits for; erratic is ready from its third query on, to the fifth."""
    made = admin(ERRATIC)
    r = web.get(made.port("PORT3"), "/ready")
    assert (r.status, r.text) == (503, "erratic")
    made.said(r'^\[INFO\] plugin/ready: Plugins not ready: "erratic"$')
    for _ in range(3):
        made.udp("a.example.")
    for port in ("PORT2", "PORT3"):
        assert web.get(made.port(port), "/ready").text == "OK"
    for _ in range(3):
        made.udp("a.example.")
    assert web.get(made.port("PORT2"), "/ready").text == "OK", "who was ready once is not asked again"


def test_asked_each_time(admin):
    """The last block's way counts for all."""
    made = admin(ERRATIC.replace("ready 127.0.0.1:{PORT3}", "ready 127.0.0.1:{PORT3} {\n        monitor continuously\n    }"))
    for status in (503, 200, 503):
        assert web.get(made.port("PORT2"), "/ready").status == status
        for _ in range(3):
            made.udp("a.example.")
