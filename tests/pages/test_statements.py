"""What the pages on accessibility and on data promise is held against what is really there."""

from pathlib import Path

import pytest
import yaml
from django.test import Client
from django.utils import translation

from tongban.channels.pages import statements

DATA_MAP = yaml.safe_load((Path(__file__).resolve().parents[2] / "docs" / "data-map.yaml").read_text("utf-8"))
NOT_ABOUT_PEOPLE = {"public list", "technical"}


def about_people() -> dict[str, str]:
    """Every table that may say something about a person -> how long it is kept."""
    return {
        table: row["retention"]
        for table, row in DATA_MAP.items()
        if row["basis"] not in NOT_ABOUT_PEOPLE
        and table != "registers.Grant"  # which department may ask which register
    }


def test_every_table_about_people_is_told_about_once():
    told = [table for kept in statements.KEPT for table in kept.tables]

    assert sorted(told) == sorted(about_people())


@pytest.mark.parametrize("kept", statements.KEPT, ids=lambda kept: kept.tables[0])
def test_the_periods_are_those_of_the_data_map(kept):
    assert set(kept.periods) == {about_people()[table] for table in kept.tables}


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/accessibility/", "/privacy/"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_anybody_can_read_the_statements(address, language):
    client = Client()
    client.cookies["language"] = language
    html = client.get(address).content.decode()

    assert html.count("<h1>") == 1
    assert str(statements.LOOKED_OVER_ON.year) in html
    assert "tel:" in html


@pytest.mark.django_db
def test_the_accessibility_statement_says_every_check_and_every_gap():
    client = Client()
    client.cookies["language"] = "en"
    html = client.get("/accessibility/").content.decode()

    for sentence in (*statements.CHECKS.values(), *statements.LOOKED_AT.values(), *statements.GAPS):
        with translation.override("en"):
            assert str(sentence) in html
