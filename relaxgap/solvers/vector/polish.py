r"""Newton's method on the weights of a network whose neurons stay in faces of their cells.

In coordinates of its face a neuron's features are linear, :math:`\phi_j = A_j z_j`, and

.. math:: F(z, v) = \tfrac12 \Big\|\sum_j A_j z_j v_j^\top - Y\Big\|_F^2
          + \tfrac\beta2 \sum_j (\|z_j\|^2 + \|v_j\|^2)

is a polynomial, not convex but with a Hessian that is quick to write down. A step ends where a
neuron would leave its cell; what it meets there, it keeps to from then on.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.networks.vector_network import VectorNetwork
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rows import unit_rows
from relaxgap.problems.vector_output import VectorProgram

STEPS = 60
ON_FACE = 1e-11
"""A unit row this near to a unit neuron's hyperplane is one that the neuron lies in."""
STALLED, ROUNDING = 1e-15, 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class _Neuron:
    """Hold a neuron's face: its rows' sides, 0 where it lies in their hyperplanes."""

    sides: Float64[np.ndarray, " N"]
    basis: Float64[np.ndarray, "d p"]
    features: Float64[np.ndarray, "n p"]


def polish(
    program: VectorProgram,
    hidden: Float64[np.ndarray, "m d"],
    output: Float64[np.ndarray, "m q"],
    crossing: bool = True,
) -> tuple[Float64[np.ndarray, "k d"], Float64[np.ndarray, "k q"]]:
    """Return a network of no larger loss, a local minimum in the faces of its neurons.

    Parameters
    ----------
    program : VectorProgram
        Problem.
    hidden, output : (m, d) and (m, q) float64
        The network to start from.
    crossing : bool
        Whether a neuron may go on into another cell.

    Notes
    -----
    Cost: O((m (d + q))^3) a step.
    """
    network = VectorNetwork(hidden, output).balanced()
    hidden, output = network.hidden, network.output
    if network.width == 0:
        return hidden, output
    rows = _units(program.data.X)
    neurons = [_neuron(program, rows, w) for w in hidden]
    z = [neuron.basis.T @ w for neuron, w in zip(neurons, hidden, strict=True)]
    v = output
    last_hit: tuple[int, int] | None = None
    least = np.inf
    value, gradient, hessian = _model(program, neurons, z, v)
    for _ in range(STEPS):
        checkpoint()
        if float(np.linalg.norm(gradient)) <= STALLED * (1.0 + value):
            break
        curvatures, directions = np.linalg.eigh(hessian)
        floor = 1e-14 * abs(float(curvatures[-1]))
        along = directions.T @ gradient
        step = -directions @ (along / np.maximum(np.abs(curvatures), floor))
        dz, dv = _parted(step, neurons, v.shape)
        length, hit = _room(rows, neurons, z, dz)
        moved = False
        for _ in range(30):
            tried_z = [a + length * b for a, b in zip(z, dz, strict=True)]
            tried_v = v + length * dv
            tried = _value(program, neurons, tried_z, tried_v)
            if tried < value or (length == 1.0 and tried <= value * (1.0 + ROUNDING)):
                # at the end values do not tell steps apart any more
                z, v, moved = tried_z, tried_v, True
                break
            length, hit = 0.25 * length, None
        before = value
        if hit is not None:
            j, row = hit
            across = None
            if crossing and hit != last_hit:
                across = _across(program, rows, neurons[j], z[j], row)
            if across is not None:
                kept, kept_z = neurons[j], z[j]
                neurons[j], z[j] = across
                _, gradient, _ = _model(program, neurons, z, v)
                if _slope(gradient, neurons, j, across[0].basis.T @ (kept.basis @ dz[j])) >= 0.0:
                    neurons[j], z[j], across = kept, kept_z, None
            if across is None:
                neurons[j], z[j] = _onto(program, rows, neurons[j], z[j], row)
        elif not moved:
            break
        last_hit = hit
        value, gradient, hessian = _model(program, neurons, z, v)
        size = float(np.linalg.norm(gradient))
        if hit is None and before - value <= ROUNDING * value and size >= 0.5 * least:
            break
        least = min(least, size)
    hidden = np.array([neuron.basis @ a for neuron, a in zip(neurons, z, strict=True)])
    return hidden, v


def _units(X: Float64[np.ndarray, "N d"]) -> Float64[np.ndarray, "N d"]:
    units = np.zeros_like(X)
    units[np.any(X != 0.0, axis=1)] = unit_rows(X)
    return units


def _neuron(
    program: VectorProgram, rows: Float64[np.ndarray, "N d"], w: Float64[np.ndarray, " d"]
) -> _Neuron:
    slack = rows @ (w / np.linalg.norm(w))
    sides = np.where(np.abs(slack) <= ON_FACE, 0.0, np.sign(slack))
    return _in_face(program, rows, sides)


def _in_face(
    program: VectorProgram, rows: Float64[np.ndarray, "N d"], sides: Float64[np.ndarray, " N"]
) -> _Neuron:
    met = rows[(sides == 0.0) & np.any(rows != 0.0, axis=1)]
    basis = np.eye(rows.shape[1])
    if len(met):
        _, values, right = np.linalg.svd(met)
        basis = right[int(np.count_nonzero(values > 1e-6)) :].T
    features = program.pooled((sides > 0.0)[:, None] * (program.data.X @ basis))
    return _Neuron(sides, basis, features)


