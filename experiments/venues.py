"""``undertow venues``: the shipped rule sets, and one of them in words."""

from dataclasses import fields
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from abm.venues.presets import VenueNotes, load_preset, preset_names, preset_notes
from abm.venues.terms import AssetTerms
from abm.venues.venue import Venue
from experiments.errors import InputError
from experiments.policy_words import adl_words, liquidation_words

PLAIN_WIDTH = 110


def venue_lines() -> dict[str, str]:
    """Return one line for each preset."""
    return {name: preset_notes(name).description for name in preset_names()}


def print_venue(name: str) -> None:
    """Print the rules of a preset in words, with numbers.

    Raises
    ------
    InputError
        If there is no such preset.
    """
    try:
        venue = load_preset(name)
    except ValueError as error:
        raise InputError(str(error)) from error
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    notes = preset_notes(name)
    console.print(f"{venue.name} ({notes.date}): {notes.description}", markup=False)
    table = Table("rule", "what it says")
    for title, text in rule_words(venue).items():
        table.add_row(escape(title), escape(text))
    console.print(table)
    console.print(_tiers_table(venue))
    _print_notes(console, notes)


def rule_words(venue: Venue) -> dict[str, str]:
    """Return what each rule says, by title."""
    return {
        "fees": f"perpetuals: {_fees(venue.fees)}; spot: {_fees(venue.spot_fees)}",
        "margin": _margin(venue),
        "collateral": _collateral(venue),
        "mark": _named(venue.mark, venue.mark_venues),
        "index": _named(venue.index, venue.index_venues),
        "funding": _funding(venue),
        "liquidation": liquidation_words(venue),
        "insurance fund": _fund(venue),
        "auto-deleveraging": adl_words(venue.adl),
        "matching": _matching(venue),
        "price band": "none" if venue.price_band is None else _named(venue.price_band, ()),
        "halts": _halts(venue),
    }


def percent(share: float) -> str:
    """Return a share as a percentage without needless digits."""
    return f"{share * 100:.6g} %"


def _fees(fees: Any) -> str:
    return f"maker {percent(fees.maker_ppm / 1e6)}, taker {percent(fees.taker_ppm / 1e6)} of notional"


def _margin(venue: Venue) -> str:
    where = {"mark": "at the mark", "entry": "at the average entry price"}[venue.margin.notional]
    fee = venue.margin.closing_fee_ppm
    more = f", plus {percent(fee / 1e6)} of it for the fee of closing" if fee else ""
    return f"maintenance margin by tier of the position's value {where}{more}; a wallet below it is breached"


def _collateral(venue: Venue) -> str:
    terms = venue.collateral
    if not terms.coins:
        return "only the settlement unit counts as margin"
    price = {
        "book": "the venue's own spot book",
        "oracle": "a price from outside the venue",
        "throttled": "a price of limited speed",
    }[terms.price]
    coins = "; ".join(
        f"{coin} "
        + ", ".join(
            percent(ratio) + (f" from {floor:g}" if floor else "")
            for floor, ratio in zip(ratios.floors, ratios.ratios, strict=True)
        )
        for coin, ratios in terms.coins.items()
    )
    pace = (
        "at once" if terms.slice_share == 1.0 else f"at most {percent(terms.slice_share)} of a holding a step"
    )
    return (
        f"priced by {price}; counts {coins} (by amount held, marginal). Sold on the spot book for breached "
        f"wallets in debt, no more than {percent(terms.max_discount)} below its price, {pace}"
    )


def _named(rule: Any, venues: tuple[str, ...]) -> str:
    """Return the first sentence of a rule's description, its numbers and the venues it draws on."""
    lines = [" ".join(line.split()) for line in (type(rule).__doc__ or "").strip().split("\n\n")]
    numbers = ", ".join(
        f"{item.name} {' '.join(f'{part:g}' for part in value) if isinstance(value, tuple) else value}"
        for item in fields(rule)
        for value in [getattr(rule, item.name)]
    )
    drawn = f"; draws on {', '.join(venues)}" if venues else ""
    return lines[0].rstrip(".").replace("`", "") + (f" ({numbers})" if numbers else "") + drawn


def _funding(venue: Venue) -> str:
    rule = venue.funding
    every = f"every {rule.interval_hours:g} h"
    imbalance = venue.imbalance_funding
    if imbalance is not None:
        return (
            f"{every}, the larger side pays: the rate grows by {imbalance.increase:g} a second per unit of "
            f"imbalance above {percent(imbalance.stable_threshold)}, at most {imbalance.highest:g} a second"
        )
    missing = {"zero": "counts zero", "maximum": "gives the extreme premium"}[rule.missing_side]
    return (
        f"{every}: premium sampled each {rule.sample_interval_s:g} s, {rule.weights} weights, plus interest "
        f"{percent(rule.interest)} less premium within {percent(rule.clamp)} per 8 h; a side too thin "
        f"{missing}; paid on the {rule.paid_on} price; cap of one interval by asset below"
    )


def _fund(venue: Venue) -> str:
    fund = venue.fund
    share = f"open notional at most {fund.notional_share:g} times its equity"
    if fund.notional_share >= 1e6:
        share = "takes over as long as its equity lasts"
    if fund.unwind_rate_per_s == 0.0:
        return f"{share}; it does not trade"
    return (
        f"{share}; sells back {percent(fund.unwind_rate_per_s)} of its inventory a second, no further than "
        f"{percent(fund.unwind_slippage)} from the mark"
    )


def _matching(venue: Venue) -> str:
    if venue.pool is not None:
        pool = venue.pool
        return (
            f"against a pool at the oracle price; impact: imbalance to the power {pool.exponent:g} times "
            f"{pool.positive_factor:g} (better) or {pool.negative_factor:g} (worse)"
        )
    order = {
        "fifo": "messages in order of arrival",
        "cancel-first": "in a block cancels and orders that do not trade go before orders that do",
    }[venue.matching.sequencing]
    blocks = f", blocks of {venue.matching.block_ms:g} ms" if venue.matching.block_ms else ""
    return f"limit order books; {order}{blocks}"


def _halts(venue: Venue) -> str:
    levels = venue.halt.levels
    return "; ".join(f"{percent(x.fall)} down: {x.duration_s:g} s" for x in levels) if levels else "none"


def _tiers_table(venue: Venue) -> Table:
    heads = ("asset", "value up to, USD", "maintenance", "highest leverage", "funding cap", "liquidation fee")
    table = Table(*heads, title=f"tiers; any other asset: {escape(venue.other_assets)}", title_justify="left")
    for name, terms in venue.assets.items():
        for row in _tier_rows(name, terms):
            table.add_row(*map(escape, row))
    return table


def _tier_rows(name: str, terms: AssetTerms) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for k, tier in enumerate(terms.tiers.tiers):
        first = (
            (name, percent(terms.funding_cap), percent(terms.clearance_fee_ppm / 1e6))
            if k == 0
            else ("",) * 3
        )
        cap = "any" if tier.cap == float("inf") else f"{tier.cap:,.0f}"
        rows.append((first[0], cap, percent(tier.maintenance_rate), f"{tier.max_leverage}x", *first[1:]))
    return rows


def _print_notes(console: Console, notes: VenueNotes) -> None:
    for title, lines in (
        ("sources", [f"{key}: {text}" for key, text in notes.sources.items()]),
        ("not known, or assumed", list(notes.unknown)),
    ):
        if lines:
            console.print(title, markup=False)
            for line in lines:
                console.print(f"  - {line}", markup=False)
