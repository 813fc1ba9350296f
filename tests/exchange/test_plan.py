"""`GET /api/v1/matters/{id}/plan`: what a bundle comes to for these answers."""

import datetime
from pathlib import Path

import pytest
from django.db import transaction

from tongban.departments import services as departments
from tongban.lib import yamls
from tongban.matters import services as matters

DEMO = Path(__file__).parents[2] / "demo"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def catalogue(django_db_setup, django_db_blocker):
    """Read in once for all tests here, each of which takes back what it changed; taken back itself at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        departments.load_departments(yamls.read(DEMO / "departments.yaml")["departments"])
        matters.load_demo(DEMO, today=datetime.date(2026, 6, 1))
        yield
        transaction.set_rollback(True)


def test_a_machine_reads_members_questions_papers_and_figures(client, catalogue):
    body = client.get("/api/v1/matters/industry-restaurant/plan?chosen=alcohol-retail,fire-check:commit,no-such").json()

    assert body["chosen"] == ["alcohol-retail", "fire-check:commit"]
    assert [(one["id"], one["mandatory"], one["wave"]) for one in body["members"]] == [
        ("food-licence-new", True, 0),
        ("fire-check", True, 0),
        ("alcohol-retail", False, 0),
    ]
    assert body["members"][0]["situation"] == ["catering"]
    assert body["separately"] == {"applications": 3, "documents": 15, "days": 8, "visits": 0}
    assert body["together"] == {"applications": 1, "documents": 10, "days": 7, "visits": 0}
    assert "fire-check:inspect" in [option["id"] for one in body["questions"] for option in one["options"]]
    assert body["unanswered"] == []
    assert set(body["form"]["properties"]) == set(body["asked_by"])
    assert body["asked_by"]["premises"] == ["food-licence-new", "fire-check", "alcohol-retail"]
    assert body["url"].endswith("/matters/industry-restaurant/?chosen=alcohol-retail,fire-check:commit")


def test_what_one_member_makes_is_named_with_its_maker(client, catalogue):
    body = client.get("/api/v1/matters/one-thing-birth/plan").json()

    assert {"material": "birth-cert", "by": "birth-certificate", "asked_by": ["hukou-birth"]} in body["made"]
    assert "birth-cert" not in [one["material"] for one in body["requirements"]]


def test_a_single_matter_and_an_unknown_one_have_no_plan_and_the_guide_of_a_bundle_none_of_a_form(client, catalogue):
    for slug in ("food-licence-new", "no-such"):
        answer = client.get(f"/api/v1/matters/{slug}/plan")
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    guide = client.get("/api/v1/matters/industry-restaurant").json()
    assert (guide["kind"], guide["form"], len(guide["members"])) == ("bundle", None, 7)
