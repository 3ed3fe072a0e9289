"""The namespaces of a step: processes of its own, System V IPC of its own, mounts of its own; standard library only."""

import os

from phase4_tui.runbook.cage.kernel import MS_PRIVATE, MS_REC, checked, libc, mount, set_read_only

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWIPC = 0x00020000, 0x10000000, 0x20000000, 0x08000000


def separate_processes() -> None:
    """Give the children of this process, from the next one on, process numbers and IPC of their own; raise OSError.

    Where that takes a right that this user lacks, this process moves into a user namespace, as the same user.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        checked(libc.unshare(CLONE_NEWPID | CLONE_NEWIPC))
    except PermissionError:
        checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC))
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(line)


def separate_mounts() -> None:
    """Give this process mounts of its own, apart from those outside in both directions; raise OSError."""
    checked(libc.unshare(CLONE_NEWNS))
    mount("/", "/", MS_REC | MS_PRIVATE)


def own_proc() -> None:
    """Mount a `/proc` that shows the processes of this namespace alone; raise OSError."""
    nosuid, nodev, noexec = 2, 4, 8
    mount("proc", "/proc", nosuid | nodev | noexec, "proc")


def close_proc() -> None:
    """Make that `/proc` read-only; raise OSError."""
    set_read_only("/proc", True)
