"""Changes to a running market: a parameter, a switch, news, an outage, a large order, a rumour, a depeg.

Each knows how to act on a lane and what to say of it. News and outages act exactly as if the scenario had
planned them, so a run with them can be repeated from the scenario that the lane then holds.
"""

import math
from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from abm.information.news import News
from abm.venues.gateway import Outage
from experiments.building.stage import Stage
from experiments.errors import InputError
from experiments.scenarios import changed
from experiments.scenarios.schema import Scenario
from experiments.switches import switch
from experiments.visualizer.lane import Lane
from experiments.visualizer.parameters import apply_live, is_live
from experiments.visualizer.rumours import most_followed, say
from experiments.visualizer.sellers import Dumper, LargeOrder, collateral_coins
from experiments.visualizer.social_picture import social_network

FORBIDDEN = ("own_agents", "name")
"""Tables that a page may not set: code to import, and what files are called."""
SOON_S = 0.001
"""What begins now begins so much later: the step that is done would have seen it otherwise."""


SAID = {
    "liquidations": ("liquidations are on", "liquidations are off"),
    "adl": ("auto-deleveraging is on", "auto-deleveraging is off"),
    "maker_withdrawal": ("makers may withdraw", "makers never withdraw"),
    "herding": ("mood spreads", "mood neither spreads nor makes orders"),
    "collateral_peg": (
        "collateral counts at the prices of each exchange",
        "collateral counts at what it is worth",
    ),
    "credit_contagion": ("losses travel between institutions", "losses do not travel between institutions"),
    "outage": ("exchanges can be late and down", "exchanges are never late or down"),
}
"""Mechanism -> what is said when it is switched on, and off."""


class Change(BaseModel):
    """Base of all changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def act(self, lane: Lane) -> str:
        """Change the lane's market from now on and return one sentence that says so.

        Raises
        ------
        ValueError
            If the market has no place for it.
        """


class SetParameter(Change):
    """Set a key of the scenario; it must be one that acts on a running market."""

    change: Literal["set"] = "set"
    path: str = Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9_.@ -]+$")
    value: float | str = Field(description="as in a scenario file")

    def act(self, lane: Lane) -> str:
        """Set it in the lane's scenario and in the market."""
        scenario = with_key(lane.scenario, self.path, self.value)
        if not is_live(self.path):
            raise ValueError(f"{self.path} acts only from the start: reset the run with it")
        apply_live(lane.model, scenario, self.path)
        if not lane.switches["outage"]:  # a new capacity waits until exchanges can be late again
            switch(lane.model, scenario, "outage", on=False)
        lane.scenario = scenario
        return f"{self.path} is {self.value} from now on"


class Switch(Change):
    """Switch a mechanism on or off."""

    change: Literal["switch"] = "switch"
    mechanism: Literal[
        "liquidations", "adl", "maker_withdrawal", "herding", "collateral_peg", "outage", "credit_contagion"
    ]
    on: bool

    def act(self, lane: Lane) -> str:
        """Switch it on every exchange."""
        lane.switches[self.mechanism] = self.on
        switch(lane.model, lane.scenario, self.mechanism, on=self.on)
        return f"{SAID[self.mechanism][0 if self.on else 1]} from now on"


class InjectNews(Change):
    """News that change fundamental values from now on."""

    change: Literal["news"] = "news"
    size: float = Field(ge=-0.5, le=0.5, description="relative change of value for a loading of 1")
    duration_s: float = Field(60.0, ge=0, le=3600.0)

    def act(self, lane: Lane) -> str:
        """Let the news begin now."""
        now_s = lane.now_s + SOON_S
        loading = Stage(lane.scenario, lane.model.seed_used, lane.model.twin).loading
        item = News(now_s, self.duration_s, math.log1p(self.size) * loading)
        lane.model.fundamentals.news += (item,)
        planned = {
            "name": f"news {len(lane.scenario.news) + 1}",
            "time_s": now_s,
            "duration_s": self.duration_s,
            "size": self.size,
        }
        news = [*(item.model_dump() for item in lane.scenario.news), planned]
        lane.scenario = changed(lane.scenario, {"news": news})
        return f"news of {self.size:+.1%} over {self.duration_s:g} s"


