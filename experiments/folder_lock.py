"""A lock on a folder, so that two programs do not write into it at once."""

import os
from pathlib import Path

from experiments.errors import InputError


def claim(folder: Path) -> int | None:
    """Return a lock on ``folder`` that ends with this process, where the system has such locks.

    Raises
    ------
    InputError
        When another process has it.
    """
    try:
        import fcntl
    except ImportError:
        return None
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise InputError(
            f"--out: another sweep is writing into {str(folder)!r}; wait for it or stop it"
        ) from None
    except OSError:
        os.close(handle)  # a file system without locks
        return None
    return handle
