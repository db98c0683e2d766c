"""The attribution that lies in a folder, for the report of the same scenarios."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.runs import Job, content_ids

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

NUMBERS = Path("attribution.json")
PICTURE = Path("figures", "attribution.png")


def scenario_id(scenario: "Scenario") -> str:
    """Return a name for the resolved scenario and the code that it is run by."""
    job = Job(scenario, 0, until="crash_end")
    return content_ids([job])[job]


def stored_picture(folder: Path, scenarios: Sequence["Scenario"]) -> bytes | None:
    """Return the figure of the attribution in ``folder``.

    None where there is none, or where it is of another scenario than ``scenarios`` as they are now: other
    settings, another version of the code.
    """
    try:
        attributed = json.loads((folder / NUMBERS).read_text("utf-8"))["scenarios"]
        picture = (folder / PICTURE).read_bytes()
        ids = {item["id"] for item in attributed.values()}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return picture if ids and ids <= {scenario_id(scenario) for scenario in scenarios} else None
