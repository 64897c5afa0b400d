# SPDX-License-Identifier: Apache-2.0
"""The page in a browser: live numbers, the box, keyboard, colours, narrow windows, what screen readers get, hostile names.

Pictures go to $BINNACLE_PICTURES, or build/test-logs/status."""
import contextlib
import os
import re
import signal

import pytest

from harness import browser as browser_module
from harness import wait

pytestmark = pytest.mark.skipif(not browser_module.installed(), reason="needs chromium and chromedriver")
ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..")
PICTURES = os.environ.get("BINNACLE_PICTURES") or os.path.join(ROOT, "build", "test-logs", "status")
HOSTILE = [r"<img\032src=x\032onerror=alert(1)>.dead.", r"<script>alert(2)</script>.dead.", r"\"'><b>bold.dead.", r"&lt\;i&gt\;.dead.", r"\226\128\174rtl.dead."]


@pytest.fixture(scope="module")
def browser():
    with browser_module.Browser() as b:
        yield b


@pytest.fixture
def page(shown, browser):
    """The page of a server with some traffic, live."""
    s = shown()
    for name in ("small.test.", "small.test.", "big.test.", "x.dead.", "web.shop.svc.cluster.local.", "old.example.org."):
        s.made.udp(name)
    browser.size(1280, 900)
    browser.media()
    browser.open(s.url)
    browser.wait("return document.getElementById('live').textContent === 'Live' && document.body.dataset.updates > 1")
    browser.errors()
    s.browser = browser
    yield s
    assert browser.errors() == []
    browser.open("about:blank")


def cells(browser, table):
    return browser.run("return [...document.querySelectorAll(arguments[0] + ' tbody tr')].map(r => [...r.cells].map(c => c.textContent))", "#" + table)


def tile(browser, label):
    return browser.run("return [...document.querySelectorAll('#tiles div')].find(d => d.querySelector('dt').textContent === arguments[0]).querySelector('dd').textContent", label)


def test_it_shows_what_the_server_does(page):
    b = page.browser
    assert b.run("return document.title") == "Binnacle status"
    upstreams = {r[1]: r for r in cells(b, "t-upstreams")}
    assert upstreams["."][2] == "up" and upstreams["."][7:9] == ["1", "1"]
    assert int(upstreams["dead."][9]) > 0
    assert cells(b, "t-caches")[0][0] == "."
    assert ["small.test.", "2"] in [r[:2] for r in cells(b, "t-names")]
    assert [r[0] for r in cells(b, "t-clients")] == ["127.0.0.1"]
    failure = next(r for r in cells(b, "t-failures") if r[1] == "SERVFAIL")
    assert failure[2] == "x.dead. A" and "connection refused" in failure[5] and failure[5].endswith("Extended DNS Error 23")
    assert ["services", "cluster.local.", "2", "read"] in [r[:4] for r in cells(b, "t-kube")]
    assert cells(b, "t-reloads")[0][1:3] == ["start", "serves"]
    assert "status → errors → loadbalance → rewrite → acl → cache" in cells(b, "t-blocks")[0][1]


def test_numbers_change_while_it_is_open_and_stand_while_it_is_paused(page):
    b = page.browser
    first = tile(b, "Queries a second")
    for i in range(50):
        page.made.udp("small.test.")
    b.wait("return document.querySelector('#tiles dd').textContent !== arguments[0]", first)
    assert b.wait("return [...document.querySelectorAll('#t-names tbody tr')].some(r => r.cells[0].textContent === 'small.test.' && "
                  "Number(r.cells[1].textContent.replace(/\\D/g, '')) >= 50)")
    assert b.run("return document.querySelector('#curve path').getAttribute('d').length") > 10
    b.run("document.getElementById('hold').click()")
    assert b.run("return [document.getElementById('live').textContent, document.getElementById('hold').getAttribute('aria-pressed')]") == ["Paused", "true"]
    updates = b.run("return document.body.dataset.updates")
    page.made.udp("small.test.")
    wait.never(lambda: b.run("return document.body.dataset.updates") != updates, "a paused page stands still", 1.5)
    b.run("document.getElementById('hold').click()")
    b.wait("return document.getElementById('live').textContent === 'Live' && document.body.dataset.updates !== arguments[0]", updates)


