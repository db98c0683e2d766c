"""Takeover by a backstop vault: whole wallets at the mark, with all the margin behind them."""

from abm.book.messages import Records
from abm.compiled import kernel
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.arithmetic import wide
from abm.ledger.settlement import Amounts, Small, transfer_position


@kernel
def back_stop(
    orders: Records,
    wallet: Amounts,
    mark_value: Amounts,
    notional_share: float,
    position: Amounts,
    cash: Amounts,
    entry_value: Amounts,
    isolated_margin: Amounts,
    leverage: Small,
    isolated: Small,
    realised_pnl: Amounts,
    taken: Amounts,
) -> None:
    """Move whole wallets to the fund at the mark: their positions and all the margin behind them.

    The orders of one wallet stand together. A wallet is refused when the fund's notional in all instruments
    would exceed ``notional_share`` times its equity; ``taken`` receives the lots of each order.
    """
    n = wide(0)
    while n < orders.shape[0]:
        end = n + 1
        while end < orders.shape[0] and wallet[end] == wallet[n]:
            end += 1
        a = wide(orders[n].account)
        alone = isolated[orders[n].instrument, a] != 0
        equity = cash[0, INSURANCE_FUND]
        gained = wide(0) if alone else cash[0, a]
        exposure = wide(0)
        for j in range(position.shape[0]):
            if mark_value[j] == 0:
                continue
            held = position[j, INSURANCE_FUND]
            equity += held * mark_value[j] - entry_value[j, INSURANCE_FUND]
            for m in range(n, end):
                if orders[m].instrument == j:
                    held += position[j, a]
                    gained += position[j, a] * mark_value[j] - entry_value[j, a]
                    gained += isolated_margin[j, a] if alone else 0
            exposure += abs(held) * mark_value[j]
        if gained >= 0 and equity + gained >= 0 and exposure <= notional_share * (equity + gained):
            before = cash[0, a] if alone else 0
            for m in range(n, end):
                i = wide(orders[m].instrument)
                lots = position[i, a]
                taken[m] = abs(lots)
                seller = a if lots > 0 else INSURANCE_FUND
                transfer_position(
                    i, seller, a + INSURANCE_FUND - seller, abs(lots), mark_value[i], position, cash,
                    entry_value, isolated_margin, leverage, isolated, realised_pnl,
                )  # fmt: skip
            margin = max(0, cash[0, a] - before)
            cash[0, a] -= margin
            cash[0, INSURANCE_FUND] += margin
        n = end
