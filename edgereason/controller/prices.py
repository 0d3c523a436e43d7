"""What time and energy are worth: the choice among options by a price, or the cheapest of those that are nearly best.

A point is a hundredth of the chance to be right. Under a deadline time is free unless a price is named: the cheapest
option within a tolerance of the best is taken. Without a deadline there is always a price, DEFAULT_PER_SECOND unless
another is named: a longer or wider plan is taken as long as each further second buys that many points.
Pure: the same options, the same choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgereason.controller.costs import pass_joules
from edgereason.controller.expected import TOLERANCE, Option, best, runner_up
from edgereason.errors import ConfigError
from edgereason.types import Budget, PassCosts

DEFAULT_PER_SECOND = 0.1  # points: without a deadline ten seconds more must buy one


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Points of expected accuracy that a second, and a joule, must buy."""

    per_second: float
    per_joule: float = 0.0

    @property
    def words(self) -> str:
        """The price, with its default called one."""
        second = f"{self.per_second:g} points a second"
        default = " (the default)" if self == Price(per_second=DEFAULT_PER_SECOND) else ""
        return second + (f" and {self.per_joule:g} a joule" if self.per_joule else "") + default


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The option taken, the best one of another number of votes, and why the first, in words."""

    option: Option
    runner_up: Option | None
    because: str


def check_enforceable(budget: Budget, costs: PassCosts, *, has_curves: bool) -> None:
    """Raise ConfigError where a limit or a price is named that nothing here could keep to.

    has_curves: whether an accuracy profile of the model is known.
    """
    if budget.max_joules is not None or budget.price_per_joule is not None:
        pass_joules(costs, 1)
    if not has_curves and (budget.price_per_second, budget.price_per_joule) != (None, None):
        raise ConfigError(
            "A price needs an accuracy profile of this model: without one nobody knows what a second buys.",
            hint="`edgereason calibrate` records one; or limit the time with a deadline.",
        )


def price_of(budget: Budget) -> Price | None:
    """The price that a budget names, or the default without a deadline; None: time is free up to the deadline."""
    if budget.price_per_second is None and budget.price_per_joule is None:
        return Price(per_second=DEFAULT_PER_SECOND) if budget.deadline_s is None else None
    return Price(per_second=budget.price_per_second or 0.0, per_joule=budget.price_per_joule or 0.0)


def worth(option: Option, price: Price, joules_of: Callable[[Option], float]) -> float:
    """Points of expected accuracy less what the time and, where it has a price, the energy of an option cost."""
    joules = price.per_joule * joules_of(option) if price.per_joule else 0.0
    return 100 * option.accuracy - price.per_second * option.seconds - joules


def worth_most(found: Sequence[Option], price: Price, joules_of: Callable[[Option], float]) -> Option:
    """The option that is worth most; of equals the one that takes the least time."""
    return max(found, key=lambda option: (worth(option, price, joules_of), -option.seconds, -option.rows))


def choose_option(found: Sequence[Option], price: Price | None, joules_of: Callable[[Option], float]) -> Choice:
    """The choice among at least one option; joules_of: expected joules of one, asked only where joules have a price."""
    if price is None:
        chosen = best(found)
        because = f"the least time within {100 * TOLERANCE:.1f} points of the best"
        return Choice(option=chosen, runner_up=runner_up(found, chosen), because=because)
    chosen = worth_most(found, price, joules_of)
    others = [option for option in found if option.rows * option.rounds != chosen.rows * chosen.rounds]
    second = worth_most(others, price, joules_of) if others else None
    return Choice(option=chosen, runner_up=second, because=f"worth the most at {price.words}")
