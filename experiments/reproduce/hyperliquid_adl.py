"""Replay of Hyperliquid's auto-deleveraging of 2025-10-10 under every policy, against what production did.

The positions that stood before each wave are put together from two public files, see
`experiments.reproduce.hyperliquid_positions`; what
each rule of `abm.rules.adl` would have closed of them is compared with what was closed. Print the tables with
``python -m experiments.reproduce.hyperliquid_adl DATA_FOLDER [FIGURE.png]``; ``undertow reproduce
hyperliquid_adl`` prints their means and Chitra's totals.
"""

import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from abm.rules.adl import ALLOCATIONS, AdlRule, lots_closed
from abm.rules.adl_candidates import Amounts, Candidates, Floats
from abm.rules.adl_ranks import RANKS, hyperliquid_documented_score
from experiments.reproduce.comparison import Row, compared
from experiments.reproduce.hyperliquid_positions import (
    MARKETS,
    candidates_before,
    closed_whole,
    joined_positions,
    waves_to_replay,
)

Flags = npt.NDArray[np.bool_]

PUBLISHED = "hyperliquid/chitra_policy_per_wave_metrics.csv"


SCORES = (*sorted(set(RANKS) - {"none", "okx"}), "documented, mark/entry for shorts too", "profit")


def score_of(name: str, candidates: Candidates) -> Floats:
    """Return a score of `SCORES`."""
    c = candidates
    if name in RANKS:
        return RANKS[name](c)
    if name == "profit":
        return c.profit / c.entry_value
    return hyperliquid_documented_score(1, c.entry_value, c.mark_value, c.mark_value, c.equity)


def area_under_curve(score: Floats, chosen: Flags) -> float:
    """Return the probability that a chosen account has a higher score than another (ties count half)."""
    ranks = rankdata(score)
    many = int(chosen.sum())
    return float((ranks[chosen].sum() - many * (many + 1) / 2) / (many * (len(chosen) - many)))


def prediction(folder: Path, resamples: int = 500, seed: int = 1) -> pd.DataFrame:
    """Return how well each score tells the accounts closed in a wave from those closed later.

    One row for each coin, wave and score: accounts ``closed`` in it and ``later``; ``auc`` with its
    interval of 95 % by bootstrap over accounts (``low``, ``high``); ``lead`` of the auc over that of the
    documented index, with its interval; ``precision``, the share of the closed lots that a queue by this
    score closes too.
    """
    positions = joined_positions(folder)
    rows = []
    for coin, wave in waves_to_replay(positions):
        candidates, taken = candidates_before(positions, coin, wave)
        chosen = taken > 0
        random = np.random.default_rng(seed)
        draws = [random.integers(0, len(chosen), len(chosen)) for _ in range(resamples)]
        draws = [draw for draw in draws if 0 < chosen[draw].sum() < len(draw)]
        scores = {name: score_of(name, candidates) for name in SCORES}
        spread = {
            name: np.array([area_under_curve(score[draw], chosen[draw]) for draw in draws])
            for name, score in scores.items()
        }
        base = "hyperliquid_documented"
        for name, score in scores.items():
            auc, ahead = area_under_curve(score, chosen), spread[name] - spread[base]
            order = np.argsort(-score, kind="stable")
            before = np.cumsum(candidates.lots[order]) - candidates.lots[order]
            queue = np.clip(taken.sum() - before, 0, candidates.lots[order])
            rows.append(
                {
                    "coin": coin,
                    "wave": wave + 1,
                    "price": MARKETS[coin].waves[wave] / MARKETS[coin].ticks,
                    "score": name,
                    "closed": int(chosen.sum()),
                    "later": int((~chosen).sum()),
                    "auc": auc,
                    "low": np.quantile(spread[name], 0.025),
                    "high": np.quantile(spread[name], 0.975),
                    "lead": auc - area_under_curve(scores[base], chosen),
                    "lead_low": np.quantile(ahead, 0.025),
                    "lead_high": np.quantile(ahead, 0.975),
                    "precision": np.minimum(queue, taken[order]).sum() / taken.sum(),
                }
            )
    return pd.DataFrame(rows)


