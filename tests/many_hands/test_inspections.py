"""Inspections, objections and limits under many hands: signed once by two, a photograph kept once, each thing answered or told once."""

import io

import pytest
from django.db import IntegrityError
from django.utils import timezone
from PIL import Image

from tests import make
from tests.cases import ways
from tests.many_hands.hands import problems, together
from tongban.cases import clocks, services
from tongban.cases.models import (
    Case,
    Clock,
    Escalation,
    Inspection,
    InspectionPhoto,
    PublicNotice,
    PublicObjection,
)
from tongban.cases.services import escalating, inspecting
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed
from tongban.materials.models import Document

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def ordered() -> Inspection:
    row = ways.bring("site_inspection").inspections.get()
    Inspection.objects.filter(pk=row.pk).update(place="18 River Road")
    return fresh(row)


def fresh(row: Inspection) -> Inspection:
    return Inspection.objects.select_related(
        "case__department", "case__version", "case__applicant", "case__matter"
    ).get(pk=row.pk)


def inspectors(row: Inspection, number: int = 2):
    return [ways.of_department("inspector", row.case) for _one in range(number)]


def written(row: Inspection, officer) -> None:
    """The record as one of them wrote it, not signed yet."""
    inspecting.note_inspection(row, officer=officer, said=ways.SEEN, revision=row.revision)


# -- two inspectors


def test_two_inspectors_signing_at_once_end_it_once_with_both_names():
    row = ordered()
    officers = inspectors(row)
    written(row, officers[0])
    seen = [fresh(row) for _officer in officers]

    answers = together(
        *(
            lambda who=who, one=one: services.sign_inspection(one, officer=who)
            for who, one in zip(officers, seen, strict=True)
        )
    )

    row = fresh(row)
    assert problems(answers) == []
    assert (row.state, {row.first_id, row.second_id}) == ("done", {one.pk for one in officers})
    assert row.signatures.filter(officer__isnull=False).count() == 2
    assert row.case.steps.filter(move="inspection_done").count() == 1
    assert Event.objects.filter(kind="InspectionDone").count() == 1


def test_one_inspector_signing_on_two_phones_at_once_signs_once_and_does_not_end_it():
    row = ordered()
    officer = inspectors(row, 1)[0]
    written(row, officer)
    seen = [fresh(row) for _phone in range(4)]

    answers = together(*(lambda one=one: services.sign_inspection(one, officer=officer) for one in seen))

    row = fresh(row)
    assert problems(answers) == []
    assert (row.state == "done", row.signatures.filter(officer=officer).count()) == (False, 1)


def test_writing_while_the_other_signs_leaves_a_signature_only_under_what_stands_there():
    row = ordered()
    writer, signer = inspectors(row)
    written(row, writer)
    seen = [fresh(row), fresh(row)]

    together(
        lambda: inspecting.note_inspection(
            seen[0], officer=writer, said={**ways.SEEN, "record": "The cellar is wet."}, revision=seen[0].revision
        ),
        lambda: services.sign_inspection(seen[1], officer=signer),
    )

    row = fresh(row)
    for signature in row.signatures.filter(officer__isnull=False):
        assert signature.content == inspecting.content_of(row)


def test_control_without_the_row_held_a_signature_would_stand_under_words_its_officer_never_saw(monkeypatch):
    """Writing takes the other's signature away; with that taken away the old signature would stay under the new record."""
    row = ordered()
    writer, signer = inspectors(row)
    written(row, writer)
    services.sign_inspection(fresh(row), officer=signer)
    Inspection.objects.filter(pk=row.pk).update(record="The cellar is wet.")  # as a writer who holds nothing would

    row = fresh(row)
    assert row.signatures.get(officer=signer).content != inspecting.content_of(row)


# -- one photograph


def picture() -> io.BytesIO:
    held = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(held, "JPEG")
    held.name, _start = "kitchen.jpg", held.seek(0)
    return held


def sent(row, officer, key="phone-1"):
    return inspecting.add_photo(row, officer=officer, file=picture(), key=key)


def test_the_same_photograph_sent_twice_at_once_is_kept_once_and_leaves_no_copy():
    row = ordered()
    officer = inspectors(row, 1)[0]
    seen, before = [fresh(row) for _time in range(3)], list(Document.objects.values_list("pk", flat=True))

    answers = together(*(lambda one=one: sent(one, officer) for one in seen))

    assert problems(answers) == []
    assert len({photo.pk for photo in answers}) == 1
    photo = InspectionPhoto.objects.get()
    left = Document.objects.exclude(pk__in=before).exclude(state="removed")
    assert [document.pk for document in left] == [photo.document_id]
    assert Event.objects.filter(kind="InspectionRecorded", payload__what="photo").count() == 1


def test_photographs_sent_at_once_never_pass_the_number_that_is_kept(monkeypatch):
    monkeypatch.setattr(inspecting, "PHOTOS_AT_MOST", 2)
    row = ordered()
    officer = inspectors(row, 1)[0]
    seen = [fresh(row) for _time in range(4)]

    answers = together(*(lambda one=one, n=n: sent(one, officer, f"phone-{n}") for n, one in enumerate(seen)))

    assert InspectionPhoto.objects.count() == 2
    assert [one.code for one in problems(answers)] == ["too-many-photos"] * 2


