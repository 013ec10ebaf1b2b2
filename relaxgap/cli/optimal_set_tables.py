"""The tables that ``relaxgap optimal-set`` prints and writes."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.optimal_set_record import OptimalSet
from relaxgap.networks.optimal_set.description import Interval
from relaxgap.problems.biases import Bias

NEURONS, VERTICES, RANGES, PRUNED = "neurons.csv", "vertices.csv", "ranges.csv", "pruned.csv"


def facts(found: OptimalSet) -> dict[str, Any]:
    """Return all that ``--json`` prints."""
    return asdict(found.record) | {
        "constant": next(iter(constants_of(found)), None),
        "neurons": neurons_of(found),
        "predictions": predictions_of(found),
        "pruned": pruned_of(found),
    }


def neurons_of(found: OptimalSet) -> list[dict[str, Any]]:
    """Return a row for each neuron."""
    neurons = found.description.neurons
    return [
        {
            "neuron": k,
            "sign": int(neurons.signs[k]),
        }
        | _weights(found, "direction", neurons.directions[k])
        | {
            "direction_error": float(neurons.errors[k]),
            "n_cells": int(neurons.n_cells[k]),
            "surely_used": found.complete and weight.proven_low > 0.0,
        }
        | {f"weight_{name}": end for name, end in _finite(asdict(weight)).items()}
        for k, weight in enumerate(found.weights)
    ]


def predictions_of(found: OptimalSet) -> list[dict[str, Any]]:
    """Return a row for each prediction that was asked for."""
    return [
        {"row": row} | _finite(asdict(interval)) for row, interval in enumerate(found.predictions)
    ]


def pruned_of(found: OptimalSet) -> list[dict[str, Any]]:
    """Return a row for each network that is narrower than the smallest one."""
    return [
        {
            "width": one.network.width,
            "loss_value": one.loss_value,
            "loss_increase": found.price(one),
        }
        | ({} if found.constant is None else {"constant": one.constant})
        | _weights(found, "removed", one.removed)
        for one in found.pruned
    ]


def _weights(
    found: OptimalSet, name: str, unit: Float64[np.ndarray, " e"]
) -> dict[str, list[float] | float]:
    """Return a direction, with its hidden bias apart."""
    weights = {name: unit[: found.d].tolist()}
    return weights | {f"{name}_bias": float(bias) for bias in unit[found.d :]}


def constants_of(found: OptimalSet) -> list[dict[str, Any]]:
    """Return one row of the range of the output bias; none without one."""
    return [] if found.constant is None else [_finite(asdict(found.constant))]


def _finite(ends: dict[str, float]) -> dict[str, float | None]:
    return {name: end if math.isfinite(end) else None for name, end in ends.items()}


def vertices_of(found: OptimalSet) -> list[dict[str, Any]]:
    """Return a row for each vertex."""
    rows = []
    for index, c in enumerate(found.vertices):
        constant = {} if found.constant is None else {"constant": found.description.constant(c)}
        rows.append({"vertex": index} | constant | {"c": c.tolist()})
    return rows


def header_of(name: str, found: OptimalSet) -> list[str]:
    """Return the columns of a table, which it has without a row too."""
    ends = [field.name for field in fields(Interval)]
    constant = [] if found.constant is None else ["constant"]
    known = ["direction_error", "n_cells", "surely_used", *(f"weight_{end}" for end in ends)]
    headers = {
        NEURONS: ["neuron", "sign", *_entries(found, "direction"), *known],
        VERTICES: ["vertex", *constant, *(f"c_{k}" for k in range(found.n_neurons))],
        PRUNED: ["width", "loss_value", "loss_increase", *constant, *_entries(found, "removed")],
        RANGES: ["row", *ends],
    }
    return headers[name]


def _entries(found: OptimalSet, name: str) -> list[str]:
    has_bias = found.hidden_bias != Bias.NONE
    return [*(f"{name}_{i}" for i in range(found.d)), *([f"{name}_bias"] if has_bias else [])]


def csv_text(rows: Sequence[dict[str, Any]], header: Sequence[str]) -> str:
    """Write rows, a column for each entry of a vector."""
    flat = []
    for row in rows:
        line: dict[str, Any] = {}
        for name, value in row.items():
            entries = enumerate(value) if isinstance(value, list) else ()
            line |= {f"{name}_{i}": entry for i, entry in entries}
            line |= {} if isinstance(value, list) else {name: value}
        flat.append(line)
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()