def _onto(
    program: VectorProgram,
    rows: Float64[np.ndarray, "N d"],
    neuron: _Neuron,
    z: Float64[np.ndarray, " p"],
    row: int,
) -> tuple[_Neuron, Float64[np.ndarray, " k"]]:
    """Let a neuron lie in one more hyperplane, that of the row it has met."""
    sides, w = neuron.sides.copy(), neuron.basis @ z
    sides[row] = 0.0
    slack = rows @ (w / max(float(np.linalg.norm(w)), 1e-300))
    sides[np.abs(slack) <= ON_FACE] = 0.0
    found = _in_face(program, rows, sides)
    return found, found.basis.T @ w


def _across(
    program: VectorProgram,
    rows: Float64[np.ndarray, "N d"],
    neuron: _Neuron,
    z: Float64[np.ndarray, " p"],
    row: int,
) -> tuple[_Neuron, Float64[np.ndarray, " p"]]:
    """Let a neuron go on to the other side of the hyperplane of the row it has met."""
    sides, w = neuron.sides.copy(), neuron.basis @ z
    sides[row] = -sides[row]
    found = _in_face(program, rows, sides)
    return found, found.basis.T @ w


def _slope(
    gradient: Float64[np.ndarray, " D"],
    neurons: list[_Neuron],
    j: int,
    dz: Float64[np.ndarray, " p"],
) -> float:
    """Return how the loss changes along a step of one neuron."""
    start = sum(neuron.basis.shape[1] for neuron in neurons[:j])
    return float(gradient[start : start + dz.size] @ dz)


def _room(
    rows: Float64[np.ndarray, "N d"],
    neurons: list[_Neuron],
    z: list[Float64[np.ndarray, " _"]],
    dz: list[Float64[np.ndarray, " _"]],
) -> tuple[float, tuple[int, int] | None]:
    """Return how much of a step all neurons can take in their cells, and which row ends it."""
    length, hit = 1.0, None
    for j, neuron in enumerate(neurons):
        at = neuron.sides * (rows @ (neuron.basis @ z[j]))
        towards = neuron.sides * (rows @ (neuron.basis @ dz[j]))
        closing: Bool[np.ndarray, " N"] = towards < 0.0
        reach = np.where(closing, np.maximum(at, 0.0), np.inf) / np.where(closing, -towards, 1.0)
        row = int(np.argmin(reach))
        if reach[row] < length:
            length, hit = float(reach[row]), (j, row)
    return length, hit


def _value(
    program: VectorProgram,
    neurons: list[_Neuron],
    z: list[Float64[np.ndarray, " _"]],
    v: Float64[np.ndarray, "m q"],
) -> float:
    phi = np.stack([neuron.features @ a for neuron, a in zip(neurons, z, strict=True)], axis=1)
    rest = phi @ v - program.data.Y
    sizes = sum(float(a @ a) for a in z) + float(np.sum(v**2))
    return 0.5 * float(np.sum(rest**2)) + 0.5 * program.beta * sizes


def _model(
    program: VectorProgram,
    neurons: list[_Neuron],
    z: list[Float64[np.ndarray, " _"]],
    v: Float64[np.ndarray, "m q"],
) -> tuple[float, Float64[np.ndarray, " D"], Float64[np.ndarray, "D D"]]:
    """Return value, gradient and Hessian in the order z_1, ..., z_m, v_1, ..., v_m."""
    Y, beta = program.data.Y, program.beta
    (n, q), m = Y.shape, len(neurons)
    phi = np.stack([neuron.features @ a for neuron, a in zip(neurons, z, strict=True)], axis=1)
    rest = phi @ v - Y
    widths = [neuron.basis.shape[1] for neuron in neurons]
    starts = np.concatenate([[0], np.cumsum(widths)]).astype(int)
    total = int(starts[-1])
    jacobian = np.zeros((n, q, total + m * q))
    cross = np.zeros((total, m * q))
    for j, neuron in enumerate(neurons):
        at = slice(starts[j], starts[j + 1])
        jacobian[:, :, at] = neuron.features[:, None, :] * v[j][None, :, None]
        for b in range(q):
            jacobian[:, b, total + j * q + b] = phi[:, j]
        cross[at, j * q : (j + 1) * q] = neuron.features.T @ rest
    flat = jacobian.reshape(n * q, -1)
    hessian = flat.T @ flat
    hessian[:total, total:] += cross
    hessian[total:, :total] += cross.T
    hessian[np.diag_indices_from(hessian)] += beta
    weights = np.concatenate([*z, v.ravel()])
    gradient = flat.T @ rest.ravel() + beta * weights
    value = 0.5 * float(np.sum(rest**2)) + 0.5 * beta * float(weights @ weights)
    return value, gradient, hessian


def _parted(
    step: Float64[np.ndarray, " D"], neurons: list[_Neuron], shape: tuple[int, ...]
) -> tuple[list[Float64[np.ndarray, " _"]], Float64[np.ndarray, "m q"]]:
    widths = [neuron.basis.shape[1] for neuron in neurons]
    *dz, dv = np.split(step, np.cumsum(widths))
    return dz, dv.reshape(shape)
