"""What was found, in sentences made from the numbers. Nothing here knows what a scenario should show."""

import math
from collections.abc import Sequence

from experiments.chapter import Chapter
from experiments.ensemble import Ensemble
from experiments.mechanisms import TWINS
from experiments.metrics import METRICS
from experiments.report.quoted import said
from experiments.report.words import capital, interval, join, number, plural, with_unit
from experiments.statistics import Estimate

LITTLE = 0.05  # a share of the fall below this, either way, is called little


def findings(ensemble: Ensemble) -> list[str]:
    """Return what was found in one scenario, in plain sentences."""
    return [
        *_fall(ensemble),
        *_mechanisms(ensemble),
        *_cascade(ensemble),
        *_between(ensemble),
        *_return(ensemble),
    ]


def _known(ensemble: Ensemble, *names: str) -> bool:
    return all(math.isfinite(ensemble.metrics[name].median) for name in names)


def _fall(ensemble: Ensemble) -> list[str]:
    sentences = []
    if _known(ensemble, "total_fall", "time_to_low_minutes"):
        after = with_unit(ensemble.metrics["time_to_low_minutes"].median, "minutes")
        sentences.append(f"BTC fell by {said(ensemble, 'total_fall')}; the low came {after} after P0.")
    if _known(ensemble, "news_leg", "amplification"):
        sentences.append(
            f"The direct reaction to the news was {said(ensemble, 'news_leg')}; "
            f"the whole fall was {said(ensemble, 'amplification')} as large."
        )
    if _known(ensemble, "alt_to_btc_fall_ratio"):
        sentences.append(f"The ALT fell {said(ensemble, 'alt_to_btc_fall_ratio')} as far as BTC.")
    return sentences


def _mechanisms(ensemble: Ensemble) -> list[str]:
    shares = {twin: share for twin, share in ensemble.twins.items() if math.isfinite(share.median)}
    if not shares:
        return []
    order = sorted(shares, key=lambda twin: -shares[twin].median)
    large = [twin for twin in order if shares[twin].median > LITTLE]
    little = [twin for twin in order if abs(shares[twin].median) <= LITTLE]
    worse = [twin for twin in order if shares[twin].median < -LITTLE]
    sentences = []
    if large:
        parts = [
            f"{TWINS[t]} {with_unit(shares[t].median, 'share')}{interval(shares[t], 'share')}" for t in large
        ]
        sentences.append(f"Share of the fall that goes away with one mechanism switched off: {join(parts)}.")
    if little:
        names = capital(join([TWINS[twin] for twin in little]))
        sentences.append(f"{names} changed the fall by less than 5 % in the median.")
    if worse:
        parts = [f"{TWINS[t]} by {with_unit(-shares[t].median, 'share')}" for t in worse]
        sentences.append(f"The fall was deeper with {join(parts)}.")
    return sentences


def _cascade(ensemble: Ensemble) -> list[str]:
    sentences = []
    if _known(ensemble, "depth_1pct_collapse"):
        sentences.append(
            f"Before, the ask side within 1 % held {said(ensemble, 'depth_1pct_collapse')} the depth "
            "of the worst minute."
        )
    if _known(ensemble, "liquidated_over_open_interest", "long_share_of_liquidations"):
        sentences.append(
            f"Forced closing reached {said(ensemble, 'liquidated_over_open_interest')} of the open interest "
            "at P0, "
            f"{with_unit(ensemble.metrics['long_share_of_liquidations'].median, 'share')} of it longs."
        )
    return sentences


def _between(ensemble: Ensemble) -> list[str]:
    sentences = []
    if _known(ensemble, "venue_gap", "venue_gap_other"):
        sentences.append(
            f"Between exchanges BTC differed by up to {said(ensemble, 'venue_gap')}, another coin by up to "
            f"{said(ensemble, 'venue_gap_other')}."
        )
    if _known(ensemble, "collateral_lowest"):
        sentences.append(
            f"Pegged collateral traded as low as {said(ensemble, 'collateral_lowest')} of its conversion "
            "value."
        )
    left = {
        name.partition("@")[2]: estimate.median
        for name, estimate in ensemble.details.items()
        if name.startswith("withdrawals@") and estimate.median > 0.0
    }
    if left:
        order = sorted(left, key=lambda reason: -left[reason])
        parts = [f"{reason} {number(left[reason])}" for reason in order]
        sentences.append(f"Makers withdrew from instruments for these reasons (times): {join(parts)}.")
    return sentences


