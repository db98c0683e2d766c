"""What institutions agree with their creditors and depositors, and what a failure costs."""

from dataclasses import dataclass

from abm.networks.checked import checked_rate, checked_share


@dataclass(frozen=True)
class CreditTerms:
    """How fast institutions have to pay, and what a failure costs; times in seconds.

    Attributes
    ----------
    call_s
        Time to pay what creditors ask back; whoever is below its limit of leverage by then is spared.
    queue_s
        Time that depositors wait before an institution counts as failed.
    callable_share
        Share of a debt that a creditor may ask back before its end.
    illiquid_per_hour
        Rate at which the illiquid asset can be sold, 1/hour.
    haircut
        Share of its value lost in a sale.
    run_per_hour
        Rate at which depositors everywhere ask their money back when every institution has failed, 1/hour.
    run_fade_s
        Time in which a run calms down.
    reveal_s
        Mean time until a failure is public, and until a creditor knows its loss.
    recovered_outside, recovered_inside
        See `abm.networks.clearing.clear`.
    """

    call_s: float = 21600.0
    queue_s: float = 86400.0
    callable_share: float = 0.3
    illiquid_per_hour: float = 0.02
    haircut: float = 0.3
    run_per_hour: float = 0.5
    run_fade_s: float = 21600.0
    reveal_s: float = 7200.0
    recovered_outside: float = 0.8
    recovered_inside: float = 0.8

    def __post_init__(self) -> None:
        for name in ("callable_share", "haircut", "recovered_outside", "recovered_inside"):
            checked_share(name, getattr(self, name))
        for name in ("call_s", "queue_s", "illiquid_per_hour", "run_per_hour", "reveal_s"):
            checked_rate(name, getattr(self, name))
