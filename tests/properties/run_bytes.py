"""Everything a run leaves behind as bytes, in short."""

import hashlib

import numpy as np

from abm.trace import Trace


def run_bytes(trace: Trace, steps: int | None = None) -> str:
    """Return a digest of all series (their first ``steps`` rows) and, for a whole run, of event tables."""
    digest = hashlib.sha256()
    for table in ({"time": trace.time_s}, trace.by_instrument, trace.by_asset, trace.world):
        for name, series in table.items():
            digest.update(name.encode() + np.ascontiguousarray(series[:steps]).tobytes())
    if steps is None:
        for name, events in trace.events.items():
            digest.update(name.encode() + events.to_csv().encode())
    return digest.hexdigest()


def rows_in_common(one: Trace, two: Trace) -> int:
    """Return how many rows from the start on are the same in both runs, byte by byte."""
    low, high = 0, len(one.time_s)
    while low < high:
        middle = (low + high + 1) // 2
        if run_bytes(one, middle) == run_bytes(two, middle):
            low = middle
        else:
            high = middle - 1
    return low
