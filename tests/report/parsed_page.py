"""The elements of a page in order, as a parser of the standard library sees them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass
class Element:
    """An element, its attributes and all text in it."""

    tag: str
    attributes: dict[str, str]
    ancestors: tuple[str, ...]
    text: str = ""


@dataclass
class ParsedPage:
    """All elements of a page."""

    elements: list[Element] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def named(self, *tags: str) -> list[Element]:
        return [each for each in self.elements if each.tag in tags]

    def values(self, attribute: str) -> list[str]:
        return [
            each.attributes[attribute] for each in self.elements if attribute in each.attributes
        ]

    @property
    def ids(self) -> list[str]:
        return self.values("id")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = ParsedPage()
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, attrs)
        element = Element(
            tag, {k: v or "" for k, v in attrs}, tuple(each.tag for each in self._open)
        )
        self.page.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        closed = self._open.pop().tag if self._open else "nothing"
        if closed != tag:
            self.page.unclosed.append(f"{closed} closed by {tag}")

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data


def parsed(page: str) -> ParsedPage:
    """Parse a page; what is closed in the wrong place is in ``unclosed``."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.page
