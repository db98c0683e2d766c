"""Series of one run as one Parquet file, with scenario, seed, versions and units inside."""

import importlib.util
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from abm.trace import (
    ASSET_SERIES,
    CREDIT_SERIES,
    EXCHANGE_SERIES,
    INSTRUMENT_SERIES,
    WORLD_SERIES,
    Trace,
)
from experiments.errors import InputError
from experiments.minutes import MINUTE_SERIES
from experiments.output import write_bytes
from experiments.venue_series import VENUE_SERIES

if TYPE_CHECKING:
    import pandas as pd

METADATA_KEY = b"undertow"
NEEDS_PYARROW = "Parquet files need pyarrow: pip install 'undertow[store]'"
Columns = dict[str, npt.NDArray[Any]]


def parquet_available() -> bool:
    """Tell whether Parquet files can be written and read here."""
    return importlib.util.find_spec("pyarrow") is not None


def step_columns(trace: Trace) -> Columns:
    """Return every series of a run, one row a step; columns are named ``series@instrument``."""
    columns: Columns = {"time_s": trace.time_s}
    for name, values in trace.by_instrument.items():
        columns |= {f"{name}@{item}": values[:, place] for place, item in enumerate(trace.instruments)}
    for name, values in trace.by_asset.items():
        columns |= {f"{name}@{item}": values[:, place] for place, item in enumerate(trace.assets)}
    return columns | trace.world


def unit_of(column: str) -> str:
    """Return the unit and meaning of a column of a trace; empty for series of the user's own."""
    if column == "time_s":
        return "seconds since the start of the run, at the end of the step"
    series, _, owner = column.partition("@")
    if owner:
        general = {name.partition("@")[0]: meaning for name, meaning in VENUE_SERIES.items()}
        known = INSTRUMENT_SERIES | ASSET_SERIES | EXCHANGE_SERIES
        return known.get(series, "") or general.get(series, "")
    world = WORLD_SERIES | CREDIT_SERIES
    return MINUTE_SERIES.get(series, "") or world.get(series, "") or VENUE_SERIES.get(series, "")


def write_trace(
    path: Path, run_id: str, columns: Mapping[str, npt.NDArray[Any]], about: Mapping[str, Any]
) -> int:
    """Write one run's series, whole or not at all; return the size of the file in bytes.

    Parameters
    ----------
    path
        The file.
    run_id
        Goes into every row, so that all files together are one table.
    columns
        Name -> array, all of the same length.
    about
        What was run (scenario, seed, versions), kept in the file's metadata under ``undertow`` as JSON.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = len(next(iter(columns.values()))) if columns else 0
    names = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), [run_id])
    fields, arrays = [pa.field("run", names.type)], [names]
    for name, values in columns.items():
        array = pa.array(np.ascontiguousarray(values))
        unit = unit_of(name)
        fields.append(pa.field(name, array.type, metadata={b"unit": unit.encode()} if unit else None))
        arrays.append(array)
    schema = pa.schema(fields, metadata={METADATA_KEY: json.dumps(about).encode()})
    stream = io.BytesIO()
    table = pa.Table.from_arrays(arrays, schema=schema)
    pq.write_table(table, stream, compression="zstd", use_dictionary=["run"])
    content = stream.getvalue()
    write_bytes(path, content)
    return len(content)


def read_trace(path: Path, columns: Sequence[str] | None = None) -> "pd.DataFrame":
    """Return the series of one run, or those of ``columns``; what was run lies in ``attrs["undertow"]``.

    Raises
    ------
    InputError
        When pyarrow is not installed, or there is no such column.
    """
    if not parquet_available():
        raise InputError(NEEDS_PYARROW)
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    known = file.schema_arrow.names
    for name in columns or ():
        if name not in known:
            raise InputError(f"{path.name}: no column {name!r} (known: {', '.join(known)})")
    table = file.read(columns=list(columns) if columns is not None else known[1:])
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    frame.attrs["undertow"] = json.loads(file.schema_arrow.metadata[METADATA_KEY])
    frame.attrs["units"] = {
        field.name: field.metadata[b"unit"].decode() for field in file.schema_arrow if field.metadata
    }
    return frame
