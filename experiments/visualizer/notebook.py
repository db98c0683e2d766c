"""A market in a notebook: ``picture = Watch(market)``, then ``picture.show()`` after some steps."""

from experiments.visualizer.mesa_market import MesaMarket
from experiments.visualizer.painter import CHARTS, Painter


class Watch(Painter):
    """Charts of a market for Jupyter, marimo, or another host of widgets.

    Parameters
    ----------
    market
        What to show.
    charts
        Which charts; all when not given.
    """

    def __init__(self, market: MesaMarket, *charts: str) -> None:
        super().__init__(*(charts or CHARTS))
        self.market = market
        self.known = market.layout
        self.show()

    def show(self) -> None:
        """Paint the market as it is now."""
        self.frame = self.market.frame(self.have)