def _return(ensemble: Ensemble) -> list[str]:
    sentences = []
    if _known(ensemble, "half_recovery_minutes"):
        sentences.append(
            f"Half of the fall was first given back after {said(ensemble, 'half_recovery_minutes')}."
        )
    elif math.isinf(ensemble.metrics["half_recovery_minutes"].median):
        within = said(ensemble, "half_recovery_minutes").removeprefix("not ")
        sentences.append(f"Half of the fall was not given back {within}.")
    if _known(ensemble, "recovery_share_1h"):
        sentences.append(
            f"One hour after the low {said(ensemble, 'recovery_share_1h')} of the fall was given back."
        )
    if _known(ensemble, "recovery_share_1d"):
        sentences.append(f"One day after the low it was {said(ensemble, 'recovery_share_1d')}.")
    return sentences


def contrasts(ensembles: Sequence[Ensemble]) -> list[str]:
    """Return how two scenarios differ, in plain sentences; nothing for one scenario alone."""
    if len(ensembles) != 2:
        return []
    first, second = ensembles
    sentences = []
    for metric, phrase in CONTRASTED:
        if _known(first, metric) and _known(second, metric):
            unit = METRICS[metric].unit
            values = [with_unit(item.metrics[metric].median, unit) for item in ensembles]
            clear = (
                "" if _apart(first.metrics[metric], second.metrics[metric]) else " (the intervals overlap)"
            )
            sentences.append(f"{phrase}: {values[0]} in {first.name}, {values[1]} in {second.name}{clear}.")
    for twin in ("liquidations", "exogenous_shock"):
        if twin in first.twins and twin in second.twins:
            values = [with_unit(item.twins[twin].median, "share") for item in ensembles]
            clear = "" if _apart(first.twins[twin], second.twins[twin]) else " (the intervals overlap)"
            name = capital(TWINS[twin])
            sentences.append(
                f"{name} removes {values[0]} of the fall in {first.name} and {values[1]} in {second.name}"
                f"{clear}."
            )
    return sentences


CONTRASTED = (
    ("total_fall", "Fall of BTC"),
    ("recovery_share_median_1_24h", "Median share given back between 1 and 24 hours after the low"),
    ("volatility_ratio_3d", "Volatility of the third day after, over calm"),
    ("alt_to_btc_fall_ratio", "Fall of the ALT over fall of BTC"),
    ("equity_beta_share", "Share of the worst leg explained by equities"),
)


def _apart(first: Estimate, second: Estimate) -> bool:
    return first.low > second.high or second.low > first.high


def limits(chapters: Sequence[Chapter]) -> list[str]:
    """Return what a reader should not conclude, as far as the numbers of this comparison tell."""
    ensembles = [chapter.ensemble for chapter in chapters]
    seeds = join([f"{plural(len(item.seeds), 'seed')} of {item.name}" for item in ensembles])
    notes = [
        f"The numbers rest on {seeds}. Intervals are 95 % percentile-bootstrap intervals of the median over "
        "seeds: "
        "they tell how far another set of seeds would move the median, not how far other parameters would.",
        "Each twin has one mechanism off and every other draw as it was. Mechanisms act on each other, so "
        "the shares do not add up to one.",
    ]
    for chapter in chapters:
        item = chapter.ensemble
        if item.reasons:
            notes.append(
                f"{item.name}: {plural(len(item.reasons), 'quantity', 'quantities')} in the table of numbers "
                "have no median; the reason stands there."
            )
        verdicts = [verdict for _, _, verdict in chapter.targets]
        if "miss" in verdicts:
            judged = verdicts.count("hit") + verdicts.count("miss")
            notes.append(
                f"{item.name}: {verdicts.count('miss')} of {judged} compared quantities lie outside their "
                "target band; in these the simulated event is not the real one."
            )
        notes.extend(f"A run gave no result: {failure}" for failure in chapter.failures)
    return notes
