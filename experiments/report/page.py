"""The report page: one HTML file with everything inside, readable on a phone and on paper."""

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape

from abm.measures.stages import STAGES
from experiments.chapter import Chapter
from experiments.ensemble import Ensemble
from experiments.mechanisms import TWINS
from experiments.metrics import METRICS, VENUE_METRICS
from experiments.paired import Pair
from experiments.report import findings, quoted, words
from experiments.report.style_sheet import STYLE_SHEET
from experiments.targets import Target, Verdict

VERDICT_SIGNS = {
    "hit": "✓ hit",
    "miss": "✗ miss",
    "undefined": "– undefined",
    "not measured": "– not measured",
}

CAPTIONS = {
    "price": "Price of the main instrument. Band: 5 to 95 % of seeds; line: median.",
    "assets": "The three coins on one scale.",
    "twins": "How much of the fall goes away when one mechanism is switched off, same seeds, same draws.",
    "twin_prices": "Median price with each mechanism switched off; twins end with the crash.",
    "depth": "What rests in the book within 1 % of the mid, on a logarithmic scale.",
    "liquidations": "Positions closed by force, longs below, shorts above. Thin lines: 5 to 95 % of seeds.",
    "open_interest": "Open contracts relative to P0.",
    "funding": "What longs pay shorts; below zero shorts pay.",
    "sentiment": "Mood of the social graph, and the share of market makers that quote.",
    "insurance_fund": "Cash of the venue's insurance fund.",
    "recovery": "R(h): share of the fall given back h hours after the low. The dashed line is one half.",
    "venue_prices": "The same coin on every exchange.",
    "venue_alt_prices": "The small coin on every exchange, where books are thinnest.",
    "venue_pegs": "What counts as margin, over what its issuer redeems it for.",
    "venue_funds": "Cash of each exchange's insurance fund.",
    "venue_adl": "Positions closed against winners, exchanges on top of each other; medians.",
    "who_lost": "What became of everybody's money from P0 to the end of the crash: median and 95 % interval.",
    "networks": "One seed. Above: those with most followers, by mood. Below: institutions, by the equity "
    "they have left, and what they owe each other.",
    "withdrawals": "Makers that stop quoting an instrument, by reason, on top of each other; medians.",
}


