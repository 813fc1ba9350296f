"""Whoever sees something of a person's data, at whatever address, leaves an entry that the person can see: walked over every address.

A fixture with planted values is shown to everybody who may see any of it. Where an answer holds a planted value (or is a document,
whose bytes do not tell), there is an entry of that person written by that very request.
"""

import itertools

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests import doors, make
from tests.house.test_access import addresses
from tongban.cases import services as cases
from tongban.cases.models import CaseDocument
from tongban.departments.models import Role
from tongban.evaluations.models import FollowUp, Rating
from tongban.journal.models import ReadEntry
from tongban.lib.identifiers import mask_id
from tongban.licences import services as licences
from tongban.oversight import services as oversight
from tongban.parties import rules as party_rules
from tongban.parties.models import Membership, Proofing

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]

NAME, ID_NO, MOBILE, ADDRESS = "欧阳甲乙丙", "990000199207080045", "13811223344", "示范路紫藤弄77号"
REASON_WRITTEN, RATING_WRITTEN = "我家里的紫藤事由说明", "紫藤态度不好"
PLANTED = (NAME, ID_NO, MOBILE, ADDRESS, REASON_WRITTEN, RATING_WRITTEN, mask_id(ID_NO))
FORM = [
    {"id": "name", "zh": "姓名", "en": "Name", "type": "text", "required": True, "prefill": "user.name", "readonly": True},
    {"id": "id_no", "zh": "证件号码", "en": "ID number", "type": "id_number", "prefill": "user.id_no", "readonly": True,
     "masked": True},
    {"id": "reason", "zh": "事由", "en": "Reason", "type": "text", "required": True},
]  # fmt: skip


class World:
    """One person with everything, planted; and whoever may come near any of it."""

    def __init__(self):
        make.calendar()
        cache.clear()
        index = party_rules.index_of("id_card", party_rules.check_number("id_card", ID_NO))
        who = make.person(NAME, id_no=ID_NO, id_index=index, mobile=MOBILE, address=ADDRESS)
        self.citizen = make.account(who)
        self.boss = make.account(make.person("王经理"))
        firm = self.firm = make.company(of=self.boss.person)
        Membership.objects.create(person=who, company=firm, role="clerk", since="2020-01-01")
        of = make.matter(department=make.department("PSB"), form=FORM, objects_served=["person", "company"])
        self.case = make.case("received", of, account_=self.citizen, answers={"reason": REASON_WRITTEN})
        window = make.officer("window_officer", of=make.department("DSO"))
        accepted = cases.accept(self.case, officer=window)
        self.paper = CaseDocument.objects.filter(case=accepted).first()
        self.draft = make.draft(of, account_=self.citizen, answers={"reason": REASON_WRITTEN})
        rated = make.case("approved", make.matter(department=make.department("PSB"), form=FORM), account_=self.citizen,
                          answers={"reason": REASON_WRITTEN})  # fmt: skip
        self.rating = Rating.objects.create(case=rated, account=self.citizen, grade=5, text=RATING_WRITTEN, named=True)
        FollowUp.objects.create(
            rating=self.rating, contact_due="2030-01-01", simple_due="2030-01-01", complex_due="2030-01-01"
        )
        kind = make.licence_type(face_fields=["name", "id_no"])
        self.licence = licences.issue(
            kind, holder=who, face={"name": NAME, "id_no": ID_NO}, decision="case:1", issued_on=_day("2026-01-01"),
            valid_from=_day("2026-01-01"), valid_to=_day("2030-01-01"), actor=licences.VERIFIER,
        )  # fmt: skip
        stranger = make.account()
        self.proofing = Proofing.objects.create(
            account=self.citizen, method="document", level=2, id_kind="passport", outcome="by_hand",
            claimed=f'{{"name": "{NAME}", "id_no": "{ID_NO}", "mobile": "{MOBILE}", "birth_date": "1992-07-08"}}',
        )  # fmt: skip
        roles = [str(role) for role in Role]
        self.officer = make.officer(*roles, of=make.department("PSB"))
        self.elsewhere = make.officer("dept_reviewer", of=make.department("HRB"))
        self.look = oversight.look(
            self.officer, role="auditor", party=who, purpose="supervision", reason="a sample of this year"
        )
        oversight.look(
            self.elsewhere, role="dept_reviewer", party=who, purpose="connected_case", reason="a connected case",
            about=self.case.subject,
        )  # fmt: skip
        self.clients = {
            "anonymous": Client(raise_request_exception=False),
            "stranger": doors.enter(Client(raise_request_exception=False), stranger, present=True),
            "boss": doors.enter(Client(raise_request_exception=False), self.boss, space=firm, present=True),
            "officer": doors.enter(Client(raise_request_exception=False), self.officer.account),
            "elsewhere": doors.enter(Client(raise_request_exception=False), self.elsewhere.account),
        }

    def arguments(self, address) -> list[dict]:
        """Every way in which this address could mean something of the person."""
        might = {
            "ref": [self.case.ref, self.draft.ref, self.rating.case.ref],
            "pk": [
                self.licence.pk,
                self.proofing.pk,
                self.look.pk,
                self.citizen.pk,
                self.citizen.person_id,
                self.case.pk,
            ],
            "token": [self.licence.token],
            "number": [self.paper.number] if self.paper else [],
            "field": ["id_no", "reason"],
            "move": ["accept", "start_review"],
            "tab": ["looks", "questions"],
            "slug": [self.case.matter.slug],
        }
        given = address.arguments
        options = [[(name, one) for one in dict.fromkeys(might.get(name) or [value])] for name, value in given.items()]
        return [dict(one) for one in itertools.product(*options)]


