"""Starts one step behind its barrier and takes its whole process tree down; run as a script, standard library only.

The launcher is the parent of the step. It adopts every process that the step leaves behind (subreaper), so that
none escapes by starting a session of its own; when the launcher is asked to stop, or its own parent dies, it
stops them all. The step gets no sockets: a seccomp filter refuses the system calls that would create one, for the
step and all its descendants. Nor can these write the state of operations: in their mount namespace it is
read-only, even for root.

Usage: launcher.py FD, a descriptor to read JSON from, since every user can read arguments. Keys: argv, cwd, env,
barrier ("seccomp" or "none"), grace (seconds), report_fd (where one JSON object about the outcome is written), held
(descriptors kept open until the tree is down), parent (whose end is the step's end), protected (a directory that
the step must not write, or null; the step does not start unless that holds).
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
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000
BPF_LOAD, BPF_JEQ, BPF_JGE, BPF_JSET, BPF_RET = 0x20, 0x15, 0x35, 0x45, 0x06
OFFSET_NUMBER, OFFSET_ARCH, OFFSET_FIRST_ARGUMENT = 0, 4, 16
X32_FIRST = 0x40000000
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 1 << 5, 1 << 12, 1 << 14, 1 << 18
# A remount without these flags would clear them, or fail for a user who may not clear them.
KEPT_MOUNT_FLAGS = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC

# Per machine: the audit architecture, then the numbers of clone, of socket, io_uring_setup and pidfd_getfd, and of
# mount, umount2, pivot_root, unshare, setns and open_by_handle_at. An io_uring creates sockets without the system
# call, pidfd_getfd can fetch one from another process, and a file handle bypasses every mount.
SYSCALLS = {
    "x86_64": (0xC000003E, 56, (41, 425, 438), (165, 166, 155, 272, 308, 304)),
    "aarch64": (0xC00000B7, 220, (198, 425, 438), (40, 39, 41, 97, 268, 265)),
}
# Same number on every machine: open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr, open_tree_attr.
MOUNT_CALLS = (428, 429, 430, 431, 432, 433, 442, 467)
# Its flags are in memory, which no filter can read; without it the C library uses clone, whose flag argument can be.
CLONE3 = 435

LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_SCOPES_SINCE, LANDLOCK_SCOPE_SIGNAL = 6, 2
CAPABILITY_VERSION = 0x20080522
# With these root can bypass a mount: DAC_READ_SEARCH (handles), LINUX_IMMUTABLE, SYS_MODULE, SYS_RAWIO, SYS_PTRACE,
# SYS_ADMIN, SYS_BOOT, MKNOD (the disk itself), PERFMON, BPF, CHECKPOINT_RESTORE. A process can't inspect one that
# has more capabilities, so without them a step run by root can't read the console's environment.
DROPPED_CAPABILITIES = (2, 9, 16, 17, 19, 21, 22, 27, 38, 39, 40)
EXEC_FAILED = 127
KILL_ROUND_SECONDS = 0.01
KILL_LIMIT_SECONDS = 5.0

Outcome = dict[str, int | str | bool]
libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> int:
    """Return the result of a C library call; raise OSError when it is -1."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def prctl(option: int, value: int, third: int = 0) -> int:
    """Call prctl; raise OSError when the kernel refuses."""
    arguments = [ctypes.c_ulong(value), ctypes.c_void_p(third) if third else ctypes.c_ulong(0)]
    return checked(libc.prctl(option, *arguments, ctypes.c_ulong(0), ctypes.c_ulong(0)))


