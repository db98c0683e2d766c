"""Both networks at five moments of one run: moods on the social graph, distress on the credit graph."""

from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from abm.networks.balance_sheets import CALLED, FAILED
from agents.institution_kinds import INSTITUTION_KINDS
from experiments.ensemble import Ensemble
from experiments.network_frames import MOMENTS
from experiments.report.style import BLACK, BLUE, GREY, VERMILION, new_figure

Floats = npt.NDArray[np.float64]

MOODS, EQUITY = "PuOr", "cividis"
SIZE = (15.0, 7.4)
MARKERS = ("o", "s", "D", "^", "P", "v", "*", "X")
"""One for each kind of institution."""


def networks(ensemble: Ensemble) -> Figure:
    """Return a row of social graphs and a row of credit graphs, of the first seed."""
    frames = ensemble.frames
    credit = "sheets" in frames
    figure, rows = new_figure(
        2 if credit else 1, len(MOMENTS), (SIZE[0], SIZE[1] if credit else 0.55 * SIZE[1])
    )
    people = layout(frames["moods"].shape[1], frames["links"])
    for k, axes in enumerate(rows[0]):
        social(axes, people, frames["links"], frames["moods"][k])
        axes.set_title(f"{MOMENTS[k]}\n{when(frames['time_s'][k])}", fontsize=10.5)
    figure.colorbar(
        ScalarMappable(Normalize(-1, 1), MOODS), ax=rows[0], label="mood, −1 fear to 1 greed", shrink=0.8
    )
    if credit:
        firms = layout(frames["size"].size, frames["debts"][:, :2].astype(np.int64))
        for k, axes in enumerate(rows[1]):
            owing(axes, firms, frames, k)
        figure.colorbar(
            ScalarMappable(Normalize(0, 1), EQUITY),
            ax=rows[1],
            label="equity left, share of the first",
            shrink=0.8,
        )
        figure.legend(
            handles=keys(frames["kind"]), loc="outside lower center", ncols=9, fontsize=8.5, frameon=False
        )
    title = f"Moods of the people most followed{' and what institutions owe each other' if credit else ''}"
    figure.suptitle(f"{title}: {ensemble.name}, seed {ensemble.seeds[0]}", fontsize=12, x=0.01, ha="left")
    return figure


def when(after_s: float) -> str:
    """Return a time from P0 in words."""
    minutes = round(after_s / 60.0)
    if abs(minutes) < 180:
        return f"P0 {minutes:+d} min".replace("-", "−")
    return f"P0 {minutes / 60.0:+.0f} h".replace("-", "−")


def layout(nodes: int, links: npt.NDArray[np.int64]) -> Floats:
    """Return places in the plane: linked nodes near each other, always the same for the same graph."""
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(map(tuple, links.tolist()))
    if not nodes:
        return np.zeros((0, 2))
    where = nx.spring_layout(graph, seed=1, k=1.6 / np.sqrt(nodes), iterations=80)
    place = np.array([where[node] for node in range(nodes)])
    place -= np.median(place, axis=0)
    far = np.hypot(*place.T)
    edge = 1.2 * np.quantile(far, 0.9)  # who is linked to nobody shown would squeeze all others
    return place * np.minimum(1.0, edge / np.maximum(far, 1e-12))[:, None]


def social(axes: Axes, place: Floats, links: npt.NDArray[np.int64], mood: Floats) -> None:
    """Draw people as dots in the colour of their mood."""
    axes.add_collection(LineCollection(list(place[links]), colors=GREY, linewidths=0.35, alpha=0.35))
    axes.scatter(
        place[:, 0],
        place[:, 1],
        c=mood,
        cmap=MOODS,
        vmin=-1,
        vmax=1,
        s=26,
        edgecolors=GREY,
        linewidths=0.4,
        zorder=2,
    )
    axes.set_xlabel(f"mean mood {mood.mean():+.2f}".replace("-", "−") if len(mood) else "", fontsize=9)
    bare(axes)


def owing(axes: Axes, place: Floats, frames: Mapping[str, npt.NDArray[Any]], k: int) -> None:
    """Draw institutions, as large as their assets, in the colour of the equity they have left."""
    state, left, lost = frames["sheets"][k]
    debtor, creditor, usd = frames["debts"].T
    pairs = np.column_stack((debtor, creditor)).astype(np.int64)
    bad = lost[pairs[:, 0]] > 0.0
    width = 0.3 + 2.2 * np.sqrt(usd / max(usd.max(initial=0.0), 1.0))
    colours = np.where(bad, VERMILION, GREY)
    axes.add_collection(
        LineCollection(list(place[pairs]), colors=colours.tolist(), linewidths=width, alpha=0.55)
    )
    area = 30.0 + 260.0 * frames["size"] / frames["size"].max()
    ring = np.where(state == FAILED, VERMILION, np.where(state == CALLED, BLUE, BLACK))
    thick = np.where(state == FAILED, 2.6, np.where(state == CALLED, 2.4, 0.6))
    for kind in np.unique(frames["kind"]):
        mine = frames["kind"] == kind
        axes.scatter(
            place[mine, 0], place[mine, 1], c=left[mine], cmap=EQUITY, vmin=0, vmax=1, s=area[mine],
            marker=MARKERS[kind % 8], edgecolors=ring[mine].tolist(), linewidths=thick[mine], zorder=2,
        )  # fmt: skip
    failed = state == FAILED
    axes.scatter(place[failed, 0], place[failed, 1], marker="x", c=VERMILION, s=60, linewidths=2.0, zorder=3)
    words = f"{int((state == CALLED).sum())} called, {int(failed.sum())} failed"
    axes.set_xlabel(f"{words}, {lost.sum() / 1e6:,.2f} M USD written off", fontsize=9)
    bare(axes)


def bare(axes: Axes) -> None:
    """Leave out ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.margins(0.08)
    axes.autoscale_view()


def keys(kinds: npt.NDArray[np.int64]) -> list[Line2D]:
    """Return the legend of the credit graph."""
    names = list(INSTITUTION_KINDS)
    empty: dict[str, Any] = {"linestyle": "none", "markerfacecolor": "white", "markersize": 8.0}
    handles = [
        Line2D([], [], marker=MARKERS[k % 8], color=BLACK, label=names[k].replace("_", " "), **empty)
        for k in np.unique(kinds)
    ]
    ring: dict[str, Any] = {"marker": "o", "markeredgewidth": 2.4}
    handles.append(Line2D([], [], color=BLUE, label="margin call", **ring, **empty))
    handles.append(
        Line2D([], [], color=VERMILION, marker="x", linestyle="none", markeredgewidth=2.0, label="failed")
    )
    handles.append(
        Line2D([], [], color=VERMILION, linewidth=2.0, label="debt of a failed one, partly written off")
    )
    return handles
