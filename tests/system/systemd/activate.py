#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a service manager does for socket activation: binds, and starts a program with the sockets from descriptor 3 on.

  activate.py [--pid N] [--uid N] SOCKET... -- PROGRAM...      SOCKET: udp:ADDRESS:PORT, tcp:ADDRESS:PORT, unix, file
  udp+reuse:... allows several of one address.  The manager holds the sockets: USR2 ends the program and starts it again.
  TERM and USR1 are passed on; the status is the program's."""
import os, signal, socket, subprocess, sys


def made(spec):
    """(name, descriptor)"""
    kind, _, at = spec.partition(":")
    if kind == "file":
        return "file", os.open("/dev/null", os.O_RDONLY)
    if kind == "unix":
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind("")
        return "unix", s.detach()
    host, _, port = at.rpartition(":")
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                      socket.SOCK_DGRAM if kind.startswith("udp") else socket.SOCK_STREAM)
    if kind.endswith("+reuse"):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind((host, int(port)))
    if s.type == socket.SOCK_STREAM:
        s.listen(128)
    return kind, s.detach()


def start(program, sockets, pid, uid):
    def in_child():
        high = [os.dup(fd) for _, fd in sockets]            # out of the way of the numbers from 3 on
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        os.closerange(3 + len(high), 256)
        os.environ.update(LISTEN_PID=pid or str(os.getpid()), LISTEN_FDS=str(len(sockets)),
                          LISTEN_FDNAMES=":".join(name for name, _ in sockets))
        if uid:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        os.execvp(program[0], program)
    return subprocess.Popen(["/bin/true"], preexec_fn=in_child, close_fds=False)


def main():
    args, pid, uid = sys.argv[1:], None, 0
    while args[0].startswith("--"):
        if args[0] == "--pid":
            pid = args[1]
        else:
            uid = int(args[1])
        args = args[2:]
    sockets = [made(a) for a in args[:args.index("--")]]
    program = args[args.index("--") + 1:]
    watched = {signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)

    def run():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)     # the program starts with none blocked
        try:
            return start(program, sockets, pid, uid)
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    child = run()
    while True:
        got = signal.sigwait(watched)
        if got == signal.SIGCHLD and child.poll() is not None:
            sys.exit(child.returncode)
        elif got == signal.SIGUSR2:
            child.terminate()
            if child.wait():
                sys.exit(child.returncode)
            child = run()
        elif got != signal.SIGCHLD:
            child.send_signal(got)


main()
