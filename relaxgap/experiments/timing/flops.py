"""Count the floating-point operations of a solver's dense kernels, by the shapes of their calls.

No counter of the processor is asked, so it works anywhere: every ``a @ b`` in relaxgap's source is
compiled into a counting call, and the factorisations and solves of SciPy are wrapped. What is not
listed here (element-wise work, NNLS) counts nothing. Operations in single precision count like
those in double, and a bit times a number like any product. A counted run is not a timed one.
"""

import ast
import builtins
import importlib
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

PRODUCT = "__counted_product__"
COMPUTING = ("relaxgap.numerics", "relaxgap.problems", "relaxgap.certificates", "relaxgap.solvers")


@dataclass(slots=True)
class Counter:
    """Hold the running count; the one mutable thing of a counted process."""

    flops: float = 0.0

    def product(self, a: Any, b: Any) -> Any:
        """Return ``a @ b`` and count it."""
        result = a @ b
        self.flops += 2.0 * a.shape[-1] * _size(result)
        return result

    def wrap(self, module: ModuleType, name: str, cost: Callable[..., float]) -> None:
        """Replace a function of a module by one that counts."""
        function = getattr(module, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            result = function(*arguments, **options)
            self.flops += cost(result, *arguments)
            return result

        setattr(module, name, counting)


def install() -> Counter:
    """Count from now on in every relaxgap module that is imported later.

    Raises
    ------
    RuntimeError
        If modules that compute have been imported already, and would not count.
    """
    loaded = [name for name in sys.modules if name.startswith(COMPUTING)]
    if loaded:
        raise RuntimeError(f"Expected to count before the import of {loaded[0]}; import it later.")
    counter = Counter()
    setattr(builtins, PRODUCT, counter.product)
    sys.meta_path.insert(0, _CountingFinder())
    for module, costs in COSTS.items():
        for name, cost in costs.items():
            counter.wrap(importlib.import_module(module), name, cost)
    return counter


def _size(array: Any) -> int:
    return int(math.prod(array.shape))


def _product(result: Any, a: Any, *_: Any) -> float:
    return 2.0 * float(a.shape[-1]) * _size(result)


def _einsum(result: Any, subscripts: str, *operands: Any) -> float:
    inputs = subscripts.replace(" ", "").partition("->")[0].split(",")
    lengths = {
        letter: length
        for letters, operand in zip(inputs, operands, strict=False)
        for letter, length in zip(letters, operand.shape, strict=False)
    }
    return len(inputs) * float(math.prod(lengths.values()))


def _cholesky(result: Any, a: Any, *_: Any) -> float:
    return float(a.shape[0]) ** 3 / 3.0


def _factored_solve(result: Any, factor: Any, *_: Any) -> float:
    square = factor[0] if isinstance(factor, tuple) else factor
    solution = result[0] if isinstance(result, tuple) else result
    return 2.0 * float(square.shape[0]) * _size(solution)


def _solve(result: Any, a: Any, *_: Any) -> float:
    return 2.0 * _cholesky(result, a) + 2.0 * float(a.shape[0]) * _size(result)


def _triangular(result: Any, a: Any, *_: Any) -> float:
    return float(a.shape[0]) * _size(result)


def _scaled_triangular(result: Any, alpha: float, a: Any, *_: Any) -> float:
    return float(a.shape[0]) * _size(result)


def _symmetric_product(result: Any, alpha: float, a: Any, *_: Any) -> float:
    return float(result.shape[0]) * _size(a)


def _general_product(result: Any, alpha: float, a: Any, *_: Any) -> float:
    return 2.0 * _size(a) * _size(result) / float(result.shape[0])


COSTS: dict[str, dict[str, Callable[..., float]]] = {
    "numpy": {"matmul": _product, "dot": _product, "einsum": _einsum},
    "numpy.linalg": {"cholesky": _cholesky, "solve": _solve},
    "scipy.linalg": {
        "cho_factor": _cholesky,
        "cho_solve": _factored_solve,
        "cholesky": _cholesky,
        "solve": _solve,
        "solve_triangular": _triangular,
    },
    "scipy.linalg.blas": {
        **{f"{kind}gemm": _general_product for kind in "sd"},
        **{f"{kind}syrk": _symmetric_product for kind in "sd"},
        **{f"{kind}trsm": _scaled_triangular for kind in "sd"},
    },
    "scipy.linalg.lapack": {
        **{f"{kind}potrf": _cholesky for kind in "sd"},
        **{f"{kind}potrs": _factored_solve for kind in "sd"},
    },
}


class _CountingFinder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith("relaxgap."):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _CountingLoader(spec.loader.name, spec.loader.path)
        return spec


class _CountingLoader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        # compiled from source each time: the cached bytecode does not count
        path = self.get_filename(fullname)
        tree = _CountedProducts().visit(ast.parse(self.get_data(path), path))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class _CountedProducts(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        name = ast.Name(PRODUCT, ast.Load())
        return ast.copy_location(ast.Call(name, [node.left, node.right], []), node)