def _day(text):
    import datetime

    return datetime.date.fromisoformat(text)


def addressed(name, kwargs) -> str | None:
    try:
        return reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        try:
            return reverse(name, args=list(kwargs.values()))
        except NoReverseMatch:
            return None


FREELY = {"office:find", "pages:language", "account_logout"}


def walk(world, only=()) -> tuple[set, list]:
    """(addresses at which something planted was shown, shows that left no entry)."""
    shown, unwritten = set(), []
    whose = {world.citizen.person_id}
    for address in addresses():
        if address.name in FREELY or "logout" in address.name or (only and address.name not in only):
            continue
        for kwargs in world.arguments(address)[:8]:
            where = addressed(address.name, kwargs)
            if where is None:
                continue
            for who, client in world.clients.items():
                last = ReadEntry.objects.order_by("-id").values_list("pk", flat=True).first() or 0
                answer = client.get(where)
                if answer.status_code == 405 and address.name in READING_POSTS:
                    answer = client.post(where, READING_POSTS[address.name])
                if not _shows(answer):
                    continue
                shown.add(address.name)
                about = f"proofing:{world.proofing.pk}"
                new = ReadEntry.objects.filter(pk__gt=last)
                if not (new.filter(of_party__in=whose).exists() or new.filter(of_party=0, about=about).exists()):
                    unwritten.append((address.name, who, where))
    return shown, unwritten


READING_POSTS = {"office:reveal": {}, "office:export": {"tab": "review"}}


def _shows(answer) -> bool:
    if answer.status_code not in {200, 201, 403, 409, 422}:
        return False
    body = b"".join(answer.streaming_content) if getattr(answer, "streaming", False) else answer.content
    text = body.decode("utf-8", "ignore")
    return any(value in text for value in PLANTED)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(licences, "key_directory", lambda: tmp_path / "seals")
    return World()


def test_whoever_sees_something_at_any_address_leaves_an_entry(world):
    shown, unwritten = walk(world)

    assert unwritten == []
    assert shown >= {
        "office:case", "office:reveal", "office:person", "office:export", "office:follow_ups",
        "identities:one", "exchange:verify", "exchange:api:licence_verify", "portal:members",
    }, shown  # fmt: skip


def test_control_with_the_recording_switched_off_every_show_is_noticed(world, monkeypatch):
    monkeypatch.setattr("tongban.journal.ledger.keep", lambda row: None)
    monkeypatch.setattr("tongban.journal.ledger.insert", lambda rows: None)

    only = {"office:case", "office:person", "exchange:verify", "office:reveal"}

    _shown, unwritten = walk(world, only)

    assert {name for name, _who, _at in unwritten} == only


def test_the_entries_of_an_identity_check_stand_at_whoever_was_checked(world):
    world.clients["officer"].get(reverse("identities:one", args=[world.proofing.pk]))
    client = doors.enter(Client(), world.citizen)

    page = client.get("/account/reads/", headers={"accept-language": "en"})

    assert world.officer.name["zh"] in page.content.decode()
