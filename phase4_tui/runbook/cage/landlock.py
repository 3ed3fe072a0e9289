"""The allow-list of places that a step may write, and no signal to others, by Landlock; standard library only."""

import ctypes
import os
import stat
import struct

from phase4_tui.runbook.cage.kernel import PR_SET_NO_NEW_PRIVS, checked, libc, prctl

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG, PATH_BENEATH = 1, 1
SCOPES_SINCE, SCOPE_SIGNAL = 6, 2
WRITE_FILE = 1 << 1
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
# remove dir and file, make dir, regular file, socket, FIFO and link; then what each later version added.
CHANGES = WRITE_FILE | sum(1 << bit for bit in (4, 5, 7, 8, 9, 10, 12)) | MAKE_CHAR | MAKE_BLOCK
ADDED = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # refer, truncate, ioctl of devices
FILE_CHANGES = WRITE_FILE | 1 << 14 | 1 << 15
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/urandom")
SHARED_MEMORY = "/dev/shm"


def version() -> int:
    """Return the kernel's version of Landlock; raise OSError where it has none."""
    return checked(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(VERSION_FLAG)))


def allow_writing(writable: list[str]) -> None:
    """Refuse this process and its descendants to write anywhere but there, and to signal others; raise OSError.

    A process can't inspect one outside of its own domain either, so `/proc/<pid>/root` of others is no way around.
    """
    known = version()
    handled = CHANGES | sum(bit for since, bit in ADDED.items() if known >= since)
    scoped = SCOPE_SIGNAL if known >= SCOPES_SINCE else 0
    sizes = 24 if known >= SCOPES_SINCE else 16 if known >= 4 else 8
    attributes = ctypes.create_string_buffer(struct.pack("QQQ", handled, 0, scoped), 24)
    ruleset = checked(libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(sizes), ctypes.c_uint(0)))
    try:
        for path in (*DEVICES, *writable):
            _allow(ruleset, path, handled & ~(MAKE_CHAR | MAKE_BLOCK))
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        checked(libc.syscall(RESTRICT_SELF, ruleset, ctypes.c_uint(0)))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH)
    except FileNotFoundError:
        return
    try:
        kind = os.fstat(place).st_mode
        allowed = access if stat.S_ISDIR(kind) else access & FILE_CHANGES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", allowed, place), 12)
        checked(libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, ctypes.c_uint(0)))
    finally:
        os.close(place)
