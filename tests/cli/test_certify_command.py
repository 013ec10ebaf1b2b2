import json
from collections.abc import Callable
from dataclasses import fields
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from sklearn.neural_network import MLPRegressor

from relaxgap.analysis.network_record import CertifiedNetwork
from relaxgap.data import Dataset
from relaxgap.networks import TwoLayerNetwork, load_network

Invoke = Callable[..., Result]
Refusal = Callable[..., str]
KEYS = [field.name for field in fields(CertifiedNetwork)]


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def certified(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    assert not result.stderr
    row: dict[str, Any] = json.loads(result.stdout, parse_constant=no_constant)
    assert list(row) == KEYS
    return row


@pytest.fixture
def net(tmp_path: Path) -> str:
    """Return the name of a file with a network that was not trained."""
    rng = np.random.default_rng(1)
    path = tmp_path / "net.npz"
    np.savez(path, hidden=rng.standard_normal((5, 2)), output=rng.standard_normal(5))
    return str(path)


def test_the_bracket_holds_the_loss_of_an_untrained_network(
    relaxgap: Invoke, file: str, net: str, data: Dataset
) -> None:
    row = certified(relaxgap("certify", file, "--network", net, "--beta", "0.1", "--json"))
    network = load_network(net, data).network
    assert row["network_value"] == network.training_loss(data, 0.1)
    assert 0.0 < row["lower_bound"] <= row["upper_bound"] < row["network_value"]
    assert row["certified_ratio"] == row["network_value"] / row["lower_bound"]
    assert row["relative_gap"] <= row["rtol"] == 1e-3
    assert row["status"] == "solved"
    assert (row["beta"], row["beta_source"]) == (0.1, "given")
    assert row["better_network_found"] is True
    assert row["improvement"] == row["network_value"] - row["upper_bound"]
    assert row["n_improving_patterns"] >= 1
    assert row["largest_price_ratio"] > 1.0
    assert row["stationarity_residual"] > 0.1
    assert row["steepest_slope"] is None
    assert (row["width"], row["scaled"], row["has_bias"]) == (5, False, False)


def test_the_bracket_is_the_one_that_solve_finds(relaxgap: Invoke, file: str, net: str) -> None:
    chosen = ("--beta", "0.1", "--json")
    row = certified(relaxgap("certify", file, "--network", net, *chosen))
    optimum = json.loads(relaxgap("solve", file, *chosen).stdout)
    assert row["lower_bound"] <= optimum["primal_value"]
    assert optimum["dual_value"] <= row["upper_bound"]


def test_a_solved_network_is_optimal_at_the_beta_that_its_file_remembers(
    relaxgap: Invoke, file: str
) -> None:
    solved = relaxgap("solve", file, "--beta-fraction", "0.1", "--out", "net.npz", "--json")
    row = certified(relaxgap("certify", file, "--network", "net.npz", "--json"))
    assert row["beta_source"] == "remembered"
    assert row["beta"] == json.loads(solved.stdout)["beta"]
    assert row["certified_ratio"] <= 1.0 + 1e-3
    assert "inferred" not in relaxgap("certify", file, "--network", "net.npz").stdout


def test_a_solved_network_is_optimal_at_the_beta_that_it_implies(
    relaxgap: Invoke, file: str
) -> None:
    solved = relaxgap("solve", file, "--beta-fraction", "0.1", "--out", "net.npz", "--json")
    forget_training("net.npz")
    row = certified(relaxgap("certify", file, "--network", "net.npz", "--json"))
    assert row["beta_source"] == "implied"
    assert row["beta"] == pytest.approx(json.loads(solved.stdout)["beta"], rel=1e-4)
    assert 1.0 <= row["certified_ratio"] <= 1.0 + 1e-3
    assert row["stationarity_residual"] < 1e-3
    assert -10.0 * max(row["stationarity_residual"], 1e-6) <= row["steepest_slope"] <= 0.0
    assert row["n_improving_patterns"] == 0
    assert row["scaled"] is True
    said = relaxgap("certify", file, "--network", "net.npz").stdout.splitlines()
    assert "was inferred from the weights" in said[-3]
    assert said[-1].startswith("This network is optimal to the accuracy asked for")


def test_a_network_on_a_concave_kink_is_said_to_be_no_local_minimum(relaxgap: Invoke) -> None:
    # w = (0, 1) has the first sample on its boundary: whichever way it turns, the loss falls
    np.savez("kink.npz", X=[[1.0, 0.0], [-1.0, 1.0]], y=[1.0, 1.5])
    np.savez("net.npz", hidden=[[0.0, 1.0]], output=[1.0])
    chosen = ("certify", "kink.npz", "--network", "net.npz", "--beta", "0.5")
    row = certified(relaxgap(*chosen, "--json"))
    assert row["stationarity_residual"] <= 1e-14
    assert row["steepest_slope"] < -0.1
    result = relaxgap(*chosen, "--out", "page.html")
    (remark,) = [line for line in result.stdout.splitlines() if "no local minimum" in line]
    assert f"a relative slope of {row['steepest_slope']:.4g}." in remark
    assert escape(remark) in Path("page.html").read_text()


def test_a_fraction_is_the_one_of_solve(relaxgap: Invoke, file: str, net: str) -> None:
    row = certified(relaxgap("certify", file, "--network", net, "--beta-fraction", "0.2", "--json"))
    solved = json.loads(relaxgap("solve", file, "--beta-fraction", "0.2", "--json").stdout)
    assert row["beta"] == solved["beta"]
    assert row["beta_source"] == "fraction"


def forget_training(path: str) -> None:
    with np.load(path) as found:
        np.savez(path, **{name: found[name] for name in found if name != "about"})


@pytest.mark.parametrize("width", [0, 3])
def test_the_zero_network_is_measured_like_any_other(
    relaxgap: Invoke, file: str, data: Dataset, width: int
) -> None:
    np.savez("zero.npz", hidden=np.zeros((width, 2)), output=np.zeros(width))
    chosen = ("--network", "zero.npz", "--json")
    row = certified(relaxgap("certify", file, *chosen, "--beta", "0.1"))
    assert row["network_value"] == pytest.approx(0.5 * float(data.y @ data.y), rel=1e-14)
    assert row["certified_ratio"] > 1.0
    assert row["n_live"] == row["n_cells"] == 0
    at_beta_max = certified(relaxgap("certify", file, *chosen, "--beta-fraction", "1"))
    assert at_beta_max["certified_ratio"] == pytest.approx(1.0, abs=1e-9)
    assert at_beta_max["n_improving_patterns"] == 0


def test_a_lower_bound_of_zero_gives_no_ratio(relaxgap: Invoke, tmp_path: Path) -> None:
    np.savez("flat.npz", X=[[1.0, 2.0]], y=[0.0])
    np.savez("net.npz", hidden=[[1.0, 1.0]], output=[1.0])
    row = certified(
        relaxgap("certify", "flat.npz", "--network", "net.npz", "--beta", "0.1", "--json")
    )
    assert row["lower_bound"] == row["upper_bound"] == 0.0
    assert row["certified_ratio"] is None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_network_of_scikit_learn_with_biases_gets_a_column_of_ones(
    relaxgap: Invoke, data: Dataset
) -> None:
    model = MLPRegressor(hidden_layer_sizes=(6,), alpha=0.1, solver="lbfgs", random_state=0)
    model.fit(data.X, data.y)
    (hidden, output), (bias, intercept) = model.coefs_, model.intercepts_
    np.savez("mlp.npz", hidden=hidden.T, output=output[:, 0], hidden_bias=bias)
    np.savez("shifted.npz", X=data.X, y=data.y - intercept)
    chosen = ("certify", "shifted.npz", "--network", "mlp.npz", "--beta", "0.1")
    row = certified(relaxgap(*chosen, "--better", "better.npz", "--json"))
    assert row["has_bias"] is True
    assert (row["n"], row["d"]) == (6, 3)
    residual = model.predict(data.X) - data.y
    squares = sum(np.sum(weights**2) for weights in (hidden, bias, output))
    loss = 0.5 * np.sum(residual**2) + 0.05 * squares
    assert row["network_value"] == pytest.approx(loss, rel=1e-9)
    assert row["lower_bound"] <= row["network_value"]
    assert "column of ones" in relaxgap(*chosen).stdout
    again = certified(
        relaxgap("certify", "shifted.npz", "--network", "better.npz", "--beta", "0.1", "--json")
    )
    assert again["has_bias"] is True
    assert again["network_value"] == pytest.approx(row["upper_bound"], rel=1e-9)


def test_the_better_network_has_the_upper_bound_as_its_loss(
    relaxgap: Invoke, file: str, net: str, data: Dataset
) -> None:
    chosen = ("--network", net, "--beta", "0.1", "--better", "better.npz")
    row = certified(relaxgap("certify", file, *chosen, "--json"))
    with np.load("better.npz") as arrays:
        network = TwoLayerNetwork(arrays["hidden"], arrays["output"])
    assert network.training_loss(data, 0.1) == pytest.approx(row["upper_bound"], rel=1e-9)


def test_without_a_better_network_the_file_holds_the_one_given(
    relaxgap: Invoke, file: str, tmp_path: Path
) -> None:
    np.savez("zero.npz", hidden=np.zeros((2, 2)), output=np.zeros(2))
    chosen = ("--network", "zero.npz", "--beta-fraction", "1.5", "--better", "better.npz")
    row = certified(relaxgap("certify", file, *chosen, "--json"))
    assert row["better_network_found"] is False
    with np.load("better.npz") as arrays:
        assert arrays["hidden"].shape == (2, 2)


def test_the_numbers_are_aligned_and_the_last_line_is_the_verdict(
    relaxgap: Invoke, file: str, net: str
) -> None:
    result = relaxgap("certify", file, "--network", net, "--beta", "0.1")
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[: len(KEYS)]] == KEYS
    assert len({len(line) - len(line.split(maxsplit=1)[1]) for line in lines[: len(KEYS)]}) == 1
    assert "the best of any width" in lines[-1]
    assert not result.stderr


