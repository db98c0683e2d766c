import html.parser
import math
import re
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from dataclasses import replace

import pytest
from fake_simulation import COVID, OCTOBER, fake_work

from experiments.chapter import Chapter
from experiments.ensemble import gather
from experiments.real_event import published_event
from experiments.report import draw, findings, quoted, words
from experiments.report.draw import draw_chapter
from experiments.report.page import render_page
from experiments.report.style import TimeAxis, mark_events, new_figure
from experiments.runs import Job
from experiments.statistics import Estimate
from experiments.targets import judge_all

HOSTILE = '<script>alert("x")</script>&"\'>'


def chapter_of(scenario, **change):
    jobs = [Job(scenario, seed, twin) for seed in (1, 2, 3) for twin in ("baseline", "liquidations")]
    ensemble = gather(scenario.name, scenario.title, 60.0, [fake_work(job) for job in jobs])
    targets = judge_all(scenario.event, ensemble.medians, ensemble.twin_medians)
    whole = Chapter(ensemble, scenario.event, "cascade", ("evidence",), {"cascade": 3}, targets, None)
    return replace(whole, **change)


@pytest.fixture(scope="module")
def chapters():
    return [chapter_of(OCTOBER), chapter_of(COVID)]


class Tags(html.parser.HTMLParser):
    VOID = ("meta", "img", "br", "link", "input")

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.links = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(page):
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    return tags


def test_page_is_well_formed_and_asks_for_nothing_from_outside(chapters):
    figures = {"october-2025": {"price": b"png"}, "covid-2020": {"price": b"png"}}
    page = render_page(chapters, figures, "undertow compare", {"python": "3.11"})
    tags = parsed(page)
    assert tags.seen.count("img") == 2
    assert all(link.startswith("data:image/png;base64,") for link in tags.links)
    assert not re.search(r"https?://|url\(|@import", page)


def test_everything_from_outside_is_escaped(chapters):
    real = replace(published_event("october-2025"), label=HOSTILE, base=HOSTILE)
    ensemble = replace(chapters[0].ensemble, name=HOSTILE, title=HOSTILE, marks={HOSTILE: 0.0})
    ensemble = replace(ensemble, reasons={"half_recovery_minutes": HOSTILE})
    hostile = replace(
        chapters[0], ensemble=ensemble, verdict=HOSTILE, evidence=(HOSTILE,), real=real, failures=(HOSTILE,)
    )
    page = render_page([hostile], {HOSTILE: {"price": b"png"}}, f"undertow {HOSTILE}", {HOSTILE: HOSTILE})
    assert "<script" not in page
    assert 'alert("x")' not in page
    assert "script" not in parsed(page).seen


def test_hostile_names_of_marks_do_not_break_a_figure(chapters):
    ensemble = replace(
        chapters[0].ensemble, marks={r"$\frac{1}{$ <b>": 0.0, "$": 5.0, "_" * 200: 30.0}, name="$x$"
    )
    pictures = draw_chapter(replace(chapters[0], ensemble=ensemble), ("price",))
    assert pictures["price"].startswith(b"\x89PNG")


def test_names_of_marks_never_overlap():
    figure, ((axes,),) = new_figure()
    marks = {f"a rather long name {k}": float(k) for k in range(8)} | {"late": 99.0}
    assert mark_events(axes, marks, TimeAxis(0.0, 100.0)) == 8
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert all(not a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    right = figure.get_window_extent().x1
    assert all(box.x1 <= right for box in boxes)


def test_figures_of_a_run_are_the_same_bytes_each_time(chapters):
    first, second = (draw_chapter(chapters[0], ("price", "twins")) for _ in range(2))
    assert first == second


def test_figures_drawn_in_parts_are_the_same(chapters, monkeypatch):
    monkeypatch.setattr(draw, "ALL", ("price", "twins", "depth"))
    monkeypatch.setattr(draw, "draw_overview", lambda _: b"overview")
    whole = draw.draw_all(chapters)
    with ThreadPoolExecutor(1) as executor:
        figures, overview = draw._draw_in(executor, chapters, 2)
    assert (figures, overview) == whole
    assert [list(pictures) for pictures in figures.values()] == [["price", "twins", "depth"]] * 2


def test_figures_are_drawn_all_the_same_when_a_process_that_draws_is_killed(chapters, monkeypatch):
    def killed(*_):
        raise BrokenExecutor

    monkeypatch.setattr(draw, "ALL", ("price",))
    monkeypatch.setattr(draw, "draw_overview", lambda _: b"overview")
    monkeypatch.setattr(draw, "_draw_in", killed)
    figures, _ = draw.draw_all(chapters, workers=2)
    assert [list(pictures) for pictures in figures.values()] == [["price"]] * 2


def test_axes_have_labels_with_units(chapters):
    from experiments.report.figures import FIGURES

    for name, paint in FIGURES.items():
        ((axes,),) = new_figure()[1]
        paint(axes, chapters[0].ensemble, published_event("october-2025"))
        assert axes.get_xlabel(), name
        assert axes.get_ylabel() or name == "twins"


def test_one_seed_alone_is_drawn_and_told():
    jobs = [Job(OCTOBER, 1, twin) for twin in ("baseline", "liquidations")]
    ensemble = gather("one", "one", 60.0, [fake_work(job) for job in jobs])
    chapter = Chapter(ensemble, "none", "mixed", (), {"mixed": 1}, (), None)
    page = render_page([chapter], {"one": draw_chapter(chapter)}, "undertow", {})
    assert "1 seed of one" in page
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page)


