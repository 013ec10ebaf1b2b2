import itertools
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from parsed_page import ParsedPage, parsed

from relaxgap.claims.judging import judged
from relaxgap.claims.registry import CLAIMS

Another = Callable[[Callable[[Path], None]], str]
HOSTILE = "<b>&\"'</script><script>alert(1)</script>\x07\u202e$"


def test_every_element_is_closed_where_it_was_opened(small: ParsedPage) -> None:
    assert not small.unclosed
    assert len(small.named("h1")) == len(small.named("main")) == len(small.named("title")) == 1
    assert small.named("html")[0].attributes["lang"] == "en"


def test_nothing_is_loaded_from_elsewhere(small: ParsedPage, small_page: str) -> None:
    assert not small.values("src")
    assert not small.named("link", "iframe", "object", "embed", "base", "form", "image", "img")
    links = [*small.values("href"), *small.values("xlink:href")]
    assert all(link.startswith(("#", "data:text/csv")) for link in links)
    addresses = set(re.findall(r"\w+://[^\s\"'<>)]+", small_page))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert all(found.startswith("#") for found in re.findall(r"url\(([^)]*)\)", small_page))


def test_ids_are_unique_and_all_that_is_pointed_to_is_there(small: ParsedPage) -> None:
    assert len(small.ids) == len(set(small.ids))
    pointed = {link[1:] for link in small.values("href") if link.startswith("#")}
    pointed |= {
        each for name in ("aria-labelledby", "aria-describedby") for each in small.values(name)
    }
    pointed |= {
        name for found in small.values("clip-path") for name in re.findall(r"#([^)]*)", found)
    }
    assert pointed <= set(small.ids)


