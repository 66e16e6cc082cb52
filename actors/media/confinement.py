"""What a process that decodes hostile bytes may still do: compute, and speak with its parent.

Call `confine` once everything it needs is imported and its bytes are about to be read: afterwards it opens no file.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Mapping, Sequence

ADDRESS_SPACE = 320 * 2**20
"""A picture's memory budget, Python and Pillow (50 MB), the original (20) and the variants (40)."""

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _KILL = 0x7FFF_0000, 0x8000_0000
_REFUSE, _UNKNOWN = 0x0005_0000 | errno.EPERM, 0x0005_0000 | errno.ENOSYS
_CLONE_THREAD = 0x0001_0000
_X32 = 0x4000_0000
_NEW_EVERYWHERE = {425: _REFUSE, 435: _UNKNOWN, 437: _REFUSE}
"""io_uring_setup; clone3, whose flags a filter cannot see, so that libc turns to clone; openat2."""


# fmt: off
_MACHINES: Mapping[str, tuple[int, int, Sequence[int]]] = {
    "x86_64": (0xC000_003E, 56, (
        2, 85, 257, 304,  # open, creat, openat, open_by_handle_at
        41, 42, 43, 49, 50, 53, 288,  # socket, connect, accept, bind, listen, socketpair, accept4
        57, 58, 59, 322,  # fork, vfork, execve, execveat
        62, 101, 200, 310, 311, 434, 438,  # kill, ptrace, tkill, process_vm_*, pidfd_open, pidfd_getfd
    )),
    "aarch64": (0xC000_00B7, 220, (
        56, 265,  # openat, open_by_handle_at
        198, 199, 200, 201, 202, 203, 242,  # socket, socketpair, bind, listen, accept, connect, accept4
        221, 281,  # execve, execveat
        117, 129, 130, 270, 271, 434, 438,  # ptrace, kill, tkill, process_vm_*, pidfd_open, pidfd_getfd
    )),
}
# fmt: on
"""For each machine: its number in audit records, that of clone, and those of the calls that are refused."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine(parent: int, cpu_seconds: int) -> None:
    """Die with the parent, take no more than a share of this machine, reach no network, file or other process.

    Exits with a message where the kernel does not allow this: better no picture than one decoded in the open.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    program = _program()
    filter_ = _Program(len(program) // 8, program)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter_), 0, 0
    ):
        sys.exit(f"the kernel filters no system calls (seccomp): {os.strerror(ctypes.get_errno())}")


def _program() -> bytes:
    """The filter, in classic BPF: each step is a code, how many to skip if true and if not, and an operand."""
    machine = platform.machine()
    if machine not in _MACHINES:
        sys.exit(f"system calls of {machine} are not known here")
    architecture, clone, refused = _MACHINES[machine]
    verdicts = _NEW_EVERYWHERE | dict.fromkeys(refused, _REFUSE)
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    for number, verdict in verdicts.items():
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, verdict)]
    steps += [
        (_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
