"""Generic conic solvers through CVXPY: the independent references."""

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.duality import certify
from relaxgap.errors import ConfigurationError, MissingSolverError
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.numerics.rows import unit_rows
from relaxgap.problems import Blocks, ConeBlocks, FreeBlocks, Program, Units
from relaxgap.problems.losses import ConicLoss
from relaxgap.solvers.base import Solution, Status, failed, finish
from relaxgap.solvers.column_basis import ColumnBasis
from relaxgap.solvers.needs import for_family, refuse_unless_met
from relaxgap.solvers.references import INSTALL, REFERENCES

if TYPE_CHECKING:
    import cvxpy as cp

ConicName = Literal["clarabel", "ecos", "scs"]
MIN_UNIT = 1e-12
# fractions of rtol to ask for: the certificate rescales the dual point, which costs about a digit,
# and an interior point method pushed past its accuracy may give up well before a looser tolerance
TOLERANCES = {"clarabel": (1e-2, 1e-1), "ecos": (1e-2, 1e-1), "scs": (1e-2,)}


@dataclass(frozen=True, slots=True)
class ConicSolver:
    """Solve a program with a generic conic solver, called by name and never by CVXPY's choice.

    The program is handed over in units where ``y``, ``X`` and every cone row have norm 1, with the
    residual as a variable in units of the optimum, and where an offset or the units of columns
    would cancel in a basis of the columns, which changes nothing in exact arithmetic; the
    certificate is computed in the units given. The multiplier of the residual's equation keeps its
    digits where ``y`` minus the fit cancels, and is offered as the dual point.

    Parameters
    ----------
    name : "clarabel", "ecos" or "scs"
        Clarabel is the default everywhere; ECOS is GPLv3 and SCS is first-order.
    rtol : float
        Relative duality gap to reach.
    max_iterations : int
        Iteration limit of SCS; the interior point methods keep their own.

    Raises
    ------
    MissingSolverError
        If the solver's package is not installed.
    """

    needs: ClassVar[tuple[str, ...]] = ("loss.conic", "family.project")

    name: ConicName = "clarabel"
    rtol: float = 1e-6
    max_iterations: int = 100_000

    def __post_init__(self) -> None:
        if self.name not in REFERENCES:
            raise ConfigurationError(
                f"Expected one of {', '.join(REFERENCES)}, got {self.name!r}; choose one by name."
            )
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < rtol < 1, got {self.rtol}; try 1e-6.")
        if importlib.util.find_spec(self.name) is None:
            raise MissingSolverError(
                f"Expected the solver {self.name!r}, got no package of that name; install it "
                f"with: {INSTALL[self.name]}."
            )

    def solve(self, program: Program, *, deadline: Deadline = NEVER) -> Solution:
        """Solve from scratch; the status rests on the certificate alone.

        The deadline is looked at before each run of the conic solver, of which there are at most
        two, and within those of Clarabel and SCS.

        Notes
        -----
        Generic solvers see 2 d P variables: meant for P d in the thousands.
        """
        refuse_unless_met(self.name, self.needs, program)
        zero = program.zero()
        at_zero = certify(program, zero)
        if at_zero.relative_gap <= self.rtol:
            return Solution(zero, Status.SOLVED, at_zero, 0)
        solutions = []
        for fraction in TOLERANCES[self.name]:
            if deadline.has_passed:
                status = Status.TIME_LIMIT
                solutions.append(Solution(zero, status, at_zero, 0))
                break
            tolerance = max(fraction * self.rtol, 1e-11)
            solved = self.solve_once(
                program, tolerance, at_zero.dual_value, deadline.remaining_seconds
            )
            if solved is None:
                continue
            solution = finish(program, solved.point, self.rtol, solved.n_iterations, solved.nu)
            if solution.status is Status.SOLVED:
                return solution
            if deadline.has_passed:
                solution = replace(solution, status=Status.TIME_LIMIT)
            solutions.append(solution)
        if not solutions:
            if deadline.has_passed:
                return Solution(zero, Status.TIME_LIMIT, at_zero, 0)
            return failed(program)
        return min(solutions, key=lambda solution: solution.certificate.duality_gap)

    def solve_once(
        self, program: Program, tolerance: float, lower_bound: float, seconds: float = np.inf
    ) -> "ConicPoint | None":
        """Run the conic solver once and return its own point, neither feasible nor certified.

        Parameters
        ----------
        program : Program
            Program to solve.
        tolerance : float
            The solver's own tolerance, absolute and relative, in the scaled units.
        lower_bound : float
            A lower bound of the optimum, such as that at zero; it sets the unit of the residual.
        seconds : float
            Time limit; ECOS knows none.

        Returns
        -------
        ConicPoint or None
            None if the solver gave up.
        """
        # a second and a half to import, and only the references need it
        import cvxpy as cp

        data, units = program.data, Units.of(program)
        if units is None:
            return None
        scaled = units.scaled(program)
        X, y, beta = scaled.data.X, scaled.data.y, scaled.beta
        basis = ColumnBasis.of(X, beta)
        if basis is not None:
            X = basis.X
        # a loss of zero at zero leaves nothing to divide by
        r_unit = max(lower_bound / (program.value(program.zero()) or 1.0), MIN_UNIT)
        active = program.patterns.patterns.T.astype(np.float64)
        n_patterns = program.patterns.n_patterns
        admitted = [np.flatnonzero(~row) for row in program.forbidden()]
        blocks = [cp.Variable((rows.size, X.shape[1])) for rows in admitted]
        constraints = for_family(self.name, CONSTRAINTS, program.family)(
            X, active, blocks, admitted
        )
        combined, *others = (
            _placed(w, rows, n_patterns) for w, rows in zip(blocks, admitted, strict=True)
        )
        for sign, w in zip(program.family.signs[1:], others, strict=True):
            combined = combined + w if sign > 0.0 else combined - w
        predictions = cp.sum(cp.multiply(active, X @ combined.T), axis=1)
        # the norm in units in which its weights are at most 1
        w_unit = 1.0 if basis is None else basis.largest_weight
        given = blocks if basis is None else [w @ (basis.back.T / w_unit) for w in blocks]
        penalty = sum(cp.sum(cp.norm(w, 2, axis=1)) for w in given)
        residual = cp.Variable(data.n)
        equation = predictions + r_unit * residual == y
        loss = cast(ConicLoss, program.loss).conic(residual, r_unit, y)
        objective = loss + (beta * w_unit / r_unit) * penalty
        problem = cp.Problem(cp.Minimize(objective), [*constraints, equation])
        try:
            with warnings.catch_warnings():
                # an inaccurate end is graded by our certificate, not by a warning
                warnings.simplefilter("ignore")
                problem.solve(solver=self.name.upper(), **self._options(tolerance, seconds))
        except (cp.error.SolverError, ValueError, ArithmeticError):
            return None
        values = [w.value for w in blocks]
        if any(w is None or not np.all(np.isfinite(w)) for w in values):
            return None
        found = np.zeros(program.shape)
        for w, value, rows in zip(found, values, admitted, strict=True):
            w[rows] = value if basis is None else value @ basis.back.T
        nu = -np.asarray(equation.dual_value, dtype=np.float64) * (r_unit * units.y)
        return ConicPoint(
            Blocks(_drop_negligible(units.back(found))),
            nu,
            n_iterations=int(problem.solver_stats.num_iters or 0),
            compile_seconds=float(problem.compilation_time or 0.0),
        )

    def _options(self, tolerance: float, seconds: float) -> dict[str, Any]:
        if self.name == "clarabel":
            return {
                "time_limit": seconds,
                "tol_gap_abs": tolerance,
                "tol_gap_rel": tolerance,
                "tol_feas": tolerance,
                "max_threads": 1,
            }
        if self.name == "ecos":
            return {"abstol": tolerance, "reltol": tolerance, "feastol": tolerance}
        options = {"eps_abs": tolerance, "eps_rel": tolerance, "max_iters": self.max_iterations}
        return options | ({"time_limit_secs": seconds} if np.isfinite(seconds) else {})


