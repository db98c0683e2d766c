"""Where real bars are found, for the tests that need them; they are never part of the repository."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def real_file(name: str) -> Path:
    """Return a file of the data folder (environment variable UNDERTOW_DATA, or ../shared/data), else skip."""
    folder = Path(os.environ.get("UNDERTOW_DATA", ROOT.parent / "shared" / "data"))
    path = folder / name
    if not path.exists():
        pytest.skip(f"no real data: {name} is not in {folder} (set UNDERTOW_DATA)")
    return path