def render_page(
    chapters: Sequence[Chapter],
    figures: Mapping[str, Mapping[str, bytes]],
    command: str,
    versions: Mapping[str, str],
    pair: Pair | None = None,
    attribution: bytes | None = None,
) -> str:
    """Return the whole page as HTML; all text from scenarios, files and the command line is escaped."""
    ensembles = [chapter.ensemble for chapter in chapters]
    names = " and ".join(item.name for item in ensembles)
    body = "\n".join(
        (
            _head(chapters, names),
            _section("What was found", _found(chapters)),
            *([_section("What the change did", _difference(pair))] if pair is not None else []),
            _section("The numbers", _metrics_table(ensembles)),
            _section(
                "Which mechanism made which part",
                _twins_table(ensembles)
                + _figures(chapters, figures, ("twins", "twin_prices"))
                + (_picture("Attribution", SHARES, attribution) if attribution is not None else ""),
            ),
            _section("The crash, minute by minute", _figures(chapters, figures, MINUTE_FIGURES)),
            _section("Over the networks", _networks(chapters, figures)),
            _section("Stages", _stages(ensembles)),
            _section("Between exchanges", _exchanges(ensembles) + _figures(chapters, figures, VENUE_FIGURES)),
            _section("Who lost", _losses(ensembles) + _figures(chapters, figures, ("who_lost",))),
            _section("After the low", _figures(chapters, figures, ("recovery",))),
            _section("Against what happened", _targets(chapters)),
            _section("Reading", _readings(chapters)),
            _section("Limits", _list(findings.limits(chapters))),
            _section("How to get this page again", _origin(command, versions)),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Crash comparison: {escape(names)}</title>\n<style>{STYLE_SHEET}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


SHARES = (
    "Shapley shares: what each mechanism adds to the fall, averaged over the orders in which mechanisms may "
    "join; with what is left without any of them they add up to the fall."
)
MINUTE_FIGURES = (
    "price",
    "assets",
    "depth",
    "liquidations",
    "open_interest",
    "funding",
    "sentiment",
    "insurance_fund",
)


VENUE_FIGURES = (
    "venue_prices",
    "venue_alt_prices",
    "venue_pegs",
    "venue_funds",
    "venue_adl",
    "withdrawals",
)


def _head(chapters: Sequence[Chapter], names: str) -> str:
    lines = "".join(
        f"<p><strong>{escape(item.ensemble.name)}</strong>: {escape(item.ensemble.title)} "
        f'<span class="verdict">reads as {escape(item.verdict)}</span></p>'
        for item in chapters
    )
    return f"<header><h1>Crash comparison: {escape(names)}</h1>{lines}</header>"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{content}\n</section>"


def _list(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _columns(cells: Sequence[str]) -> str:
    return '<div class="columns">' + "".join(f"<div>{cell}</div>" for cell in cells) + "</div>"


def _found(chapters: Sequence[Chapter]) -> str:
    each = _columns(
        [
            f"<h3>{escape(chapter.ensemble.name)}</h3>"
            + _list([*findings.findings(chapter.ensemble), _score(chapter)])
            for chapter in chapters
        ]
    )
    both = findings.contrasts([chapter.ensemble for chapter in chapters])
    return each + (f"<h3>Side by side</h3>{_list(both)}" if both else "")


def _score(chapter: Chapter) -> str:
    verdicts = [verdict for _, _, verdict in chapter.targets]
    judged = verdicts.count("hit") + verdicts.count("miss")
    if not judged:
        return "No published figure is compared."
    return f"{verdicts.count('hit')} of {judged} compared quantities fall within their target band."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; cells are HTML already, the first column is the row's heading."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _metrics_table(ensembles: Sequence[Ensemble]) -> str:
    rows = [
        [escape(metric.title)]
        + [escape(quoted.said(item, name)) if name in item.metrics else "–" for item in ensembles]
        for name, metric in METRICS.items()
    ]
    note = "<p>Median over seeds, in brackets the 95 % interval of the median.</p>"
    return note + _table(["quantity", *(escape(item.name) for item in ensembles)], rows)


def _difference(pair: Pair) -> str:
    rows = [
        [
            escape(item.title),
            escape(words.change(item.estimate.median, item.unit) + words.interval(item.estimate, item.unit)),
            str(item.estimate.count),
        ]
        for item in pair.differences.values()
        if item.estimate.count
    ]
    note = (
        f"<p>{escape(pair.second)} minus {escape(pair.first)}, seed by seed: median of the differences and "
        "its 95 % bootstrap interval.</p>"
    )
    return note + _table(["quantity", "second minus first", "seeds"], rows)


def _stages(ensembles: Sequence[Ensemble]) -> str:
    rows = [
        [escape(f"{number} {label}")] + [escape(quoted.stage_said(item, stage)) for item in ensembles]
        for number, (stage, label) in enumerate(STAGES.items(), 1)
    ]
    note = (
        "<p>When each stage begins, minutes from P0: median over the seeds that went through it and 95 % "
        "interval. The figures above shade a stage from its median beginning to its median end where at "
        "least half of the seeds went through it; the darker, the more stages at once.</p>"
    )
    return note + _table(["stage", *(escape(item.name) for item in ensembles)], rows)


def _exchanges(ensembles: Sequence[Ensemble]) -> str:
    parts = []
    for item in ensembles:
        names = quoted.exchanges(item)
        rows = []
        for key, metric in VENUE_METRICS.items():
            cells = (quoted.detail_said(item, key, name, metric.unit) for name in names)
            rows.append([escape(metric.title), *map(escape, cells)])
        parts.append(f"<h3>{escape(item.name)}</h3>")
        parts.append(_table(["from P0 to the end of the crash", *map(escape, names)], rows))
    return "".join(parts)


def _losses(ensembles: Sequence[Ensemble]) -> str:
    parts = [
        "<p>Worth counts cash, margin, unrealised profit at the mark and spot holdings at the mid. "
        "Deleveraged: closed against winners, and how much of it was in profit.</p>"
    ]
    for item in ensembles:
        rows = [[escape(cell) for cell in row] for row in quoted.loss_rows(item)]
        if rows:
            head = ["kind", "change of worth", "of worth at P0", "deleveraged", "of it in profit"]
            parts.append(f"<h3>{escape(item.name)}</h3>" + _table(head, rows))
    return "".join(parts)


def _twins_table(ensembles: Sequence[Ensemble]) -> str:
    rows = []
    for twin, label in TWINS.items():
        cells = [
            f"{words.with_unit(item.twins[twin].median, 'share')}{words.interval(item.twins[twin], 'share')}"
            if twin in item.twins
            else "–"
            for item in ensembles
        ]
        rows.append([escape(label), *map(escape, cells)])
    note = (
        "<p>Share of the fall of BTC that goes away in the twin: 1 − fall of the twin over fall of the "
        "original, seed by seed; median and 95 % interval. Below zero the fall is deeper without the "
        "mechanism.</p>"
    )
    return note + _table(["switched off", *(escape(item.name) for item in ensembles)], rows)


def _figures(
    chapters: Sequence[Chapter], figures: Mapping[str, Mapping[str, bytes]], names: Sequence[str]
) -> str:
    rows = []
    for name in names:
        cells = [
            _figure(chapter, name, figures[chapter.ensemble.name][name])
            for chapter in chapters
            if name in figures.get(chapter.ensemble.name, {})
        ]
        rows.append(_columns(cells))
    return "".join(rows)


def _figure(chapter: Chapter, name: str, picture: bytes) -> str:
    caption = CAPTIONS[name]
    if name in ("price", "recovery") and chapter.real is not None:
        caption += f" Real: {chapter.real.label}, P0 = {chapter.real.base}."
    return _picture(chapter.ensemble.name, caption, picture)


def _picture(subject: str, caption: str, picture: bytes) -> str:
    text = escape(f"{subject}: {caption}", quote=True)
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _networks(chapters: Sequence[Chapter], figures: Mapping[str, Mapping[str, bytes]]) -> str:
    """Return the networks of each scenario below each other: they are wide."""
    return "".join(
        _figure(chapter, "networks", figures[chapter.ensemble.name]["networks"])
        for chapter in chapters
        if "networks" in figures.get(chapter.ensemble.name, {})
    )


def _targets(chapters: Sequence[Chapter]) -> str:
    parts = []
    for chapter in chapters:
        title = f"<h3>{escape(chapter.ensemble.name)}</h3><p>{escape(_score(chapter))}</p>"
        if not chapter.targets:
            parts.append(f"{title}<p>This scenario is not modelled on an event with published figures.</p>")
            continue
        rows = [_target_row(chapter.ensemble, *row) for row in chapter.targets]
        head = ["quantity", "real", "band", "simulated", "verdict", "source of the real figure"]
        parts.append(title + _table(head, rows))
    return "".join(parts)


def _target_row(ensemble: Ensemble, target: Target, value: float, verdict: Verdict) -> list[str]:
    simulated = words.with_unit(value, target.unit)
    if not math.isfinite(value):
        simulated = target.why_not or ensemble.reasons.get(target.metric, "undefined")
    simulated += words.in_some_seeds(ensemble.seeds_behind(target.metric, target.twin), len(ensemble.seeds))
    return [
        escape(f"{target.id} {target.title}"),
        escape(words.with_unit(target.real, target.unit)),
        escape(words.span(target.low, target.high, target.unit)),
        escape(simulated),
        f'<span class="{verdict.replace(" ", "-")}">{VERDICT_SIGNS[verdict]}</span>',
        escape(target.source),
    ]


def _readings(chapters: Sequence[Chapter]) -> str:
    return _columns(
        [
            f"<h3>{escape(chapter.ensemble.name)}: {escape(chapter.verdict)}</h3>{_list(chapter.evidence)}"
            for chapter in chapters
        ]
    )


def _origin(command: str, versions: Mapping[str, str]) -> str:
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"<pre>{escape(command)}</pre><p>{escape(listed)}</p>"
