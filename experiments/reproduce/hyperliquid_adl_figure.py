"""Figure of the replay of Hyperliquid's auto-deleveraging: scores against what happened, and policies."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.report.style import BLACK, BLUE, GREEN, GREY, VERMILION, finish, new_figure

SHOWN = {
    "hyperliquid_decompiled": ("leverage × profit (decompiled)", VERMILION, "o"),
    "hyperliquid_documented": ("documented index", BLUE, "s"),
    "leverage": ("leverage alone", GREY, "^"),
}
BARS = {
    "production": "production",
    "queue, hyperliquid_decompiled": "queue, decompiled",
    "queue, binance": "queue, Binance legacy",
    "queue, hyperliquid_documented": "queue, documented",
    "queue, leverage": "queue, leverage alone",
    "random": "random, sequential",
    "pro_rata": "pro rata",
    "capped_pro_rata": "pro rata, at most half",
}


def draw(predicted: pd.DataFrame, outcomes: pd.DataFrame, path: Path) -> None:
    """Write the figure.

    Parameters
    ----------
    predicted
        `experiments.reproduce.hyperliquid_adl.prediction`.
    outcomes
        Mean outcome of each policy over the waves.
    """
    figure, grid = new_figure(2, 1, (7.6, 8.2))
    _scores(grid[0][0], predicted)
    _policies(grid[1][0], outcomes)
    figure.savefig(path)


def _scores(axes: Axes, predicted: pd.DataFrame) -> None:
    waves = predicted[["coin", "wave", "price", "closed", "later"]].drop_duplicates()
    place = {(row.coin, row.wave): float(k) for k, row in enumerate(waves.itertuples())}
    for number, (score, (label, colour, marker)) in enumerate(SHOWN.items()):
        rows = predicted[predicted["score"] == score]
        x = [place[key] + (number - 1) * 0.2 for key in zip(rows["coin"], rows["wave"], strict=True)]
        auc = rows["auc"].to_numpy()
        bars = np.array([auc - rows["low"], rows["high"] - auc])
        axes.errorbar(x, auc, yerr=bars, fmt=marker, color=colour, markersize=5, linewidth=1.2, label=label)
    axes.axhline(0.5, color=BLACK, linestyle=":", linewidth=1.0)
    axes.text(-0.42, 0.505, "chance", fontsize=8, ha="left", va="bottom")
    for k in range(1, len(waves)):
        if waves["coin"].iloc[k] != waves["coin"].iloc[k - 1]:
            axes.axvline(k - 0.5, color=GREY, linewidth=0.8)
    names = [f"{row.coin} {row.wave}\n{row.closed}\n{row.later}" for row in waves.itertuples()]
    axes.set_xticks(range(len(waves)), names, fontsize=8.5)
    axes.set_xlim(-0.5, len(waves) - 0.4)
    axes.set_ylim(0.3, 1.0)
    axes.set_xlabel("coin and number of the wave; accounts closed in it; accounts closed later")
    finish(axes, "Who is closed: does the score tell?", "area under the curve (95 % interval)")
    axes.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=3, frameon=False)


def _policies(axes: Axes, outcomes: pd.DataFrame) -> None:
    shown = outcomes.loc[list(BARS)]
    columns = {
        "overlap": ("closed lots as in production", VERMILION, "o"),
        "top_10": ("closed lots in ten accounts", BLUE, "s"),
        "gini": ("Gini of closed shares", GREEN, "^"),
    }
    y = np.arange(len(shown))[::-1]
    for number, (column, (label, colour, marker)) in enumerate(columns.items()):
        axes.plot(
            shown[column],
            y + (1 - number) * 0.17,
            marker,
            color=colour,
            markersize=6,
            label=label,
            clip_on=False,
        )
    axes.set_yticks(y, list(BARS.values()), fontsize=8.5)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_xlabel("share or Gini coefficient (0 to 1), mean over waves")
    finish(axes, "What each policy would have done with the same waves", "policy")
    axes.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.4, -0.13), ncols=3, frameon=False)
