import datetime

import pytest
from django.db import connection

from tests import make
from tongban.journal.actors import Actor
from tongban.journal.models import ReadEntry
from tongban.parties.models import Person
from tongban.registers import checks, queries, services
from tongban.registers.gateways.authority.base import NoAnswer
from tongban.registers.gateways.authority.simulated import SimulatedAuthority
from tongban.registers.models import Call, Grant, Resource

pytestmark = pytest.mark.django_db

MATTER = "residence-permit-first"
EMPLOYMENT = {
    "id": "employment-filing",
    "zh": "用工备案",
    "en": "Employment filings",
    "provider": "HRSS",
    "share": "conditional",
    "fields": ["employer", "from", "to", "active"],
}
DEGREE = {**EMPLOYMENT, "id": "degree-register", "fields": ["person", "degree", "year"]}
FORM = [
    {"id": "employer", "prefill": "employment-filing.employer"},
    {"id": "name", "prefill": "user.name|employment-filing.to"},
]


def a_person(id_no="99000019961120007X") -> Person:
    return Person.objects.create(
        name="王演练",
        id_kind="id_card",
        id_no=id_no,
        id_index=id_no,
        birth_date=datetime.date(1996, 11, 20),
        sex="M",
        nationality="CN",
    )


@pytest.fixture
def wang():
    services.load_resources([EMPLOYMENT, DEGREE])
    services.load_grants(MATTER, form=FORM, facts=["employment-filing.active"], ground={"zh": "居住证暂行条例"})
    return a_person()


def ask(of, **changes):
    asked = {
        "matter": MATTER,
        "about": "case:7",
        "purpose": "prefill",
        "fields": ["employer"],
        "actor": Actor(kind="applicant", role="applicant", account=5),
    } | changes
    return services.read(asked.pop("resource", "employment-filing"), of=of, **asked)


def test_what_is_read_is_what_was_granted_and_is_written_down_before_it_is_shown(wang):
    answer = ask(wang, fields=["employer", "from"])

    call = Call.objects.get()
    entry = ReadEntry.objects.get()
    assert (dict(answer), answer.source, answer.at) == (
        {"employer": "示范网安科技有限公司"},
        "employment-filing",
        call.at,
    )
    assert (call.outcome, call.fields, call.matter, call.about) == ("found", ["employer"], MATTER, "case:7")
    assert (entry.of_party, entry.reader, entry.purpose, entry.fields) == (
        wang.pk,
        5,
        "prefill",
        ["employment-filing.employer"],
    )
    assert list(queries.calls_of(wang)) == [call]


@pytest.mark.parametrize(
    "changes",
    [
        {"matter": "another-matter"},
        {"resource": "degree-register", "fields": ["degree"]},
        {"fields": ["from"]},
        {"purpose": "curiosity"},
    ],
    ids=["another matter", "another register", "another field", "another purpose"],
)
def test_without_a_grant_nothing_is_read_and_the_refusal_is_on_record(wang, changes):
    assert ask(wang, **changes) is None
    assert Call.objects.get().outcome == "refused"
    assert not ReadEntry.objects.exists()


def test_with_the_grant_the_same_question_is_answered(wang):
    Grant.objects.create(
        resource=Resource.objects.get(slug="degree-register"), matter=MATTER, fields=["degree"], purpose="prefill"
    )

    assert ask(wang, resource="degree-register", fields=["degree"]) == {"degree": "工学学士"}


def test_a_company_is_known_by_its_credit_code(wang):
    cafe = make.company(uscc="91990000999990002Q")
    services.load_resources([{**EMPLOYMENT, "id": "company-status", "fields": ["legal_rep"]}])
    services.load_grants(MATTER, form=[{"id": "x", "prefill": "company-status.legal_rep"}])

    assert ask(cafe, resource="company-status", fields=["legal_rep"]) == {"legal_rep": "陈灵活"}


