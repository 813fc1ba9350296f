"""One code held to one reader by many hands at once: one is let in. And two people who make one paper at the same moment."""

import datetime
import hashlib
import uuid

import pytest
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tongban.codes.models import CodeCheck, IdentityCode, Reader, Scene
from tongban.codes.services import holding, papers, verifying
from tongban.journal.actors import PLATFORM

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 6


def held_out() -> tuple[str, list[Reader]]:
    words = {"zh": "示", "en": "x"}
    scene = Scene.objects.create(
        slug="library", name=words, purpose=words, basis=words, fields=["alias"], sorts=["person"]
    )
    readers = [Reader.objects.create(name=name, place="x", operator="x", scene=scene) for name in ("one", "two")]
    who, at = make.account(), timezone.now()
    return holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload, readers


def at_once(code: str, reader: Reader) -> list:
    def read():
        return verifying.verify(code, reader=reader, purpose="library", at=timezone.now())

    answers = together(*[read] * HANDS)
    assert problems(answers) == []
    return sorted(answer.reason for answer in answers)


def test_of_many_at_one_reader_exactly_one_is_accepted_and_another_reader_still_takes_it():
    code, (one, two) = held_out()

    assert at_once(code, one) == ["", *["used"] * (HANDS - 1)]
    assert at_once(code, two) == ["", *["used"] * (HANDS - 1)]
    assert CodeCheck.objects.filter(good=True).count() == 2


def test_control_without_the_mark_of_the_code_all_of_them_are_accepted(monkeypatch):
    code, (one, _two) = held_out()
    monkeypatch.setattr(verifying, "mark_of", lambda *_given: hashlib.md5(uuid.uuid4().bytes).hexdigest())

    assert at_once(code, one) == [""] * HANDS


def test_of_papers_made_at_once_one_is_good_in_the_end():
    who = make.account(make.person(birth_date=datetime.date(1950, 1, 1)))

    answers = together(*[lambda: papers.make(who.person, account=who, actor=PLATFORM, at=timezone.now())] * 3)

    assert len(problems(answers)) < 3
    assert IdentityCode.objects.filter(sort="paper", state="good").count() == 1