@dataclass(frozen=True, slots=True, eq=False)
class ConicPoint:
    """Hold what a conic solver returned, in the units of the program.

    Parameters
    ----------
    point : Blocks
        Almost in its cones.
    nu : (n,) float64
        Multiplier of the residual's equation, almost dual feasible.
    n_iterations : int
        By the solver's own count.
    compile_seconds : float
        What CVXPY took to bring the program into the solver's form.
    """

    point: Blocks
    nu: Float64[np.ndarray, " n"]
    n_iterations: int
    compile_seconds: float


def _in_cones(
    X: Float64[np.ndarray, "n d"],
    active: Float64[np.ndarray, "n P"],
    blocks: "list[cp.Variable]",
    admitted: list[Int[np.ndarray, " _"]],
) -> "list[cp.Constraint]":
    """Ask every block to lie in the cone of its pattern."""
    import cvxpy as cp

    rows, kept = unit_rows(X), np.any(X != 0.0, axis=1)
    signs = 2.0 * active[kept] - 1.0
    return [
        cp.multiply(signs[:, of], rows @ w.T) >= 0 for w, of in zip(blocks, admitted, strict=True)
    ]


CONSTRAINTS: "Mapping[str, Callable[..., list[cp.Constraint]]]" = {
    ConeBlocks.name: _in_cones,
    FreeBlocks.name: lambda *_: [],
}


def _placed(w: "cp.Expression", rows: Int[np.ndarray, " k"], n_patterns: int) -> "cp.Expression":
    """Put the blocks of some patterns among zeros for all others."""
    if rows.size == n_patterns:
        return w
    from scipy import sparse

    return sparse.eye_array(n_patterns, format="csc")[:, rows] @ w


def _drop_negligible(w: Float64[np.ndarray, "S P d"]) -> Float64[np.ndarray, "S P d"]:
    """Set blocks under 1e-9 of the largest to zero, which interior point methods never do."""
    norms = np.linalg.norm(w, axis=2)
    return np.where((norms > 1e-9 * norms.max(initial=0.0))[:, :, None], w, 0.0)
