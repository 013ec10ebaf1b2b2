r"""Bounds of a sum of ReLUs on simplicial cones, many at once.

On the cone of rays :math:`v_1, \dots, v_r` a point is :math:`u = \sum_j c_j v_j`, :math:`c \ge 0`,
and a sum :math:`h(u) = \sum_i s_i (z_i^\top u)_+` of signs :math:`s_i = \pm 1` is at most linear in
:math:`c`: a ReLU is convex, and minus one is below every chord
:math:`-(t)_+ \le -\theta t`, :math:`\theta \in [0, 1]`, so that

.. math:: h(u) \le \sum_j c_j w_j, \qquad
          w_j = h(v_j) + \sum_{s_i = -1} \bigl((z_i^\top v_j)_+ - \theta_i z_i^\top v_j\bigr).

A vector :math:`a` with :math:`a^\top v_j \ge w_j - \rho` proves :math:`h(u) \le \|a\| +
\rho \sum_j c_j` for unit :math:`u`. The sum is at most :math:`1 / \kappa` where :math:`\kappa` is
the least cosine of a ray with the cone's axis.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int

SWEEPS = 8
"""Of coordinate ascent, over cones whose rays do not all matter."""
SHORT = 0.7
"""Edges this much shorter than a cone's longest one are not cut, so that cones stay sharp."""
FLAT = 1e-11
"""Added to the squares of rays, of length one: what it leaves of a fit counts."""


@dataclass(frozen=True, slots=True, eq=False)
class ConeBlock:
    """Hold neighbouring cones and what the sum is on all of them.

    Parameters
    ----------
    rays : (k, r, r) float64
        Unit rays of each cone, a ray a row.
    rows : (m, r) float64
        Rows of the sum that may have both signs on the cones.
    signs : (m,) float64
        Theirs, 1 or -1.
    linear : (r,) float64
        All other rows that are active, summed: there the sum is linear.
    bounds : (k,) float64
        Of the sum over unit vectors of each cone.
    """

    rays: Float64[np.ndarray, "k r r"]
    rows: Float64[np.ndarray, "m r"]
    signs: Float64[np.ndarray, " m"]
    linear: Float64[np.ndarray, " r"]
    bounds: Float64[np.ndarray, " k"]

    @property
    def count(self) -> int:
        """Number of cones."""
        return len(self.rays)

    def where(self, kept: Bool[np.ndarray, " k"]) -> "ConeBlock":
        """Return some of the cones."""
        return ConeBlock(self.rays[kept], self.rows, self.signs, self.linear, self.bounds[kept])


def folded(
    rays: Float64[np.ndarray, "k r r"],
    rows: Float64[np.ndarray, "m r"],
    signs: Float64[np.ndarray, " m"],
    linear: Float64[np.ndarray, " r"],
    bounds: Float64[np.ndarray, " k"],
) -> ConeBlock:
    """Return cones and what the sum is there: rows of one sign on all of them become linear.

    Told by a ball around all rays, which costs a product a row.
    """
    center = rays.mean(axis=(0, 1))
    radius = float(np.sqrt(((rays - center) ** 2).sum(axis=2).max()))
    middle = rows @ center
    reach = radius * np.linalg.norm(rows, axis=1)
    mixed = np.abs(middle) <= reach
    active = ~mixed & (middle > 0.0)
    linear = linear + signs[active] @ rows[active]
    return ConeBlock(rays, rows[mixed], signs[mixed], linear, bounds)


