"""What the pages on accessibility and on data promise is held against what is really there."""

from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation
from django.utils.html import escape

from tongban.channels.pages import statements
from tongban.lib import yamls

DATA_MAP = yamls.read(Path(__file__).resolve().parents[2] / "docs" / "data-map.yaml")
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
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_accessibility_statement_says_every_check_every_criterion_and_every_gap(language):
    client = Client()
    client.cookies["language"] = language
    html = client.get("/accessibility/").content.decode()
    told = {"zh-hans": "zh", "en": "en"}[language]

    with translation.override(language):
        for sentence in (*statements.CHECKS.values(), *statements.LOOKED_AT.values()):
            assert escape(str(sentence)) in html
    for row in statements.REGISTER["criteria"]:
        assert f"{row['id']} {escape(row[told])}" in html
    for row in statements.REGISTER["gaps"]:
        assert escape(row[told]) in html and escape(row[f"otherwise_{told}"]) in html


def test_the_register_has_every_criterion_of_the_two_levels_once():
    levels = [row["level"] for row in statements.REGISTER["criteria"]]
    ids = [row["id"] for row in statements.REGISTER["criteria"]]

    assert (levels.count("A"), levels.count("AA"), len(set(ids))) == (31, 24, 55)  # WCAG 2.2 without 4.1.1
    assert ids == sorted(ids, key=lambda text: [int(part) for part in text.split(".")])


def test_a_criterion_is_tested_or_says_how_it_stands_and_gaps_name_criteria_that_exist():
    rows = {row["id"]: row for row in statements.REGISTER["criteria"]}

    assert {one for one, row in rows.items() if (row["how"] == "tests") != bool(row["tests"])} == set()
    assert {one for gap in statements.REGISTER["gaps"] for one in gap["criteria"]} <= set(rows)
    assert {one for one, row in rows.items() if row["how"] == "gap"} <= {
        one for gap in statements.REGISTER["gaps"] for one in gap["criteria"]
    }
    assert all(gap["since"] and gap["otherwise_en"] and gap["otherwise_zh"] for gap in statements.REGISTER["gaps"])
