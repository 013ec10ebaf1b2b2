"""The part of a page that is of one experiment: claims, figures, numbers, and what made them."""

import json
import shlex
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from relaxgap.claims.claim import Claim
from relaxgap.claims.judging import Judgement
from relaxgap.drawing.readings import Panel
from relaxgap.drawing.vector import VectorFigure
from relaxgap.report.contents import Section
from relaxgap.report.markup import Markup, element, joined
from relaxgap.report.mathematics import formulas, plain
from relaxgap.report.tables import SHOWN_ROWS, bracket_table, frame_table
from relaxgap.report.verdicts import badge, readable

COMMIT_DIGITS = 12
LINEAR = "Linear y-axes"
HOW = "Arrow keys, a pointer or a finger read its values."


def experiment_section(section: Section, judged: Sequence[tuple[Claim, Judgement]]) -> Markup:
    """Return the part of one summary.

    Parameters
    ----------
    section : Section
        What was read.
    judged : sequence of (Claim, Judgement)
        Of the claims that it tests.
    """
    experiment = section.experiment
    title = element("code", experiment.name)
    if section.variant:
        title = joined(title, " with ", element("code", section.variant))
    parts = [
        element("h3", title),
        element("p", f"{experiment.shows[:1].upper()}{experiment.shows[1:]}.", class_="shows"),
        element("ul", *(element("li", claim) for claim in experiment.claims), class_="claims"),
        _verdicts(judged) if not section.variant else Markup(""),
        _commands(section),
        *(_figure(figure, name, section) for name, figure in section.figures.items()),
        _numbers(section),
        _brackets(section),
        _data(section),
        _manifest(section),
    ]
    return element(
        "section",
        joined(*parts, by="\n"),
        id=section.id,
        class_="experiment",
    )


def _verdicts(judged: Sequence[tuple[Claim, Judgement]]) -> Markup:
    if not judged:
        return Markup("")
    items = (
        element(
            "li",
            element("a", row.claim, href=f"#claim-{claim.name}"),
            " ",
            badge(row.outcome),
            f" {readable(row.detail)}" if row.detail else "",
        )
        for claim, row in judged
    )
    return element("ul", *items, class_="verdicts")


def _commands(section: Section) -> Markup:
    name = section.experiment.name
    stated = section.manifest.get("command")
    words = stated if isinstance(stated, list) else []
    again = shlex.join(map(str, words)) or f"relaxgap run experiment={name}"
    return element(
        "p",
        "Made by ",
        element("code", again),
        ", drawn again by ",
        element("code", f"relaxgap figures {name}"),
        ".",
        class_="command",
    )


def _figure(figure: VectorFigure, name: str, section: Section) -> Markup:
    identity = f"figure-{section.number}-{name}" if section.number else f"figure-{name}"
    linear = section.linear.get(name)
    button = element(
        "button", LINEAR, type="button", class_="scale", aria_pressed="false", hidden=True
    )
    return element(
        "figure",
        element("figcaption", formulas(figure.title), id=f"{identity}-title"),
        _plot(figure, identity),
        *([] if linear is None else [_plot(linear, identity, hidden=True), button]),
        element("p", formulas(figure.caption), id=f"{identity}-caption", class_="caption"),
        id=identity,
    )


def _plot(figure: VectorFigure, identity: str, hidden: bool = False) -> Markup:
    """Return a drawing, and behind it the values of its marks."""
    drawn = element(
        "svg",
        Markup(figure.inner),
        viewBox=f"0 {figure.top:.2f} {figure.width:.2f} {figure.height:.2f}",
        role="img",
        aria_labelledby=f"{identity}-title",
        aria_describedby=f"{identity}-caption",
    )
    how = HOW if figure.panels else "It scrolls sideways on a narrow screen."
    plot = element(
        "div",
        drawn,
        class_="plot",
        tabindex=0,
        role="group",
        aria_label=f"Figure: {plain(figure.title)}. {how}",
        hidden=hidden,
    )
    if not figure.panels:
        return plot
    text = json.dumps(_readings(figure.panels), ensure_ascii=False, separators=(",", ":"))
    # no text ends the element
    safe = Markup(text.replace("<", "\\u003c"))
    return joined(plot, element("script", safe, type="application/json", class_="readings"))


