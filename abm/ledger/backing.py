"""What backs a cross wallet besides cash: spot holdings that count as collateral, at a haircut.

A holding counts ``sum over tiers of lots in the tier * price * share``: the shares are marginal and apply to
positive balances only (Bybit unified account, collateral value ratio: BTC 0-10 at 0.98, 10-20 at 0.95, ...;
Binance Portfolio Margin: ``min(value * rate, value)``). The price comes from outside and is refreshed before
each sweep. The same table says on which notional maintenance margin is reckoned: at the mark, or at entry
(Bybit's linear formula of 2024).
"""

from collections.abc import Sequence

import numpy as np

from abm.book.messages import Records
from abm.compiled import for_kernels, kernel
from abm.instruments import SPOT
from abm.ledger.arithmetic import wide
from abm.ledger.settlement import Amounts

NEVER = np.iinfo(np.int64).max
_MILLION = 1_000_000

backing_dtype = np.dtype(
    [
        ("value", "i8"),  # of one lot of collateral now, millionths, in the first column; 0 = does not count
        ("floor", "i8"),  # lots from which the share applies
        ("share", "i8"),  # parts per million of value that count
        ("at_entry", "i8"),  # 1 in the first column: maintenance margin is reckoned on entry value
    ],
    align=True,
)

Haircut = Sequence[tuple[float, float]]
"""(amount of the coin from which it applies, share of value that counts), in rising order from 0."""


def backing_table(
    instruments: Records,
    haircuts: Sequence[Haircut | None] | None = None,
    at_entry: Sequence[bool] | None = None,
) -> Records:
    """Return the table for kernels, ``(instruments, most tiers)``; no collateral counts until it is priced.

    Parameters
    ----------
    haircuts
        Of each instrument; None where holdings are no collateral. Only spot instruments may have some.
    at_entry
        Whether maintenance margin of each instrument is reckoned on entry value.

    Raises
    ------
    ValueError
        If a perpetual has haircuts.
    """
    given = [None] * len(instruments) if haircuts is None else list(haircuts)
    width = max((len(tiers) for tiers in given if tiers), default=1)
    table = np.zeros((len(instruments), width), backing_dtype).view(np.recarray)
    table["floor"] = NEVER
    for i, tiers in enumerate(given):
        if tiers and instruments["kind"][i] != SPOT:
            raise ValueError(f"instrument {i} is a perpetual; only spot holdings can be collateral")
        for k, (amount, share) in enumerate(tiers or ()):
            table[i, k]["floor"] = round(amount / float(instruments["lot"][i]))
            table[i, k]["share"] = round(share * _MILLION)
    if at_entry is not None:
        table["at_entry"][:, 0] = np.asarray(at_entry, np.int64)
    return table


def no_collateral(instruments: int) -> Records:
    """Return the table of a venue that takes no collateral and reckons margin at the mark."""
    table = np.zeros((instruments, 1), backing_dtype).view(np.recarray)
    table["floor"] = NEVER
    return table


def price_collateral(backing: Records, instruments: Records, collateral_ticks: Amounts | None) -> None:
    """Write the prices at which holdings count; None, or 0 for an instrument: they do not."""
    table = for_kernels(backing)
    if collateral_ticks is None:
        table["value"][:, 0] = 0
    else:
        _price_lots(table, for_kernels(instruments), collateral_ticks)


@kernel
def _price_lots(backing: Records, instruments: Records, collateral_ticks: Amounts) -> None:
    for i in range(backing.shape[0]):
        accepted = False
        for k in range(backing.shape[1]):
            accepted = accepted or backing[i, k].share != 0
        backing[i, 0].value = collateral_ticks[i] * instruments[i].tick_lot_value if accepted else 0


@kernel
def counted_value(instrument: int, lots: int, backing: Records) -> int:
    """Return what ``lots`` of an instrument count as margin, millionths, rounded down."""
    value = backing[instrument, 0].value
    total = wide(0)
    if value == 0 or lots <= 0:
        return total
    for k in range(backing.shape[1]):
        tier = backing[instrument, k]
        if lots <= tier.floor:
            break
        end = lots
        if k + 1 < backing.shape[1]:
            end = min(lots, backing[instrument, k + 1].floor)
        worth = (end - tier.floor) * value
        total += worth // _MILLION * tier.share + worth % _MILLION * tier.share // _MILLION
    return total


@kernel
def tested_notional(instrument: int, value: int, entry_value: int, backing: Records) -> int:
    """Return the notional on which margin is reckoned, from signed mark value and entry value."""
    if backing[instrument, 0].at_entry != 0:
        return abs(entry_value)
    return abs(value)
