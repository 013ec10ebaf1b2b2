import doctest

import pytest

from relaxgap.report import mathematics, verdicts
from relaxgap.report.mathematics import formulas, plain


@pytest.mark.parametrize("module", [mathematics, verdicts])
def test_the_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("no formula, 5% & <more>", "no formula, 5% &amp; &lt;more&gt;"),
        (r"$\tilde P = 8\,\log n$", "<i>P̃</i> = 8\u2009log <i>n</i>"),
        (r"$\beta_{\max}$", "β<sub>max</sub>"),
        (r"$m_{\mathrm{pruned}}$", "<i>m</i><sub>pruned</sub>"),
        (r"$\sqrt{\log 2n}$", "√(log 2<i>n</i>)"),
        (r"$\sqrt{n}$", "√<i>n</i>"),
        (r"$n^{-g}$", "<i>n</i><sup>−<i>g</i></sup>"),
        (r"$\frac{a}{2}$", "<i>a</i>/2"),
        (r"$\|u\|$", "‖<i>u</i>‖"),
        ("costs $5", "costs $5"),
        ("$a<b$", "<i>a</i>&lt;<i>b</i>"),
        ("$x_{$", "<i>x</i><sub></sub>"),
        (r"$x^\tilde$", "<i>x</i><sup>\u0303</sup>"),
    ],
)
def test_a_formula_becomes_html(text: str, marked: str) -> None:
    assert formulas(text) == marked


def test_a_formula_becomes_a_label() -> None:
    assert plain(r"within $10^{-6}$ of $\tilde p^*/p_g$ & more") == "within 10^−6 of p̃*/p_g & more"