def bounded(block: ConeBlock, level: float) -> tuple[ConeBlock, float, Float64[np.ndarray, " r"]]:
    """Return the cones with their bounds, and the largest value seen with its unit vector.

    Bounds above ``level`` are sharpened, others are good enough.
    """
    products = block.rays @ block.rows.T
    active = np.maximum(products, 0.0)
    values = block.rays @ block.linear + active @ block.signs
    falling = block.signs < 0.0
    t, positive = products[:, :, falling], active[:, :, falling]
    squares = (t * t).sum(axis=1)
    theta = np.divide(
        (positive * positive).sum(axis=1), squares, out=np.zeros_like(squares), where=squares > 0.0
    )
    ends = values + (positive - theta[:, None, :] * t).sum(axis=2)
    axes = block.rays.sum(axis=1)
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    cosines = np.einsum("kjr,kr->kj", block.rays, axes).min(axis=1)
    # what rounding leaves of a cone that has no inside proves nothing
    total = np.where(cosines > 0.0, 1.0 / np.maximum(cosines, 1e-300), np.inf)
    bounds = np.maximum(ends.max(axis=1), 0.0) * total
    inside = _sharpen(bounds, block.rays, ends, total, level)
    at = np.unravel_index(int(values.argmax()), values.shape)
    value, best = float(values[at]), block.rays[at]
    if len(inside):
        inner = inside @ block.linear + np.maximum(inside @ block.rows.T, 0.0) @ block.signs
        if inner.max() > value:
            value, best = float(inner.max()), inside[inner.argmax()]
    return replace(block, bounds=bounds), value, best


def _sharpen(
    bounds: Float64[np.ndarray, " k"],
    rays: Float64[np.ndarray, "k r r"],
    ends: Float64[np.ndarray, "k r"],
    total: Float64[np.ndarray, " k"],
    level: float,
) -> Float64[np.ndarray, "l r"]:
    """Lower the bounds above a level: by the vectors that fit best, then by those in the cones.

    Returns the vectors in the cones, scaled to unit length.
    """
    some = np.flatnonzero(bounds > level)
    gram = rays[some] @ rays[some].transpose(0, 2, 1)
    order = gram.shape[1]
    gram[:, range(order), range(order)] += FLAT
    c = np.linalg.solve(gram, ends[some][:, :, None])[:, :, 0]
    _lower(bounds, rays, ends, total, some, c)
    still = bounds[some] > level
    some, gram, c = some[still], gram[still], np.maximum(c[still], 0.0)
    for _ in range(SWEEPS):
        for j in range(order):
            step = ends[some, j] - np.einsum("kr,kr->k", gram[:, j], c)
            c[:, j] = np.maximum(0.0, c[:, j] + step / gram[:, j, j])
    a = _lower(bounds, rays, ends, total, some, c)
    lengths = np.linalg.norm(a, axis=1)
    return np.asarray(a[lengths > 0.0] / lengths[lengths > 0.0, None])


def _lower(
    bounds: Float64[np.ndarray, " k"],
    rays: Float64[np.ndarray, "k r r"],
    ends: Float64[np.ndarray, "k r"],
    total: Float64[np.ndarray, " k"],
    some: Int[np.ndarray, " l"],
    c: Float64[np.ndarray, "l r"],
) -> Float64[np.ndarray, "l r"]:
    """Lower some bounds by combinations of their rays, any at all; return the combinations."""
    a = np.einsum("kj,kjr->kr", c, rays[some])
    left = (ends[some] - np.einsum("kjr,kr->kj", rays[some], a)).max(axis=1, initial=0.0)
    bounds[some] = np.fmin(bounds[some], np.linalg.norm(a, axis=1) + left * total[some])
    return np.asarray(a)


def halves(block: ConeBlock) -> Float64[np.ndarray, "two_k r r"]:
    """Cut every cone at the middle of that of its long edges on which the sum bends most."""
    rays, k = block.rays, np.arange(block.count)
    first, second = np.triu_indices(rays.shape[1], 1)
    if not first.size:
        return np.zeros((0, *rays.shape[1:]))
    products = rays @ block.rows.T
    sizes = np.abs(products)
    bends = np.empty((block.count, first.size))
    for edge, (a, b) in enumerate(zip(first, second, strict=True)):
        crosses = products[:, a] * products[:, b] < 0.0
        bends[:, edge] = (np.minimum(sizes[:, a], sizes[:, b]) * crosses).sum(axis=1)
    lengths = np.linalg.norm(rays[:, first] - rays[:, second], axis=2)
    bends[lengths <= SHORT * lengths.max(axis=1, keepdims=True)] = -1.0
    # where nothing bends, the longest
    edge = np.where(bends.max(axis=1) > 0.0, bends.argmax(axis=1), lengths.argmax(axis=1))
    a, b = first[edge], second[edge]
    middle = rays[k, a] + rays[k, b]
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    one, other = rays.copy(), rays.copy()
    one[k, a] = middle
    other[k, b] = middle
    return np.concatenate([one, other])
