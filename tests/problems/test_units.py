from dataclasses import replace

import numpy as np
import pytest
from instances import PROGRAM_TYPES, ProgramType, random_point, random_program

from relaxgap.data.dataset import Dataset
from relaxgap.problems import Program, Units, relu_program


def scaled_by(program: Program, x: float, y: float) -> Program:
    data = Dataset(x * program.data.X, y * program.data.y)
    return replace(program, data=data, beta=x * y * program.beta)


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_data_and_labels_have_norm_1_in_their_units(kind: ProgramType) -> None:
    program = scaled_by(random_program(kind, 6, 3, seed=0), 1e3, 1e-5)
    units = Units.of(program)
    assert units is not None
    scaled = units.scaled(program)
    assert np.linalg.norm(scaled.data.X, 2) == pytest.approx(1.0, rel=1e-14)
    assert np.linalg.norm(scaled.data.y) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_the_value_of_a_scaled_point_is_that_of_the_point_in_squared_label_units(
    kind: ProgramType,
) -> None:
    program = scaled_by(random_program(kind, 6, 3, seed=1), 7.0, 0.3)
    units = Units.of(program)
    assert units is not None
    point = random_point(program, np.random.default_rng(0))
    scaled = units.scaled(program).value(units.scaled_point(point))
    assert units.y**2 * scaled == pytest.approx(program.value(point), rel=1e-13)


def test_a_point_comes_back_from_units_of_data_and_labels() -> None:
    program = random_program(relu_program, 6, 3, seed=2)
    units = Units(3.0, 0.7)
    point = random_point(program, np.random.default_rng(1))
    there = units.scaled_point(point)
    np.testing.assert_allclose(units.back(there.w), point.w, rtol=1e-14)
    fit = units.y * units.scaled(program).fit(there)
    np.testing.assert_allclose(fit, program.fit(point), rtol=1e-12)


def test_there_are_no_units_of_zero_data_or_zero_labels() -> None:
    program = random_program(relu_program, 6, 3, seed=4)
    data = program.data
    for X, y in ((0.0 * data.X, data.y), (data.X, 0.0 * data.y)):
        assert Units.of(replace(program, data=Dataset(X, y))) is None
