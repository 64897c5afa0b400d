# SPDX-License-Identifier: Apache-2.0
"""The system-call filter: on everywhere, kills what is not on its list, and can be switched off."""
import signal

import pytest

from harness import server as server_module, status, wait

WHOAMI = ".:{PORT} {\n    bind 127.0.0.1\n    whoami\n}\n"
ON = ".:{PORT} {\n    bind 127.0.0.1\n    on startup /bin/true\n    whoami\n}\n"

# Commands and sanitizers' reports need these.
OF_COMMANDS = ["execve", "clone", "kill", "prctl", "prlimit64", "setuid", "capset"]
OF_SANITIZERS = ["ptrace", "process_vm_readv"]
OF_NOBODY = ["mount", "bpf", "keyctl", "unshare", "setns", "init_module", "kexec_load", "reboot", "perf_event_open"]

needs_on = pytest.mark.skipif("on" not in server_module.plugins_of(server_module.binary()), reason="no plugin `on`")
no_sanitizer = pytest.mark.skipif(status.sanitized(), reason="sanitized builds allow commands")


@pytest.fixture
def calling(server, forbidden, tmp_path):
    """calling(NAME, ...): a server in which that call is made once it serves."""
    def make(name, corefile=WHOAMI, **kw):
        trigger = tmp_path / "trigger"
        made = server(corefile, env={"LD_PRELOAD": forbidden, "BN_CALL": name, "BN_TRIGGER": str(trigger),
                                     "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}, **kw)
        assert made.udp("a.example.").rcode() == 0
        trigger.touch()
        return made
    return make


def modes(made):
    return {(t["Seccomp"], t["NoNewPrivs"]) for t in status.threads(made)}


@pytest.mark.parametrize("args", [[], ["-seccomp", "on"]])
def test_every_thread_is_filtered(server, args):
    made = server(WHOAMI, args=[*args, "-workers", "4"])
    assert len(status.threads(made)) >= 6 and modes(made) == {("2", "1")}


def test_a_reload_changes_nothing_about_it(server):
    made = server(WHOAMI)
    made.write(WHOAMI.replace("whoami", "forward . 127.0.0.1:{PORT2}\n    cache\n    errors"))
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")
    assert modes(made) == {("2", "1")}


def test_off(server):
    made = server(WHOAMI, args=["-seccomp", "off"])
    assert {t["Seccomp"] for t in status.threads(made)} <= {"0", status_of_this()}


def status_of_this():
    with open("/proc/self/status") as f:
        return [line.split()[1] for line in f if line.startswith("Seccomp:")][0]


def test_a_value_that_is_none(refused):
    code, out = refused(WHOAMI, args=["-seccomp", "maybe"])
    assert code == 1 and '"maybe"' in out and "on, log or off" in out


@pytest.mark.parametrize("name", OF_NOBODY + ([] if status.sanitized() else OF_COMMANDS + OF_SANITIZERS))
def test_a_forbidden_call_kills(calling, name):
    made = calling(name)
    assert made.exit() == -signal.SIGSYS
    made.said(rf"^\[FATAL\] seccomp: system call \d+ \({name}\) is not allowed")
    assert "survived" not in made.output()


@pytest.mark.parametrize("name, got", [("clone3", "-1 ENOSYS"), ("packet socket", "-1 EAFNOSUPPORT"),
                                       ("reading a limit", "0 0"), ("another handler of SIGSYS", "0 0")])
def test_calls_with_an_answer_of_their_own(calling, name, got):
    made = calling(name)
    made.said(f"^survived {name}: {got}$")
    assert made.udp("b.example.").rcode() == 0


def test_log_lets_it_pass(calling):
    made = calling("keyctl", args=["-seccomp", "log"])
    made.said("^survived keyctl")
    assert modes(made) == {("2", "1")} and made.udp("b.example.").rcode() == 0


@needs_on
@no_sanitizer
def test_commands_run_where_the_corefile_has_them(server, tmp_path):
    mark = tmp_path / "mark"
    made = server(ON.replace("/bin/true", f"/usr/bin/touch {mark}"))
    wait.until(mark.exists, "what the command leaves")
    assert modes(made) == {("2", "1")}


@needs_on
@pytest.mark.parametrize("name", OF_NOBODY)
def test_with_commands_the_worst_is_still_forbidden(calling, name):
    assert calling(name, ON).exit() == -signal.SIGSYS


@needs_on
def test_a_reload_that_adds_commands_is_refused(server):
    made = server(WHOAMI)
    made.write(ON)
    made.send_signal(signal.SIGUSR1)
    made.said(r"`on` runs commands.* needs a restart")
    assert made.udp("a.example.").rcode() == 0


@needs_on
def test_without_the_filter_a_reload_may_add_commands(server):
    made = server(WHOAMI, args=["-seccomp", "off"])
    made.write(ON)
    made.send_signal(signal.SIGUSR1)
    made.said("Reloading complete")


# ---------------------------------------------------------------- credential plugins

KUBERNETES = """.:{PORT} {
    bind 127.0.0.1
    whoami
}
cluster.local:{PORT} {
    bind 127.0.0.1
    kubernetes cluster.local {
        kubeconfig {DIR}/kubeconfig
    }
}
"""
KUBECONFIG = """apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users:
- name: u
  user: """
BY_TOKEN = KUBECONFIG + "{token: abc}\n"
BY_PROGRAM = KUBECONFIG + """{exec: {apiVersion: client.authentication.k8s.io/v1, command: /usr/bin/touch, args: ["MARK"],
                interactiveMode: Never}}
"""
needs_kubernetes = pytest.mark.skipif("kubernetes" not in server_module.plugins_of(server_module.binary()), reason="no `kubernetes`")


@needs_kubernetes
def test_a_credential_plugin_runs(server, tmp_path):
    mark = tmp_path / "mark"
    made = server(KUBERNETES, files={"kubeconfig": BY_PROGRAM.replace("MARK", str(mark))})
    wait.until(mark.exists, "what the program leaves")
    assert made.udp("a.example.").rcode() == 0 and modes(made) == {("2", "1")}


@needs_kubernetes
def test_a_reload_to_one_is_refused(server, tmp_path):
    made = server(KUBERNETES, files={"kubeconfig": BY_TOKEN})
    made.write(BY_PROGRAM.replace("MARK", str(tmp_path / "mark")), "kubeconfig")
    made.send_signal(signal.SIGUSR1)
    made.said(r"`kubernetes` runs commands.* needs a restart")
    assert made.udp("a.example.").rcode() == 0