def test_sentences_follow_the_numbers(chapters):
    october = chapters[0].ensemble
    text = " ".join(findings.findings(october))
    assert f"BTC fell by {quoted.said(october, 'total_fall')}" in text
    assert "liquidations off" in text
    nothing = {twin: Estimate(0.01, -0.01, 0.02, 3) for twin in october.twins}
    assert "changed the fall by less than 5 % in the median" in " ".join(
        findings.findings(replace(october, twins=nothing))
    )
    deeper = {twin: Estimate(-0.3, -0.4, -0.2, 3) for twin in october.twins}
    assert "The fall was deeper with liquidations off by 30 %." in findings.findings(
        replace(october, twins=deeper)
    )


def test_contrasts_say_when_intervals_overlap(chapters):
    pair = [chapter.ensemble for chapter in chapters]
    assert not any("overlap" in line for line in findings.contrasts(pair) if line.startswith("Fall of BTC:"))
    assert all(
        "overlap" in line
        for line in findings.contrasts([pair[0], pair[0]])
        if line.startswith("Fall of BTC:")
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (13.149, "13.1"),
        (-0.25, "−0.25"),
        (1234.0, "1,234"),
        (100.0, "100"),
        (math.inf, "∞"),
        (2e-9, "2.00e−09"),
    ],
)
def test_numbers_are_written_for_readers(value, text):
    assert words.number(value) == text


def test_a_span_names_its_unit_once():
    assert words.span(8.0, 30.0, "minutes") == "8 to 30 minutes"
    assert words.span(1.0, 1.5, "ratio") == "1 to 1.5 times"
    assert words.span(0.1, 0.5, "share") == "10 to 50 %"
    assert words.span(-5.0, -0.3, "bp per 8 h") == "−5 to −0.3 bp per 8 h"
    assert words.span(120.0, 21600.0, "minutes") == "120 minutes to 15 days"
    assert words.span(1.5, math.inf, "ratio") == "at least 1.5 times"


def test_differences_carry_their_sign():
    assert words.change(-0.063, "share") == "−6.3 points"
    assert words.change(1.2, "%") == "+1.2 points"
    assert words.change(-2.0, "ratio") == "−2"
    assert words.change(3.0, "minutes") == "+3 minutes"
    assert words.with_unit(3.0, "count") == "3"


def test_what_happened_between_exchanges_is_told(chapters):
    text = " ".join(findings.findings(chapters[0].ensemble))
    assert "Between exchanges BTC differed by up to" in text
    assert "Pegged collateral traded as low as 70 %" in text
    assert "stale feed 2 and risk limit 1" in text
    page = render_page(chapters, {}, "undertow compare", {})
    assert "<h2>Stages</h2>" in page
    assert "6 auto-deleveraging" in page
    assert quoted.stage_said(chapters[1].ensemble, "adl").startswith("11 minutes")
    assert quoted.exchanges(chapters[0].ensemble) == ["hub", "dex"]


def test_long_times_are_told_in_hours_and_days():
    assert words.with_unit(9360.0, "minutes") == "6.5 days"
    assert words.with_unit(240.0, "minutes") == "4 hours"
    assert words.with_unit(0.5, "share") == "50 %"


def test_the_page_shows_the_attribution_that_it_is_given(chapters):
    pages = [render_page(chapters, {}, "undertow", {}, attribution=given) for given in (None, b"drawn")]
    assert ["data:image/png;base64,ZHJhd24=" in page for page in pages] == [False, True]
    assert parsed(pages[1]).seen.count("figure") == 1
