"""The filter of system calls: no sockets, no mounts, no namespaces; standard library only."""

import ctypes
import errno
import os
import struct

from phase4_tui.runbook.cage.kernel import PR_SET_NO_NEW_PRIVS, prctl

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000
BPF_LOAD, BPF_JEQ, BPF_JGE, BPF_JSET, BPF_RET = 0x20, 0x15, 0x35, 0x45, 0x06
OFFSET_NUMBER, OFFSET_ARCH, OFFSET_FIRST_ARGUMENT = 0, 4, 16
X32_FIRST = 0x40000000
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000

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


def deny_calls() -> None:
    """Refuse the system calls that open a socket or change mounts, for this process and its descendants."""
    try:
        architecture, clone, sockets, mounts = SYSCALLS[os.uname().machine]
    except KeyError:
        raise OSError(errno.ENOSYS, f"no filter for {os.uname().machine}") from None
    # Offsets from the first line of `end`; jumps go forward only.
    clone_flags, refused, forbidden, missing = 1, 4, 5, 6
    end = [
        (BPF_RET, 0, 0, SECCOMP_RET_ALLOW),
        (BPF_LOAD, 0, 0, OFFSET_FIRST_ARGUMENT),
        (BPF_JSET, forbidden - 3, 0, CLONE_NEWNS | CLONE_NEWUSER),
        (BPF_RET, 0, 0, SECCOMP_RET_ALLOW),
        *[(BPF_RET, 0, 0, SECCOMP_RET_ERRNO | number) for number in (errno.EACCES, errno.EPERM, errno.ENOSYS)],
    ]
    checks = [(BPF_JGE, X32_FIRST, refused)] if os.uname().machine == "x86_64" else []
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
