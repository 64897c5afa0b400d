# SPDX-License-Identifier: Apache-2.0
"""binnacle top: what a running server does, as JSON, as text, and drawn on a terminal that is given back as it was."""
import concurrent.futures, fcntl, json, os, pty, re, select, signal, struct, subprocess, termios, threading

import pytest

from harness import server as server_module, wait, web

COREFILE = """.:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2}
    forward . {UP}
    cache 300
}
"""
HOT, RARE = "hot.shop.example.", "rare.shop.example."


def admin():
    return f"binnacle/top-{os.getpid()}"


def command(*words):
    return [*server_module.binary(), "top", "-admin", admin(), *words]


def top(*words, **kw):
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=20 * wait.FACTOR, **kw)


@pytest.fixture
def made(server, upstream):
    up = upstream({"rules": [{"match": {"name": "gone.example."}, "rcode": "NXDOMAIN"},
                             {"match": {}, "answer": "@ 300 IN A 192.0.2.1"}]})
    s = server(COREFILE, args=["-admin", admin()], UP=up)
    s.up_address = up
    return s


def traffic(made):
    """A client that asks far more than another one, and one name far more often than the others."""
    for _ in range(15):
        made.udp(HOT, source="127.0.0.7")
    for i in range(5):
        made.udp(f"n{i}.example.org.", source="127.0.0.8")
    made.tcp("gone.example.")


def test_json_names_the_heavy_client_and_the_hot_name(made):
    traffic(made)
    r = top("-once", "-json")
    assert r.returncode == 0 and not r.stderr, r
    seen = json.loads(r.stdout)
    minute = seen["who"]["minute"]
    # Few enough that all of them are looked at; one question more is the harness's that waits for the server.
    assert minute["asked"] == minute["questions"] == minute["samples"] == seen["who"]["questions"]
    assert 21 <= minute["questions"] <= 25
    first = minute["clients"][0]
    assert (first["client"], first["at_least"], first["at_most"], first["sampling_error"]) == ("127.0.0.7", 15, 15, 0)
    assert minute["names"][0]["name"] == HOT and minute["names"][0]["at_least"] == 15
    assert minute["zones"][0]["zone"] == "shop.example." and minute["zones"][0]["at_least"] == 15
    assert minute["rcodes"]["NXDOMAIN"] == 1 and minute["transports"]["tcp"] == 1
    assert minute["answered_by"]["cache"] >= 14 and minute["answered_by"]["forward"] >= 7
    assert 0 < minute["seconds_to_answer"]["p50"] <= minute["seconds_to_answer"]["max"] < 5 * wait.FACTOR
    assert seen["who"]["total"]["names"][0] == minute["names"][0]
    assert seen["cache"]["hits"] >= 14 and seen["cache"]["entries"] >= 6
    up, = seen["upstreams"]
    assert up["answers"] >= 7 and up["failures"] == 0 and up["seconds"] > 0


def test_text_is_for_people_and_without_escapes(made):
    traffic(made)
    r = top("-once")
    assert r.returncode == 0, r
    assert re.search(rf"(?m)^ +[\d.]+ +\d+\.\d%  {re.escape(HOT)}$", r.stdout), r.stdout
    assert re.search(r"(?m)^ +[\d.]+ +\d+\.\d%  127\.0\.0\.7$", r.stdout), r.stdout
    assert re.search(r"(?m)^codes +NOERROR \d+\.\d%  NXDOMAIN \d+\.\d%$", r.stdout), r.stdout
    assert not re.search(r"[^\n -~]", r.stdout), "something that a terminal acts on"


def test_where_no_terminal_is_it_prints_once(made):
    r = top("0.1")
    assert r.returncode == 0 and r.stdout.startswith("questions/s")


def test_names_of_strange_bytes_do_no_harm(made):
    made.udp(r"\027[2j<b>\007\195\169.example.")
    r = top("-once", "-json")
    names = [n["name"] for n in json.loads(r.stdout)["who"]["minute"]["names"]]
    assert r"\027[2j<b>\007\195\169.example." in names
    assert r.stdout.isascii() and "<" not in r.stdout
    assert not re.search(r"[^\n -~]", top("-once").stdout)