def test_control_without_the_name_of_the_photograph_each_sending_is_kept():
    row = ordered()
    officer = inspectors(row, 1)[0]
    for number in range(3):
        sent(fresh(row), officer, key=f"other-{number}")

    assert InspectionPhoto.objects.count() == 3


# -- limits brought up by two workers


def late() -> Clock:
    case = make.case("accepted")
    clock = case.clocks.get(kind="decision_promised")
    Clock.objects.exclude(pk=clock.pk).update(stopped_on=timezone.localdate())
    Clock.objects.filter(pk=clock.pk).update(
        due=clocks.local_day(timezone.now()).replace(year=2025), warn_on="2025-01-01"
    )
    return Clock.objects.get(pk=clock.pk)


def test_two_workers_bring_a_limit_up_once():
    clock = late()

    answers = together(*(escalating.escalate for _worker in range(4)))

    assert problems(answers) == []
    assert sum(answers) == 1
    assert Escalation.objects.filter(clock=clock).count() == 1
    assert Event.objects.filter(kind="LimitBroughtUp").count() == 1


def test_control_without_looking_under_the_lock_the_second_worker_would_stumble():
    """Both found the clock before either wrote; only the row's own rule holds the second back then, with an error."""
    clock = late()
    found = [list(escalating._wanting("red", timezone.localdate())) for _worker in range(2)]
    assert [[one.pk for one in rows] for rows in found] == [[clock.pk], [clock.pk]]

    assert [escalating._bring_up(rows[0], "red") for rows in found] == [1, 0]
    with pytest.raises(IntegrityError):
        case = Case.objects.get(pk=clock.case_id)
        Escalation.objects.create(case=case, clock=clock, level="red", department=case.department, role="supervisor")


def near() -> tuple[Case, Clock]:
    """A case whose limit comes near today and of which no other clock is brought up."""
    case = make.case("under_review")
    clock = case.clocks.get(kind="decision_promised")
    Clock.objects.filter(case=case).exclude(pk=clock.pk).update(warn_on=clocks.FAR_AWAY)
    Clock.objects.filter(pk=clock.pk).update(warn_on=timezone.localdate())
    return case, Clock.objects.get(pk=clock.pk)


def extended(case: Case):
    approver = ways.of_department("dept_approver", case)
    return services.extend(Case.objects.get(pk=case.pk), officer=approver, days=9, why="three offices must be asked")


def test_a_limit_that_is_extended_while_it_is_brought_up_stands_near_for_nobody():
    case, clock = near()

    answers = together(*(escalating.escalate for _worker in range(3)), lambda: extended(case))

    assert problems(answers) == []
    clock.refresh_from_db()
    assert clock.warn_on > timezone.localdate()
    assert not Escalation.objects.filter(clock=clock).exists()


def test_control_whoever_did_not_look_whether_the_limit_moved_would_bring_it_up():
    case, clock = near()
    [found] = escalating._wanting("yellow", timezone.localdate())
    extended(case)

    assert escalating._bring_up(found, "yellow") == 0
    assert escalating._bring_up(Clock.objects.get(pk=clock.pk), "yellow") == 1  # nothing else holds it back


# -- an objection


def objection() -> PublicObjection:
    case = ways.bring("public_notice")
    neighbour = make.account()
    services.object_to(
        PublicNotice.objects.get(case=case),
        account=neighbour,
        party=neighbour.person,
        text="The kitchen would be below our bedroom.",
    )
    return PublicObjection.objects.select_related("notice__case__department").get()


def answered(row, officer, words):
    return services.answer_objection(row, officer=officer, answer=words, followed=False)


def test_an_objection_answered_by_two_officers_at_once_has_one_answer():
    row = objection()
    officers = [ways.of_department("dept_reviewer", row.notice.case) for _one in range(2)]
    seen = [PublicObjection.objects.select_related("notice__case__department").get() for _one in officers]

    answers = together(
        *(
            lambda who=who, one=one: answered(one, who, f"It was measured, says {who.staff_no}.")
            for who, one in zip(officers, seen, strict=True)
        )
    )

    row.refresh_from_db()
    late = problems(answers)
    assert len(late) == 1 and isinstance(late[0], NotAllowed) and late[0].code == "answered-already"
    assert row.answer == f"It was measured, says {row.answered_by.staff_no}."
    assert row.notice.case.steps.filter(move="answer_objection").count() == 1
    assert Event.objects.filter(kind="PublicObjectionAnswered").count() == 1


def test_an_answer_and_taking_the_objection_back_at_once_leave_one_of_the_two():
    row = objection()
    officer = ways.of_department("dept_reviewer", row.notice.case)
    seen = PublicObjection.objects.select_related("notice__case__department").get()

    answers = together(
        lambda: answered(row, officer, "It was measured and is in order."),
        lambda: services.take_objection_back(seen, account=seen.account),
    )

    row.refresh_from_db()
    assert len(problems(answers)) == 1
    assert (row.answered_at is None) != (row.taken_back_at is None)


def test_control_without_asking_the_row_the_later_answer_would_cover_the_first():
    """What a careless act would do with the two rows that both officers had read before either wrote."""
    row = objection()
    seen = [PublicObjection.objects.get(pk=row.pk) for _one in range(2)]
    for words, one in zip(("first", "second"), seen, strict=True):
        assert one.answered_at is None
        one.answer, one.answered_at = words, timezone.now()
        one.answered_by = ways.of_department("dept_reviewer", row.notice.case)
        one.followed = False
        one.save()

    row.refresh_from_db()
    assert row.answer == "second"
