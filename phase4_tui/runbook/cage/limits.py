"""What a step may use up, which rights it keeps, and a keyring of its own; standard library only."""

import ctypes
import errno
import os
import re
import resource
import struct

from phase4_tui.runbook.cage.kernel import checked, libc, prctl, syscall

PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAPABILITY_VERSION = 0x20080522
CAPABILITIES = 64
# What a step of root keeps: chown, dac_override, fowner, fsetid, kill, setgid, setuid, net_bind_service. With others
# it could undo a mount or a limit (sys_admin, sys_resource), bypass one (dac_read_search, mknod, sys_rawio,
# sys_module, bpf, perfmon, checkpoint_restore, sys_ptrace) or change the machine (sys_time, sys_boot). A process can't
# inspect one that has more capabilities, so a step run by root can't read the console's environment.
KEPT_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 10)
KEYCTL = {"x86_64": 250, "aarch64": 219}
JOIN_SESSION_KEYRING = 1
SESSION_KEYRING = (1 << 64) - 3
PID_MAX = "/proc/sys/kernel/pid_max"
PID_MAX_PER_NAMESPACE_SINCE = (6, 14)
RESERVED_PIDS = 300
"""Process numbers below this are used once only, at the beginning of a namespace."""


def limit_processes(count: int) -> None:
    """Allow this namespace so many processes, and at most `RESERVED_PIDS` more; raise OSError.

    Before that kernel the number is the machine's, not the namespace's; and it is the machine's for whoever is not in
    a namespace of processes.
    """
    if os.getpid() != 1:
        raise OSError(errno.EPERM, "not the first process of a namespace")
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if found is None or (int(found[1]), int(found[2])) < PID_MAX_PER_NAMESPACE_SINCE:
        raise OSError(errno.ENOSYS, f"needs Linux {PID_MAX_PER_NAMESPACE_SINCE[0]}.{PID_MAX_PER_NAMESPACE_SINCE[1]}")
    with open(PID_MAX, "w") as file:
        file.write(str(count + RESERVED_PIDS))


def limit_files_and_memory(open_files: int, file_bytes: int, memory_bytes: int | None) -> None:
    """Limit the open files, the size of a file and the memory of each process of a step; raise OSError."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for what, wanted in (
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        if wanted is not None:
            _, hard = resource.getrlimit(what)
            allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(what, (allowed, allowed))


def own_keyring() -> None:
    """Join a new session keyring, so that no key of the operator's session is at hand; raise OSError."""
    syscall(KEYCTL[os.uname().machine], JOIN_SESSION_KEYRING, None)


def session_keyring() -> int | None:
    """Return the number of this process's session keyring; None where the kernel does not tell."""
    try:
        return syscall(KEYCTL[os.uname().machine], 0, SESSION_KEYRING, 0)
    except (KeyError, OSError):
        return None


def drop_capabilities() -> None:
    """Drop the capabilities that undo or bypass what holds a step, for this process and its descendants."""
    header = ctypes.create_string_buffer(struct.pack("Ii", CAPABILITY_VERSION, 0), 8)
    sets = ctypes.create_string_buffer(24)
    checked(libc.capget(header, sets))
    has = struct.unpack("6I", sets)  # effective, permitted, inheritable: of the first 32, then of the rest
    if not any(has):
        return
    for number in range(CAPABILITIES):
        # Otherwise absent, or unknown to this kernel.
        if number not in KEPT_CAPABILITIES and libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1:
            prctl(PR_CAPBSET_DROP, number)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    kept = sum(1 << number for number in KEPT_CAPABILITIES)
    words = [word & (kept if at < 3 else 0) for at, word in enumerate(has)]
    checked(libc.capset(header, struct.pack("6I", *words)))