def test_the_smallest_time_limit_leaves_a_bracket_that_holds(
    relaxgap: Invoke, file: str, net: str
) -> None:
    chosen = ("certify", file, "--network", net, "--beta", "0.1", "--json")
    result = relaxgap(*chosen, "--time-limit", "1e-9")
    assert result.exit_code == 0
    assert "Expected a relative gap of 0.001, got" in result.stderr
    assert "The time ran out" in result.stderr
    hasty = json.loads(result.stdout)
    patient = certified(relaxgap(*chosen))
    assert hasty["status"] == "time_limit"
    assert 0.0 < hasty["lower_bound"] <= patient["upper_bound"]
    assert patient["lower_bound"] <= hasty["upper_bound"] <= hasty["network_value"]


def test_a_diverged_network_has_numbers_that_are_json(
    relaxgap: Invoke, file: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for size in (1e70, 1e145):
        np.savez("far.npz", hidden=size * rng.integers(-1, 2, (9, 2)), output=1e4 * np.ones(9))
        chosen = ("--network", "far.npz", "--beta", "0.1", "--out", "page.html", "--json")
        row = certified(relaxgap("certify", file, *chosen))
        assert row["better_network_found"] is True
        assert row["upper_bound"] < 100.0


def test_progress_is_one_line_on_a_terminal_and_nothing_on_a_pipe(
    relaxgap: Invoke, file: str, net: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = ("certify", file, "--network", net, "--beta", "0.1", "--json")
    assert not relaxgap(*chosen).stderr
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    result = relaxgap(*chosen)
    assert "gap" in result.stderr
    assert list(json.loads(result.stdout)) == KEYS


class Page(HTMLParser):
    """Collect what a page would load or run, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name.endswith(("href", "src"))]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_is_a_page_that_loads_nothing_and_escapes_names(
    relaxgap: Invoke, file: str, net: str
) -> None:
    named = Path(net).rename("<script>alert('a')&amp;.npz")
    chosen = ("--network", str(named), "--beta", "0.1", "--out", "report.html")
    result = relaxgap("certify", file, *chosen)
    assert result.stdout.splitlines()[-2:] == ["written:", "  report.html"]
    text = Path("report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "base"}
    assert page.links
    assert all(link.startswith("#") for link in page.links)
    assert not any(loads in text for loads in ("http", "url(//", "@import"))
    assert f"Certificate of {named} on {file}" in page.text
    (verdict,) = (line for line in result.stdout.splitlines() if "of any width" in line)
    assert verdict in page.text
    assert all(name in page.text for name in KEYS)


def test_a_name_that_is_no_text_is_reported(relaxgap: Invoke, file: str, net: str) -> None:
    named = Path(net).rename("net\udcff.npz")
    chosen = ("--network", str(named), "--beta", "0.1", "--out", "report.html")
    assert relaxgap("certify", file, *chosen).exit_code == 0
    assert r"net\udcff.npz" in Path("report.html").read_text(encoding="utf-8")


def test_a_name_turns_no_text_around_and_moves_no_cursor(
    relaxgap: Invoke, file: str, net: str
) -> None:
    named = Path(net).rename("a\u202ezpn\x1b[31m.npz")
    chosen = ("--network", str(named), "--beta", "0.1", "--out", "\u202elmth.html")
    result = relaxgap("certify", file, *chosen)
    assert result.exit_code == 0
    page = Path("\u202elmth.html").read_text(encoding="utf-8")
    assert r"<bdi>a\u202ezpn\x1b[31m.npz</bdi>" in page
    for shown in (page, result.stdout, result.stderr):
        assert not {"\u202e", "\x1b"} & set(shown)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--beta", "0"], "positive, finite --beta, got 0"),
        (["--beta", "nan"], "positive, finite --beta, got nan"),
        (["--beta", "0.1", "--beta-fraction", "0.1"], "drop one"),
        (["--beta-fraction", "-1"], "positive, finite --beta-fraction, got -1"),
        (["--beta", "0.1", "--rtol", "0"], "0 < --rtol < 1, got 0"),
        (["--beta", "0.1", "--time-limit", "0"], "time limit above 0 seconds, got 0"),
        (["--beta", "0.1", "--time-limit", "nan"], "time limit above 0 seconds, got nan"),
        (["--beta", "0.1", "--out", "/nowhere/a.html"], "create /nowhere first"),
        (["--beta", "0.1", "--out", "report.txt"], "write 'report.html'"),
        (["--beta", "0.1", "--better", "/nowhere/a.npz"], "--better in an existing folder"),
        (["--beta", "1e308"], "training loss is a finite float64, got 1e+308"),
        ([], "imply a positive, finite --beta"),
    ],
)
def test_a_wrong_option_is_one_line_with_exit_code_2(
    refusal: Refusal, file: str, tmp_path: Path, arguments: list[str], said: str
) -> None:
    np.savez(tmp_path / "net.npz", hidden=[[9.0, 9.0], [-9.0, 9.0]], output=[9.0, 9.0])
    assert said in refusal(2, "certify", file, "--network", "net.npz", *arguments)


@pytest.mark.parametrize(
    "arguments", [["--limit", "3"], ["--certificate", "proof"], ["--threads", "0"], ["--out", "."]]
)
def test_a_usage_error_has_exit_code_2_and_no_traceback(
    relaxgap: Invoke, file: str, net: str, arguments: list[str]
) -> None:
    result = relaxgap("certify", file, "--network", net, *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_a_network_is_needed(relaxgap: Invoke, file: str) -> None:
    result = relaxgap("certify", file)
    assert result.exit_code == 2
    assert "--network" in result.stderr


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"hidden": np.ones((4, 3)), "output": np.ones(4)}, "shape (m, 2)"),
        ({"hidden": np.ones((4, 2)), "output": np.ones(3)}, "Expected 4 output weights"),
        ({"hidden": np.full((1, 2), np.nan), "output": np.ones(1)}, "finite weights"),
        ({"gates": np.ones((1, 2)), "weights": np.ones((1, 2))}, "of a gated one"),
        (
            {"hidden": np.ones((1, 2)), "output": np.ones(1), "output_bias": np.ones(2)},
            "Expected 1 output biases",
        ),
    ],
)
def test_a_network_that_cannot_be_used_is_one_line_that_starts_with_its_path(
    refusal: Refusal, file: str, tmp_path: Path, arrays: dict[str, np.ndarray], said: str
) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    message = refusal(1, "certify", file, "--network", str(path), "--beta", "0.1")
    assert message.startswith(f"relaxgap: {path}: Expected")
    assert said in message


@pytest.mark.parametrize("name", ["nowhere.npz", "empty.npz", "empty.pt", "notes.txt"])
def test_a_file_without_a_network_is_one_line(
    refusal: Refusal, file: str, tmp_path: Path, name: str
) -> None:
    if name != "nowhere.npz":
        (tmp_path / name).write_bytes(b"")
    assert name in refusal(1, "certify", file, "--network", name, "--beta", "0.1")


@pytest.mark.parametrize(("option", "name"), [("--out", "full.html"), ("--better", "full.npz")])
def test_a_file_that_cannot_be_written_is_one_line_after_the_numbers(
    relaxgap: Invoke, file: str, net: str, option: str, name: str, tmp_path: Path
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    (tmp_path / name).symlink_to("/dev/full")
    chosen = ("--network", net, "--beta", "0.1", option, name, "--json")
    result = relaxgap("certify", file, *chosen)
    assert result.exit_code == 1
    assert list(json.loads(result.stdout)) == KEYS
    (line,) = result.stderr.splitlines()
    assert f"choose another {option}" in line


def test_a_network_of_a_gated_program_is_refused_for_what_it_is(
    relaxgap: Invoke, refusal: Refusal, file: str
) -> None:
    chosen = ("--beta", "0.1", "--program", "gated", "--out", "gated.npz")
    assert relaxgap("solve", file, *chosen).exit_code == 0
    said = refusal(1, "certify", file, "--network", "gated.npz", "--beta", "0.1")
    assert "got the gates and weights of a gated one, as solve --program gated writes" in said


@pytest.mark.parametrize(("asked", "code"), [((), 0), (("--rtol", "1e-3"), 4)], ids=["", "rtol"])
def test_a_gap_wider_than_asked_for_exits_4_where_rtol_was_given(
    relaxgap: Invoke, file: str, net: str, asked: tuple[str, ...], code: int
) -> None:
    chosen = ("--network", net, "--beta", "0.1", "--certificate", "closed_form", "--json")
    done = relaxgap("certify", file, *chosen, *asked)
    assert done.exit_code == code, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Expected a relative gap of 0.001, got" in done.stderr
    assert json.loads(done.stdout)["status"] == "inaccurate"
