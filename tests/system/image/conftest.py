# SPDX-License-Identifier: Apache-2.0
"""The container image (scripts/image), unpacked, and a container of it run by crun as a Deployment says."""
import contextlib, gzip, hashlib, io, json, os, shutil, signal, subprocess, tarfile

import pytest
import yaml

from harness import server as servers, wait

CAPABILITY = "security.capability"


def release():
    """A build for the image: one without sanitizers, whose libraries nobody ships."""
    path = os.environ.get("BINNACLE_RELEASE") or servers.binary()[-1]
    if not os.path.exists(path) or "san.so" in subprocess.run(["ldd", path], capture_output=True, text=True).stdout:
        pytest.skip("needs a build without sanitizers (BINNACLE_RELEASE)")
    return path


def build(folder, *binaries):
    r = subprocess.run([os.path.join(servers.ROOT, "scripts", "image"), "-o", str(folder), *(binaries or [release()])],
                       capture_output=True, text=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    assert r.returncode == 0, r.stderr
    return folder


class Image:
    """One architecture's image in an OCI layout; every digest that is read is checked."""

    def __init__(self, folder, arch="amd64"):
        self.folder = folder
        with open(os.path.join(folder, "index.json")) as f:
            self.index = json.loads(self.blob(json.load(f)["manifests"][0]))
        self.manifest = json.loads(self.blob(next(m for m in self.index["manifests"]
                                                  if m["platform"]["architecture"] == arch)))
        self.config = json.loads(self.blob(self.manifest["config"]))
        self.packed = self.blob(self.manifest["layers"][0])
        self.raw = gzip.decompress(self.packed)
        assert self.config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(self.raw).hexdigest()]

    def blob(self, of):
        with open(os.path.join(self.folder, "blobs", *of["digest"].split(":")), "rb") as f:
            data = f.read()
        assert len(data) == of["size"] and "sha256:" + hashlib.sha256(data).hexdigest() == of["digest"]
        return data

    def tar(self):
        return tarfile.open(fileobj=io.BytesIO(self.raw))

    def unpack(self, folder):
        """As a container runtime does: owners, modes, extended attributes."""
        with self.tar() as t:
            for m in t:
                t.extract(m, folder, numeric_owner=True)
                cap = m.pax_headers.get("SCHILY.xattr." + CAPABILITY)
                if cap:
                    os.setxattr(os.path.join(folder, m.name), CAPABILITY, cap.encode("utf-8", "surrogateescape"))


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    return Image(build(tmp_path_factory.mktemp("image") / "layout"))


@pytest.fixture(scope="session")
def rootfs(image, tmp_path_factory):
    if os.geteuid():
        pytest.skip("owners and capabilities of files need root")
    folder = tmp_path_factory.mktemp("rootfs") / "root"
    folder.mkdir(mode=0o755)
    image.unpack(folder)
    return str(folder)


# ---------------------------------------------------------------- a container
def pod_spec(path):
    with open(os.path.join(servers.ROOT, path)) as f:
        return next(o for o in yaml.safe_load_all(f) if o and o["kind"] == "Deployment")["spec"]["template"]["spec"]


def number(quantity):
    return int(quantity[:-2]) << {"Ki": 10, "Mi": 20, "Gi": 30}[quantity[-2:]]


# The default filter of system calls that podman and CRI-O use: Debian's golang-github-containers-common.
FILTERS = "/usr/share/containers/seccomp.json"
ARCHES = {"amd64": "SCMP_ARCH_X86_64", "arm64": "SCMP_ARCH_AARCH64"}


def applies(rule, arch, capabilities):
    """Whether a rule of that file is for a container like this one."""
    yes, no = rule.get("includes") or {}, rule.get("excludes") or {}
    return ((not yes.get("arches") or arch in yes["arches"]) and arch not in (no.get("arches") or []) and
            set(yes.get("caps") or []) <= set(capabilities) and not set(no.get("caps") or []) & set(capabilities))


def runtime_default(arch, capabilities):
    """RuntimeDefault, as an OCI runtime wants it."""
    with open(FILTERS) as f:
        known = json.load(f)
    rules = [{k: rule[k] for k in ("names", "action", "args", "errnoRet") if rule.get(k) not in (None, [])}
             for rule in known["syscalls"] if applies(rule, arch, capabilities)]
    return {"defaultAction": known["defaultAction"], "defaultErrnoRet": known["defaultErrnoRet"],
            "architectures": [ARCHES[arch]], "syscalls": rules}