def gini(amounts: Floats) -> float:
    """Return the Gini coefficient of amounts of zero or more; 0 when all are equal."""
    ordered = np.sort(amounts)
    if len(ordered) == 0 or ordered.sum() == 0:
        return 0.0
    n = len(ordered)
    return float(2.0 * (np.arange(1, n + 1) * ordered).sum() / (n * ordered.sum()) - (n + 1) / n)


def outcome(candidates: Candidates, closed: Amounts, production: Amounts) -> dict[str, float]:
    """Return what a policy did to the candidates.

    ``filled``: lots closed over those that production closed. ``overlap``: share of the latter that the
    policy closed too. ``accounts``: how many were closed. ``leverage``, ``profit``: medians of what was
    closed, weighted by notional; times, share of entry value. ``profit_usd``: profit realised by force.
    ``gini``: of the closed share of each position, over all candidates. ``top_10``: share of the closed lots
    in the ten accounts that gave most.
    """
    share = closed / np.maximum(candidates.lots, 1)
    notional = share * candidates.mark_value
    return {
        "filled": float(closed.sum() / production.sum()),
        "overlap": float(np.minimum(closed, production).sum() / production.sum()),
        "accounts": float((closed > 0).sum()),
        "leverage": weighted_median(candidates.mark_value / candidates.equity, notional),
        "profit": weighted_median(candidates.profit / candidates.entry_value, notional),
        "profit_usd": float((share * candidates.profit).sum()),
        "gini": gini(share),
        "top_10": float(np.sort(closed)[-10:].sum() / closed.sum()),
    }


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value below which half of the weight lies."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2.0)])


def policies() -> list[AdlRule]:
    """Return each rank in a queue, and each allocation that knows no rank; half a position is the cap."""
    queues = [AdlRule(rank=rank, allocation="queue") for rank in sorted(set(RANKS) - {"none", "okx"})]
    others = [AdlRule(rank="none", allocation=name, cap_share=0.5) for name in ALLOCATIONS if name != "queue"]
    return queues + others


def replay(folder: Path, starts: int = 50, seed: int = 1) -> pd.DataFrame:
    """Return the `outcome` of every policy on every wave, production first; random walks are averaged.

    Every wave starts from what production had left, and closes as many lots as production did.
    """
    positions = joined_positions(folder)
    rows: list[dict[str, object]] = []
    for coin, wave in waves_to_replay(positions):
        candidates, production = candidates_before(positions, coin, wave)
        lots = int(production.sum())
        random = np.random.default_rng(seed)
        label = {"coin": coin, "wave": wave + 1}
        rows.append(label | {"policy": "production"} | outcome(candidates, production, production))
        for rule in policies():
            walks = starts if rule.allocation == "random" else 1
            outcomes = [
                outcome(candidates, lots_closed(rule, candidates, lots, start=int(start)), production)
                for start in random.integers(0, len(production), walks)
            ]
            name = f"queue, {rule.rank}" if rule.allocation == "queue" else rule.allocation
            means = {key: float(np.mean([each[key] for each in outcomes])) for key in outcomes[0]}
            rows.append(label | {"policy": name} | means)
    return pd.DataFrame(rows)


def over_waves(table: pd.DataFrame, by: str, columns: list[str], closed: pd.Series) -> pd.DataFrame:
    """Return means over waves by policy or score, each wave weighted by the accounts closed in it."""
    keys = zip(table["coin"], table["wave"], strict=True)
    weight = pd.Series([float(closed[key]) for key in keys], index=table.index)
    summed = table[columns].mul(weight, axis=0).groupby(table[by], sort=False).sum()
    return summed.div(weight.groupby(table[by], sort=False).sum(), axis=0)


