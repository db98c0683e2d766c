"""What a page looks at, and what it has already."""

from dataclasses import dataclass, field

from experiments.visualizer.roster import Query


@dataclass
class View:
    """What a page looks at, and what it has already.

    Attributes
    ----------
    focus
        Instrument of heatmap and liquidation map, by its place among all.
    query
        What of the table of agents is shown.
    have, have_pictures, have_track
        For each lane, how many steps of series, of pictures of the focus, and of the followed agent the page
        has.
    """

    focus: int = 0
    query: Query = field(default_factory=Query)
    have: list[int] = field(default_factory=lambda: [0, 0])
    have_pictures: list[int] = field(default_factory=lambda: [0, 0])
    have_track: list[int] = field(default_factory=lambda: [0, 0])

    def forget(self) -> None:
        """Note that the page has nothing."""
        self.have, self.have_pictures, self.have_track = [0, 0], [0, 0], [0, 0]