def test_a_picture_is_given_only_for_whom_the_register_answered(wang):
    services.load_resources([{**EMPLOYMENT, "id": "photo-library", "fields": ["photo"]}])
    services.load_grants(MATTER, form=[{"id": "photo", "prefill": "photo-library.photo"}])
    actor = Actor(kind="applicant", role="applicant", account=5)
    assert services.picture("photo-library:drawn-2", of=wang, actor=actor) is None

    reference = ask(wang, resource="photo-library", fields=["photo"])["photo"]

    assert services.picture(reference, of=wang, actor=actor).startswith(b"\x89PNG")
    assert services.picture("", of=wang, actor=actor) is None
    assert ReadEntry.objects.filter(purpose="show").count() == 1


def test_an_unknown_register_answers_nothing(wang):
    assert ask(wang, resource="nobody-keeps-this") is None


@pytest.mark.parametrize(
    ("id_no", "outcome"),
    [("990000199001010018", "not_found"), ("990000199001019995", "unavailable"), ("990000199001019987", "refused")],
)
def test_each_failure_is_told_apart_on_record_and_shows_nothing(wang, id_no, outcome):
    assert ask(a_person(id_no)) is None
    assert Call.objects.get().outcome == outcome
    assert not ReadEntry.objects.exists()


def test_the_authority_is_asked_before_any_transaction(wang, monkeypatch):
    depth = len(connection.savepoint_ids)

    class Watching(SimulatedAuthority):
        def read(self, *args):
            seen.append(len(connection.savepoint_ids) - depth)
            return super().read(*args)

    seen = []
    monkeypatch.setattr(services, "authority", Watching)
    ask(wang)
    services.look(["employment-filing"], of=wang, matter=MATTER, about="")

    assert seen == [0]  # the look has no grant and never comes to ask


def test_holding_is_asked_once_a_day_and_reads_no_field(wang, monkeypatch):
    services.load_grants(MATTER, materials=["employment-filing", "degree-register"])
    assert services.look(["employment-filing"], of=wang, matter=MATTER, about="case:7") == {"employment-filing": True}

    monkeypatch.setattr(services, "authority", lambda: SimulatedAuthority(failing={"employment-filing": NoAnswer}))

    assert services.holds("employment-filing", of=wang, matter=MATTER)
    assert services.holds("degree-register", of=wang, matter=MATTER)
    assert not services.holds("degree-register", of=wang, matter="another-matter")
    assert not services.holds("employment-filing", of=a_person("990000199001010018"), matter=MATTER)
    assert not ReadEntry.objects.exists()


def test_grants_follow_the_form_and_what_is_needed_no_more_ends(wang):
    granted = [(g.resource.slug, g.purpose, g.fields) for g in queries.grants_of(MATTER)]
    services.load_grants(MATTER, materials=["degree-register"])
    after = [(g.resource.slug, g.purpose, g.fields) for g in queries.grants_of(MATTER)]

    assert granted == [
        ("employment-filing", "decision", ["active"]),
        ("employment-filing", "prefill", ["employer", "to"]),
    ]
    assert after == [("degree-register", "materials", [])]


def test_a_grant_for_a_field_that_no_register_has_is_refused(wang):
    with pytest.raises(LookupError):
        services.load_grants(MATTER, facts=["employment-filing.salary"])
    with pytest.raises(LookupError):
        services.load_grants(MATTER, facts=["weather.rain"])
    assert checks.problems() == []


def test_a_running_house_follows_the_catalogues_sensitive_marks_and_nothing_else():
    services.load_resources([EMPLOYMENT, DEGREE])
    Resource.objects.update(name={"zh": "自己的名字", "en": "A name of its own"})

    assert services.follow_marks([{**EMPLOYMENT, "sensitive": True, "fields": []}, DEGREE]) == 1
    assert services.follow_marks([{**EMPLOYMENT, "sensitive": True}, DEGREE]) == 0

    rows = {row.slug: row for row in Resource.objects.all()}
    assert (rows[EMPLOYMENT["id"]].sensitive, rows[DEGREE["id"]].sensitive) == (True, False)
    assert {row.name["en"] for row in rows.values()} == {"A name of its own"} and rows[EMPLOYMENT["id"]].fields
