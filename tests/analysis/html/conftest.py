"""A page about made-up results, and a way to read its HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "circle"}


@dataclass
class Element:
    """A tag with its attributes, the text right in it, and what is inside."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: list[Element] = field(default_factory=list)

    def all(self, tag: str = "", kind: str = "") -> list[Element]:
        """Every element of a tag and a class anywhere inside."""
        return [e for e in self._every() if tag in ("", e.tag) and _is(e, kind)]

    def words(self) -> str:
        return " ".join([self.text, *(e.words() for e in self.inside)]).strip()

    def _every(self) -> Iterator[Element]:
        for element in self.inside:
            yield element
            yield from element._every()


def _is(element: Element, kind: str) -> bool:
    return not kind or kind in element.attributes.get("class", "").split()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].text += data


def parse(html: str) -> Element:
    """The document; an assertion fails where tags do not close each other."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader.open) == 1, "everything is closed"
    return reader.open[0]


@pytest.fixture(scope="session")
def read() -> Callable[[str], Element]:
    return parse
