"""Balance sheets of institutions: what they own, what they owe, how leveraged they are.

All amounts are int64 millionths of USD. Cash and coins lie in an account of an exchange's ledger and are
marked to market; the illiquid asset, deposits and debts between institutions are book values of their own.
"""

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import kernel
from abm.instruments import PERPETUAL

Amounts = npt.NDArray[np.int64]

SOUND, CALLED, FAILED = range(3)
STATES = ("sound", "margin call", "failed")

balance_dtype = np.dtype(
    [
        ("account", "i4"),  # in the ledger
        ("kind", "i2"),  # place among the names of kinds
        ("state", "i1"),
        ("known", "i1"),  # whether its failure is public
        ("limit", "f8"),  # leverage, assets over equity, at which creditors ask for money back
        ("goal", "f8"),  # leverage that they ask for then
        ("illiquid", "i8"),  # asset without a market
        ("deposits", "i8"),  # owed to depositors
        ("queue", "i8"),  # of these asked back and not paid yet
        ("queue_ns", "i8"),  # when the queue must be paid
        ("margin", "i8"),  # asked back by creditors because of leverage
        ("margin_ns", "i8"),  # when it must be paid
        ("recalled", "i8"),  # asked back by creditors that need the money themselves
        ("recalled_ns", "i8"),
        ("cash", "i8"),
        ("coins", "i8"),  # worth of coins
        ("market", "i8"),  # cash, coins and profit of perpetuals
        ("claims", "i8"),  # book value of what the others owe it
        ("lines", "i8"),  # lent to traders
        ("debts", "i8"),  # owed to the others
        ("equity", "i8"),
        ("assets", "i8"),
        ("need", "i8"),  # cash to raise by selling
        ("first_equity", "i8"),
        ("first_assets", "i8"),
        ("lost", "i8"),  # losses on claims that it knows of
    ],
    align=True,
)


@kernel
def mark_to_market(
    table: Records,
    owed: Amounts,
    written: Amounts,
    view: Records,
    instruments: Records,
    cash: Amounts,
    position: Amounts,
    entry_value: Amounts,
) -> bool:
    """Value every institution; tell whether one must pay something, is over its limit, or has failed.

    Parameters
    ----------
    owed
        ``owed[i, j]`` is the face value of what ``i`` owes ``j``, shape ``(institutions, institutions)``.
    written
        How much of it ``j`` has written off.
    view, instruments, cash, position, entry_value
        Of the exchange where the accounts are; coins count at the mid.
    """
    busy = False
    n = len(table)
    for i in range(n):
        t = table[i]
        a = t.account
        coins = 0.0
        profit = 0.0
        for k in range(len(instruments)):
            lots = position[k, a]
            if lots != 0:
                value = lots * instruments[k].lot * view[k].mid
                if instruments[k].kind == PERPETUAL:
                    profit += value - entry_value[k, a] / 1e6
                else:
                    coins += value
        claims = 0
        debts = 0
        for j in range(n):
            claims += owed[j, i] - written[j, i]
            debts += owed[i, j]
        t.cash = cash[a]
        t.coins = int(coins * 1e6)
        t.market = t.cash + t.coins + int(profit * 1e6)
        t.claims = claims
        t.debts = debts
        t.assets = t.market + t.illiquid + claims + t.lines
        t.equity = t.assets - t.deposits - debts
        asked = t.queue + t.margin + t.recalled
        over = t.equity < 0 or (debts > 0 and t.assets > t.limit * t.equity)
        busy = busy or asked > 0 or over or t.state != SOUND
    return busy