class InjectOutage(Change):
    """An exchange processes no message and shows no new price for a while."""

    change: Literal["outage"] = "outage"
    exchange: str = Field(max_length=64)
    duration_s: float = Field(300.0, gt=0, le=86_400.0)

    def act(self, lane: Lane) -> str:
        """Let the outage begin now."""
        if not lane.switches["outage"]:
            raise ValueError("exchanges are never late or down in this run: switch that on first")
        exchange = lane.model.exchange(self.exchange)
        begin_s = lane.now_s + SOON_S
        window = Outage(begin_s, begin_s + self.duration_s)
        exchange.gateway.outages += (window,)
        planned = lane.scenario.venues[lane.model.exchanges.index(exchange)].outages
        windows = [item.model_dump() for item in planned]
        windows.append({"start_s": window.start_s, "end_s": window.end_s})
        lane.scenario = changed(lane.scenario, {f"venues.{self.exchange}.outages": windows})
        return f"outage of {self.exchange} for {self.duration_s:g} s"


class InjectOrder(Change):
    """A large order, worked evenly over some time."""

    change: Literal["order"] = "order"
    instrument: str = Field(max_length=130)
    side: Literal["buy", "sell"] = "sell"
    usd: float = Field(ge=1e3, le=1e9)
    duration_s: float = Field(60.0, gt=0, le=86_400.0)

    def act(self, lane: Lane) -> str:
        """Open an account for it and begin."""
        LargeOrder(lane.model, self.instrument, self.side, self.usd, self.duration_s)
        lane.roster.read()
        return f"order to {self.side} {self.usd:,.0f} USD of {self.instrument} over {self.duration_s:g} s"


class InjectRumour(Change):
    """Those with most followers say something; the others hear it over the social graph."""

    change: Literal["rumour"] = "rumour"
    tone: float = Field(-0.8, ge=-1, le=1, description="-1 fear, 1 greed")
    share: float = Field(0.02, gt=0, le=1, description="part of the people who say it, most followed first")

    def act(self, lane: Lane) -> str:
        """Let them say it now."""
        network = social_network(lane.model)
        if network is None or not getattr(network, "herding", True):
            raise ValueError("there is nobody in this market who would hear a rumour")
        count = max(1, round(self.share * network.graph.nodes))
        say(network, most_followed(network.graph, count), self.tone)
        return f"rumour of tone {self.tone:+.2f} among the {count:,} most followed"


class InjectDepeg(Change):
    """Somebody dumps a coin that is collateral on one exchange and keeps its price there down."""

    change: Literal["depeg"] = "depeg"
    instrument: str = Field(max_length=130)
    fall: float = Field(0.3, gt=0, lt=1, description="below what the coin is redeemed for, share")
    duration_s: float = Field(300.0, gt=0, le=86_400.0)

    def act(self, lane: Lane) -> str:
        """Give the coins to somebody who begins to sell."""
        if self.instrument not in collateral_coins(lane.model):
            known = ", ".join(collateral_coins(lane.model)) or "none in this market"
            raise ValueError(f"{self.instrument} is no coin that counts as collateral (known: {known})")
        Dumper(lane.model, self.instrument, self.fall, self.duration_s)
        lane.roster.read()
        return f"{self.instrument} sold down to {self.fall:.0%} below its value for {self.duration_s:g} s"


AnyChange = Annotated[
    SetParameter | Switch | InjectNews | InjectOutage | InjectOrder | InjectRumour | InjectDepeg,
    Field(discriminator="change"),
]


def with_key(scenario: Scenario, path: str, value: float | str) -> Scenario:
    """Return the scenario with the item at a dotted path set, checked.

    Raises
    ------
    InputError
        For an unknown key, a value out of bounds, or a key that a page may not set.
    """
    if path.split(".")[0] in FORBIDDEN:
        raise InputError(f"{path}: cannot be set from a page; set it on the command line")
    return changed(scenario, {path: value})
