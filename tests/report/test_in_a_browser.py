"""The page as Chromium shows it, wide and narrow, light and dark, judged by axe-core too."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("RELAXGAP_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
AXE = Path(os.environ.get("RELAXGAP_AXE", ROOT / "node_modules/axe-core/axe.min.js"))
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# a browser of a test is not open long enough for a sandbox to matter, and root has none
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr")
DARK, LIGHT = 0, 1
ANSWER = "const answer = (said) => parent.postMessage(said, '*');"
LOOK = """
const figure = document.querySelector("#figure-svd_noise .plot");
const press = (key) => figure.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const column = (place) => [...document.querySelectorAll("#findings tbody tr")].map(
  (row) => row.cells[place].textContent);
const shown = {
  width: innerWidth,
  page: document.documentElement.scrollWidth,
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  background: getComputedStyle(document.body).backgroundColor,
  card: getComputedStyle(figure).backgroundColor,
};
const button = document.getElementById("theme");
shown.before = button.getAttribute("aria-pressed");
button.click();
shown.after = button.getAttribute("aria-pressed");
shown.turned = getComputedStyle(document.body).backgroundColor;
button.click();
press("ArrowRight");
shown.reading = document.getElementById("reading").textContent;
press("ArrowRight");
shown.next = document.getElementById("reading").textContent;
shown.spoken = document.getElementById("spoken").textContent;
press("Escape");
shown.hidden = document.getElementById("reading").hidden;
const scale = document.querySelector("#figure-kappa_scale .scale");
const plots = [...document.querySelectorAll("#figure-kappa_scale .plot")];
const state = () => [
  scale.hidden, scale.getAttribute("aria-pressed"), ...plots.map((plot) => plot.offsetHeight > 0)];
shown.scales = [state()];
scale.click();
shown.scales.push(state());
plots[1].dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
shown.linear = document.getElementById("reading").hidden === false;
scale.click();
shown.scales.push(state());
const head = document.querySelectorAll("#findings th[scope=col]")[2];
head.querySelector("button").click();
shown.sorted = [head.getAttribute("aria-sort"), ...column(2)];
head.querySelector("button").click();
shown.again = [head.getAttribute("aria-sort"), ...column(2)];
answer(shown);
"""
JUDGE = """
// what is far from the screen has no layout of its own until it is near
document.head.insertAdjacentHTML(
  "beforeend", "<style>.experiment { content-visibility: visible !important; }</style>");
for (const fold of document.querySelectorAll("main details")) fold.open = true;
axe.run().then((found) => answer(
  found.violations.map((each) => [each.id, each.nodes.map((node) => node.html)])));
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs chromium: install it, or name it by RELAXGAP_CHROMIUM"
    ),
]


def opened(page: Path, theme: int, folder: Path) -> tuple[str, list[str]]:
    """Return the document that a page became, and what the console said."""
    done = subprocess.run(
        [
            str(CHROMIUM),
            *FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={theme}",
            "--window-size=1400,900",
            "--virtual-time-budget=600000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def asked(page: str, scripts: list[str], width: int, theme: int, folder: Path) -> Any:
    """Return what scripts answer in a page as wide as a window cannot be made: in a frame."""
    added = "".join(f"<script>{{\n{script}\n}}</script>" for script in scripts)
    changed = POLICY.sub("", page).replace("</body>", f"{added}</body>")
    assert changed.count(added) == 1
    (folder / "page.html").write_text(changed)
    (folder / "frame.html").write_text(
        f'<!DOCTYPE html><iframe src="page.html" style="width: {width}px; height: 800px; '
        'border: 0"></iframe><pre id="said"></pre><script>onmessage = (event) => { '
        'document.getElementById("said").textContent = JSON.stringify(event.data); }</script>'
    )
    document, console = opened(folder / "frame.html", theme, folder)
    assert not console
    said = re.search(r'<pre id="said">(.*?)</pre>', document, re.DOTALL)
    assert said is not None
    return json.loads(html.unescape(said[1]))


def test_the_script_runs_under_the_policy_of_the_page(small_page: str, tmp_path: Path) -> None:
    assert POLICY.search(small_page)
    path = tmp_path / "page.html"
    path.write_text(small_page)
    document, console = opened(path, LIGHT, tmp_path)
    assert not console
    button = re.search(r'<button[^>]*id="theme"[^>]*>', document)
    assert button is not None
    assert "hidden" not in button[0]


@pytest.mark.parametrize(("width", "theme"), [(1280, LIGHT), (390, DARK)])
def test_themes_readings_and_tables_work(
    small_page: str, tmp_path: Path, width: int, theme: int
) -> None:
    shown = asked(small_page, [ANSWER + LOOK], width, theme, tmp_path)
    assert shown["width"] == width
    # nothing but a bar takes room: the page itself does not scroll sideways
    assert shown["page"] <= width
    assert shown["dark"] is (theme == DARK)
    assert (shown["before"], shown["after"]) == (
        ("true", "false") if shown["dark"] else ("false", "true")
    )
    assert shown["background"] != shown["turned"]
    assert shown["card"] == "rgb(255, 255, 255)"
    assert shown["reading"].endswith("standard deviation: 0\nReLU optimum over the linear one: 1")
    assert shown["next"].endswith("standard deviation: 0.5\nReLU optimum over the linear one: 1.05")
    assert shown["spoken"] == shown["next"].replace("\n", ", ")
    assert shown["hidden"] is True
    logarithmic, linear = [False, "false", True, False], [False, "true", False, True]
    assert shown["scales"] == [logarithmic, linear, logarithmic]
    assert shown["linear"]
    # cells without a number are last either way
    assert shown["sorted"] == ["ascending", "70", "", ""]
    assert shown["again"] == ["descending", "70", "", ""]


@pytest.mark.skipif(
    not AXE.is_file(), reason="needs axe-core: npm install --no-save axe-core, or RELAXGAP_AXE"
)
@pytest.mark.parametrize(
    ("width", "theme"), [(1280, LIGHT), (1280, DARK), (390, LIGHT), (390, DARK)]
)
def test_axe_finds_no_violation(small_page: str, tmp_path: Path, width: int, theme: int) -> None:
    assert asked(small_page, [AXE.read_text(), ANSWER + JUDGE], width, theme, tmp_path) == []
