"""An order book in plain Python, slow and short, to hold the compiled one against."""

import copy
from dataclasses import dataclass, field

from abm.book import messages as m


@dataclass
class Order:
    id: int
    account: int
    side: int
    kind: int
    price: int
    lots: int
    flags: int
    trigger: int
    expiry: int

    def has(self, flag: int) -> bool:
        return bool(self.flags & flag)

    def crosses(self, price: int) -> bool:
        if self.kind == m.MARKET:
            return True
        return price <= self.price if self.side == m.BUY else price >= self.price


@dataclass
class ReferenceBook:
    position: list[int]  # lots by account
    resting: list[Order] = field(default_factory=list)  # in order of time priority
    waiting: list[Order] = field(default_factory=list)  # in order of arrival
    fired: list[Order] = field(default_factory=list)
    fills: list[tuple] = field(default_factory=list)
    last: int = 0
    mark: int = 0
    time: int = 0

    # what is asked of it

    def handle(self, row) -> tuple[int, int, list[tuple]]:
        """Return status, lots filled, and fills of one message."""
        self.fills = []
        self.advance(row["time"])
        if row["kind"] == m.CANCEL:
            status, filled = self.cancel(row), 0
        elif row["kind"] == m.AMEND:
            status, filled = self.amend(row)
        else:
            status, filled = self.submit(row)
        self.let_fired_enter()
        return status, filled, self.fills

    def set_mark(self, mark: int, time: int) -> list[tuple]:
        self.fills = []
        self.advance(time)
        self.mark = mark
        if mark:
            self.fire([o for o in self.by_trigger(m.TRIGGER_ON_MARK, falling=True) if o.trigger >= mark])
            self.fire([o for o in self.by_trigger(m.TRIGGER_ON_MARK, falling=False) if o.trigger <= mark])
        self.let_fired_enter()
        return self.fills

    # messages

    def find(self, order_id: int) -> Order | None:
        return next((o for o in self.resting + self.waiting if o.id == order_id), None)

    def remove(self, order: Order) -> None:
        for orders in (self.resting, self.waiting):
            orders[:] = [o for o in orders if o is not order]

    def advance(self, time: int) -> None:
        self.time = time
        for order in self.resting + self.waiting:
            if order.expiry and order.expiry <= time:
                self.remove(order)

    def cancel(self, row) -> int:
        order = self.find(row["id"])
        if order is None or row["account"] != order.account:
            return m.REJECTED_UNKNOWN
        self.remove(order)
        return m.CANCELLED

    def submit(self, row) -> tuple[int, int]:
        if row["kind"] not in range(5) or row["side"] not in (0, 1) or row["id"] < 1:
            return m.REJECTED_MALFORMED, 0
        if row["account"] not in range(len(self.position)):
            return m.REJECTED_MALFORMED, 0
        if (row["kind"] != m.MARKET and row["price"] < 1) or row["trigger"] < 0:
            return m.REJECTED_PRICE, 0
        if row["lots"] < 1:
            return m.REJECTED_LOTS, 0
        if self.find(row["id"]):
            return m.REJECTED_DUPLICATE, 0
        if row["expiry"] and row["expiry"] <= row["time"]:
            return m.EXPIRED, 0
        names = ("id", "account", "side", "kind", "price", "lots", "flags", "trigger", "expiry")
        order = Order(**{name: row[name] for name in names})
        if not order.trigger:
            return self.enter(order, row["source"])
        if not self.breached(order):
            self.waiting.append(order)
            return m.WAITING, 0
        return self.enter(order, m.STOP)

    def amend(self, row) -> tuple[int, int]:
        order = self.find(row["id"])
        if order is None or row["account"] != order.account:
            return m.REJECTED_UNKNOWN, 0
        waits = any(o is order for o in self.waiting)
        if (order.kind != m.MARKET and row["price"] < 1) or (waits and row["trigger"] < 0):
            return m.REJECTED_PRICE, 0
        if row["lots"] < 1:
            return m.REJECTED_LOTS, 0
        if waits:
            order.price, order.lots = row["price"], row["lots"]
            if row["trigger"] in (0, order.trigger):
                return m.AMENDED, 0
            order.trigger = row["trigger"]
            self.remove(order)
            if self.breached(order):
                return self.enter(order, m.STOP)
            self.waiting.append(order)
            return m.AMENDED, 0
        if row["price"] == order.price and row["lots"] <= order.lots:
            order.lots = row["lots"]
            return m.AMENDED, 0
        changed = copy.copy(order)
        changed.price, changed.lots = row["price"], row["lots"]
        refused = self.refusal(changed)
        if refused:
            return refused, 0
        self.remove(order)
        return self.enter(changed, row["source"])

    # trading

    def reducible(self, order: Order) -> int:
        held = self.position[order.account]
        return max(-held if order.side == m.BUY else held, 0)

    def opposite(self, order: Order) -> list[Order]:
        """Resting orders that ``order`` could trade with, best price first, then first come."""
        makers = [o for o in self.resting if o.side != order.side and order.crosses(o.price)]
        return sorted(makers, key=lambda o: o.price if order.side == m.BUY else -o.price)

    def refusal(self, order: Order) -> int:
        if order.has(m.REDUCE_ONLY) and self.reducible(order) == 0:
            return m.REJECTED_REDUCE
        if order.kind == m.POST_ONLY and self.opposite(order):
            return m.REJECTED_CROSSING
        return 0

    def enter(self, order: Order, source: int) -> tuple[int, int]:
        refused = self.refusal(order)
        if refused:
            return refused, 0
        wanted = min(order.lots, self.reducible(order)) if order.has(m.REDUCE_ONLY) else order.lots
        clipped = wanted < order.lots
        if order.kind == m.FOK:
            trial = copy.deepcopy(self)
            if trial.match(copy.copy(order), wanted, source)[0]:
                return m.REJECTED_UNFILLABLE, 0
        before = len(self.fills)
        left, stopped = self.match(order, wanted, source)
        prices = [fill[1] for fill in self.fills[before:]]
        if prices:
            self.fire_on_trades(min(prices), max(prices), order.side)
        if left == 0:
            return m.EXPIRED if clipped else m.FILLED, wanted
        if stopped or order.kind not in (m.LIMIT, m.POST_ONLY):
            return m.EXPIRED, wanted - left
        order.lots = left
        self.resting.append(order)
        return m.RESTING, wanted - left

    def match(self, taker: Order, lots: int, source: int) -> tuple[int, bool]:
        sign = 1 if taker.side == m.BUY else -1
        while lots and self.opposite(taker):
            maker = self.opposite(taker)[0]
            if maker.account == taker.account and (taker.has(m.EXPIRE_MAKER) or taker.has(m.EXPIRE_TAKER)):
                if taker.has(m.EXPIRE_MAKER):
                    self.remove(maker)
                if taker.has(m.EXPIRE_TAKER):
                    return lots, True
                continue
            most = self.reducible(maker) if maker.has(m.REDUCE_ONLY) else maker.lots
            traded = min(lots, maker.lots, most)
            if traded:
                held = (self.position[maker.account], self.position[taker.account])
                accounts = (maker.account, taker.account)
                self.fills.append(
                    (self.time, maker.price, traded, maker.id, taker.id, *held, *accounts, taker.side, source)
                )
                self.position[maker.account] -= sign * traded
                self.position[taker.account] += sign * traded
                self.last = maker.price
                lots -= traded
                maker.lots -= traded
            if maker.lots == 0 or traded == most:
                self.remove(maker)
        return lots, False

    # triggers

    def breached(self, order: Order) -> bool:
        price = self.mark if order.has(m.TRIGGER_ON_MARK) else self.last
        if not price:
            return False
        return price >= order.trigger if order.has(m.TRIGGER_RISING) else price <= order.trigger

    def by_trigger(self, on_mark: int, falling: bool) -> list[Order]:
        """Waiting orders of one sort, in the order in which a moving price reaches them."""
        some = [
            o
            for o in self.waiting
            if (o.flags & m.TRIGGER_ON_MARK) == on_mark and o.has(m.TRIGGER_RISING) != falling
        ]
        return sorted(some, key=lambda o: -o.trigger if falling else o.trigger)

    def fire_on_trades(self, low: int, high: int, side: int) -> None:
        falling = [o for o in self.by_trigger(0, falling=True) if o.trigger >= low]
        rising = [o for o in self.by_trigger(0, falling=False) if o.trigger <= high]
        self.fire(falling + rising if side == m.BUY else rising + falling)

    def fire(self, orders: list[Order]) -> None:
        for order in orders:
            self.remove(order)
            self.fired.append(order)

    def let_fired_enter(self) -> None:
        while self.fired:
            self.enter(self.fired.pop(0), m.STOP)
