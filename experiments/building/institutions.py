"""Setting up institutions: balance sheets by kind, who owes whom, credit lines to traders."""

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.clock import Clock
from abm.compiled import for_kernels
from abm.model import MarketModel
from abm.networks.balance_sheets import balance_dtype
from abm.networks.core_periphery import core_periphery, read_debts
from abm.networks.credit_lines import Borrowers, CreditLines, line_dtype
from abm.networks.credit_network import CreditNetwork
from abm.networks.credit_terms import CreditTerms
from abm.networks.exposures import Exposures, exposures
from agents.cross_margin_fund import CrossMarginFunds
from agents.institution import InstitutionParameters, Institutions
from agents.institution_kinds import INSTITUTION_KINDS, InstitutionKind
from agents.market_maker import MarketMakers
from experiments.building.holdings import grant_spot
from experiments.building.stage import MILLION, Floats, Floor, Stage
from experiments.errors import InputError

LEAST_OUTSIDE = 0.2
"""What each owns besides claims at least, over the assets that its size gives it."""


def accounts_of_institutions(p: InstitutionParameters) -> int:
    """Return how many accounts institutions need on the hub: their own, and one for the world outside."""
    return p.institutions + 1 if p.institutions else 0


def make_institutions(
    stage: Stage, clock: Clock, funds: CrossMarginFunds, makers: MarketMakers
) -> tuple[Institutions, CreditNetwork] | None:
    """Return the institutions, with what they own and owe, and the network that binds them; None if none.

    Raises
    ------
    InputError
        If the file of debts is faulty, or makes somebody owe more than it owns.
    """
    p = stage.scenario.institution
    if p.institutions == 0:
        return None
    hub, rng = stage.hub, stage.rng("institutions")
    kind = kinds_of(p)
    names = tuple(f"{name}-{kind[: k + 1].count(name)}" for k, name in enumerate(kind))
    kinds = [INSTITUTION_KINDS[name] for name in kind]
    lines = draw_lines(p, funds, makers, kinds, rng)
    lent: Floats = np.bincount(lines["lender"], lines["drawn"] / MILLION, len(kinds)).astype(np.float64)
    table = for_kernels(np.zeros(p.institutions, balance_dtype))
    table["kind"] = [list(INSTITUTION_KINDS).index(name) for name in kind]
    table["account"] = hub.accounts.take(p.institutions)
    world = int(hub.accounts.take(1)[0])
    debts = fill_balance_sheets(stage, table, kinds, names, lent, rng)
    ledger = hub.exchange.ledger
    ledger.deposit(world, int(table["illiquid"].sum()))
    terms = CreditTerms(**{name: getattr(p, name) for name in CreditTerms.__dataclass_fields__})
    groups: list[Borrowers] = [funds, makers]
    network = CreditNetwork(
        terms,
        table,
        debts,
        hub.exchange,
        clock,
        world,
        CreditLines(lines, groups, p.line_s),
        stage.seed,
    )
    return Institutions(p, table, names, hub.depth, stage.seed), network


def kinds_of(p: InstitutionParameters) -> list[str]:
    """Return the kind of each institution: as many of each as the shares say, rounded."""
    share = p.kinds or {name: kind.share for name, kind in INSTITUTION_KINDS.items()}
    edges = np.rint(np.cumsum([0.0, *share.values()]) / sum(share.values()) * p.institutions).astype(int)
    return [name for name, count in zip(share, np.diff(edges), strict=True) for _ in range(count)]


