"""The one place that configures Numba: what a kernel is, and where its compiled form is kept.

Numba's disk cache does not notice that a *called* function changed (numba issue 1833). The cache folder is
therefore named after a hash of every kernel source, the Numba version and the Python version: an edit
anywhere starts a fresh folder instead of running stale machine code.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt
from numba.core.types.misc import unliteral

_Function = TypeVar("_Function", bound=Callable[..., object])
_PACKAGES = ("abm", "agents")


def source_fingerprint() -> str:
    """Hash of all sources that can hold kernels, with the Numba and Python versions (hex, 16 digits)."""
    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:2]}".encode())
    root = Path(__file__).resolve().parent.parent
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Return the folder for compiled kernels: under the user's cache, or a temporary one if need be."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "undertow"
    folder = base / source_fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return (
        Path(tempfile.gettempdir()) / f"undertow-{os.getuid() if hasattr(os, 'getuid') else 0}" / folder.name
    )


if not os.environ.get("NUMBA_CACHE_DIR"):
    numba.config.CACHE_DIR = str(cache_directory())


def kernel(function: _Function) -> _Function:
    """Compile ``function`` with Numba: cached on disk, NumPy error model, no Python objects inside."""
    return _by_type(numba.njit(cache=True, error_model="numpy", no_cfunc_wrapper=True)(function))


def merged(function: _Function) -> _Function:
    """Compile ``function`` as part of its callers' source: arrays then cross no call, which costs time."""
    return numba.njit(cache=True, error_model="numpy", inline="always")(function)


def inlined(function: _Function) -> _Function:
    """Compile ``function`` like `kernel`, and copy its machine code into its callers: for short hot parts."""
    return _by_type(
        numba.njit(cache=True, error_model="numpy", forceinline=True, no_cfunc_wrapper=True)(function)
    )


def _by_type(compiled: Any) -> Any:
    """Let calls from kernels choose the compiled form by the types of arguments alone.

    Numba makes one more for every constant that a caller writes out, and each has to be compiled.
    """
    if not numba.config.DISABLE_JIT:
        template = compiled.get_call_template
        compiled.get_call_template = lambda args, names: template(
            tuple(map(unliteral, args)), {name: unliteral(kind) for name, kind in names.items()}
        )
    return compiled


def wrapping(function: _Function) -> _Function:
    """Compile ``function`` like `kernel`; unsigned integers wrap around silently, compiled or not."""
    if numba.config.DISABLE_JIT:
        return np.errstate(over="ignore")(function)
    return kernel(function)


def for_kernels(table: npt.NDArray[Any]) -> Any:
    """Return a structured array in the form that costs least to hand to a kernel.

    Compiled code takes plain structured arrays fastest; with compilation off, attribute access needs a
    ``numpy.recarray``. Python code that works on either form reads columns as ``table["name"]``.
    """
    if numba.config.DISABLE_JIT:
        return table.view(np.recarray)
    return table if type(table) is np.ndarray else table.view(np.ndarray)
