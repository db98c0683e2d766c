"""Fundamental values and news."""

import math

import numpy as np
import numpy.typing as npt

from abm.information.fundamental import Fundamentals, ValueProcess
from abm.information.news import News
from experiments.building.stage import Stage


def make_news(stage: Stage) -> tuple[News, ...]:
    """Return the scenario's news, with its effect on each asset."""
    return tuple(
        News(
            time_s=event.time_s,
            duration_s=event.duration_s,
            log_change=math.log1p(event.size) * stage.loading,
            equity_log_change=math.log1p(event.equity_size),
            volatility_multiple=event.volatility_multiple,
            volatility_half_life_s=event.volatility_half_life_s,
        )
        for event in stage.scenario.news
    )


def make_fundamentals(stage: Stage, volatility: npt.NDArray[np.float64]) -> Fundamentals:
    """Return values and news.

    Parameters
    ----------
    volatility
        Calm volatility of each asset's log value, per square root of a second, shape ``(assets,)``.
    """
    scenario = stage.scenario
    process = ValueProcess(
        price_usd=stage.per_asset("price_usd"),
        volatility=volatility,
        base=stage.base,
        factor_share=np.array([asset.factor_share for asset in scenario.assets]),
        **scenario.fundamentals.model_dump(),
    )
    return Fundamentals(process, make_news(stage), stage.seed)
