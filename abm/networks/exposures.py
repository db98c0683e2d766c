"""Who owes how much to whom: the network over which defaults travel.

Amounts are floats in any one unit of money (the model's ledger has millionths of the settlement unit; what
these measures need is their proportions).
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Table: TypeAlias = "sparse.csr_array[np.float64, tuple[int, int]]"


@dataclass(frozen=True)
class Exposures:
    """Debts between institutions, with what they own and owe outside; checked when made.

    Attributes
    ----------
    owed
        ``owed[i, j]`` is what ``i`` owes ``j``; 0 or more, none to oneself; shape
        ``(institutions, institutions)``.
    outside_assets
        Value of what each owns besides claims on the others, 0 or more.
    outside_debts
        What each owes to creditors outside the network, 0 or more.
    names
        Name of each institution.
    """

    owed: Table
    outside_assets: Floats
    outside_debts: Floats
    names: tuple[str, ...]

    @property
    def institutions(self) -> int:
        """Number of institutions."""
        return len(self.names)

    @property
    def owed_inside(self) -> Floats:
        """What each owes to the others in all."""
        return np.asarray(self.owed.sum(axis=1), np.float64)

    @property
    def claims(self) -> Floats:
        """Face value of what the others owe to each."""
        return np.asarray(self.owed.sum(axis=0), np.float64)

    @property
    def book_equity(self) -> Floats:
        """Assets less debts of each when everybody pays in full."""
        return self.outside_assets + self.claims - self.owed_inside - self.outside_debts


def csr_table(table: "npt.ArrayLike | sparse.sparray") -> Table:
    """Return a dense or sparse table as compressed sparse rows of floats, repeated entries summed.

    Raises
    ------
    ValueError
        If it does not have rows and columns.
    """
    rows: Any = table if isinstance(table, sparse.sparray) else np.asarray(table, np.float64)
    if rows.ndim != 2:
        raise ValueError(f"a table with {rows.ndim} dimensions; it must have rows and columns")
    compressed: Table = sparse.csr_array(rows, dtype=np.float64)
    compressed.sum_duplicates()
    return compressed


def exposures(
    owed: "npt.ArrayLike | sparse.sparray",
    outside_assets: npt.ArrayLike = 0.0,
    outside_debts: npt.ArrayLike = 0.0,
    names: tuple[str, ...] | list[str] | None = None,
) -> Exposures:
    """Return the network of the given amounts, dense or SciPy sparse.

    Raises
    ------
    ValueError
        If an amount is negative or not finite, one owes to itself, or shapes or names do not fit; the
        message names institution and amount.
    """
    table = csr_table(owed)
    if table.shape[0] != table.shape[1]:
        raise ValueError(f"owed has shape {table.shape}; it must be square")
    n = table.shape[0]
    called = tuple(names) if names is not None else tuple(str(k) for k in range(n))
    if len(called) != n or len(set(called)) != n:
        raise ValueError(f"names: {n} different ones are needed, got {list(called)}")
    entries = table.tocoo()
    fits = (entries.data >= 0.0) & (entries.data < np.inf)
    for k in np.flatnonzero(~fits | ((entries.row == entries.col) & (entries.data > 0.0)))[:1]:
        debtor, creditor, amount = called[entries.row[k]], called[entries.col[k]], entries.data[k]
        if fits[k]:
            raise ValueError(f"{debtor} owes {amount} to itself")
        raise ValueError(f"owed by {debtor} to {creditor} is {amount}; it must be 0 or more")
    table.eliminate_zeros()
    sides = []
    for label, values in (("outside_assets", outside_assets), ("outside_debts", outside_debts)):
        amounts = np.array(np.broadcast_to(np.asarray(values, np.float64), (n,)))
        for k in np.flatnonzero(~((amounts >= 0.0) & (amounts < np.inf)))[:1]:
            raise ValueError(f"{label} of {called[k]} is {amounts[k]}; it must be 0 or more")
        sides.append(amounts)
    return Exposures(table, sides[0], sides[1], called)


def from_networkx(graph: "nx.DiGraph[str]", amount: str = "amount") -> Exposures:
    """Return the network of a networkx graph: ``u -> v`` with attribute ``amount`` means that u owes v.

    Node attributes ``outside_assets`` and ``outside_debts`` are 0 where absent.
    """
    nodes = list(graph.nodes)
    place = {node: k for k, node in enumerate(nodes)}
    table = np.array(
        [(place[u], place[v], float(value)) for u, v, value in graph.edges(data=amount, default=0.0)]
    ).reshape(-1, 3)
    owed = sparse.coo_array(
        (table[:, 2], (table[:, 0].astype(np.int64), table[:, 1].astype(np.int64))),
        shape=(len(nodes), len(nodes)),
    )
    assets, debts = (
        [float(graph.nodes[node].get(name, 0.0)) for node in nodes]
        for name in ("outside_assets", "outside_debts")
    )
    return exposures(owed, assets, debts, [str(node) for node in nodes])


def to_networkx(network: Exposures) -> "nx.DiGraph[str]":
    """Return a networkx graph that `from_networkx` reads back."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for k, name in enumerate(network.names):
        graph.add_node(
            name,
            outside_assets=float(network.outside_assets[k]),
            outside_debts=float(network.outside_debts[k]),
        )
    entries = network.owed.tocoo()
    for i, j, amount in zip(entries.row, entries.col, entries.data, strict=True):
        graph.add_edge(network.names[i], network.names[j], amount=float(amount))
    return graph


def interbank_network(
    banks: int, mean_degree: float, rng: np.random.Generator, capital: float, interbank: float
) -> Exposures:
    """Return the banks of Gai and Kapadia 2010: each has assets of one, a share of them lent to other banks.

    Each bank lends to each other with the same probability, the same amount to each of its debtors.

    Parameters
    ----------
    mean_degree
        Mean number of debtors, and of creditors.
    capital, interbank
        Capital and interbank claims over all assets (theirs: .04 and .2). Who lends to nobody has no
        interbank claims and holds other assets instead.
    """
    from abm.networks.graphs import random_graph

    lends = random_graph(banks, rng, mean_degree, directed=True)
    debtors = np.diff(lends.start)
    amounts = np.repeat(interbank / np.maximum(debtors, 1), debtors)
    claims = sparse.csr_array((amounts, lends.followed, lends.start), shape=(banks, banks))
    owed = csr_table(claims.T)
    inside: Floats = np.asarray(owed.sum(axis=1), np.float64)
    assets = 1.0 - np.where(debtors > 0, interbank, 0.0)
    # a bank that borrowed more than its assets less capital has more outside assets to match
    debts = np.maximum(1.0 - capital - inside, 0.0)
    assets += np.maximum(inside - (1.0 - capital), 0.0)
    return exposures(owed, assets, debts)