def test_headings_do_not_skip_a_level(small: ParsedPage) -> None:
    levels = [int(each.tag[1]) for each in small.named("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_figure_has_a_name_and_a_caption(small: ParsedPage) -> None:
    drawings = [each for each in small.named("svg") if "aria-hidden" not in each.attributes]
    # one has logarithmic axes, and is there with linear ones too
    assert len(drawings) == 1 + len(small.named("figure")) == 4
    words = {each.attributes["id"]: each.text for each in small.elements if "id" in each.attributes}
    for drawing in drawings:
        assert drawing.attributes["role"] == "img"
        for name in ("aria-labelledby", "aria-describedby"):
            said = words[drawing.attributes[name]]
            assert said.strip()
            assert not set("\\$") & set(said)


def test_what_scrolls_or_is_pressed_can_be_reached_and_has_a_name(small: ParsedPage) -> None:
    boxes = [
        each
        for each in small.elements
        if each.attributes.get("class") in ("wide", "plot") or each.tag == "pre"
    ]
    assert len(boxes) > 10
    assert all(each.attributes["tabindex"] == "0" for each in boxes)
    names = [each.attributes["aria-label"] for each in boxes]
    tables = [
        each.attributes["aria-label"] for each in boxes if each.attributes.get("class") == "wide"
    ]
    assert all(names)
    assert len(tables) == len(set(tables))


def test_tables_name_their_columns_and_rows(small: ParsedPage) -> None:
    heads = [each for each in small.named("th") if "thead" in each.ancestors]
    sides = [each for each in small.named("th") if "tbody" in each.ancestors]
    assert all(each.attributes["scope"] == "col" and each.text for each in heads)
    assert all(each.attributes["scope"] == "row" for each in sides)
    assert len(small.named("caption")) == len(small.named("table"))


def test_claims_have_the_verdicts_of_verify(small: ParsedPage, small_results: Path) -> None:
    row = judged(CLAIMS["theorem_6"], "default", small_results)
    (found,) = [each for each in small.named("tr") if "theorem_6" in each.text]
    assert row.outcome in found.text
    assert CLAIMS["theorem_6"].statement in found.text
    assert f"{row.n_instances:,}" in found.text
    assert "claim-theorem_6" in small.ids
    # none of an experiment that was not asked for
    assert "claim-theorem_1" not in small.ids


def test_the_data_are_those_of_the_folder_byte_for_byte(
    small: ParsedPage, small_results: Path
) -> None:
    links = {
        each.attributes["download"]: each.attributes["href"]
        for each in small.named("a")
        if "download" in each.attributes
    }
    assert set(links) == {
        "svd_noise-summary.csv",
        "svd_noise-1-summary.csv",
        "kappa_scale-summary.csv",
    }
    kind, _, content = links["svd_noise-summary.csv"].partition(",")
    assert kind == "data:text/csv;charset=utf-8"
    assert unquote(content) == (small_results / "svd_noise/summary.csv").read_text()


def test_brackets_have_both_ends_and_are_sorted_by_numbers(small: ParsedPage) -> None:
    (table,) = [
        each
        for each in small.named("div")
        if each.attributes.get("aria-label") == "Brackets of svd_noise"
    ]
    assert "[2.12714534, 2.12714534]" in table.text
    cells = [each for each in small.named("td") if each.text == "[2.12714534, 2.12714534]"]
    assert float(cells[0].attributes["data-key"]) == pytest.approx(2.127145335, rel=1e-9)


def test_readings_are_the_values_that_are_drawn(small: ParsedPage) -> None:
    scripts = [
        each for each in small.named("script") if each.attributes.get("type") == "application/json"
    ]
    panels = json.loads(scripts[0].text)
    (panel,) = panels
    assert panel[1:3] == [
        "noise on the one-hot labels, standard deviation",
        "ReLU optimum over the linear one",
    ]
    values = {(x, y) for _, _, marks in panel[3] for _, _, x, y in marks}
    assert {("0", "1"), ("0.5", "1.05")} <= values


def test_the_manifest_and_the_command_are_there(small: ParsedPage, small_results: Path) -> None:
    manifest = json.loads((small_results / "svd_noise/manifest.json").read_text())
    said = next(each.text for each in small.elements if each.attributes.get("id") == "svd_noise")
    assert " ".join(manifest["command"]) in said
    assert manifest["cpu"] in said
    assert manifest["sources"][0]["commit"][:12] in said
    assert f"numpy {manifest['versions']['numpy']}" in said


def test_what_is_missing_is_listed_with_its_command(small: ParsedPage) -> None:
    (missing,) = [each for each in small.elements if each.attributes.get("id") == "missing"]
    assert "relaxgap run experiment=gpu_kernels" in missing.text
    assert "svd_noise" not in missing.text


def test_a_run_with_other_settings_is_a_section_of_its_own(small: ParsedPage) -> None:
    titles = [each.text for each in small.named("h3")]
    assert titles == ["svd_noise", "svd_noise with scale=ci", "kappa_scale"]


def test_the_same_results_are_the_same_bytes(small_page: str, another_page: Another) -> None:
    assert another_page(lambda results: None) == small_page


def test_what_cannot_be_read_is_said_and_the_rest_is_shown(another_page: Another) -> None:
    page = parsed(
        another_page(lambda results: (results / "kappa_scale/summary.csv").write_text("a,b\n"))
    )
    (missing,) = [each for each in page.elements if each.attributes.get("id") == "missing"]
    assert "Expected rows of the columns cell, data" in missing.text
    assert "other name of results" not in missing.text
    assert "svd_noise" in page.ids
    (claim,) = [each for each in page.named("tr") if "theorem_6" in each.text]
    assert "not run" in claim.text


def test_a_manifest_that_is_none_does_not_stop_the_page(another_page: Another) -> None:
    contents = ["", "[]", '{"sources": 3}', '{"command": {}}', "{\x00", '{"versions": [1]}']

    def damage(results: Path) -> None:
        for number, content in enumerate(contents):
            home = results / f"svd_noise/seed={number}"
            home.mkdir()
            shutil.copy(results / "svd_noise/summary.csv", home)
            (home / "manifest.json").write_text(content)

    page = parsed(another_page(damage))
    assert {f"svd_noise-{number}" for number in range(1, 8)} <= set(page.ids)
    assert [each.text for each in page.named("summary")].count("Manifest") == 9


def test_text_of_the_data_is_text_on_the_page(another_page: Another) -> None:
    def rename(results: Path) -> None:
        path = results / "svd_noise/summary.csv"
        quoted = '"' + HOSTILE.replace('"', '""') + '"'
        path.write_text(path.read_text().replace('"whitened gaussian, one-hot labels"', quoted))
        (results / "svd_noise/manifest.json").write_text(json.dumps({"command": [HOSTILE]}))
        (results / "svd_noise/scale=ci").rename(results / "svd_noise/<i>=1")

    page = another_page(rename)
    found = parsed(page)
    assert not found.unclosed
    assert "alert(1)" not in "".join(each.text for each in found.named("script", "style"))
    assert "\x07" not in page
    assert "\u202e" not in page
    assert len(found.ids) == len(set(found.ids))
    assert not [link for link in found.values("href") if not link.startswith(("#", "data:text"))]