def fill_balance_sheets(
    stage: Stage,
    table: Records,
    kinds: list[InstitutionKind],
    names: tuple[str, ...],
    lent: Floats,
    rng: np.random.Generator,
) -> Exposures:
    """Draw sizes, leverages and debts, grant cash and coins; return the debts, millionths.

    Who has more claims and lines than its size has deposits to match.
    """
    p, hub = stage.scenario.institution, stage.hub
    size = np.array([kind.size for kind in kinds]) * np.exp(p.size_spread * rng.standard_normal(len(kinds)))
    assets = size / size.sum() * p.assets_over_depth * hub.depth[hub.spot].sum()
    draw = np.exp(p.leverage_spread * rng.standard_normal(len(kinds)))
    leverage = 1.0 + p.leverage_scale * draw * (np.array([kind.leverage for kind in kinds]) - 1.0)
    leverage = np.minimum(leverage, stage.leverage_allowed)
    table["goal"] = leverage
    table["limit"] = [
        kind.limit(own, p.call_over_leverage) for kind, own in zip(kinds, leverage, strict=True)
    ]
    wanted = assets * (1.0 - 1.0 / leverage) * np.array([1.0 - kind.deposits for kind in kinds])
    debts = draw_debts(stage, kinds, names, wanted, rng)
    claims = debts.claims / MILLION
    outside = np.maximum(assets - claims - lent, LEAST_OUTSIDE * assets)
    total = outside + claims + lent
    owed = debts.owed_inside / MILLION
    for k in np.flatnonzero(owed >= total):
        raise InputError(
            f"institution.edges: {names[k]} owes {owed[k]:,.0f} USD and owns {total[k]:,.0f} USD"
        )
    deposits = np.maximum(0.0, total * (1.0 - 1.0 / leverage) - owed)
    parts = np.array([[kind.cash, kind.coins, kind.illiquid] for kind in kinds])
    cash, coins, illiquid = outside * (parts / parts.sum(axis=1, keepdims=True)).T
    table["deposits"], table["illiquid"] = (
        (deposits * MILLION).astype(np.int64),
        (illiquid * MILLION).astype(np.int64),
    )
    hub.exchange.ledger.deposit(table["account"], (cash * MILLION).astype(np.int64))
    grant_coins(hub, table["account"], coins, rng)
    return debts


def draw_debts(
    stage: Stage,
    kinds: list[InstitutionKind],
    names: tuple[str, ...],
    wanted: Floats,
    rng: np.random.Generator,
) -> Exposures:
    """Return debts in millionths: from the user's file, or drawn for what each wants to borrow, USD."""
    p = stage.scenario.institution
    core = np.array([kind.core for kind in kinds])
    lends = np.array([kind.lends for kind in kinds])
    shares = core_periphery(core, lends, rng, p.core_share, p.creditors)
    try:
        if p.edges:
            folder = stage.scenario.folder
            owed = read_debts(folder / p.edges if folder else p.edges, names)
        else:
            owed = shares * wanted[:, None]
        return exposures(np.rint(owed * MILLION), names=names)
    except (ValueError, OSError) as error:
        raise InputError(f"institution.edges: {error}") from None


def grant_coins(floor: Floor, accounts: npt.NDArray[np.int32], usd: Floats, rng: np.random.Generator) -> None:
    """Give coins that have a perpetual, about in proportion to the depth of their books."""
    coins = floor.spot[np.isin(floor.asset[floor.spot], floor.asset[floor.perpetuals])]
    parts = rng.dirichlet(2.0 * floor.depth[coins] / floor.depth[coins].mean(), len(accounts))
    for k, coin in enumerate(coins):
        grant_spot(floor, accounts, np.full(len(accounts), coin), usd * parts[:, k])


def draw_lines(
    p: InstitutionParameters,
    funds: CrossMarginFunds,
    makers: MarketMakers,
    kinds: list[InstitutionKind],
    rng: np.random.Generator,
) -> npt.NDArray[np.void]:
    """Return credit lines of traders, each with one lender that gives lines to their kind."""
    parts = []
    for group, (crowd, usd) in enumerate(
        (
            (funds, p.fund_lines * funds.table["equity_usd"]),
            (makers, p.maker_lines * makers.table["capital_usd"]),
        )
    ):
        lenders = [k for k, kind in enumerate(kinds) if crowd.kind in kind.lines_to]
        rows = np.flatnonzero(usd > 0.0) if lenders else np.zeros(0, np.int64)
        part = np.zeros(len(rows), line_dtype)
        part["group"], part["row"], part["account"] = group, rows, crowd.table["account"][rows]
        part["drawn"] = (usd[rows] * MILLION).astype(np.int64)
        if lenders:
            part["lender"] = rng.choice(lenders, len(rows))
        parts.append(part)
    return np.concatenate(parts)


def report_credit(model: MarketModel, network: CreditNetwork) -> None:
    """Let the model move the network, and record its series and events."""
    model.networks.append(network)
    series = {
        "institutions_failed": network.report_failed,
        "credit_losses_usd": network.report_losses,
        "debt_rank": network.report_debt_rank,
    }
    model.recorder.world |= {name: np.zeros_like(model.recorder.time_s) for name in series}
    model.reporters |= series
    model.event_reporters |= {
        "defaults": network.events.default_table,
        "margin_calls": network.events.call_table,
        "credit_losses": network.events.loss_table,
        "withdrawals": network.events.withdrawal_table,
        "credit_lines": network.line_table,
    }
