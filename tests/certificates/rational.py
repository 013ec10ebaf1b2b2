"""Check a certificate in exact rational arithmetic: every float is a fraction."""

from fractions import Fraction

import numpy as np

from relaxgap.certificates import DualCertificate
from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares
from relaxgap.problems import Blocks, Program

Vector = list[Fraction]


def fractions(values: np.ndarray) -> Vector:
    return [Fraction(float(value)) for value in values]


def dot(a: Vector, b: Vector) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def certificate_holds(program: Program, certificate: DualCertificate) -> bool:
    """Whether ``nu`` is exactly feasible and its exact dual value reaches the one claimed."""
    y, nu = fractions(program.data.y), fractions(certificate.nu)
    if Fraction(certificate.dual_value) > dot(y, nu) - dot(nu, nu) / 2:
        return False
    return all(
        constraint_holds(program, certificate.nu, pattern, sign)
        for i, pattern in enumerate(program.patterns.patterns)
        for k, sign in enumerate((1, -1))
        if is_allowed(program, k, i)
    )


def is_allowed(program: Program, row: int, pattern: int) -> bool:
    if (program.family.name == "gated") or program.family.allowed is None:
        return True
    return bool(program.family.allowed[row, pattern])


def constraint_holds(program: Program, nu: np.ndarray, pattern: np.ndarray, sign: int) -> bool:
    rows = [fractions(row) for row in program.data.X]
    weights = fractions(np.where(pattern, sign * nu, 0.0))
    g = combine(rows, weights)
    limit = Fraction(program.beta) ** 2
    if dot(g, g) <= limit:
        return True
    if program.family.name == "gated":
        return False
    cone = [
        row if active else [-x for x in row]
        for row, active in zip(rows, pattern, strict=True)
        if any(row)
    ]
    # any non-negative multipliers prove the bound; floating point only suggests them
    return any(
        dot(shifted, shifted) <= limit
        for multipliers in suggested_multipliers(cone, g)
        for shifted in [[a + b for a, b in zip(g, combine(cone, multipliers), strict=True)]]
    )


def combine(rows: list[Vector], weights: Vector) -> Vector:
    return [dot(list(column), weights) for column in zip(*rows, strict=True)]


def suggested_multipliers(cone: list[Vector], g: Vector) -> list[Vector]:
    sizes = [Fraction(max(abs(float(x)) for x in row)) for row in cone]
    size = Fraction(max(abs(float(x)) for x in g))
    unit = np.array([[float(x / s) for x in row] for row, s in zip(cone, sizes, strict=True)])
    found = nonnegative_least_squares(unit.T, np.array([-float(x / size) for x in g]))
    rough = [Fraction(float(m)) * size / s for m, s in zip(found, sizes, strict=True)]
    support = [j for j, m in enumerate(found) if m > 0.0]
    polished = solve_least_squares([cone[j] for j in support], [-x for x in g])
    if polished is None or any(m < 0 for m in polished):
        return [rough]
    exact = [Fraction(0)] * len(cone)
    for j, m in zip(support, polished, strict=True):
        exact[j] = m
    return [rough, exact]


def solve_least_squares(rows: list[Vector], target: Vector) -> Vector | None:
    """Solve the normal equations by exact elimination; None if they are singular."""
    k = len(rows)
    table = [[dot(a, b) for b in rows] + [dot(a, target)] for a in rows]
    for i in range(k):
        pivot = next((r for r in range(i, k) if table[r][i] != 0), None)
        if pivot is None:
            return None
        table[i], table[pivot] = table[pivot], table[i]
        for r in range(k):
            if r != i and table[r][i] != 0:
                factor = table[r][i] / table[i][i]
                table[r] = [a - factor * b for a, b in zip(table[r], table[i], strict=True)]
    return [table[i][k] / table[i][i] for i in range(k)]


def network_value(program: Program, point: Blocks) -> Fraction:
    """Bound the training loss of the mapped network from above, to 1e-40 relative."""
    rows = [fractions(row) for row in program.data.X]
    residual = fractions(program.data.y)
    penalty = Fraction(0)
    for blocks, sign in ((point.w[0], 1), (point.w[1], -1)):
        for block in blocks[np.any(blocks != 0.0, axis=1)]:
            w = fractions(block)
            residual = [
                r - sign * max(dot(x, w), Fraction(0)) for r, x in zip(residual, rows, strict=True)
            ]
            penalty += square_root_above(dot(w, w))
    return dot(residual, residual) / 2 + Fraction(program.beta) * penalty


def square_root_above(value: Fraction) -> Fraction:
    guess = Fraction(float(np.sqrt(float(value)))) if float(value) > 0.0 else Fraction(0)
    if guess == 0:
        return guess
    for _ in range(2):
        guess = (guess + value / guess) / 2
    # Newton's iterates lie above the root
    return guess
