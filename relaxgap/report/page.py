"""The page: look, script and data in one file, which is the same from the same results."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from relaxgap.claims.claim import Claim
from relaxgap.claims.judging import Judgement
from relaxgap.report.contents import Contents, Section
from relaxgap.report.experiments import experiment_section
from relaxgap.report.markup import Markup, element, joined
from relaxgap.report.mathematics import formulas
from relaxgap.report.tables import Cell, cell, sortable
from relaxgap.report.verdicts import claims_section
from relaxgap.version import __version__

GENERATOR = "relaxgap report"
SIGNED_BYTES = 2_000
"""A report says within so many bytes that it is one."""
INTRODUCTION = (
    "How far is a convex relaxation of two-layer ReLU training, or a network trained by gradient "
    "descent, from the global optimum? relaxgap reproduces the experiments of Kim & Pilanci (ICML "
    "2024), “Convex Relaxations of ReLU Neural Networks Approximate Global Optima in Polynomial "
    "Time”, and goes one step further: where the paper bounds the optimum, it brackets it, with a "
    "dual certificate that holds for networks of every width.",
    "Every optimum below stands between the value of a point that is feasible and that of a dual "
    "point that is, computed by code that does not know which solver made them. Sentences above "
    "figures are made from the numbers that the figures show, and all of these are on this page.",
)
SYMBOLS = {
    "$p^*$": "optimum of training with weight decay over networks of every width",
    "$\\tilde p^*$": "optimum of the convex program over sampled activation patterns",
    "$p_g$, $\\tilde p_g$": "the same for the gated relaxation, whose blocks have no cones",
    "$n$, $d$, $m$": "samples, features, neurons",
    "$\\tilde P$": "gates that were drawn",
    "$\\beta$, $\\beta_{\\max}$": "strength of weight decay, the least at which zero is optimal",
    "$\\kappa$": "condition number of the kernel of activations",
    "$C(K, z)$": "sharpness of a cone in a direction",
}


def is_report(path: Path) -> bool:
    """Whether a file is a page that was made here."""
    with path.open("rb") as stream:
        return _SIGNATURE.encode() in stream.read(SIGNED_BYTES)


def report_page(contents: Contents) -> str:
    """Return the page, a function of its contents and of the version of relaxgap alone."""
    sections = frozenset(section.id for section in contents.sections)
    body = joined(
        element("a", "To the content", href="#content", class_="skip"),
        _top(),
        element(
            "div",
            _navigation(contents),
            element(
                "main",
                _introduction(contents),
                claims_section(contents.claims, sections) if contents.claims else Markup(""),
                _findings(contents.sections),
                _experiments(contents),
                _missing(contents),
                id="content",
                tabindex="-1",
            ),
            class_="columns",
        ),
        element("footer", element("p", f"relaxgap {__version__}. This page loads nothing.")),
        element("div", id="reading", hidden=True),
        element("div", id="spoken", aria_live="polite", class_="unseen"),
        _glyphs(contents.sections),
        element("script", Markup(_script())),
        by="\n",
    )
    page = element("html", joined(_head(), element("body", body), by="\n"), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


_SIGNATURE = element("meta", name="generator", content=GENERATOR)


def _head() -> Markup:
    digest = b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    return element(
        "head",
        joined(
            element("meta", charset="utf-8"),
            _SIGNATURE,
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("title", "relaxgap: claims, figures and brackets"),
            element("style", Markup(_file("page.css"))),
            by="\n",
        ),
    )


def _script() -> str:
    return _file("page.js")


def _file(name: str) -> str:
    return files("relaxgap.report").joinpath(name).read_text(encoding="utf-8")


def _top() -> Markup:
    return element(
        "header",
        element("p", "relaxgap", class_="name"),
        # a page without its script has one theme, that of the reader's system
        element(
            "button", "Dark theme", type="button", id="theme", aria_pressed="false", hidden=True
        ),
    )


def _navigation(contents: Contents) -> Markup:
    places = {"claims": "Claims"} if contents.claims else {}
    places |= {"findings": "Findings"}
    links = [element("li", element("a", said, href=f"#{place}")) for place, said in places.items()]
    inner = joined(
        *(
            element("li", element("a", _title(section), href=f"#{section.id}"))
            for section in contents.sections
        )
    )
    links.append(
        element("li", element("a", "Experiments", href="#experiments"), element("ol", inner))
    )
    if contents.missing:
        links.append(element("li", element("a", "Missing", href="#missing")))
    folded = element("details", element("summary", "Contents"), element("ul", *links), open=True)
    return element("nav", folded, aria_label="Contents")


def _title(section: Section) -> str:
    name = section.experiment.name
    return f"{name}, {section.variant}" if section.variant else name


def _introduction(contents: Contents) -> Markup:
    n_figures = sum(len(section.figures) for section in contents.sections)
    rows = (
        joined(element("dt", formulas(symbol)), element("dd", meaning))
        for symbol, meaning in SYMBOLS.items()
    )
    n_experiments = len({section.experiment.name for section in contents.sections})
    return joined(
        element("h1", "How far from the global optimum?"),
        *(element("p", paragraph) for paragraph in INTRODUCTION),
        element(
            "p",
            f"On this page: {_count(len(contents.claims), 'claim')} with verdicts, "
            f"{_count(n_experiments, 'experiment')} and {_count(n_figures, 'figure')}.",
        ),
        element("details", element("summary", "Symbols"), element("dl", *rows)),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _findings(sections: Sequence[Section]) -> Markup:
    rows = [
        [
            Cell(element("a", _title(section), href=f"#{section.id}"), section.id),
            Cell(_finding(section), section.id),
            cell(section.manifest.get("n_cells_finished")),
            cell(section.manifest.get("cpu_seconds_of_cells")),
        ]
        for section in sections
    ]
    table = sortable(
        ("experiment", "finding", "cells", "CPU seconds"),
        rows,
        "What each first figure says of its numbers.",
        "Findings",
    )
    return element(
        "section",
        element("h2", "Findings", id="findings-title"),
        table,
        id="findings",
        aria_labelledby="findings-title",
    )


def _finding(section: Section) -> Markup:
    return formulas(next(iter(section.figures.values())).title)


def _experiments(contents: Contents) -> Markup:
    judged: dict[str, list[tuple[Claim, Judgement]]] = {}
    for claim, row in contents.claims:
        judged.setdefault(row.tested_by, []).append((claim, row))
    parts = (
        experiment_section(section, judged.get(section.experiment.name, []))
        for section in contents.sections
    )
    return element(
        "section",
        joined(element("h2", "Experiments", id="experiments-title"), *parts, by="\n"),
        id="experiments",
        aria_labelledby="experiments-title",
    )


def _missing(contents: Contents) -> Markup:
    if not contents.missing:
        return Markup("")
    items = (
        element(
            "li",
            element("code", item.experiment.name),
            f": {item.experiment.shows}. ",
            f"{item.reason} " if item.reason else "",
            "Made by ",
            element("code", f"relaxgap run experiment={item.experiment.name}"),
            ".",
        )
        for item in contents.missing
    )
    return element(
        "section",
        element("h2", "Missing", id="missing-title"),
        element("p", "Experiments without results of their own settings in this folder."),
        element("ul", *items, class_="missing"),
        id="missing",
        aria_labelledby="missing-title",
    )


def _glyphs(sections: Sequence[Section]) -> Markup:
    """Return the letters of all figures, each once."""
    found: dict[str, str] = {}
    for section in sections:
        for figure in (*section.figures.values(), *section.linear.values()):
            found.update(figure.glyphs)
    return _hidden_drawing({name: found[name] for name in sorted(found)})


def _hidden_drawing(glyphs: Mapping[str, str]) -> Markup:
    defined = element("defs", *map(Markup, glyphs.values()))
    return element("svg", defined, width=0, height=0, aria_hidden="true", class_="glyphs")
