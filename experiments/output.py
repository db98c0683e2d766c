"""The output folder: checked before work starts, files appear whole or not at all."""

import os
import tempfile
from pathlib import Path

from experiments.errors import InputError


def prepare_folder(folder: Path) -> Path:
    """Create ``folder`` and make sure that files can be written into it.

    Raises
    ------
    InputError
        If the folder cannot be created or written to; nothing is left behind in that case.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise InputError(
            f"--out: cannot write into {str(folder)!r} ({reason}); name a folder you may write to"
        ) from error
    return folder


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` under a temporary name beside ``path`` and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8 under a temporary name and rename it into place."""
    write_bytes(path, content.encode())