def runtime_config(image, rootfs, pod, ns, mounts, env):
    """What a kubelet and its runtime make of a pod with one container: an OCI runtime configuration."""
    c = pod["containers"][0]
    own, shared = c.get("securityContext", {}), pod.get("securityContext", {})
    user = own.get("runAsUser", shared.get("runAsUser", int(image.config["config"]["User"].split(":")[0])))
    added = ["CAP_" + name for name in own["capabilities"].get("add", [])]
    assert own["capabilities"]["drop"] == ["ALL"] or own["capabilities"]["drop"] == ["all"]

    filters = {}
    if shared.get("seccompProfile", {}).get("type") == "RuntimeDefault" and os.path.exists(FILTERS):
        filters = {"seccomp": runtime_default(image.config["architecture"], added)}

    def bind(at, source):
        return {"destination": at, "type": "bind", "source": str(source), "options": ["bind", "ro", "nosuid", "nodev"]}
    return {
        "ociVersion": "1.0.2", "hostname": "pod", "root": {"path": rootfs, "readonly": own["readOnlyRootFilesystem"]},
        "process": {
            "user": {"uid": user, "gid": shared.get("runAsGroup", user)}, "cwd": image.config["config"]["WorkingDir"],
            "args": c.get("command", image.config["config"]["Entrypoint"]) + c.get("args", []),
            "env": ["PATH=/usr/bin", *[f"{k}={v}" for k, v in env.items()]],
            "noNewPrivileges": not own["allowPrivilegeEscalation"],
            # As containerd does it: nothing inheritable, nothing ambient.
            "capabilities": {"bounding": added, "effective": added, "permitted": added},
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "ro"]},
            *[bind(at, source) for at, source in mounts.items()],
        ],
        "linux": {
            "namespaces": [{"type": t} for t in ("pid", "ipc", "uts", "mount")] +
                          [{"type": "network", "path": f"/run/netns/{ns.name}"}],
            **filters, "maskedPaths": ["/proc/kcore", "/proc/keys"],
            "readonlyPaths": ["/proc/sys"],
        },
    }


# crun refuses machines where both versions of cgroups are mounted; it is shown the first only.
HYBRID = ["unshare", "-m", "sh", "-c", 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', "sh"]


class Memory:
    """A cgroup with that limit, of whichever version the machine has; `folder` is None where it has none."""

    def __init__(self, name, limit):
        self.folder = None
        for root, file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
            folder = os.path.join(root, name)
            with contextlib.suppress(OSError):
                if os.path.exists(os.path.join(root, "cgroup.procs")):
                    os.mkdir(folder)
                    self.folder, self.limit = folder, os.path.join(folder, file)
                    with open(self.limit, "w") as f:
                        f.write(str(limit))
                    return
            self.close()

    def enter(self):
        """Called in the child: it and all its children are under the limit."""
        if self.folder:
            with open(os.path.join(self.folder, "cgroup.procs"), "w") as f:
                f.write("0")

    def close(self):
        if self.folder:
            with contextlib.suppress(OSError):
                os.rmdir(self.folder)
            self.folder = None


class Container:
    def __init__(self, folder, config, crun, limit):
        self.folder, self.name, self.crun = str(folder), f"bn-image-{os.getpid()}-{folder.name}", crun
        self.memory = Memory(self.name, limit)
        with open(os.path.join(self.folder, "config.json"), "w") as f:
            json.dump(config, f)
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.proc = subprocess.Popen(self.command("run", "--bundle", self.folder, self.name), stdin=subprocess.DEVNULL,
                                     stdout=self.log, stderr=subprocess.STDOUT, preexec_fn=self.memory.enter)

    def command(self, *args):
        return [*HYBRID, self.crun, "--root", self.folder + "/state", "--cgroup-manager", "disabled", *args]

    def output(self):
        with open(self.log.name) as f:
            return f.read()

    def pid(self):
        """Of the server, as the host sees it."""
        r = subprocess.run(self.command("state", self.name), capture_output=True, text=True)
        return json.loads(r.stdout)["pid"]

    def status(self, field):
        with open(f"/proc/{self.pid()}/status") as f:
            return next(line.split(":", 1)[1].split() for line in f if line.startswith(field + ":"))

    def stop(self):
        """SIGTERM, as the kubelet does; its exit status."""
        os.kill(self.pid(), signal.SIGTERM)
        return self.proc.wait(20 * wait.FACTOR)

    def close(self):
        with contextlib.suppress(Exception):
            if self.proc.poll() is None:
                os.kill(self.pid(), signal.SIGKILL)
                self.proc.wait(10)
        self.proc.kill()
        self.proc.wait()
        subprocess.run(self.command("delete", "--force", self.name), capture_output=True)
        self.memory.close()
        self.log.close()


@pytest.fixture
def container(image, rootfs, tmp_path):
    """container(pod, ns, mounts, env)"""
    crun = shutil.which("crun")
    if not crun:
        pytest.skip("no crun")
    made = []

    def make(pod, ns, mounts, env):
        folder = tmp_path / f"c{len(made)}"
        folder.mkdir()
        limit = number(pod["containers"][0]["resources"]["limits"]["memory"])
        made.append(Container(folder, runtime_config(image, rootfs, pod, ns, mounts, env), crun, limit))
        return made[-1]
    yield make
    for c in made:
        c.close()
