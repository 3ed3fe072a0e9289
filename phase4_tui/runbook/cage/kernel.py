"""The calls of the C library and the kernel that the cage is made of; standard library only."""

import ctypes
import os

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_CHILD_SUBREAPER = 36
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_SETATTR = 442
MOUNT_ATTR_RDONLY = 1
MS_BIND, MS_REC, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18

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


def syscall(number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call, numbers as unsigned longs; raise OSError when the kernel refuses."""
    given = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    return checked(libc.syscall(number, *given))


def mount(source: str, target: str, flags: int, kind: str | None = None, options: str | None = None) -> None:
    """Call mount; raise OSError, which names the target, when the kernel refuses."""
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    if libc.mount(*words, ctypes.c_ulong(flags), None if options is None else options.encode()) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def set_read_only(path: str, read_only: bool, *, recursive: bool = False) -> None:
    """Set or clear the read-only flag of the mount at `path`, or of all below it too; raise OSError."""
    flag = MOUNT_ATTR_RDONLY.to_bytes(8, "little")
    attributes = (flag + bytes(8) if read_only else bytes(8) + flag) + bytes(16)
    buffer = ctypes.create_string_buffer(attributes, 32)
    flags = AT_RECURSIVE if recursive else 0
    try:
        checked(
            libc.syscall(MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), ctypes.c_uint(flags), buffer, ctypes.c_size_t(32))
        )
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
