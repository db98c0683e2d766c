"""The institutions of a market and what they owe each other, on the screen."""

from typing import Any

import networkx as nx
import numpy as np

from abm.model import MarketModel

MOST = 250
"""Institutions that are shown, the largest first."""
MOST_LINKS = 1500
_FAILED = 2


def credit_network(model: MarketModel) -> Any:
    """Return the network of a market that has a book of debts and balance sheets, None without one."""
    for network in model.networks:
        if hasattr(network, "debts") and hasattr(network, "table") and len(network.table):
            return network
    return None


def _shown(network: Any) -> Any:
    return np.argsort(-network.table["first_assets"], kind="stable")[:MOST]


def credit_layout(model: MarketModel) -> dict[str, Any] | None:
    """Return names, places in thousandths, sizes and debts in USD of institutions; None without any.

    Debts are those at the time of the layout; each link goes from debtor to lender.
    """
    network = credit_network(model)
    if network is None:
        return None
    shown = _shown(network)
    owed = np.asarray(network.debts.owed)[np.ix_(shown, shown)] / 1e6
    debtor, lender = np.nonzero(owed > 0.0)
    first = np.argsort(-owed[debtor, lender], kind="stable")[:MOST_LINKS]
    debtor, lender = debtor[first], lender[first]
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(shown)))
    graph.add_edges_from(zip(debtor.tolist(), lender.tolist(), strict=True))
    found = nx.spring_layout(graph, seed=1, iterations=60, k=2.2 / np.sqrt(len(shown)))
    place = np.array([found[k] for k in range(len(shown))])
    place /= max(float(np.abs(place).max()), 1e-9)
    return {
        "names": [network.debts.names[k] for k in shown],
        "place": np.rint(1100.0 * place).astype(int).ravel().tolist(),
        "sizes": (network.table["first_assets"][shown] / 1e6).round().tolist(),
        "links": np.column_stack((debtor, lender)).ravel().tolist(),
        "amounts": owed[debtor, lender].round().tolist(),
    }


def credit_state(model: MarketModel) -> dict[str, Any] | None:
    """Return the share of its first equity that each shown institution has lost, and who has failed."""
    network = credit_network(model)
    if network is None:
        return None
    table = network.table[_shown(network)]
    loss = 1.0 - table["equity"] / np.maximum(table["first_equity"], 1)
    return {
        "loss": np.clip(loss, 0.0, 1.0).round(3).tolist(),
        "failed": (table["state"] == _FAILED).tolist(),
    }
