"""Ties a program to the life of the process that started it, then becomes that program.

Run as a script by `process.start`, with the interpreter's own start-up cut to a minimum; it imports
nothing but the standard library. It is a program of its own because Python cannot safely run code
between fork and exec while other threads exist.

    python -I -S _exec.py PARENT_PID SIGNAL OWNED_DIRECTORY PROGRAM [ARGUMENT...]

OWNED_DIRECTORY is empty, or the data folder of a program that refuses to run as root.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    parent, death_signal, owned_directory, *command = arguments
    if owned_directory and (os.geteuid() == 0 or not has_name(os.geteuid())):
        be_nobody(Path(owned_directory))
    if sys.platform == "linux":
        # After the change of credentials, which clears it.
        _check(_libc().prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
        if os.getppid() != int(parent):  # it died before we asked to be told
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - becoming the program is the purpose


def has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def be_nobody(directory: Path) -> None:
    """Be `nobody` who owns `directory`: in a user namespace, or really where that is forbidden.

    For a program that refuses to run as root, or as a user whom the system cannot name.
    """
    uid, gid = os.geteuid(), os.getegid()
    try:
        _check(_libc().unshare(CLONE_NEWUSER))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")
    except OSError:
        if uid == 0:
            become_nobody(directory)


def become_nobody(directory: Path) -> None:
    """Change to the user `nobody` and keep one capability: to read what only root may read.

    The installed programs often lie below a home directory which is closed to others.
    """
    for path in (directory, *directory.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    libc = _libc()
    # Keeps capabilities over the change of user, and lets access(2) reckon with them.
    _check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    mask = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _check(libc.capset(header, effective_permitted_inheritable))
    _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(sys.argv[1:])
