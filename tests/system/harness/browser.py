# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven over WebDriver (W3C) by HTTP alone.

    with Browser() as b:
        b.open("http://127.0.0.1:9154/status")
        b.run("return document.title")
"""
import base64, json, os, shutil, socket, subprocess, tempfile, time, urllib.error, urllib.request

from harness.wait import FACTOR

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": "\ue00d"}


def installed():
    return shutil.which("chromedriver") and shutil.which("chromium")


class Browser:
    def __init__(self, width=1280, height=900):
        self.folder = tempfile.TemporaryDirectory(prefix="binnacle-browser-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.base = f"http://127.0.0.1:{s.getsockname()[1]}"
        self.log = open(os.path.join(self.folder.name, "driver.log"), "w")
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.base.rsplit(':', 1)[1]}"], stdout=self.log,
                                       stderr=self.log, env={**os.environ, "HOME": self.folder.name}, start_new_session=True)
        self.session = None
        try:
            self._begin(width, height)
        except BaseException:
            self.close()
            raise

    def _begin(self, width, height):
        self._wait_for_driver()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
                 "--lang=en-GB", "--hide-scrollbars", f"--user-data-dir={self.folder.name}/profile",
                 f"--window-size={width},{height}"]
        options = {"args": flags, "binary": shutil.which("chromium")}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{answer['sessionId']}"
        self.size(width, height)

    def _wait_for_driver(self):
        until = time.monotonic() + 60 * FACTOR
        while True:
            try:
                if self._call("GET", "/status", None)["ready"]:
                    return
            except OSError:
                assert self.driver.poll() is None and time.monotonic() < until, "chromedriver does not start"
            time.sleep(0.05)

    def _call(self, method, path, body):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as f:
                return json.load(f)["value"]
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{method} {path}: {json.load(e)['value'].get('message')}") from None

    def call(self, method, path, body=None):
        return self._call(method, self.session + path, body if method == "GET" else body or {})

    def cdp(self, command, **params):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *args):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(args)})

    def wait(self, script, *args, seconds=30):
        """Until the script's value is true; it is returned."""
        until = time.monotonic() + seconds * FACTOR
        while True:
            value = self.run(script, *args)
            if value:
                return value
            assert time.monotonic() < until, f"still not: {script}\n{self.run('return document.body.innerText')}"
            time.sleep(0.05)

    def press(self, *keys):
        """Keys by their names in KEYS, or text, to whatever has the focus."""
        actions = []
        for key in keys:
            for c in [KEYS[key]] if key in KEYS else key:
                actions += [{"type": "keyDown", "value": c}, {"type": "keyUp", "value": c}]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def size(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, **features):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": k.replace("_", "-"), "value": v} for k, v in features.items()])

    def picture(self, path):
        """The whole page, not only what the window shows."""
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))

    def accessibility(self):
        """The tree that screen readers are given: [(role, name, properties)]."""
        self.cdp("Accessibility.enable")
        out = []
        for node in self.cdp("Accessibility.getFullAXTree")["nodes"]:
            if not node.get("ignored"):
                properties = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
                out.append((node["role"]["value"], node.get("name", {}).get("value", ""), properties))
        return out

    def errors(self):
        """What the console has complained about since the last call (CSP violations are among it)."""
        return [e["message"] for e in self.call("POST", "/se/log", {"type": "browser"}) if e["level"] == "SEVERE"]

    def close(self):
        try:
            if self.session:
                self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(30)
            self.log.close()
            self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
