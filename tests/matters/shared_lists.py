"""Lists of answers as the demonstration writes them, for tests that ask no database."""

from pathlib import Path

import pytest

from tongban.lib import formschema, yamls
from tongban.matters import code_lists

ROWS = yamls.read(Path(__file__).parents[2] / "demo/code_lists.yaml")["code_lists"]


def _offer(row) -> formschema.Offer:
    entries = code_lists.countries() if row["entries"] == "iso-3166" else row["entries"]
    labels = {one["code"]: {"zh": one["zh"], "en": one["en"]} for one in entries}
    return formschema.Offer(tuple(labels), labels)


@pytest.fixture(autouse=True)
def lists_of_the_demonstration(monkeypatch):
    offers = {row["id"]: _offer(row) for row in ROWS}
    monkeypatch.setattr(formschema, "_offered", lambda key, at: offers[key])
