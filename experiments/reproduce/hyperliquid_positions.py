"""Shorts before each wave of Hyperliquid's auto-deleveraging of 2025-10-10, and who of them was closed.

Sources (provenance in the data folder's README): ConejoCapital/HyperMultiAssetedADL@79bad0fa, accounts that
were deleveraged; ConejoCapital/HyperAnalyzeADL@18a73199, positions in BTC and SOL with a fill from 21:15 to
21:27 UTC.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from abm.rules.adl_candidates import Amounts, Candidates, Floats

USERS = "hyperliquid/adl_by_user_REALTIME.csv.gz"
POSITIONS = "hyperliquid/positions_BTC_SOL_21h15_21h27.csv.gz"
FEWEST = 20
"""Waves with fewer accounts closed, or fewer left, are not replayed."""


@dataclass(frozen=True)
class Market:
    """Units of a coin on the venue, and its waves.

    Parameters
    ----------
    lots, ticks
        Smallest sizes in one coin and smallest price steps in one dollar.
    maintenance
        Maintenance margin rate, half of the initial one at the highest leverage.
    waves
        Prices of the waves in ticks, in order of time: all fills of a wave have one price. Found by
        `common_prices`; the first three are ordered by the minute bars (21:17:06, 21:17:47, 21:19:08 UTC),
        the others by the price, which fell from 21:19:08 to the end of the waves.
    """

    lots: int
    ticks: int
    maintenance: float
    waves: tuple[int, ...]


MARKETS = {
    "BTC": Market(
        100_000,
        1,
        0.0125,
        (108_416, 107_350, 108_202, 107_228, 106_216, 105_250, 104_504, 103_960, 102_959, 101_982),
    ),
    "SOL": Market(100, 100, 0.025, (17_305, 16_821, 16_058, 15_642, 15_522, 15_299, 14_846)),
}


def common_prices(notional: Floats, market: Market, low: int, high: int, fewest: int = 15) -> list[int]:
    """Return the prices in ticks that explain most notionals, each as whole lots times the price.

    The price with most explained notionals is taken, those are removed, and so on down to ``fewest``.
    """
    value = np.rint(notional * market.lots * market.ticks).astype(np.int64)
    divides = value[:, None] % np.arange(low, high)[None, :] == 0
    found = []
    while len(divides):
        votes = divides.sum(axis=0)
        best = int(votes.argmax())
        if votes[best] < fewest:
            break
        found.append(low + best)
        divides = divides[~divides[:, best]]
    return found


def joined_positions(folder: Path) -> pd.DataFrame:
    """Return shorts in BTC and SOL that were deleveraged once, held before the first wave, with their state.

    The file of users has account value, notional and profit of what was closed, the file of positions has
    coin, side and whether the position is older than 21:15 UTC; accounts are numbered differently. They are
    joined by the realised profit, which is in both to the last digit: accounts whose one deleveraging was
    their only profit of the twelve minutes. The notional then gives the price and so the wave.

    Returns
    -------
    One row for each account, by coin, in the order of the file of positions: ``account`` (number in the file
    of users; both files are sorted by address, so that it rises wherever the join is right), ``coin``,
    ``wave`` (from 0), ``lots`` before, ``closed`` lots, ``entry`` in USD, ``wallet`` in USD (account
    value less the unrealised profit of this position).
    """
    users = pd.read_csv(folder / USERS).query("num_adl_events == 1 and account_value_realtime > 0")
    positions = pd.read_csv(folder / POSITIONS).query(
        "was_adl and had_pre_existing_position and side == 'SHORT'"
    )
    users, positions = (
        table.assign(key=table[column].round(6)).drop_duplicates("key", keep=False)
        for table, column in ((users, "closed_pnl"), (positions, "realized_pnl"))
    )
    joined = positions.merge(users, on="key")
    return pd.concat(
        [_with_waves(joined[joined["asset"] == coin], coin) for coin in MARKETS], ignore_index=True
    )


def _with_waves(rows: pd.DataFrame, coin: str) -> pd.DataFrame:
    market = MARKETS[coin]
    value = np.rint(rows["adl_notional"].to_numpy() * market.lots * market.ticks).astype(np.int64)
    fits = value[:, None] % np.array(market.waves)[None, :] == 0
    certain = fits.sum(axis=1) == 1
    rows, value, wave = rows[certain], value[certain], fits[certain].argmax(axis=1)
    ticks = np.array(market.waves)[wave]
    closed = value // ticks
    before = rows["leverage_realtime"].to_numpy() * rows["account_value_realtime"].to_numpy()
    profit = rows["closed_pnl"].to_numpy()
    notional = rows["adl_notional"].to_numpy()
    return pd.DataFrame(
        {
            "account": rows["account_y"].to_numpy(),
            "coin": coin,
            "wave": wave,
            "lots": np.maximum(np.rint(closed * before / notional).astype(np.int64), closed),
            "closed": closed,
            "entry": ticks / market.ticks * (1.0 + profit / notional),
            "wallet": rows["account_value_realtime"].to_numpy() - profit,
        }
    )


def candidates_before(positions: pd.DataFrame, coin: str, wave: int) -> tuple[Candidates, Amounts]:
    """Return the shorts that stood before a wave, and the lots that production closed of each in it.

    Those closed in the wave and those closed later; accounts of no positive value at its price are left out.
    """
    market = MARKETS[coin]
    rows = positions[(positions["coin"] == coin) & (positions["wave"] >= wave)]
    size = rows["lots"].to_numpy() / market.lots
    price = market.waves[wave] / market.ticks
    equity = rows["wallet"].to_numpy() + size * (rows["entry"].to_numpy() - price)
    rows, size, equity = rows[equity > 0], size[equity > 0], equity[equity > 0]
    candidates = Candidates(
        side=-1,
        lots=rows["lots"].to_numpy(),
        entry_value=size * rows["entry"].to_numpy(),
        mark_value=size * price,
        equity=equity,
        wallet=rows["wallet"].to_numpy(),
        maintenance=size * price * market.maintenance,
    )
    return candidates, np.where(rows["wave"] == wave, rows["closed"], 0)


def waves_to_replay(positions: pd.DataFrame) -> list[tuple[str, int]]:
    """Return coin and wave wherever at least `FEWEST` accounts were closed and as many were left."""
    chosen = []
    for coin, market in MARKETS.items():
        for wave in range(len(market.waves)):
            _, closed = candidates_before(positions, coin, wave)
            if FEWEST <= int((closed > 0).sum()) <= len(closed) - FEWEST:
                chosen.append((coin, wave))
    return chosen


def closed_whole(folder: Path) -> pd.Series:
    """Return counts of accounts deleveraged once, by whether the position was closed whole."""
    users = pd.read_csv(folder / USERS).query("num_adl_events == 1 and account_value_realtime > 0")
    share = users["adl_notional"] / (users["leverage_realtime"] * users["account_value_realtime"])
    return pd.Series({"accounts": len(users), "whole": int((share >= 0.999).sum())})
