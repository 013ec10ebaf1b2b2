from pathlib import Path

from relaxgap.experiments.claims_table import claims_table
from relaxgap.experiments.registry import EXPERIMENTS

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- claims: made from the experiments -->\n", "<!-- end of claims -->\n"


def test_the_table_of_the_readme_is_made_from_the_experiments() -> None:
    _, table, _ = README.read_text(encoding="utf-8").replace(END, BEGIN).split(BEGIN)
    assert table == claims_table(EXPERIMENTS.values())


def test_every_experiment_has_a_row_with_its_command_and_its_figure() -> None:
    rows = claims_table(EXPERIMENTS.values()).splitlines()[2:]
    assert len(rows) == sum(len(experiment.claims) for experiment in EXPERIMENTS.values())
    for name in EXPERIMENTS:
        (row,) = [row for row in rows if f"`{name}`" in row]
        assert f"relaxgap run experiment={name}`" in row
        assert f"results/{name}/{name}.png" in row
        assert (README.parent / "results" / name / f"{name}.png").is_file()
