"""Starts one step behind its barrier and takes its whole process tree down; run as a script, standard library only.

The launcher is the parent of the step. It adopts every process that the step leaves behind (subreaper), so that
none escapes by starting a session of its own; when the launcher is asked to stop, or its own parent dies, it
stops them all. The step gets no sockets: a seccomp filter refuses the system calls that would make one, for the
step and everything that it ever starts.

Usage: launcher.py FD, a descriptor to read JSON from, since every user can read an argument. Keys: argv, cwd, env,
barrier ("seccomp" or "none"), grace (seconds), report_fd (where one JSON object about the outcome is written), held
(descriptors kept open until the tree is down), parent (whose end is the step's end).
"""

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import struct
import sys
import time
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_CHILD_SUBREAPER = 36
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000
BPF_LOAD, BPF_JEQ, BPF_JGE, BPF_RET = 0x20, 0x15, 0x35, 0x06
OFFSET_NUMBER, OFFSET_ARCH = 0, 4
X32_FIRST = 0x40000000

# By machine: the kernel's architecture word and the numbers of socket, io_uring_setup and pidfd_getfd. A ring can
# make sockets without the system call, and a descriptor taken from another process may be one.
SYSCALLS = {
    "x86_64": (0xC000003E, (41, 425, 438)),
    "aarch64": (0xC00000B7, (198, 425, 438)),
}
EXEC_FAILED = 127
KILL_ROUND_SECONDS = 0.01
KILL_LIMIT_SECONDS = 5.0

Outcome = dict[str, int | str | bool]
libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int, third: int = 0) -> None:
    """Call prctl; raise OSError when the kernel refuses."""
    arguments = [ctypes.c_ulong(value), ctypes.c_void_p(third) if third else ctypes.c_ulong(0)]
    if libc.prctl(option, *arguments, ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def deny_sockets() -> None:
    """Refuse every system call that could open a socket, for this process and all that it starts."""
    try:
        architecture, numbers = SYSCALLS[platform.machine()]
    except KeyError:
        raise OSError(errno.ENOSYS, f"no filter for {platform.machine()}") from None
    refuse = SECCOMP_RET_ERRNO | errno.EACCES
    checks = [(BPF_JEQ, number) for number in numbers]
    if platform.machine() == "x86_64":
        checks.insert(0, (BPF_JGE, X32_FIRST))
    program = [
        (BPF_LOAD, 0, 0, OFFSET_ARCH),
        (BPF_JEQ, 0, len(checks) + 2, architecture),
        (BPF_LOAD, 0, 0, OFFSET_NUMBER),
    ]
    program += [(code, len(checks) - index, 0, value) for index, (code, value) in enumerate(checks)]
    program += [(BPF_RET, 0, 0, SECCOMP_RET_ALLOW), (BPF_RET, 0, 0, refuse)]
    buffer = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(buffer)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header))


def descendants() -> list[int]:
    """Return the pids of all processes below this one."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = file.read().rpartition(b")")[2].split()[1]
            except (OSError, ValueError):
                continue
            # A zombie counts until it is collected: its other threads may still run.
            children.setdefault(int(parent), []).append(int(name))
    found, level = [], [os.getpid()]
    while level:
        level = [child for pid in level for child in children.get(pid, ())]
        found += level
    return found


def signal_all(pids: list[int], number: int) -> None:
    """Send a signal to each process that is still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def reap(step: int, outcome: Outcome) -> None:
    """Collect every dead child; note how the step itself ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == step:
            if os.WIFSIGNALED(status):
                outcome["signal"] = os.WTERMSIG(status)
            else:
                outcome["exit"] = os.WEXITSTATUS(status)


def take_down(step: int, outcome: Outcome, grace: float) -> int:
    """Ask all descendants to stop, then kill what is left; return how many are still there."""
    if grace:
        signal_all(descendants(), signal.SIGTERM)
        limit = time.monotonic() + grace
        while descendants() and time.monotonic() < limit:
            reap(step, outcome)
            time.sleep(KILL_ROUND_SECONDS)
    limit = time.monotonic() + KILL_LIMIT_SECONDS
    while True:
        left = descendants()
        signal_all(left, signal.SIGKILL)
        reap(step, outcome)
        if not left or time.monotonic() > limit:
            return len(left)
        time.sleep(KILL_ROUND_SECONDS)


def become_step(spec: dict[str, Any], parent: int) -> str:
    """In the child: put the barrier up and become the step; does not return."""
    try:
        os.setpgid(0, 0)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(EXEC_FAILED)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.chdir(spec["cwd"])
        if spec["barrier"] == "seccomp":
            deny_sockets()
        os.execvpe(spec["argv"][0], spec["argv"], spec["env"])
    except OSError as error:
        return f"{error.strerror}: {error.filename or spec['argv'][0]}"


def main() -> None:
    """Run the step that is specified in the file whose descriptor is the only argument."""
    with os.fdopen(int(sys.argv[1])) as file:
        spec = json.load(file)
    report = spec["report_fd"]
    for descriptor in (report, *spec["held"]):
        os.set_inheritable(descriptor, False)
    wanted = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    outcome: Outcome = {}
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != spec["parent"]:
        return  # the one who wanted the step is gone already
    failure_read, failure_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        failure = become_step(spec, os.getppid())
        os.write(failure_write, failure.encode("utf-8", "replace"))
        os._exit(EXEC_FAILED)
    os.close(failure_write)
    stopped = False
    while "exit" not in outcome and "signal" not in outcome:
        number = signal.sigwait(wanted)
        if number == signal.SIGCHLD:
            reap(pid, outcome)
        else:
            stopped = True
            break
    left = take_down(pid, outcome, spec["grace"] if stopped else 0)
    failure = os.read(failure_read, 4096).decode("utf-8", "replace")
    if failure:
        outcome["failure"] = failure
    outcome["stopped"] = stopped
    outcome["left"] = left
    try:
        os.write(report, json.dumps(outcome).encode())
    except OSError:
        return  # nobody is left to be told


if __name__ == "__main__":
    main()
