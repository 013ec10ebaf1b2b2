r"""The formulas of figures as HTML: what stands between dollar signs, in the little TeX they use.

>>> str(formulas("within $10^{-6}$ of $\\tilde p^*$"))
'within 10<sup>−6</sup> of <i>p̃</i><sup>*</sup>'
"""

import re

from relaxgap.report.markup import Markup, element, joined

SYMBOLS = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "eta": "η",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "cdot": "·",
    "times": "×",
    "leq": "≤",
    "geq": "≥",
    "neq": "≠",
    "approx": "≈",
    "infty": "∞",
    "propto": "∝",
    "sum": "∑",
    "top": "⊤",
    "pm": "±",
    "to": "→",
    "ell": "ℓ",
    "|": "‖",
    ",": "\u2009",
    ";": "\u2009",
    "!": "",
    " ": " ",
    "%": "%",
    "_": "_",
    "{": "{",
    "}": "}",
    "left": "",
    "right": "",
    "quad": " ",
}
ACCENTS = {"tilde": "\u0303", "hat": "\u0302", "bar": "\u0304"}
UPRIGHT = frozenset({"mathrm", "mathbf", "mathdefault", "text", "operatorname", "rm"})
SCRIPTS = {"^": "sup", "_": "sub"}
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|\d+(?:\.\d+)?|.", re.DOTALL)


def formulas(text: str) -> Markup:
    """Return text as HTML, its formulas in italics with exponents and indices."""
    parts = re.split(r"(?<!\\)\$", text)
    # an odd dollar sign is one
    if len(parts) % 2 == 0:
        return joined(text)
    pieces = (
        _Formula(part).markup() if number % 2 else part.replace(r"\$", "$")
        for number, part in enumerate(parts)
    )
    return joined(*pieces)


def plain(text: str) -> str:
    """Return text with its formulas in plain characters, for a label that has no markup."""
    marked = formulas(text).replace("<sup>*</sup>", "*")
    marked = marked.replace("<sup>", "^").replace("<sub>", "_")
    return Markup(re.sub(r"<[^>]+>", "", marked)).unescaped()


class _Formula:
    """Read one formula from left to right."""

    def __init__(self, source: str) -> None:
        self._tokens = TOKEN.findall(source)
        self._at = 0

    def markup(self, upright: bool = False) -> Markup:
        """Return what is left up to the end of the group."""
        pieces: list[Markup | str] = []
        while self._at < len(self._tokens):
            token = self._next()
            if token == "}":
                break
            pieces.append(self._one(token, upright))
        return joined(*pieces)

    def _next(self) -> str:
        token: str = self._tokens[self._at]
        self._at += 1
        return token

    def _argument(self, upright: bool = False) -> Markup:
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        return self._one(self._next(), upright) if self._at < len(self._tokens) else Markup("")

    def _one(self, token: str, upright: bool) -> Markup:
        if token == "{":
            return self.markup(upright)
        if token in SCRIPTS:
            return element(SCRIPTS[token], self._argument(upright))
        if token.startswith("\\"):
            return self._command(token[1:], upright)
        if token == "-":
            return Markup("−")
        if token.isspace():
            return Markup(" ")
        return element("i", token) if token.isalpha() and not upright else joined(token)

    def _command(self, name: str, upright: bool) -> Markup:
        if name in ACCENTS:
            inner = self._argument(upright)
            letter = inner.removeprefix("<i>").removesuffix("</i>")
            accented = joined(Markup(letter + ACCENTS[name]))
            return element("i", accented) if inner.startswith("<i>") else accented
        if name in UPRIGHT:
            return self._argument(upright=True)
        if name == "sqrt":
            inner = self._argument(upright)
            short = len(Markup(re.sub(r"<[^>]+>", "", inner)).unescaped()) == 1
            return joined("√", inner) if short else joined("√(", inner, ")")
        if name == "frac":
            return joined(self._argument(upright), "/", self._argument(upright))
        # the name of a function, as log or max, is its own word
        return joined(SYMBOLS.get(name, name))
