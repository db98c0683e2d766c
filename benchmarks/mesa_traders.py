"""Noise traders the usual Mesa way: one Python object and one ``step()`` each, single orders to the books."""

import math

import mesa

from abm.book.messages import BUY, IOC, LIMIT, REDUCE_ONLY, SELL, Records
from abm.book.orderbook import OrderBooks
from abm.instruments import SPOT
from agents.noise_trader import NoiseParameters


class PlainMarket(mesa.Model):
    """Order books and the traders of ``table``; nobody is margined, nothing is settled but the fills."""

    def __init__(
        self,
        seed: int,
        parameters: NoiseParameters,
        table: Records,
        books: OrderBooks,
        instruments: Records,
        mid: list[float],
        step_s: float,
    ) -> None:
        super().__init__(seed=seed)
        self.parameters, self.books, self.mid, self.step_s = parameters, books, mid, step_s
        self.tick = instruments["tick"].tolist()
        self.lot = instruments["lot"].tolist()
        self.spot = (instruments["kind"] == SPOT).tolist()
        self.now_s = 0.0
        self.orders = 0
        for account, instrument, order_usd, inventory_usd in table.tolist():
            PlainNoiseTrader(self, account, instrument, order_usd, inventory_usd)

    def step(self) -> None:
        """Ask everybody in a random order, then look at the quotes."""
        self.agents.shuffle_do("step")
        self.now_s += self.step_s
        for i, tick in enumerate(self.tick):
            bid, ask = self.books.best_bid(i), self.books.best_ask(i)
            if bid is not None and ask is not None:
                self.mid[i] = (bid + ask) / 2 * tick


class PlainNoiseTrader(mesa.Agent):
    """The same rule as `agents.noise_trader.decide_noise` at constant activity, for one trader."""

    def __init__(
        self, model: PlainMarket, account: int, instrument: int, order_usd: float, inventory_usd: float
    ) -> None:
        super().__init__(model)
        self.account, self.instrument = account, instrument
        self.order_usd, self.inventory_usd = order_usd, inventory_usd

    def step(self) -> None:
        """Send as many orders as a Poisson draw says."""
        model, random = self.model, self.random
        u = random.random()
        mean = model.parameters.rate_per_hour / 3600.0 * model.step_s
        chance = total = math.exp(-mean)
        count = 0
        while u > total and count < 20:
            count += 1
            chance *= mean / count
            total += chance
            self.send_one()

    def send_one(self) -> None:
        """Draw side, size and kind; send."""
        model, random, i = self.model, self.random, self.instrument
        p, mid = model.parameters, model.mid[i]
        held = model.books.position[i, self.account] * model.lot[i] * mid
        lean = math.tanh((held - self.inventory_usd) / (4.0 * self.order_usd))
        side = BUY if random.random() < 0.5 - 0.45 * lean else SELL
        draw = random.gauss(0.0, 1.0)
        size = self.order_usd * math.exp(p.size_spread * draw - 0.5 * p.size_spread * p.size_spread)
        lots = int(size / (mid * model.lot[i]))
        if lots < 1:
            return
        model.orders += 1
        now = int(model.now_s * 1e9)
        sign = 1 - 2 * side
        flags = REDUCE_ONLY if model.spot[i] and side == SELL else 0
        if random.random() < p.market_share:
            price = max(1, int(mid * (1.0 + sign * p.slippage) / model.tick[i]))
            model.books.submit(i, side, lots, price, IOC, self.account, flags, time=now)
        else:
            price = max(
                1, int(mid * (1.0 - sign * p.limit_distance * random.expovariate(1.0)) / model.tick[i])
            )
            expiry = now + int(p.limit_life_s * 1e9)
            model.books.submit(i, side, lots, price, LIMIT, self.account, flags, expiry=expiry, time=now)
