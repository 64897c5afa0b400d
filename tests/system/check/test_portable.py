# SPDX-License-Identifier: Apache-2.0
"""`binnacle check -portable` over the Corefiles of all compatibility cases: it refuses those that CoreDNS was
seen to refuse, and takes the others (of the plugins that are built)."""
import os
import subprocess

import compat
import needs
import run

from harness import server as servers, wait


def prepared(case, folder, ports):
    """The case's files in `folder`, as the runner would lay them out; the Corefile's path."""
    def sub(text):
        def value(m):
            if m[1] == "DIR":
                return str(folder)
            port = ports.setdefault(m[1], 20000 + len(ports))
            return f"127.0.0.1:{port}" if m[1].startswith("UP") else str(port)
        return compat.PORT_RE.sub(value, text)
    for name, body in {**(case.spec.get("files") or {}), "Corefile": case.spec["corefile"]}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sub(body))
    env = {k: sub(str(v)) for k, v in (case.spec.get("env") or {}).items()}
    return folder / "Corefile", env


# Refused when they come to serve, not when they are read: what another plugin of the block offers, and a loop.
AT_START = {"autopath/refused-plugin", "loop/detected"}


def test_portable_is_what_coredns_takes(tmp_path):
    certs = tmp_path / "certs"
    certs.mkdir()
    compat.make_certs(str(certs))
    have, known, wrong, n = servers.plugins_of(servers.binary()), needs.known_plugins(), [], 0
    for case in run.all_cases():
        if case.name == "forward/hostname-to" or case.name in AT_START:  # the first one's name server runs only with the case
            continue
        if not set(needs.of_case(case.spec, known)) <= have or case.spec.get("system_files"):
            continue
        folder = tmp_path / case.name.replace("/", "-")
        folder.mkdir()
        for pem in certs.iterdir():
            (folder / pem.name).symlink_to(pem)
        path, env = prepared(case, folder, {})
        r = subprocess.run(servers.binary() + ["check", "-portable", "-conf", str(path)], capture_output=True, text=True,
                           cwd=folder, env={**os.environ, **env}, timeout=20 * wait.FACTOR)
        n += 1
        # Cases marked `peer` may use an option of our own, which it then has to name as such.
        if "peer" in case.spec and r.returncode == 1 and "not known to CoreDNS" in r.stdout + r.stderr:
            continue
        want = 1 if case.spec.get("fails_to_start") else 0
        if r.returncode != want:
            wrong.append(f"{case.name}: status {r.returncode}, want {want}: {(r.stdout + r.stderr)[-300:]}")
    assert n > 100 and not wrong, "\n".join(wrong)