def test_an_answer_of_many_pieces_comes_whole(made):
    strange = "".join(f"\\{i % 9 + 1:03}" for i in range(60))
    for i in range(30):
        made.udp(f"{i:03}{strange}.{strange[:120]}.example.")
    r = top("-once", "-json")
    assert len(r.stdout) > 16 << 10 and len(json.loads(r.stdout)["who"]["total"]["names"]) == 20


def test_zones_are_the_blocks_or_the_last_two_labels_and_clients_are_addresses(server):
    made = server("a.b.example:{PORT} .:{PORT} {\n    bind 127.0.0.1 ::1\n    whoami\n}\n", args=["-admin", admin()])
    for _ in range(3):
        made.udp("x.y.a.b.example.", host="::1")
    made.udp("x.y.c.example.")
    made.udp("com.")
    made.udp("refused.example.", query={"rdclass": "CH"})
    minute = json.loads(top("-once", "-json").stdout)["who"]["minute"]
    zones = {z["zone"]: z["at_least"] for z in minute["zones"]}
    assert zones["a.b.example."] == 3 and zones["c.example."] == 1 and zones["com."] == 1
    assert {c["client"]: c["at_least"] for c in minute["clients"]}["::1"] == 3
    assert minute["rcodes"]["REFUSED"] == 1 and minute["answered_by"]["server"] == 1


def test_long_names_are_told_by_their_end(made):
    label = "x" * 60
    for i in range(6):
        made.udp(f"{label}{i}.{label}.tunnel.example.")
    names = {n["name"]: n["at_least"] for n in json.loads(top("-once", "-json").stdout)["who"]["minute"]["names"]}
    assert names[f"*.{label}.tunnel.example."] == 6


def test_json_lines_follow_each_other(made):
    with subprocess.Popen(command("-json", "0.1"), stdout=subprocess.PIPE, text=True) as p:
        first, second = json.loads(p.stdout.readline()), json.loads(p.stdout.readline())
        p.terminate()
    assert second["who"]["total"]["seconds"] > first["who"]["total"]["seconds"]


@pytest.mark.parametrize("words", [["-once", "soon"], ["0"], ["1", "2"], ["1e9"], ["nan"]])
def test_a_bad_interval_is_told(made, words):
    r = top(*words)
    assert r.returncode == 1 and "from 0.1 to 3600" in r.stderr


def test_without_a_server_it_says_so():
    r = top("-once")
    assert r.returncode == 1 and r.stderr and not r.stdout


def test_it_is_read_while_the_server_answers_scrapes_and_reloads(server):
    """Many readers at once, and counts that never fall."""
    made = server(COREFILE.replace("{PORT2}\n", "{PORT2} {\n        top 5\n    }\n").replace("    forward . {UP}\n", "    whoami\n"),
                  args=["-admin", admin()], listens=[("udp", "PORT"), ("tcp", "PORT2")])
    end, counts = threading.Event(), []

    def ask(source):
        i = 0
        while not end.is_set():
            i += 1
            assert made.udp(f"n{i % 500}.example.org.", source=source).rcode() == 0
        return i

    def look():
        while not end.is_set():
            counts.append(json.loads(top("-once", "-json").stdout)["who"]["questions"])

    def scrape():
        while not end.is_set():
            assert "binnacle_top_client_queries{" in web.get(made.port("PORT2"), "/metrics").text

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        made.udp("first.example.")
        jobs = [pool.submit(ask, "127.0.0.7"), pool.submit(ask, "127.0.0.8"), pool.submit(look), pool.submit(scrape), pool.submit(scrape)]
        try:
            for n in range(1, 4):
                made.send_signal(signal.SIGUSR1)
                wait.until(lambda: made.output().count("Reloading complete") >= n, f"reload {n}")
            wait.until(lambda: len(counts) >= 20, "twenty looks")
        finally:
            end.set()
        asked = sum(j.result() or 0 for j in jobs[:2])
        for j in jobs[2:]:
            j.result()
    assert counts == sorted(counts)
    assert asked <= json.loads(top("-once", "-json").stdout)["who"]["questions"] <= asked + 10


