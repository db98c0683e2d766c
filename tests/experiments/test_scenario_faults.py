"""Faulty scenarios get one clear line for each fault, from the loader and from the command line."""

import re
import sys

import pytest

from experiments import cli
from experiments.errors import InputError
from experiments.scenarios import load, parse, shipped


@pytest.fixture
def undertow(monkeypatch, capsys):
    """Call the command line with faulty input; return the one line that it says as it leaves."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["undertow", *words])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        captured = capsys.readouterr()
        (line,) = captured.err.splitlines()
        assert (leaving.value.code, captured.out) == (2, "")
        assert line.startswith("undertow: error: ")
        return line

    return call


def complaint(name, overrides=None):
    """Return the one line that the loader says."""
    with pytest.raises(InputError) as caught:
        load(str(name), overrides)
    (line,) = str(caught.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("retail.tradres", "5", "unknown key 'retail.tradres'; did you mean retail.traders?"),
        ("retial.traders", "5", "unknown key 'retial'; did you mean retail?"),
        ("venues", "[{presett='x'}]", "unknown key 'venues.0.presett'; did you mean venues.0.preset?"),
        ("assets.BTC.tick", "1", "unknown key 'assets.0.tick'; did you mean assets.0.tick_size_usd?"),
        ("phases.0.steps", "1", "unknown key 'phases.0.steps'; did you mean phases.0.step_s?"),
        ("retail.", "5", "unknown key 'retail.'"),
        ("", "5", "unknown key ''"),
    ],
)
def test_unknown_keys_name_the_nearest(key, value, says):
    assert complaint("calm", {key: value}).startswith(says)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        (
            "assets.BTC.tick_size_usd",
            "-0.1",
            "assets.0.tick_size_usd: input should be greater than 0, got -0.1",
        ),
        ("assets.ETH.lot_size", "0", "assets.1.lot_size: input should be greater than 0, got 0"),
        ("assets.BTC.price_usd", "inf", "assets.0.price_usd: input should be less than or equal to"),
        ("assets.BTC.price_usd", "nan", "assets.0.price_usd: input should be"),
        (
            "retail.leverage_median",
            "0",
            "retail.leverage_median: input should be greater than or equal to 1, got 0",
        ),
        (
            "retail.leverage_median",
            "1000",
            "retail.leverage_median: input should be less than or equal to 125, got 1000",
        ),
        ("noise.market_share", "1.5", "noise.market_share: input should be less than or equal to 1, got 1.5"),
        (
            "whale",
            "{short_over_depth=-1}",
            "whale.short_over_depth: input should be greater than or equal to 0, got -1",
        ),
        ("phases.0.step_s", "0", "phases.0.step_s: input should be greater than 0, got 0"),
        ("event", "october", "event: input should be 'none', 'october-2025' or 'march-2020', got 'october'"),
        ("name", "''", "name: string should have at least 1 character, got ''"),
        (
            "venues",
            "[{preset='binanse'}]",
            "venues.0.preset: unknown venue preset 'binanse'; did you mean binance",
        ),
        ("start_utc", "2025-13-45T00:00:00Z", "start_utc: no such calendar time, got '2025-13-45T00:00:00Z'"),
        ("start_utc", "tomorrow", "start_utc: string should match pattern"),
        ("own_agents", "[{agent='no_colon'}]", "own_agents.0.agent: string should match pattern"),
        (
            "own_agents",
            "[{agent='m:C', count=0}]",
            "own_agents.0.count: input should be greater than or equal to 1",
        ),
    ],
)
def test_values_out_of_bounds(key, value, says):
    assert complaint("calm", {key: value}).startswith(says)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("retail.traders", "many", "retail.traders: input should be a valid integer"),
        ("retail.traders", "1.5", "retail.traders: input should be a valid integer, got a number"),
        ("retail.traders", "true", "retail.traders: must be a number, got True"),
        ("retail", "{traders='500'}", "retail.traders: must be a number, got '500'"),
        ("assets", "5", "assets: must be a list, got 5"),
        ("assets", "[]", "assets: must have at least 1 item, got []"),
        ("phases", "[]", "phases: must have at least 1 item, got []"),
        ("phases.0", "5", "phases.0: must be a table, got 5"),
        ("crash", "5", "crash: must be a table, got 5"),
        ("retail", "5", "retail: must be a table, got 5"),
        ("name", "5", "name: input should be a valid string, got 5"),
        ("news", "[{name='x', size=-0.1}]", "news.0.time_s: missing; it must be given"),
    ],
)
def test_wrong_types(key, value, says):
    assert complaint("calm", {key: value}).startswith(says)


def test_numbers_with_an_exponent_are_whole_numbers_too():
    assert load("calm", {"retail.traders": "1e3"}).retail.traders == 1000


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        (
            "phases",
            "[{until_s=600,step_s=1},{until_s=300,step_s=1}]",
            "phases: until_s must rise from phase to phase, got 600, 3",
        ),
        (
            "phases",
            "[{until_s=600,step_s=1},{until_s=600,step_s=2}]",
            "phases: until_s must rise from phase to phase, got 600, 600",
        ),
        ("crash.end_s", "86400", "crash: end_s is 86400; it must be after start_s, 86400"),
        ("crash.end_s", "1e6", "crash: end_s is 1e+06; the run ends at 172800 s"),
        (
            "venues",
            "[{outages=[{start_s=5,end_s=2}]}]",
            "venues.0.outages.0: end_s is 2; it must be after start_s, 5",
        ),
        ("assets.ETH.name", "BTC", "assets: names must differ, got BTC, BTC, ALT"),
        ("arbitrageur.traders", "2", "arbitrageur: traders is 2; it must be at least 3"),
        (
            "assets",
            "[{name='A',price_usd=1,tick_size_usd=0.1,lot_size=1,retail_share=0}]",
            "assets: retail_share is 0 for all",
        ),
    ],
)
def test_values_that_do_not_fit_together(key, value, says):
    assert complaint("calm", {key: value}).startswith(says)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("assets.XRP.price_usd", "--set assets.XRP.price_usd: unknown item 'XRP' (known: BTC, ETH, ALT)"),
        ("assets.BTD.price_usd", "--set assets.BTD.price_usd: unknown item 'BTD'; did you mean BTC?"),
        ("assets.9", "--set assets.9: unknown item '9'"),
        ("name.first.letter", "--set name.first.letter: 'name' is a value, not a table"),
        ("news.0.size", "--set news.0.size: 'news' has no items in this scenario"),
        ("retail.traders.x", "retail.traders: input should be a valid integer"),
    ],
)
def test_paths_of_set_that_lead_nowhere(key, says):
    assert complaint("calm", {key: "1"}).startswith(says)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("octobre-2025", "unknown scenario 'octobre-2025'; did you mean october-2025? (known: calm,"),
        ("zzz", "unknown scenario 'zzz' (known: calm,"),
        ("nowhere/mine.toml", "scenario file nowhere/mine.toml: no such file"),
    ],
)
def test_scenarios_that_are_not_there(given, says):
    assert complaint(given).startswith(says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"name = ", r"not valid TOML \(.*\)"),
        (b"a = 1\na = 2\n", r"not valid TOML \(.*line 2.*\)|not valid TOML \(Cannot overwrite a value.*\)"),
        (b"name,price\nBTC,1\n", r"not valid TOML \(.*line 1.*\)"),
        (b"\xff\xfe", r"not UTF-8 text \(byte 0\)"),
    ],
)
def test_files_that_are_no_scenarios(tmp_path, content, says):
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    assert re.fullmatch(re.escape(f"scenario file {file}: ") + f"({says})", complaint(file))


def test_a_folder_is_no_scenario(tmp_path):
    assert complaint(tmp_path) == f"scenario file {tmp_path}: cannot be read (Is a directory)"


def test_every_fault_gets_a_line_and_an_empty_file_lacks_what_must_be_given(tmp_path):
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(InputError) as caught:
        load(str(tmp_path / "empty.toml"))
    lines = str(caught.value).splitlines()
    assert lines == [
        f"{key}: missing; it must be given" for key in ("name", "title", "assets", "phases", "crash")
    ]


def test_a_fault_in_one_of_several_items_is_told_once():
    with pytest.raises(InputError) as caught:
        load("october-2025", {"phases.1.step_s": "0", "phases.2.until_s": "-5"})
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "phases.1.step_s",
        "phases.2.until_s",
    ]


@pytest.mark.parametrize("name", list(shipped()))
def test_what_a_scenario_says_of_itself_is_a_scenario(name):
    scenario = load(name)
    assert parse(scenario.model_dump(mode="json", exclude_none=True)).model_dump() == scenario.model_dump()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("octobre-2025",), "did you mean october-2025?"),
        (("nowhere.toml",), "no such file"),
        (("calm", "--set", "venues=[{preset='binanse'}]"), "unknown venue preset 'binanse'"),
        (("calm", "--set", "phases=[{until_s=9, step_s=1}, {until_s=9, step_s=1}]"), "must rise"),
        (("calm", "--set", "assets.XRP.price_usd=1"), "unknown item 'XRP'"),
        (("calm", "--set", "retail.traders=true"), "must be a number"),
        (
            ("calm", "--set", "crash.start_s=0"),
            "start_s is 0; it must be at least 30, the end of the first step",
        ),
        (
            ("calm", "--set", "crash={start_s=60, end_s=100}"),
            "end_s is 100; it must be at least a minute after",
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "compare"])
def test_the_command_line_says_one_line_and_leaves_with_status_2(undertow, tmp_path, command, words, says):
    assert says in undertow(command, *words, "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_an_agent_that_cannot_be_imported_gets_one_line(undertow):
    short = ("--set", "phases=[{until_s=80, step_s=10}]", "--set", "crash={start_s=10, end_s=80}")
    own = ("--set", "own_agents=[{agent='no_such_module:Agent'}]")
    assert "No module named 'no_such_module'" in undertow("run", "calm", *short, *own)