def published_policies(folder: Path) -> pd.DataFrame:
    """Return, from Chitra's published file of 16 waves, the winners' loss under each policy, USD.

    ``needed`` is the losers' deficit; what a policy takes from winners above it is the excess winner loss.
    """
    waves = pd.read_csv(folder / PUBLISHED)
    names = [str(name).removeprefix("budget_") for name in waves.columns if str(name).startswith("budget_")]
    taken = {name: float(waves[f"budget_{name}"].sum()) for name in names if name not in ("target", "needed")}
    needed = float(waves["budget_needed"].sum())
    return pd.DataFrame({"taken_usd": taken}).assign(
        needed_usd=needed, excess_usd=lambda table: table["taken_usd"] - needed
    )


PUBLISHED_USD = {"taken_usd": 60_108_335.0, "needed_usd": 15_079_670.0, "excess_usd": 45_028_666.0}
"""Chitra 2025, production over 16 waves."""


@lru_cache(maxsize=1)
def measured(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Return `prediction`, the mean outcome of each policy over waves, and the accounts closed by wave."""
    predicted, replayed = prediction(folder), replay(folder)
    closed = predicted.groupby(["coin", "wave"])["closed"].first()
    return predicted, over_waves(replayed, "policy", list(replayed.columns[3:]), closed), closed


def reproduce(folder: Path) -> pd.DataFrame:
    """Return Chitra's totals from the files, and what each score and policy makes of the same waves."""
    totals = published_policies(folder).loc["prod"].to_dict()
    rows = [
        Row(f"production, 16 waves, {name}", float(totals[name]), printed, source="paper", allowed=1.0)
        for name, printed in PUBLISHED_USD.items()
    ]
    predicted, outcomes, closed = measured(folder)
    width = (predicted["high"] - predicted["low"]) / (2 * 1.96)
    scores = over_waves(predicted.assign(variance=width**2), "score", ["auc", "variance"], closed)
    # waves are independent: the variance of a weighted mean has squared weights
    share = float((closed**2).sum()) / float(closed.sum()) ** 2
    for name, line in scores.iterrows():
        rows.append(
            Row(
                f"area under the curve of {name}",
                line["auc"],
                np.nan,
                float(np.sqrt(line["variance"] * share)),
            )
        )
    for name, line in outcomes.iterrows():
        rows.append(Row(f"closed lots as in production, {name}", line["overlap"], np.nan))
    return compared(rows)


def draw_own(folder: Path, path: Path) -> None:
    """Write the figure of scores and policies."""
    from experiments.reproduce.hyperliquid_adl_figure import draw

    predicted, outcomes, _ = measured(folder)
    draw(predicted, outcomes, path)


def main(arguments: list[str]) -> None:
    """Print all tables; draw the figure if a path is given."""
    folder = Path(arguments[0])
    positions = joined_positions(folder)
    print("closed whole, accounts deleveraged once:", closed_whole(folder).to_dict())
    print("joined positions:", positions.groupby("coin").size().to_dict())
    replayed = replay(folder)
    predicted, outcomes, closed = measured(folder)
    scores = over_waves(predicted, "score", ["auc", "lead", "precision"], closed)
    scores["waves_ahead"] = predicted[predicted["lead_low"] > 0].groupby("score").size()
    scores["waves_behind"] = predicted[predicted["lead_high"] < 0].groupby("score").size()
    with pd.option_context("display.width", 200, "display.max_columns", 20, "display.max_rows", 200):
        print("\nscores, wave by wave\n", predicted.round(3).to_string(index=False))
        print("\nscores, mean over waves\n", scores.fillna(0).round(3).to_string())
        print("\npolicies, wave by wave\n", replayed.round(3).to_string(index=False))
        print("\npolicies, mean over waves\n", outcomes.round(3).to_string())
        print("\npublished, 16 waves, USD\n", published_policies(folder).round(0).to_string())
    if len(arguments) > 1:
        draw_own(folder, Path(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
