"""Rule files of the user's own: read when a scenario is, checked against its exchanges."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from abm.venues.presets.loader import load_venue, preset_names
from abm.venues.references import OUTSIDE_VENUES, check_references, nearest
from abm.venues.venue import Venue
from experiments.errors import InputError

if TYPE_CHECKING:
    from experiments.scenarios.exchange import VenueSpec


def is_rule_file(preset: str) -> bool:
    """Tell whether ``preset`` names a file, not a shipped rule set."""
    return preset.endswith(".toml")


def read_rules(spec: "VenueSpec", folder: Path, exchanges: Sequence["VenueSpec"]) -> Venue:
    """Return the rules of one exchange from a file in ``folder``.

    Raises
    ------
    InputError
        If it cannot be read, a value is not allowed, or it is a pool that is to list spot pairs.
    """
    where = f"venues.{spec.name}.preset"
    known = [*(item.name for item in exchanges), *preset_names(), *OUTSIDE_VENUES]
    try:
        venue = load_venue(folder / spec.preset, known)
    except FileNotFoundError:
        raise InputError(f"{where}: no such rule file, {str(folder / spec.preset)!r}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{where}: {spec.preset} cannot be read ({error})") from error
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    if spec.spot and venue.matching.kind == "pool":
        raise InputError(f"venues.{spec.name}: spot is true; {spec.preset} is a pool without spot pairs")
    return venue


def drawn_from(
    spec: "VenueSpec",
    key: str,
    given: Sequence[str],
    in_file: Sequence[str],
    exchanges: Sequence["VenueSpec"],
) -> tuple[str, ...]:
    """Return the exchanges that a mark or an index draws on.

    Parameters
    ----------
    key
        ``"mark"`` or ``"index"``.
    given
        What the scenario says; if it says nothing, the names in the rule file count.
    in_file
        Exchanges of the scenario, or presets that exchanges of it have.

    Raises
    ------
    InputError
        For a name in the file that no exchange of the scenario has.
    """
    if given:
        return tuple(given)
    names = [item.name for item in exchanges]
    found: dict[str, None] = {}
    for name in in_file:
        same = [item.name for item in exchanges if name in (item.name, item.preset)]
        if not same:
            raise InputError(
                f"venues.{spec.name}.preset: {spec.preset}: {key}.venues: unknown venue {name!r}"
                f"{nearest(name, names)} (exchanges here: {', '.join(names)}; {key}_from may name others)"
            )
        found |= dict.fromkeys(same)
    return tuple(found)


def with_rules(exchanges: Sequence["VenueSpec"], folder: Path) -> tuple["VenueSpec", ...]:
    """Return the exchanges with the rules of those whose preset is a file.

    Raises
    ------
    InputError
        If a file is faulty, a mark or an index draws on what is not there, or an index leads back to itself.
    """
    from abm.venues.presets import load_preset

    done, world = [], {}
    for spec in exchanges:
        if is_rule_file(spec.preset):
            venue = read_rules(spec, folder, exchanges)
            spec = spec.model_copy(
                update={
                    "mark_from": drawn_from(spec, "mark", spec.mark_from, venue.mark_venues, exchanges),
                    "index_from": drawn_from(spec, "index", spec.index_from, venue.index_venues, exchanges),
                }
            )
            spec.keep_rules(venue)
        else:
            venue = load_preset(spec.preset)
        done.append(spec)
        world[spec.name] = replace(venue, mark_venues=spec.mark_from, index_venues=spec.index_from)
    try:
        check_references(world)
    except ValueError as error:
        raise InputError(f"venues: {error}") from error
    return tuple(done)
