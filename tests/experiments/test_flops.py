import ast
import types

import numpy as np
import pytest
import scipy.linalg
from scipy.linalg import blas, lapack

from relaxgap.experiments.timing.flops import COSTS, PRODUCT, Counter, _CountedProducts, install

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((4, 6)), RNG.standard_normal((6, 5))
S = A @ A.T


def test_every_product_of_a_source_is_counted() -> None:
    counter = Counter()
    tree = _CountedProducts().visit(ast.parse("c = (a @ b) @ (b.T @ a.T @ v); d = a * a"))
    names = {PRODUCT: counter.product, "a": A, "b": B, "v": np.ones(4)}
    exec(compile(ast.fix_missing_locations(tree), "source", "exec"), names)
    np.testing.assert_allclose(names["c"], A @ B @ B.T @ A.T @ np.ones(4))  # type: ignore[arg-type]
    # 4x6 by 6x5, 5x6 by 6x4, 5x4 by 4, 4x5 by 5
    assert counter.flops == 2 * (4 * 6 * 5 + 5 * 6 * 4 + 5 * 4 + 4 * 5)


@pytest.mark.parametrize(
    ("module", "name", "arguments", "flops"),
    [
        ("numpy", "matmul", (A, B), 2 * 4 * 6 * 5),
        ("numpy", "dot", (A, B), 2 * 4 * 6 * 5),
        ("numpy", "einsum", ("ij,jk->ik", A, B), 2 * 4 * 6 * 5),
        ("numpy", "einsum", ("ij,ij->i", A, A), 2 * 4 * 6),
        ("scipy.linalg", "cho_factor", (S,), 4**3 / 3),
        ("scipy.linalg", "cho_solve", (scipy.linalg.cho_factor(S), A), 2 * 4**2 * 6),
        ("scipy.linalg", "solve", (S, A), 2 * 4**3 / 3 + 2 * 4**2 * 6),
        ("scipy.linalg", "solve_triangular", (np.triu(S), A), 4**2 * 6),
        ("scipy.linalg.blas", "dgemm", (1.0, A, B), 2 * 4 * 6 * 5),
        ("scipy.linalg.blas", "dsyrk", (1.0, A), 4**2 * 6),
        ("scipy.linalg.blas", "dtrsm", (1.0, np.triu(S), A), 4**2 * 6),
        ("scipy.linalg.lapack", "dpotrf", (S,), 4**3 / 3),
        ("scipy.linalg.lapack", "dpotrs", (lapack.dpotrf(S)[0], A), 2 * 4**2 * 6),
    ],
)
def test_a_kernel_costs_what_its_shapes_say(
    module: str, name: str, arguments: tuple[object, ...], flops: float
) -> None:
    counter = Counter()
    source = {"numpy": np, "scipy.linalg": scipy.linalg, "scipy.linalg.blas": blas}
    holder = types.ModuleType("holder")
    setattr(holder, name, getattr(source.get(module, lapack), name))
    counter.wrap(holder, name, COSTS[module][name])
    result = getattr(holder, name)(*arguments)
    assert result is not None
    assert counter.flops == pytest.approx(flops)


def test_counting_that_comes_too_late_is_refused() -> None:
    import relaxgap.solvers

    assert relaxgap.solvers.__name__
    with pytest.raises(RuntimeError, match="count before the import of relaxgap"):
        install()
