import dataclasses
import typing
from typing import Any, Literal

import pytest
from omegaconf import MISSING, OmegaConf

from relaxgap.data import DigitsData, FileData, GaussianData, MnistData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.config import CommonSettings, RunnerSettings, checked_data, run_schema
from relaxgap.runner.schema import frozen, plain, schema_of
from relaxgap.training import TrainingSpec

SPECS = [
    *{experiment.settings for experiment in EXPERIMENTS.values()},
    TrainingSpec,
    RunnerSettings,
    CommonSettings,
    GaussianData,
    DigitsData,
    MnistData,
    FileData,
]


@pytest.mark.parametrize("spec", SPECS)
def test_a_schema_has_the_fields_of_its_frozen_spec_in_order(spec: type) -> None:
    names = [field.name for field in dataclasses.fields(spec)]
    assert [field.name for field in dataclasses.fields(schema_of(spec))] == names
    assert spec.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert not schema_of(spec).__dataclass_params__.frozen  # type: ignore[attr-defined]


@pytest.mark.parametrize("spec", [s for s in SPECS if s not in (CommonSettings, FileData)])
def test_the_defaults_of_a_schema_freeze_to_the_defaults_of_the_spec(spec: type) -> None:
    values = OmegaConf.to_container(OmegaConf.structured(schema_of(spec)))
    assert frozen(spec, values) == spec()  # type: ignore[arg-type]


def test_a_field_without_a_default_is_missing() -> None:
    assert schema_of(FileData)().path == MISSING


def test_a_constant_becomes_the_first_field() -> None:
    assert schema_of(DigitsData, kind="digits")().kind == "digits"


@dataclasses.dataclass(frozen=True)
class _Inner:
    kind: Literal["a", "b"] = "a"


@dataclasses.dataclass(frozen=True)
class _Outer:
    sizes: tuple[int, ...] = (1, 2)
    inner: _Inner = dataclasses.field(default_factory=_Inner)
    many: dict[str, _Inner] = dataclasses.field(default_factory=dict)


def test_plain_and_frozen_are_inverse() -> None:
    value = _Outer((3,), _Inner("b"), {"x": _Inner("b")})
    values: dict[str, Any] = plain(value)
    assert values == {"sizes": [3], "inner": {"kind": "b"}, "many": {"x": {"kind": "b"}}}
    assert frozen(_Outer, values) == value


def test_a_value_outside_a_literal_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="kind to be one of a, b, got 'c'"):
        frozen(_Outer, {"inner": {"kind": "c"}})


def test_two_schemas_do_not_share_their_lists() -> None:
    schema = typing.cast(Any, schema_of(_Outer))
    schema().sizes.append(3)
    assert schema().sizes == [1, 2]


def test_data_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="data kind, got 'gausian'; did you mean"):
        checked_data({"kind": "gausian"})


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_run_has_what_is_common_and_the_settings_of_its_experiment(
    name: str,
) -> None:
    schema = run_schema(EXPERIMENTS[name])
    own = [field.name for field in dataclasses.fields(EXPERIMENTS[name].settings)]
    common = [field.name for field in dataclasses.fields(CommonSettings)]
    assert [field.name for field in dataclasses.fields(schema)] == [*common, *own, "name"]
    assert schema().name == name
