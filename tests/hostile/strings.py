"""The Big List of Naughty Strings, and reading back what a page shows as a browser would."""

import json
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


@cache
def naughty() -> tuple[str, ...]:
    """All 515, the empty ones and doubles too: a position is a name."""
    return tuple(json.loads((VECTORS / "blns/blns.json").read_text("utf-8")))


def sample(every: int = 9) -> list[str]:
    """Some of each neighbourhood of the list, and always those that break markup, templates and lines."""
    chosen = [one for place, one in enumerate(naughty()) if place % every == 0]
    breaking = [one for one in naughty() if any(mark in one for mark in ("{{", "{%", "</", '"', "\n", "\r", "\x7f"))]
    return list(dict.fromkeys([*chosen, *breaking[::4]]))


class _Page(HTMLParser):
    """What a browser makes of the markup: values of inputs by name, whole text of elements, names of tags."""

    VOID = {"input", "br", "img", "meta", "link", "hr", "source", "wbr", "area", "base", "col", "embed", "track"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.values: dict[str, str] = {}
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self._open: list[list] = []

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        self.tags.append((tag, given))
        if tag == "input" and "name" in given and given.get("type") not in ("checkbox", "radio", "hidden"):
            self.values[given["name"]] = given.get("value", "")
        if tag == "br":
            self.handle_data("\n")
        if tag not in self.VOID:
            self._open.append([tag, given, []])

    def handle_data(self, data):
        for one in self._open:
            one[2].append(data)

    def handle_endtag(self, tag):
        while self._open:
            name, given, parts = self._open.pop()
            text = "".join(parts)
            self.texts.append(text)
            if name == "textarea" and "name" in given:
                self.values[given["name"]] = text.removeprefix("\n")
            if name == tag:
                break


def page(answer) -> _Page:
    read = _Page()
    read.feed(answer.content.decode())
    return read


def strangers(read: _Page) -> list:
    """What no page of ours has: handlers in attributes, scripts without a nonce or address of ours, addresses that are code."""
    found = []
    for tag, given in read.tags:
        found += [(tag, name) for name in given if name.startswith("on")]
        found += [(tag, name, value) for name, value in given.items() if _is_code(name, value)]
        if tag == "script" and not given.get("nonce") and given.get("type") != "application/json":
            found += [] if given.get("src", "").startswith("/static/") else [(tag, given)]
        if tag == "iframe" and given.get("src", "").startswith("/") and given.get("sandbox") == "allow-same-origin":
            continue  # a page of ours beside another, without script
        framed = tag in ("iframe", "object", "embed", "svg") and ("src" in given or "data" in given)
        if framed or "style" in given or tag == "style":
            found.append((tag, given))
    return found


def _is_code(name: str, value: str) -> bool:
    if name not in ("href", "src", "action", "formaction", "xlink:href"):
        return False
    plain = "".join(value.split()).lower()
    return plain.startswith(("javascript:", "vbscript:", "data:text"))
