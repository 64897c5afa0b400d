# SPDX-License-Identifier: Apache-2.0
"""`prometheus { tls FILE }`: the web configuration file of Prometheus' own programs."""
import datetime
import re
import signal
import ssl
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness import wait, web

CONF = """.:{PORT} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{PORT2} {
        tls web.yml
    }
    whoami
}
"""


def make(folder, name, issuer=None, ca=False):
    """A key and a certificate, signed by itself or by `issuer` (name of an earlier one); their texts."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, by = key, subject
    if issuer:
        signer = serialization.load_pem_private_key((folder / f"{issuer}.key").read_bytes(), None)
        by = x509.load_pem_x509_certificate((folder / f"{issuer}.crt").read_bytes()).subject
    now = datetime.datetime.utcnow()
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(by).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True).sign(signer, hashes.SHA256()))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(pem)
    (folder / f"{name}.crt").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    return pem.decode(), cert.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def keys(tmp_path):
    """{name: text} of files for the server: its own certificate, a CA, and clients of that CA and of another."""
    warnings.simplefilter("ignore")
    out = {}
    for name, issuer, ca in (("server", None, False), ("ca", None, True), ("client", "ca", False),
                             ("stranger", None, False)):
        out[f"{name}.key"], out[f"{name}.crt"] = make(tmp_path, name, issuer, ca)
    return out


BASE = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"


def test_served_by_tls_alone(admin, keys):
    made = admin(CONF, files={"web.yml": BASE, **keys})
    assert "coredns_build_info" in web.get(made.port("PORT2"), "/metrics", tls=web.trusting(made.dir + "/server.crt")).text
    with pytest.raises((OSError, web.http.client.HTTPException)):
        web.get(made.port("PORT2"), "/metrics", timeout=3)


def test_versions(admin, keys):
    made = admin(CONF, files={"web.yml": BASE + "  min_version: TLS13\n", **keys})
    old = web.trusting()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(OSError):
        web.get(made.port("PORT2"), "/metrics", tls=old)
    assert web.get(made.port("PORT2"), "/metrics", tls=web.trusting()).status == 200


@pytest.mark.parametrize("kind,nobody,known,stranger", [
    ("NoClientCert", True, True, True), ("RequestClientCert", True, True, True),
    ("RequireAnyClientCert", False, True, True), ("VerifyClientCertIfGiven", True, True, False),
    ("RequireAndVerifyClientCert", False, True, False)])
def test_client_certificates(admin, keys, kind, nobody, known, stranger):
    ca = "  client_ca_file: ca.crt\n" if "Verify" in kind else ""
    made = admin(CONF, files={"web.yml": BASE + f"  client_auth_type: {kind}\n" + ca, **keys})
    for who, good in ((None, nobody), ("client", known), ("stranger", stranger)):
        context = web.trusting(None, *([f"{made.dir}/{who}.crt", f"{made.dir}/{who}.key"] if who else []))
        try:
            got = web.get(made.port("PORT2"), "/metrics", tls=context).status == 200
        except (OSError, web.http.client.HTTPException):
            got = False
        assert got == good, who


def test_users_and_headers(admin):
    """Without TLS too.  The hash is bcrypt's of "secret"."""
    import crypt
    hashed = crypt.crypt("secret", "$2b$04$abcdefghijklmnopqrstuu")
    made = admin(CONF, files={"web.yml": f"basic_auth_users:\n  alice: {hashed}\n"
                                         "http_server_config:\n  headers:\n    X-Frame-Options: deny\n"})
    port = made.port("PORT2")
    for _ in range(2):
        assert web.get(port, "/metrics", user=("alice", "secret")).status == 200
    for user in (None, ("alice", "wrong"), ("alice", ""), ("bob", "secret")):
        r = web.get(port, "/metrics", user=user)
        assert r.status == 401 and r.headers["www-authenticate"].startswith("Basic"), user
        assert "coredns" not in r.text
    assert web.get(port, "/metrics", user=("alice", "secret")).headers["x-frame-options"] == "deny"


def test_a_file_that_is_missing_stops_only_the_metrics(server):
    made = server(CONF)
    assert made.udp("a.example.").rcode() == 0
    assert re.search(r"^\[ERROR\] plugin/prometheus: .*web\.yml is missing", made.output(), re.M)
    with pytest.raises(OSError):
        web.get(made.port("PORT2"), "/metrics", timeout=2)


WRONG = {
    "no YAML": ("tls_server_config: [\n", "web.yml:[12]:"),
    "unknown": ("tls_config:\n  cert_file: x\n", "web.yml:1:.*tls_config"),
    "unknown below": (BASE + "  cert_fiel: x\n", "web.yml:4:.*cert_fiel"),
    "no file": ("tls_server_config:\n  cert_file: nosuch.crt\n  key_file: server.key\n", "web.yml:2:.*nosuch.crt"),
    "no key": ("tls_server_config:\n  cert_file: server.crt\n", "web.yml:2:.*key"),
    "client type": (BASE + "  client_auth_type: Sometimes\n", "web.yml:4:.*Sometimes"),
    "no CA": (BASE + "  client_auth_type: RequireAndVerifyClientCert\n", "web.yml:2:.*client_ca_file"),
    "ciphers": (BASE + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", "web.yml:4:.*no effect"),
    "http2": (BASE + "http_server_config:\n  http2: true\n", "web.yml:5:.*http2"),
    "a password": ("basic_auth_users:\n  alice: secret\n", "web.yml:2:.*alice.*bcrypt"),
    "rate limit": ("rate_limit:\n  burst: 3\n", "web.yml:2:.*no effect"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_act_is_refused_with_its_place(refused, keys, case):
    text, says = WRONG[case]
    status, out = refused(CONF, files={"web.yml": text, **keys})
    assert status == 1 and re.search(r"Corefile:4\b.*" + says, out), out


def reload(made, **files):
    for name, text in files.items():
        made.write(text, name.replace("_", "."))
    before = len(made.output())
    made.send_signal(signal.SIGUSR1)
    wait.until(lambda: "Reloading complete" in made.output()[before:], f"the reload: {made.output()[-500:]}")


def test_from_plain_to_tls_and_back_without_refusing_anybody(admin, keys):
    """Connections are accepted throughout; which of both they speak changes."""
    import socket
    import threading
    plain = CONF.replace(" {\n        tls web.yml\n    }", "")
    made = admin(plain, files={"web.yml": BASE, **keys})
    port, refused, running = made.port("PORT2"), [], True

    def knock():
        while running:
            try:
                socket.create_connection(("127.0.0.1", port), 5).close()
            except OSError as e:
                refused.append(e)
    t = threading.Thread(target=knock, daemon=True)
    t.start()
    for _ in range(3):
        made.write(CONF)
        reload(made)
        wait.until(lambda: web.get(port, "/metrics", tls=web.trusting()).status == 200, "metrics by TLS")
        made.write(plain)
        reload(made)
        wait.until(lambda: web.get(port, "/metrics").status == 200, "metrics without")
    running = False
    t.join()
    assert not refused, refused[:3]


def test_a_new_certificate_counts_at_the_next_reload(admin, keys, tmp_path):
    made = admin(CONF, files={"web.yml": BASE, **keys})
    key, cert = make(tmp_path, "renewed")
    assert web.get(made.port("PORT2"), "/metrics", tls=web.trusting(made.dir + "/server.crt")).status == 200
    reload(made, server_key=key, server_crt=cert)
    wait.until(lambda: web.get(made.port("PORT2"), "/metrics", tls=web.trusting(str(tmp_path / "renewed.crt"))).status == 200,
               "the new certificate")
