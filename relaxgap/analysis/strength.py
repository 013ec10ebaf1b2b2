"""Which beta a verb takes, and whether the patterns are few enough to enumerate."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from relaxgap.analysis.preparation import Prepared
from relaxgap.certificates import beta_max, price_of_gates
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError, NoUnitError
from relaxgap.global_optimum.local_pricing import estimate_beta_max
from relaxgap.numerics.clock import NEVER, Deadline, OutOfTimeError, in_force
from relaxgap.numerics.limits import MAX_BITS_SOLVED_AT_ONCE
from relaxgap.numerics.rounding import magnitude
from relaxgap.patterns import enumerate_patterns, predicted_count
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems import PROGRAMS
from relaxgap.problems.biases import Bias
from relaxgap.problems.losses import SQUARED, Loss

MAX_UNITS, MAX_UNITS_ESTIMATED, UNIT_RTOL, STEP_DOWN = 90, 6, 1e-9, 0.8
"""Rounds, of units that are found by local ascent too, relative accuracy that ends them, and the
steps down, of a unit that depends on itself."""
BETA_MAX_SHARE = 0.3
"""Fraction of the time left that the way to ``beta_max`` may take."""
ZERO_PRICE = 1e-10
"""Relative size below which ``beta_max``, rounded up as it is, may be nothing but rounding."""


def is_small(data: Dataset) -> bool:
    """Whether the arrangement is small enough to enumerate without asking; otherwise bracket."""
    return predicted_count(data.X).cover_count * data.n <= MAX_BITS_SOLVED_AT_ONCE


@dataclass(frozen=True, slots=True)
class Regularisation:
    """Give ``beta`` absolutely or as a fraction of the critical regularisation, exactly one.

    Parameters
    ----------
    beta : float or None
        Absolute strength.
    beta_fraction : float or None
        Fraction of ``beta_max`` over all patterns.
    program : str
        Whose ``beta_max`` is the unit of the fraction: ``relu`` or ``gated``.
    loss : Loss
        Of that program.

    Raises
    ------
    ConfigurationError
        If none or both are given, one is not positive and finite, or the program is unknown.
    """

    beta: float | None = None
    beta_fraction: float | None = None
    program: str = "relu"
    loss: Loss = SQUARED

    def __post_init__(self) -> None:
        if (self.beta is None) == (self.beta_fraction is None):
            got = "neither" if self.beta is None else f"{self.beta} and {self.beta_fraction}"
            raise ConfigurationError(
                f"Expected exactly one of beta and beta_fraction, got {got}; give for example "
                "beta_fraction=0.1."
            )
        for name, value in (("beta", self.beta), ("beta_fraction", self.beta_fraction)):
            if value is not None and not (value > 0.0 and math.isfinite(value)):
                raise ConfigurationError(
                    f"Expected a positive, finite {name}, got {value}; raise {name}."
                )
        if self.program not in PROGRAMS:
            raise ConfigurationError(
                f"Expected a program out of {', '.join(PROGRAMS)}, got {self.program!r}; choose "
                "one."
            )

    def resolve(self, data: Dataset, patterns: PatternSet, deadline: Deadline = NEVER) -> float:
        """Return the absolute ``beta``; a fraction is one of ``beta_max`` over ``patterns``.

        Where pricing them takes more than its share of the time, the unit is the largest price of a
        gate: ``beta``, then, is smaller.

        Raises
        ------
        NoUnitError
            If ``beta_max`` is zero (``X`` or ``y`` vanishes), so that no fraction is positive.
        """
        if self.beta is not None:
            return float(self.beta)
        try:
            with in_force(deadline.within(BETA_MAX_SHARE)):
                unit = beta_max(data, patterns, PROGRAMS[self.program], self.loss)
        except OutOfTimeError:
            unit = price_of_gates(data, patterns, self.loss)
        return self._fraction_of(unit)

    def resolve_over_all(self, data: Dataset, deadline: Deadline = NEVER) -> float:
        """Return the absolute ``beta``; the unit of a fraction is ``beta_max`` over all patterns.

        Over more patterns than `is_small` allows that is the largest price of the labels that local
        ascent finds, which a near deadline cuts short: then the unit, and ``beta``, are smaller.

        Raises
        ------
        NoUnitError
            If it is zero.
        """
        if self.beta is not None:
            return float(self.beta)
        if is_small(data):
            patterns = enumerate_patterns(data.X, limit=MAX_BITS_SOLVED_AT_ONCE)
            return self.resolve(data, patterns, deadline)
        turn = deadline.within(BETA_MAX_SHARE)
        return self._fraction_of(estimate_beta_max(data, deadline=turn, loss=self.loss))

    def resolved(
        self, prepared: Prepared, patterns: PatternSet | None, deadline: Deadline = NEVER
    ) -> float:
        """Return the absolute ``beta`` of a problem that may have an output bias.

        The unit is the least strength from which on zero weights are optimal beside the best
        constant. Where that costs something it depends on the strength itself.

        Parameters
        ----------
        prepared : Prepared
            The problem.
        patterns : PatternSet or None
            As for `resolve`; None is all of them, as for `resolve_over_all`.
        deadline : Deadline
            Of all the work.

        Raises
        ------
        NoUnitError
            If the unit is zero up to rounding.
        """
        if self.beta is not None:
            return float(self.beta)
        of_one = replace(self, beta_fraction=1.0)
        if patterns is None and is_small(prepared.data):
            # once for all prices, and so that the unit is the one of listed patterns
            patterns = enumerate_patterns(prepared.data.X, limit=MAX_BITS_SOLVED_AT_ONCE)

        def price(at: tuple[Dataset, Loss]) -> float:
            data, loss = at
            of_loss = replace(of_one, loss=loss)
            try:
                if patterns is None:
                    return of_loss.resolve_over_all(data, deadline)
                return of_loss.resolve(data, patterns, deadline)
            except NoUnitError:
                return 0.0

        unit = price(prepared.at_zero())
        if prepared.biases.output is Bias.PENALISED:
            unit = least_strength(
                lambda at: price(prepared.at_zero(at)),
                max(unit, price(prepared.at(0.0))),
                deadline,
                MAX_UNITS if patterns is not None else MAX_UNITS_ESTIMATED,
            )
        data, _ = prepared.at_zero(unit)
        if prepared.biases.output is Bias.PENALISED:
            # a constant in the place of weights leaves nothing to compare with
            data = prepared.data
        if unit <= ZERO_PRICE * magnitude(data.X, data.y):
            unit = 0.0
        return self._fraction_of(unit)

    def _fraction_of(self, unit: float) -> float:
        if unit == 0.0:
            raise NoUnitError(
                "Expected data with beta_max > 0, got beta_max = 0 up to rounding (X or y is zero, "
                "or constant beside an output bias); give beta."
            )
        return float(self.beta_fraction or 0.0) * unit


def least_strength(
    price: Callable[[float], float], above: float, deadline: Deadline, steps: int = MAX_UNITS
) -> float:
    """Return the strength from which on zero weights are optimal beside a constant that costs.

    From above: smaller strengths at which they are may have larger ones at which they are not,
    since the constant that takes the place of weights costs more there.

    Parameters
    ----------
    price : callable
        The largest price of zero weights at a strength.
    above : float
        A strength from which on they are optimal.
    deadline : Deadline
        After which the last one found is returned.
    steps : int
        At most so many.
    """
    low = 0.0
    for _ in range(steps):
        if above - low <= UNIT_RTOL * above or deadline.has_passed:
            break
        # in small steps from above, then between the last two
        at = 0.5 * (low + above) if low > 0.0 else STEP_DOWN * above
        if price(at) > at:
            low = at
        else:
            above = at
    return above