def deny_calls() -> None:
    """Refuse the system calls that open a socket or change mounts, for this process and its descendants."""
    try:
        architecture, clone, sockets, mounts = SYSCALLS[platform.machine()]
    except KeyError:
        raise OSError(errno.ENOSYS, f"no filter for {platform.machine()}") from None
    # Offsets from the first line of `end`; jumps go forward only.
    clone_flags, refused, forbidden, missing = 1, 4, 5, 6
    end = [
        (BPF_RET, 0, 0, SECCOMP_RET_ALLOW),
        (BPF_LOAD, 0, 0, OFFSET_FIRST_ARGUMENT),
        (BPF_JSET, forbidden - 3, 0, CLONE_NEWNS | CLONE_NEWUSER),
        (BPF_RET, 0, 0, SECCOMP_RET_ALLOW),
        *[(BPF_RET, 0, 0, SECCOMP_RET_ERRNO | number) for number in (errno.EACCES, errno.EPERM, errno.ENOSYS)],
    ]
    checks = [(BPF_JGE, X32_FIRST, refused)] if platform.machine() == "x86_64" else []
    checks += [(BPF_JEQ, number, refused) for number in sockets]
    checks += [(BPF_JEQ, number, forbidden) for number in mounts + MOUNT_CALLS]
    checks += [(BPF_JEQ, CLONE3, missing), (BPF_JEQ, clone, clone_flags)]
    program = [
        (BPF_LOAD, 0, 0, OFFSET_ARCH),
        (BPF_JEQ, 0, 1 + len(checks) + refused, architecture),
        (BPF_LOAD, 0, 0, OFFSET_NUMBER),
    ]
    program += [(code, len(checks) - at - 1 + to, 0, value) for at, (code, value, to) in enumerate(checks)]
    program += end
    buffer = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(buffer)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header))


def protect(directory: str) -> None:
    """Make a directory read-only, and prevent renaming it, for this process and its descendants."""
    if os.path.islink(directory):  # a mount covers the target of a link: the link itself could still be replaced
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    user, group = os.geteuid(), os.getegid()
    try:
        checked(libc.unshare(CLONE_NEWNS))
    except PermissionError:
        checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(line)
    mount("/", "/", MS_REC | MS_PRIVATE)
    mount(directory, directory, MS_BIND)
    mount(directory, directory, MS_BIND | MS_REMOUNT | MS_RDONLY | os.statvfs(directory).f_flag & KEPT_MOUNT_FLAGS)
    leave_others_alone()
    drop_capabilities()


def mount(source: str, target: str, flags: int) -> None:
    """Call mount; raise OSError when the kernel refuses."""
    checked(libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(flags), None))


def leave_others_alone() -> None:
    """Keep this process from signalling or inspecting any that it did not start, where the kernel supports it.

    Through /proc/<pid>/root of a process that it may inspect, a step would reach the directory without the mount.
    """
    if libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1) < LANDLOCK_SCOPES_SINCE:
        return
    rules = ctypes.create_string_buffer(struct.pack("QQQ", 0, 0, LANDLOCK_SCOPE_SIGNAL), 24)
    descriptor = checked(libc.syscall(LANDLOCK_CREATE_RULESET, rules, ctypes.c_size_t(24), 0))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    checked(libc.syscall(LANDLOCK_RESTRICT_SELF, descriptor, 0))
    os.close(descriptor)


def drop_capabilities() -> None:
    """Drop the capabilities that undo or bypass a mount, for this process and its descendants."""
    for number in DROPPED_CAPABILITIES:
        if libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1:  # otherwise absent, or unknown to an older kernel
            prctl(PR_CAPBSET_DROP, number)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = ctypes.create_string_buffer(struct.pack("Ii", CAPABILITY_VERSION, 0), 8)
    sets = ctypes.create_string_buffer(24)
    checked(libc.capget(header, sets))
    words = list(struct.unpack("6I", sets))  # effective, permitted, inheritable: first 32, then the rest
    for number in DROPPED_CAPABILITIES:
        for kind in range(3):
            words[number // 32 * 3 + kind] &= ~(1 << number % 32)
    checked(libc.capset(header, struct.pack("6I", *words)))


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
            # A zombie counts until it is reaped: its other threads may still run.
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
    """Reap every dead child; record in `outcome` how the step itself ended."""
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
    """Ask all descendants to stop, kill those left after `grace` seconds; return how many remain."""
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
    """Put up the barrier in the child and become the step; returns only on failure, with the reason."""
    try:
        os.setpgid(0, 0)
        if spec["protected"] is not None:
            try:
                protect(spec["protected"])
            except OSError as error:
                return f"{spec['protected']} can't be made read-only: {error.strerror}"
        # Only now: the kernel clears this setting when credentials change.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(EXEC_FAILED)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.chdir(spec["cwd"])
        if spec["barrier"] == "seccomp":
            deny_calls()
        os.execvpe(spec["argv"][0], spec["argv"], spec["env"])
    except OSError as error:
        return f"{error.strerror}: {error.filename or spec['argv'][0]}"


def main() -> None:
    """Run the step specified in the file whose descriptor is the only argument."""
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
        return  # the parent that requested the step is gone already
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
        return  # nobody is left to read it


if __name__ == "__main__":
    main()