class Terminal:
    """binnacle top in a pseudo-terminal; what it has written since the last look."""

    def __init__(self, *words, rows=30, cols=100):
        self.main, side = pty.openpty()
        self.before = termios.tcgetattr(side)
        self.resize(rows, cols)
        self.side = os.dup(side)
        self.proc = subprocess.Popen(command(*words), stdin=side, stdout=side, stderr=side, start_new_session=True,
                                     preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env={**os.environ, "TERM": "xterm"})
        os.close(side)
        self.text = ""

    def resize(self, rows, cols):
        fcntl.ioctl(self.main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def read(self):
        while select.select([self.main], [], [], 0)[0]:
            self.text += os.read(self.main, 65536).decode()
        return self.text

    def shows(self, pattern):
        return wait.until(lambda: re.search(pattern, self.read()), f"{pattern!r} on the terminal")

    def ended(self):
        """Its exit status, once it has gone; the terminal is as it was."""
        wait.until(lambda: self.read() is not None and self.proc.poll() is not None, "the end of top")
        self.read()
        assert termios.tcgetattr(self.side) == self.before
        assert self.text.rstrip().endswith("\x1b[?1049l") or "\x1b[?1049l" in self.text.rsplit("\x1b[H", 1)[-1]
        assert "\x1b[?25h" in self.text.rsplit("\x1b[?25l", 1)[-1], "the cursor is gone"
        return self.proc.returncode

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        os.close(self.main)
        os.close(self.side)


@pytest.fixture
def terminal(made):
    all_of_them = []

    def make(*words, **kw):
        all_of_them.append(Terminal(*words, **kw))
        return all_of_them[-1]
    yield make
    for t in all_of_them:
        t.close()


def picture(text):
    """The lines that the last whole drawing left, without escapes."""
    last = text.split("\x1b[H")[-1].split("\x1b[J")[0]
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in re.split("\r+\n", last)]


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_it_is_drawn_again_and_leaves_the_terminal_as_it_was(made, terminal, key):
    traffic(made)
    t = terminal("0.1")
    t.shows(re.escape(HOT))
    t.shows(r"now  .*(?s:.*)\x1b\[H.*now  ")           # rates of now, twice
    for _ in range(3):
        made.udp(RARE)
    t.shows(re.escape(RARE))
    os.write(t.main, key.encode())
    assert t.ended() == 0


def test_it_follows_the_size_of_the_terminal(made, terminal):
    traffic(made)
    t = terminal("3600", rows=40, cols=120)
    t.shows(re.escape("example.org."))
    t.text = ""
    t.resize(12, 40)
    os.kill(t.proc.pid, signal.SIGWINCH)
    t.shows(r"\x1b\[J")
    lines = picture(t.text)
    assert len(lines) <= 12 and max(map(len, lines)) <= 40, lines
    os.write(t.main, b"q")
    assert t.ended() == 0


def test_ctrl_z_gives_the_terminal_back_and_fg_draws_again(made, terminal):
    t = terminal("3600")
    t.shows(r"\x1b\[J")
    os.kill(t.proc.pid, signal.SIGTSTP)
    wait.until(lambda: open(f"/proc/{t.proc.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T", "top stops")
    assert termios.tcgetattr(t.side) == t.before
    t.read()
    t.text = ""
    os.kill(t.proc.pid, signal.SIGCONT)
    t.shows(r"\x1b\[\?1049h(?s:.*)questions/s")
    os.kill(t.proc.pid, signal.SIGTERM)
    assert t.ended() == 0


def test_a_server_that_goes_ends_it(made, terminal):
    t = terminal("0.1")
    t.shows("questions/s")
    made.stop()
    assert t.ended() == 1
    assert "the server has gone" in t.text
