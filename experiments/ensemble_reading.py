"""The reading of a simulated event: the rule of ``undertow diagnose`` on the medians, and on each run."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from experiments.diagnose import SMALL_FALL_DEVIATIONS
from experiments.diagnostics.reading import Evidence, Reading, read_event
from experiments.ensemble import Ensemble
from experiments.metrics import METRICS
from experiments.results import RunResult

NO_CRASH = "no crash"


def read_ensemble(ensemble: Ensemble, results: Sequence[RunResult]) -> tuple[str, list[str], dict[str, int]]:
    """Read the event from the medians over seeds.

    Returns
    -------
    verdict
        ``"cascade"``, ``"repricing"``, ``"mixed"``, ``"undecided"``, or ``"no crash"`` when the fall is no
        larger than what the calm does by itself.
    evidence
        One sentence for each piece.
    runs
        Verdict -> how many single runs read so.
    """
    baselines = [result for result in results if result.twin == "baseline"]
    after_low = [result.minutes["minute"][-1] - result.metrics["time_to_low_minutes"] for result in baselines]
    observed = [minutes for minutes in after_low if not math.isnan(minutes)]
    verdict, reading = _read(ensemble.medians, min(observed, default=0.0))
    runs = Counter(_read(result.metrics, left)[0] for result, left in zip(baselines, after_low, strict=True))
    size = ensemble.metrics["fall_in_calm_deviations"].median
    evidence = [sentence(item) for item in reading.evidence]
    if verdict == NO_CRASH:
        evidence = [f"The fall is {size:.1f} standard deviations of the calm: hardly an event."]
    count = len(baselines)
    agreeing = runs.get(verdict, 0)
    evidence.append(f"Of {count} runs, {agreeing} read{'s' if agreeing == 1 else ''} so alone.")
    return verdict, evidence, dict(sorted(runs.items()))


def sentence(item: Evidence) -> str:
    """Return a piece of evidence as a sentence."""
    title = METRICS[f"{item.name}_minutes" if item.unit == "seconds" else item.name].title
    vote = {"neither": "speaks for neither", "abstains": "is no evidence"}.get(
        item.vote, f"speaks for {item.vote}"
    )
    return f"{title}: {item.shown} ({item.rule}); {vote}."


def _read(metrics: Mapping[str, float], observed_minutes: float) -> tuple[str, Reading]:
    sustained = metrics["half_recovery_sustained_minutes"]
    after_s = 60.0 * sustained if math.isfinite(sustained) else math.nan
    observed_s = 60.0 * observed_minutes
    reading = read_event(
        after_s,
        observed_s,
        metrics["recovery_share_median_1_24h"],
        metrics["volatility_ratio_3d"],
        metrics["equity_beta_share"],
        math.nan if math.isnan(after_s) else min(3 * 86400.0, max(observed_s - after_s, 0.0)),
    )
    size = metrics["fall_in_calm_deviations"]
    quiet = math.isnan(size) or size < SMALL_FALL_DEVIATIONS
    return (NO_CRASH if quiet else reading.verdict), reading
