"""What became of institutions in the crash."""

import math

from abm.trace import Trace
from experiments.sheet import Sheet


def credit_metrics(sheet: Sheet, trace: Trace, zero_s: float, end_s: float) -> None:
    """Take how many failed and were called from P0 to the end of the crash, and what creditors will lose.

    Parameters
    ----------
    zero_s, end_s
        P0 and the end of the crash, seconds since the start.
    """
    names = ("institutions_failed", "institutions_called", "credit_loss")
    if "defaults" not in trace.events:
        for name in names:
            sheet.put(name, math.nan, "the scenario has no institutions")
        return
    defaults, calls = (
        table[(table["time_s"] > zero_s) & (table["time_s"] <= end_s)]
        for table in (trace.events["defaults"], trace.events["margin_calls"])
    )
    sheet.put(names[0], float(len(defaults)))
    sheet.put(names[1], float(len(calls)))
    sheet.put(names[2], float(defaults["creditors_lose_usd"].sum()) / 1e6)
