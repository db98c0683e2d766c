"""From a TOML file to a `Venue`; every error names file, field, value and what is allowed."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from abm.venues.presets.sections import CHOICES, PLAIN, checked, known_keys, names_of, read_sections, table_of
from abm.venues.references import OUTSIDE_VENUES, check_venue_names, nearest
from abm.venues.venue import Venue

_WORDS = ("name", "date", "description", "sources", "unknown", "other_assets")
_TOP = (*_WORDS, "assets", "halt", "collateral", *PLAIN, *CHOICES)


def preset_names() -> list[str]:
    """Return the names of the shipped presets."""
    files = resources.files("abm.venues.presets").iterdir()
    return sorted(item.name.removesuffix(".toml") for item in files if item.name.endswith(".toml"))


def load_preset(name: str) -> Venue:
    """Return the shipped venue called ``name``.

    Raises
    ------
    ValueError
        If there is no such preset; the message names the nearest one.
    """
    known = preset_names()
    if name not in known:
        raise ValueError(f"venue preset: unknown name {name!r}{nearest(name, known)}")
    return parse_venue(_text(name), f"{name}.toml")


@dataclass(frozen=True)
class VenueNotes:
    """What a rule file says about itself.

    Parameters
    ----------
    description, date
        One line; the day for which the rules hold.
    sources
        Where each section comes from.
    unknown
        What is assumed, or not known.
    """

    description: str = ""
    date: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def preset_notes(name: str) -> VenueNotes:
    """Return what the shipped rule file ``name`` says about itself."""
    return read_notes(tomllib.loads(_text(name)), f"{name}.toml")


def _text(name: str) -> str:
    return (resources.files("abm.venues.presets") / f"{name}.toml").read_text(encoding="utf-8")


def load_venue(path: Path, known_venues: Collection[str] | None = None) -> Venue:
    """Return the venue described by a TOML file.

    Parameters
    ----------
    known_venues
        Venues that its mark and index may draw on; when not given the presets and
        `abm.venues.references.OUTSIDE_VENUES`.

    Raises
    ------
    ValueError
        If the file is not valid TOML or a value is missing, unknown or not allowed.
    OSError
        If it cannot be read.
    """
    return parse_venue(path.read_text(encoding="utf-8"), path.name, known_venues)


def parse_venue(text: str, where: str, known_venues: Collection[str] | None = None) -> Venue:
    """Return the venue described by TOML text; ``where`` is what errors call the file."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where}: not valid TOML: {error}") from error
    known_keys(data, _TOP, where)
    for key in ("name", "other_assets", "assets"):
        if key not in data:
            raise ValueError(f"{where}: {key} is missing")
    read_notes(data, where)
    given = {key: _word(data, key, where) for key in ("name", "other_assets")} | read_sections(data, where)
    venue: Venue = checked(Venue, given, where)
    _check_venues(venue, where, known_venues)
    return venue


def read_notes(data: Mapping[str, Any], where: str) -> VenueNotes:
    """Return description, date, sources and what is not known."""
    return VenueNotes(
        _word(data, "description", where),
        str(data.get("date", "")),
        table_of(data, "sources", where) if "sources" in data else {},
        names_of(data["unknown"], f"{where}: unknown") if "unknown" in data else (),
    )


def _word(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"{where}: {key} is {value!r}; it must be a text")
    return value


def _check_venues(venue: Venue, where: str, known_venues: Collection[str] | None) -> None:
    """Check the venues that mark and index draw on, against each other's weights too."""
    if not venue.mark_venues and not venue.index_venues:
        return
    known = (*preset_names(), *OUTSIDE_VENUES) if known_venues is None else known_venues
    check_venue_names(venue.mark_venues, known, f"{where}: mark.venues")
    check_venue_names(venue.index_venues, known, f"{where}: index.venues")
    weights = getattr(venue.mark, "weights", None)
    if weights is not None and len(weights) != len(venue.mark_venues):
        raise ValueError(
            f"{where}: mark.weights is {weights}; it must have one weight for each of the "
            f"{len(venue.mark_venues)} mark.venues"
        )
