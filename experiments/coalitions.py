"""Which runs an attribution needs: coalitions of mechanisms, seed by seed, and the twins that are them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from abm.random_streams import generator
from experiments.attribution import (
    Floats,
    Order,
    antithetic_orders,
    chain,
    exact_shapley,
    sampled_shapley,
)
from experiments.building.stage import Stage
from experiments.mechanisms import BASELINE, twin_without, without_cause
from experiments.scenarios.schema import Scenario


def absent_mechanisms(scenario: Scenario) -> frozenset[str]:
    """Return mechanisms that the scenario has no cause for: switching one off changes no byte of a run."""
    floors = Stage(scenario, 0, BASELINE).floors
    priced_by_book = (
        {scenario.assets[asset].name for asset in floor.asset[floor.spot]} & set(floor.venue.collateral.coins)
        for floor in floors
        if floor.venue.collateral.price != "oracle"
    )
    return without_cause(scenario) | (frozenset() if any(priced_by_book) else {"collateral_peg"})


@dataclass(frozen=True)
class Design:
    """What is run of one scenario.

    Parameters
    ----------
    scenario
        The scenario.
    mechanisms
        Those that the outcome is shared out among; all others stay at work.
    seeds
        Seeds.
    pairs
        Pairs of an order of joining and its reverse, for each seed; 0 takes all coalitions.
    """

    scenario: Scenario
    mechanisms: tuple[str, ...]
    seeds: tuple[int, ...]
    pairs: int

    @property
    def exact(self) -> bool:
        """Whether all coalitions are run."""
        return self.pairs == 0

    def orders(self, seed: int) -> list[Order]:
        """Return the orders of joining for one seed; with more pairs there are more, the first the same."""
        draws = generator(seed, f"orders of {len(self.mechanisms)} mechanisms")
        return antithetic_orders(len(self.mechanisms), self.pairs, draws)

    def coalitions(self, seed: int) -> list[int]:
        """Return the coalitions that are run with one seed, each once."""
        if self.exact:
            return list(range(1 << len(self.mechanisms)))
        return list(dict.fromkeys(item for order in self.orders(seed) for item in chain(order)))

    def twin(self, coalition: int) -> str:
        """Return the twin in which exactly the mechanisms of ``coalition`` are at work.

        What makes no difference is left on, so that coalitions which run the same are run once.
        """
        off = {name for i, name in enumerate(self.mechanisms) if not coalition >> i & 1} - self._absent
        if "liquidations" in off and not self._has_pool:
            off -= {"adl"}  # where nobody is liquidated nobody is deleveraged
        return twin_without(off)

    @cached_property
    def _absent(self) -> frozenset[str]:
        return absent_mechanisms(self.scenario)

    @cached_property
    def _has_pool(self) -> bool:
        return not all(floor.has_book for floor in Stage(self.scenario, 0, BASELINE).floors)

    def twins(self, seed: int) -> list[str]:
        """Return the twins that are run with one seed, each once."""
        return list(dict.fromkeys(self.twin(coalition) for coalition in self.coalitions(seed)))

    def parts(self, seed: int, outcome: Mapping[str, float]) -> Floats:
        """Return what each mechanism made of the outcome of one seed, and last what is left without them.

        Parameters
        ----------
        outcome
            Of each of the seed's twins.

        Returns
        -------
        numpy.ndarray
            Shape ``(mechanisms + 1,)``; its sum is the outcome with everything at work.
        """
        value = self._values(seed, outcome)
        players = len(self.mechanisms)
        made = exact_shapley(players, value) if self.exact else sampled_shapley(self.orders(seed), value)
        return np.append(made, value[0])

    def parts_by_pair(self, seed: int, outcome: Mapping[str, float]) -> Floats:
        """Return `parts` from each pair of orders alone, shape ``(pairs, mechanisms + 1)``."""
        value, orders = self._values(seed, outcome), self.orders(seed)
        rows = [sampled_shapley(orders[k : k + 2], value) for k in range(0, len(orders), 2)]
        return np.column_stack([np.reshape(rows, (-1, len(self.mechanisms))), np.full(len(rows), value[0])])

    def _values(self, seed: int, outcome: Mapping[str, float]) -> dict[int, float]:
        return {coalition: outcome[self.twin(coalition)] for coalition in self.coalitions(seed)}
