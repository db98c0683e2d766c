"""One message of named arrays: a JSON header, then the arrays as they lie in memory, little-endian.

Layout: ``UTF1``, the length of the header as uint32, the header (padded with blanks), the arrays, each at a
multiple of eight bytes. ``header["arrays"]`` holds name -> ``[dtype, shape, offset from the first array]``.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"UTF1"
_ALIGNMENT = 8
_PREFIX = struct.Struct("<4sI")


def pack(header: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return header and arrays as one message.

    Raises
    ------
    ValueError
        If the header holds a number that JSON has no word for (nan, infinity).
    """
    places: dict[str, Any] = {}
    parts: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<")
        body = np.ascontiguousarray(array, dtype).tobytes()
        places[name] = [dtype.str, list(array.shape), offset]
        parts.append(body + bytes(-len(body) % _ALIGNMENT))
        offset += len(parts[-1])
    text = json.dumps({**header, "arrays": places}, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-(len(text) + _PREFIX.size) % _ALIGNMENT)
    return b"".join((_PREFIX.pack(MAGIC, len(text)), text, *parts))


def unpack(message: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return header and arrays of a message.

    Raises
    ------
    ValueError
        If the message does not begin as one should.
    """
    magic, length = _PREFIX.unpack_from(message)
    if magic != MAGIC:
        raise ValueError(f"message begins with {magic!r}; it must begin with {MAGIC!r}")
    header = json.loads(message[_PREFIX.size : _PREFIX.size + length])
    start = _PREFIX.size + length
    arrays = {}
    for name, (dtype, shape, offset) in header.pop("arrays").items():
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(message, dtype, count, start + offset).reshape(shape)
    return header, arrays


def number(value: float, digits: int = 6) -> float | None:
    """Return ``value`` rounded to significant digits; None where it is not finite."""
    return float(f"{value:.{digits}g}") if np.isfinite(value) else None
