"""Venues that draw on other venues: names must exist, and no index may lead back to itself."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.rules.index_price import SpotQuotes
from abm.venues.venue import Venue

Floats = npt.NDArray[np.float64]

OUTSIDE_VENUES = ("coinbase", "gate", "kraken", "kucoin", "mexc")
"""Venues without a preset that marks and indices of real venues draw on."""


@dataclass(frozen=True)
class IndexOfVenue:
    """Another venue's index as it is; it is the only source of the quotes."""

    def price(self, quotes: SpotQuotes) -> Floats:
        """Return the prices of the first source."""
        return quotes.prices[0].copy()


def nearest(word: str, known: Collection[str]) -> str:
    """Return a question for what was meant: names that start alike, else the nearest one."""
    alike = sorted(name for name in known if word and name.startswith(word))
    close = alike or difflib.get_close_matches(word, list(known), n=1, cutoff=0.0)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def check_venue_names(names: Collection[str], known: Collection[str], where: str) -> None:
    """Raise `ValueError` for the first name that no venue has."""
    for name in names:
        if name not in known:
            raise ValueError(
                f"{where}: unknown venue {name!r}; allowed: {', '.join(sorted(known))}{nearest(name, known)}"
            )


def check_references(venues: Mapping[str, Venue]) -> None:
    """Check the venues of one world against each other.

    Raises
    ------
    ValueError
        If a mark or an index draws on a venue that is not there, or an index leads back to itself.
    """
    for name, venue in venues.items():
        check_venue_names(venue.mark_venues, venues, f"{name}: mark.venues")
        check_venue_names(venue.index_venues, venues, f"{name}: index.venues")
    taken = {
        name: venue.index_venues[0]
        for name, venue in venues.items()
        if isinstance(venue.index, IndexOfVenue) and venue.index_venues
    }
    for name in taken:
        path = [name]
        while path[-1] in taken:
            path.append(taken[path[-1]])
            if path[-1] in path[:-1]:
                raise ValueError(f"{name}: index.venues: circular index: {' -> '.join(path)}")
