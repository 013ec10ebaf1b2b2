"""Elements of HTML as text that is safe by its type: what is not `Markup` is escaped."""

import html
from unicodedata import category

VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()

    def unescaped(self) -> str:
        """Return the characters that it stands for, of text without elements."""
        return html.unescape(self)


def escaped(text: str) -> Markup:
    """Return text as HTML, with characters that are not to be shown written out."""
    if isinstance(text, Markup):
        return text
    # most text is a long one of data, all of it fit to be shown
    shown = text if text.isprintable() else "".join(map(_shown, text))
    return Markup(html.escape(shown))


def _shown(character: str) -> str:
    """Write out controls, bidirectional marks and half characters; spaces of any width stay."""
    if character.isprintable() or character == "\n" or category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")


def joined(*parts: str, by: str = "") -> Markup:
    """Return parts one after another."""
    return Markup(by.join(map(escaped, parts)))


def element(name: str, /, *children: str, **attributes: str | bool | int | None) -> Markup:
    """Return an element.

    Parameters
    ----------
    name : str
        Its tag.
    *children : str
        What is in it: text, or `Markup`.
    **attributes : str, bool, int or None
        ``class_`` is ``class``, ``aria_label`` is ``aria-label``; True stands alone, and what is
        False or None is left out.
    """
    said = "".join(_attribute(key, value) for key, value in attributes.items())
    inner = joined(*children)
    return Markup(f"<{name}{said}>" if name in VOID else f"<{name}{said}>{inner}</{name}>")


def _attribute(key: str, value: str | bool | int | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escaped(str(value))}"'
