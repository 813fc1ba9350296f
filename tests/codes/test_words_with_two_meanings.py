"""A word that means one thing on a page of codes and another elsewhere stands there with its context, or the catalogue gives it one Chinese word for both.

Seen on screens before this test: orders in a column “sorting”, the button that puts an order in force named “time of activation”, a scan turned back
named “refund”, an inspected worker found “improper”.
"""

import re
from pathlib import Path

import pytest

from tongban.channels import exchange, office, portal

ROOT = Path(next(iter(office.__path__))).parent
PAGES = {
    "office": Path(next(iter(office.__path__))) / "templates/office",
    "portal": Path(next(iter(portal.__path__))) / "templates/portal",
    "exchange": Path(next(iter(exchange.__path__))) / "templates/exchange",
}
FOLDERS = [
    *(PAGES["office"] / name for name in ("orders", "codes", "venues", "visits", "passes")),
    *(PAGES["portal"] / name for name in ("orders", "codes", "venues", "passes")),
    PAGES["exchange"],
]
TWO_MEANINGS = [
    "Order", "Where", "Put in force", "Code", "Given back", "Left out", "Not in order", "not in order", "in order", "Refused", "refused", "Register",
    "Where it stands", "Number", "Keys", "From", "closed", "Time", "Share", "List", "Persons", "For whom", "Company code", "What is asked",
]  # fmt: skip


@pytest.mark.parametrize("word", TWO_MEANINGS)
def test_it_stands_with_its_context(word):
    bare = re.compile(rf"""translate (["']){re.escape(word)}\1(?! context)""")
    pages = [*(one for folder in FOLDERS for one in folder.rglob("*.html")), PAGES["office"] / "keys.html"]

    assert len(pages) > 60
    assert [str(one.relative_to(ROOT)) for one in pages if bare.search(one.read_text("utf-8"))] == []