def follow(b, name, kind="A"):
    b.run("for (const [k, v] of [['name', arguments[0]], ['type', arguments[1]]]) document.getElementById(k).value = v;"
          "document.querySelector('#way').replaceChildren(); document.querySelector('#ask button').click()", name, kind)
    b.wait("return document.querySelector('#way').children.length && document.querySelector('#way').getAttribute('aria-busy') === 'false'")
    return b.run("return document.getElementById('way').innerText")


def test_the_box_shows_the_way(page):
    b = page.browser
    text = follow(b, "new.example.org")
    assert re.search(r"NOERROR in [\d.]+ ms, answered by (hosts|cache)", text) and "192.0.2.7" in text
    steps = b.run("return [...document.querySelectorAll('#way .step')].map(s => [s.querySelector('b').textContent, s.className])")
    assert [s[0] for s in steps][:5] == ["errors", "loadbalance", "rewrite", "acl", "cache"] and "answered" in steps[-1][1]
    out = follow(b, "out.shop.svc.cluster.local")
    assert "asks the whole server for new.example.org. A" in out
    assert b.run("return document.querySelectorAll('#way .step.d1').length") > 3
    assert "expected a domain name" in follow(b, "a..b")
    assert all("400" in e for e in b.errors())
    assert "SERVFAIL" in follow(b, "y.dead") and "Extended DNS Error 23" in b.run("return document.getElementById('way').innerText")


def test_hostile_names_are_text(page):
    b = page.browser
    for name in HOSTILE:
        page.made.udp(name)
    b.wait("return [...document.querySelectorAll('#t-failures td')].some(c => c.textContent.includes('bold.dead.'))")
    shown = b.run("return document.body.innerText")
    assert r"<img\ src=x\ onerror=alert\(1\)>.dead." in shown and r"<script>alert\(2\)</script>.dead." in shown
    follow(b, HOSTILE[0])
    counts = b.run("return ['img', 'main script', 'main b:not(.head b)', 'iframe'].map(s => document.querySelectorAll(s).length)")
    assert counts == [0, 0, 0, 0]
    assert b.run("return document.scripts.length") == 1


def test_the_policy_lets_nothing_else_run(page):
    b = page.browser
    b.run("const s = document.createElement('script'); s.textContent = 'window.intruder = 1'; document.body.append(s);"
          "const d = document.createElement('div'); d.innerHTML = '<img src=x onerror=\"window.intruder = 2\"><p style=\"color:red\">x</p>'; document.body.append(d);")
    assert b.run("return window.intruder === undefined")
    blocked = b.errors()
    assert len(blocked) >= 2 and all("Content Security Policy" in e for e in blocked), blocked


def test_by_keyboard_alone(page):
    b = page.browser
    focus = "const e = document.activeElement; return e.id || e.textContent.trim()"
    b.press("Tab")
    assert b.run(focus) == "Skip to the content"
    assert b.run("return document.activeElement.getBoundingClientRect().left") >= 0, "it is seen while it has the focus"
    b.press("Tab")
    assert b.run(focus) == "hold"
    assert b.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    b.press("Space")
    assert b.run("return document.getElementById('live').textContent") == "Paused"
    b.press("Space")
    seen = []
    while b.run(focus) != "name":
        b.press("Tab")
        seen.append(b.run(focus))
        assert len(seen) < 20
    assert seen[:2] == ["Now", "Follow a question"]
    b.press(*"small.test", "Enter")
    b.wait("return document.querySelector('#way .step')")
    assert "192.0.2.201" in b.run("return document.getElementById('way').innerText")
    assert b.run(focus) == "name", "the focus stays where it was"
    reached = set()
    for _ in range(30):
        b.press("Tab")
        reached.add(b.run("const e = document.activeElement; return e.id || e.getAttribute('aria-labelledby') || e.tagName"))
    assert {"type", "listener", "client", "h-upstreams", "h-failures", "h-blocks", "json"} <= reached


