"""A code held out to a reader: what it is told, and what it is not."""

import datetime
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tongban.codes import scene_registers
from tongban.codes.models import CodeCheck, IdentityCode, Reader, Scene
from tongban.codes.services import holding, keeping_keys, papers
from tongban.codes.services.verifying import look, verify
from tongban.journal.actors import PLATFORM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_code_keys")]


def scene(slug="library", fields=("alias",), sorts=("person", "family", "paper"), **given) -> Scene:
    words = {"zh": slug, "en": slug}
    return Scene.objects.create(
        slug=slug, name=words, purpose=words, basis=words, fields=list(fields), sorts=list(sorts), **given
    )


def reader(of: Scene, **given) -> Reader:
    return Reader.objects.create(
        **{"name": "Desk 1", "place": "City library", "operator": "library", "scene": of} | given
    )


def test_a_reader_is_told_the_fields_of_its_scene_and_nothing_else():
    at = timezone.now()
    anna = make.account(make.person(name="Anna Schmidt"))
    library = reader(scene())
    code = holding.shown_now(holding.code_of(anna, anna.person, at), at)[0]

    verdict = verify(code.payload, reader=library, purpose="library", at=at)

    assert (verdict.verdict, verdict.reason, sorted(verdict.fields)) == ("valid", "", ["alias"])
    assert CodeCheck.objects.get().fields == ["alias"]


def test_a_code_is_taken_once_by_a_reader_and_still_by_another():
    at = timezone.now()
    who = make.account()
    library, pool = reader(scene()), reader(scene("pool"))
    code = holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload

    answers = [
        verify(code, reader=library, purpose="library", at=at),
        verify(code, reader=library, purpose="library", at=at + timedelta(seconds=1)),
        verify(code, reader=pool, purpose="pool", at=at + timedelta(seconds=2)),
    ]

    assert [(one.verdict, one.reason) for one in answers] == [("valid", ""), ("invalid", "used"), ("valid", "")]
    assert answers[1].fields == {}


@pytest.mark.parametrize(("seconds", "reason"), [(-16, "not_yet"), (-15, ""), (0, ""), (90, ""), (91, "expired")])
def test_a_code_is_good_in_its_minute_and_thirty_seconds_after(seconds, reason):
    at = timezone.now().replace(microsecond=0)
    who = make.account()
    code = holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload

    verdict = verify(code, reader=reader(scene()), purpose="library", at=at + timedelta(seconds=seconds))

    assert verdict.reason == reason


def test_a_citizen_who_scans_learns_only_that_it_is_valid():
    at = timezone.now()
    who, other = make.account(), make.account()
    code = holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload

    verdict = look(code, by=other, at=at)

    assert (verdict.verdict, verdict.fields, verdict.kind, verdict.party) == ("valid", {}, "", None)
    assert IdentityCode.objects.get().checks.get().by == other


def test_what_only_a_register_knows_is_asked_under_the_grant_of_the_scene(monkeypatch):
    at, who = timezone.now(), make.account()
    campus = scene("campus", ["alias", "student"], ["person"])
    asked = []

    def answering(resource, **given):
        asked.append((resource, given["matter"], given["fields"]))
        return {"enrolled": True}

    monkeypatch.setattr(scene_registers.registers, "read", answering)
    gate, desk = reader(campus), reader(scene())
    codes = [holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload for _each in range(2)]

    told = verify(codes[0], reader=gate, purpose="campus", at=at)
    elsewhere = verify(codes[1], reader=desk, purpose="library", at=at)

    assert (told.fields["student"], "student" in elsewhere.fields) == (True, False)
    assert asked == [("student-status", "scene-campus", ["enrolled"])]


def test_a_register_that_does_not_answer_holds_nobody_up():
    at, who = timezone.now(), make.account()
    campus = scene("campus", ["alias", "student"], ["person"])
    code = holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload

    verdict = verify(code, reader=reader(campus), purpose="campus", at=at)  # no such register, and no grant

    assert (verdict.verdict, list(verdict.fields)) == ("valid", ["alias"])


def test_a_stolen_key_ends_its_papers_and_the_next_minute_has_another():
    at = timezone.now()
    who = make.account(make.person(birth_date=datetime.date(1950, 1, 1)))
    desk = reader(scene())
    paper = papers.make(who.person, account=who, actor=PLATFORM, at=at)
    before = verify(paper.payload, reader=desk, purpose="library", at=at)

    ended = keeping_keys.withdraw(paper.key_id, why="stolen")
    after = verify(paper.payload, reader=desk, purpose="library", at=at)
    new = holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload

    assert (before.reason, ended, after.reason) == ("", 1, "withdrawn_key")
    assert verify(new, reader=desk, purpose="library", at=at).reason == ""
    paper.refresh_from_db()
    assert paper.state == "ended"
