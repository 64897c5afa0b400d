# SPDX-License-Identifier: Apache-2.0
"""A service manager that listens to what the server tells it (sd_notify(3))."""
import socket

from harness import wait


class Manager:
    """NOTIFY_SOCKET's other end."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = path
        self.socket.bind("\0" + path[1:] if path.startswith("@") else path)
        self.told = []                                          # each message as {NAME: VALUE}

    def read(self, seconds=0.05):
        self.socket.settimeout(seconds)
        try:
            while True:
                text = self.socket.recv(4096).decode()
                self.told.append(dict(line.split("=", 1) for line in text.strip().split("\n")))
        except socket.timeout:
            return self.told

    def until(self, name, value=None, after=0, timeout=10):
        """Wait for a message with this assignment among those after the first `after`; its index."""
        def there():
            for i, m in enumerate(self.read()):
                if i >= after and name in m and value in (None, m[name]):
                    return [i]
        return wait.until(there, f"{name} of the server; it told {self.told}", timeout)[0]

    def count(self, name):
        return sum(name in m for m in self.told)
