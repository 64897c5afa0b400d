# SPDX-License-Identifier: Apache-2.0
"""Zones with signatures that hold for a time, made by BIND's tools."""
import datetime
import os
import shutil
import subprocess

TOOLS = bool(shutil.which("dnssec-keygen") and shutil.which("dnssec-signzone"))


def zone(folder, text, start, end, origin="example.org"):
    """That zone with signatures that hold from `start` to `end` (hours from now): (its text, its DS record)."""
    folder = str(folder)
    with open(os.path.join(folder, "zone"), "w") as f:
        f.write(text)
    run = {"cwd": folder, "check": True, "capture_output": True, "text": True}
    subprocess.run(["dnssec-keygen", "-a", "ECDSAP256SHA256", "-f", "KSK", origin], **run)
    subprocess.run(["dnssec-keygen", "-a", "ECDSAP256SHA256", origin], **run)
    now = datetime.datetime.now(datetime.timezone.utc)
    times = [(now + datetime.timedelta(hours=h)).strftime("%Y%m%d%H%M%S") for h in (start, end)]
    subprocess.run(["dnssec-signzone", "-S", "-P", "-o", origin, "-s", times[0], "-e", times[1], "-f", "signed", "zone"], **run)
    with open(os.path.join(folder, "signed")) as f, open(os.path.join(folder, f"dsset-{origin}.")) as ds:
        return f.read(), " ".join(ds.read().splitlines()[0].split())