CONTRAST = """
const parse = c => c.match(/[\\d.]+/g).map(Number);
const lum = c => { const [r, g, b] = parse(c).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const back = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (parse(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
const bad = [];
for (const e of document.querySelectorAll('body *')) {
	if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility() || ['SCRIPT', 'OPTION'].includes(e.tagName))
		continue;
	const a = lum(getComputedStyle(e).color), b = lum(back(e)), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	if (ratio < 4.5)
		bad.push([e.tagName, e.className, e.textContent.trim().slice(0, 30), ratio.toFixed(2)]);
}
return bad;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_can_be_read(page, scheme):
    b = page.browser
    b.media(prefers_color_scheme=scheme)
    follow(b, "big.test")
    follow(b, "x.dead")
    assert b.run(CONTRAST) == []
    dark = b.run("return getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 27)"
    assert dark == (scheme == "dark")
    os.makedirs(PICTURES, exist_ok=True)
    follow(b, "out.shop.svc.cluster.local")
    b.picture(os.path.join(PICTURES, f"{scheme}.png"))


def test_a_narrow_window_holds_it(page):
    b = page.browser
    b.size(360, 800)
    follow(b, "a-name-that-is-rather-long.and-has-no-place-to-break-it-at-all-whatever-one-does.example.org", "TXT")
    assert b.run("return document.documentElement.scrollWidth") <= 360
    wide = b.run("return [...document.querySelectorAll('main *')].filter(e => !e.closest('.wide') && e.getBoundingClientRect().right > 361).map(e => e.outerHTML.slice(0, 80))")
    assert wide == []
    small = b.run("return [...document.querySelectorAll('button, input, select')].filter(e => e.getBoundingClientRect().height < 24).length")
    assert small == 0
    os.makedirs(PICTURES, exist_ok=True)
    b.picture(os.path.join(PICTURES, "narrow.png"))


def test_what_screen_readers_are_given(page):
    b = page.browser
    follow(b, "big.test")
    tree = b.accessibility()
    roles = [r for r, _, _ in tree]
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert roles.count(role) == 1, role
    assert [n for r, n, _ in tree if r == "navigation"] == ["Sections"]
    unnamed = [(r, p) for r, n, p in tree if r in ("textbox", "combobox", "button", "link", "heading", "region", "table", "columnheader", "rowheader") and not n.strip()]
    assert unnamed == []
    assert [p.get("live") for r, n, p in tree if r == "status"] == ["polite"]
    assert b.run("return document.getElementById('way').getAttribute('aria-live')") == "polite"
    levels = b.run("return [...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1 and all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    assert b.run("return document.documentElement.lang") == "en"
    ids = b.run("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    points = b.run("return [...document.querySelectorAll('[aria-labelledby], label[for], nav a')].map(e => e.getAttribute('aria-labelledby') || e.htmlFor || e.hash.slice(1))")
    assert set(points) <= set(ids)
    assert b.run("return [...document.querySelectorAll('thead th')].every(h => h.scope === 'col')")


def test_those_who_want_no_motion_get_none(page):
    b = page.browser
    b.media(prefers_reduced_motion="reduce")
    assert b.run("return getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert b.run("return document.getAnimations().length") == 0


def test_it_stays_live_through_a_reload(page):
    b = page.browser
    page.made.write(open(page.made.conf).read() + "# another one\n")
    page.made.send_signal(signal.SIGUSR1)
    b.wait("return /configuration 2/.test(document.getElementById('about').textContent)")
    b.wait("return document.getElementById('live').textContent === 'Live'")
    assert [r[1:3] for r in cells(b, "t-reloads")] == [["signal", "serves"], ["start", "serves"]]
    b.errors() # the stream that ended with the old configuration


def test_a_page_too_many_looks_every_few_seconds(shown, browser):
    s = shown()
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            assert stack.enter_context(contextlib.closing(s.events())).status == 200
        browser.open(s.url)
        browser.wait("return document.getElementById('live').textContent === 'Every 5 seconds' && document.body.dataset.updates > 0")
        assert "up" in [r[2] for r in cells(browser, "t-upstreams")]
    browser.wait("return document.getElementById('live').textContent === 'Live'")
    browser.open("about:blank")
    browser.errors()


def test_it_says_when_the_server_is_gone(page):
    b = page.browser
    page.made.stop()
    b.wait("return document.getElementById('live').textContent === 'Connection lost, trying again'")
    assert cells(b, "t-upstreams"), "what was known last stays"
    b.run("document.getElementById('hold').click()")
    b.errors()