def _readings(panels: Sequence[Panel]) -> list[Any]:
    """Return the values of the marks as lists: their names would be most of the page."""
    return [
        [
            plain(panel.title.partition("\n")[0]),
            plain(" ".join(panel.x.split())),
            plain(" ".join(panel.y.split())),
            [
                [
                    plain(series.name),
                    series.colour,
                    [
                        [each.left, each.top, plain(each.x), plain(each.y)]
                        for each in series.readings
                    ],
                ]
                for series in panel.series
            ],
        ]
        for panel in panels
    ]


def _fold(title: str, *inside: str) -> Markup:
    return element("details", element("summary", title), *inside)


def _numbers(section: Section) -> Markup:
    count = len(section.table)
    table = frame_table(
        section.table,
        "The table that a run prints: what the figures show.",
        f"Numbers of {section.id}",
    )
    return _fold(f"Numbers ({count} {'row' if count == 1 else 'rows'})", table)


def _brackets(section: Section) -> Markup:
    table = bracket_table(section.summary, f"Brackets of {section.id}")
    return _fold("Brackets", table) if table else Markup("")


def _data(section: Section) -> Markup:
    n_rows, n_columns = section.summary.shape
    shown = min(n_rows, SHOWN_ROWS)
    which = "All" if shown == n_rows else f"The first {shown} of"
    links = joined(
        *(
            element(
                "a",
                f"{section.id}-{name}",
                f" ({len(text.encode()) / 1000:,.0f} kB)",
                download=f"{section.id}-{name}",
                href=f"data:text/csv;charset=utf-8,{quote(text, safe=',:;()+=-_.~/*!@?[]')}",
            )
            for name, text in section.files.items()
        ),
        by=", ",
    )
    table = frame_table(
        section.summary,
        f"{which} {n_rows:,} rows of summary.csv.",
        f"Data of {section.id}",
        SHOWN_ROWS,
    )
    return _fold(
        f"Data ({n_rows:,} rows, {n_columns} columns)",
        element("p", "All of it, as CSV: ", links, "."),
        table,
    )


def _manifest(section: Section) -> Markup:
    found = section.manifest
    if not found:
        return _fold("Manifest", element("p", "There is none that can be read beside the summary."))
    stated = found.get("sources")
    sources = (
        [item for item in stated if isinstance(item, dict)] if isinstance(stated, list) else []
    )
    facts = {
        "commit": ", ".join(_source(item) for item in sources) or "unknown",
        "cells": f"{found.get('n_cells_finished')} of {found.get('n_cells')}",
        "processor": f"{found.get('cpu')}, {found.get('n_cpus')} cores",
        "seconds": f"{found.get('wall_seconds_of_cells')} wall, "
        f"{found.get('cpu_seconds_of_cells')} CPU, summed over cells",
        "versions": ", ".join(f"{name} {version}" for name, version in _versions(found)),
    }
    rows = (joined(element("dt", name), element("dd", said)) for name, said in facts.items())
    whole = element(
        "pre",
        json.dumps(found, indent=1, ensure_ascii=False),
        tabindex=0,
        role="group",
        aria_label=f"Manifest of {section.id}",
    )
    return _fold("Manifest", element("dl", *rows), whole)


def _source(source: dict[str, Any]) -> str:
    commit = str(source.get("commit") or "unknown")[:COMMIT_DIGITS]
    return f"{commit}, {'with uncommitted changes' if source.get('dirty') else 'clean'}"


def _versions(manifest: Any) -> list[tuple[str, Any]]:
    versions = manifest.get("versions")
    return list(versions.items()) if isinstance(versions, dict) else []
