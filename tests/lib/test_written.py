"""What is written with SQL made once is what Django would have written, on both databases."""

import datetime

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import make
from tongban.cases.models import CaseDocument, Step
from tongban.journal.models import Event, Job
from tongban.lib import written
from tongban.lib.moves import NotNow, make_all, move
from tongban.parties.models import Account

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOW = timezone.now()


def everything(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key}


def job(**given) -> Job:
    return Job(**{"kind": "a.kind", "payload": {"面": ["馆", 1.5, None, True]}, "run_at": NOW, **given})


def test_a_row_is_what_django_writes():
    theirs, ours = job(), job()
    theirs.save(force_insert=True)
    written.insert(ours)

    assert not ours._state.adding and ours.pk > theirs.pk and ours._state.db == "default"
    found = everything(Job.objects.get(pk=ours.pk))
    assert found == everything(Job.objects.get(pk=theirs.pk)) | {"created_at": found["created_at"]}
    assert found["created_at"] >= NOW


def test_references_sealed_words_and_days_go_through_their_fields():
    case = make.case("under_review")
    step = Step(
        case=case,
        at=NOW,
        move="look",
        source="a",
        target="b",
        role="platform",
        account=case.account,
        reason="因为'\"%s",
    )
    written.insert(step)
    paper = CaseDocument(case=case, kind="decision", number="x-99", content={"rows": [["表", "值"]]}, made_at=NOW)
    written.insert(paper)

    found = Step.objects.get(pk=step.pk)
    assert (found.case_id, found.account_id, found.officer_id, found.reason) == (
        case.pk,
        case.account_id,
        None,
        "因为'\"%s",
    )
    assert CaseDocument.objects.get(pk=paper.pk).content == {"rows": [["表", "值"]]}


def test_many_rows_have_their_keys_in_order_in_few_statements():
    rows = [job(kind=f"kind {number}") for number in range(250)]
    with CaptureQueriesContext(connection) as sent:
        written.insert_all(iter(rows))

    assert len(sent) <= 250 * len(Job._meta.concrete_fields) // written.VALUES_AT_MOST + 1
    assert [Job.objects.get(pk=row.pk).kind for row in rows[::50]] == [f"kind {number}" for number in range(0, 250, 50)]
    written.insert_all([])


def test_one_that_is_there_already_is_left_or_refused():
    written.insert(job(once="x"))
    written.insert_all([job(once="x", kind="another")], or_ignore=True)

    assert [row.kind for row in Job.objects.filter(once="x")] == ["a.kind"]
    with pytest.raises(IntegrityError), transaction.atomic():
        written.insert(job(once="x"))
    row = job()
    written.insert(row)
    with pytest.raises(ValueError, match="has its key"):
        written.insert(row)


def test_only_the_named_fields_are_kept_and_a_row_that_is_gone_is_said():
    row = job()
    written.insert(row)
    later = NOW + datetime.timedelta(days=1)
    row.kind, row.run_at, row.payload = "other", later, {"n": 1}

    written.keep(row, "run_at", "payload")

    found = Job.objects.get(pk=row.pk)
    assert (found.kind, found.run_at, found.payload) == ("a.kind", later, {"n": 1})
    Job.objects.filter(pk=row.pk).delete()
    with pytest.raises(DatabaseError):
        written.keep(row, "kind")


def test_an_update_by_values_changes_the_rows_asked_for_and_leaves_expressions_to_django():
    rows = [job(kind=kind) for kind in "abc"]
    written.insert_all(rows)
    keys = tuple(row.pk for row in rows)

    assert written.update(Job, {"id": keys, "kind": ("a", "b")}, {"kind": "d"}) == 2
    assert sorted(Job.objects.filter(pk__in=keys).values_list("kind", flat=True)) == ["c", "d", "d"]
    assert written.update(Job, {"id": keys[0]}, {"tries": F("tries") + 1}) is None
    assert written.update(Job, {"id": ()}, {"kind": "e"}) is None
    with pytest.raises(TypeError):
        written.insert(job(payload=F("kind")))


def test_a_table_whose_rows_save_themselves_goes_djangos_way():
    """Control: an account sees to its own columns when it is saved, so nothing here may write it past that."""
    assert written._of(Account) is None
    assert written._of(Job) is not None


def test_several_are_moved_together_or_not_at_all():
    cases = [make.case("under_review") for _number in range(2)]
    step = move("look", {"under_review"}, "suspended", by=("platform",))
    cases[1].__class__.objects.filter(pk=cases[1].pk).update(state="accepted")

    with pytest.raises(NotNow), transaction.atomic():
        make_all(cases, step)

    assert sorted(type(cases[0]).objects.values_list("state", flat=True)) == ["accepted", "under_review"]


def test_a_new_row_begins_as_django_begins_it():
    case, event = make.case("under_review"), {"kind": "Told", "subject": "case:1", "at": NOW, "payload": {"a": [1]}}
    for model, given in (
        (Job, {"kind": "a.kind", "run_at": NOW}),
        (Job, {"kind": "a.kind", "run_at": NOW, "payload": {"case": 1}, "once": "x", "event_id": 7}),
        (Event, event),
        (Step, {"case": case, "at": NOW, "move": "look", "target": "b", "officer": None, "account": case.account}),
    ):
        theirs, ours = model(**given), written.new(model, **given)
        assert everything(ours) == everything(theirs) and ours.pk is None and ours._state.adding
    assert written.new(Job, kind="a").payload is not written.new(Job, kind="a").payload
    assert written.new(Step, case=case).case is case
    with pytest.raises(FieldDoesNotExist):
        written.new(Job, colour="red")


def test_moments_days_and_empty_documents_are_kept_as_django_keeps_them():
    east = datetime.timezone(datetime.timedelta(hours=8))
    moments = [NOW, NOW.replace(microsecond=0), NOW.astimezone(east), NOW.astimezone(datetime.UTC)]
    for moment in moments:
        for payload in ({}, [], {"空": []}):
            theirs, ours = job(run_at=moment, payload=payload), job(run_at=moment, payload=payload)
            theirs.save(force_insert=True)
            written.insert(ours)
            kept = [_as_kept(one.pk) for one in (theirs, ours)]
            assert kept[0] == kept[1]
    case = make.case("under_review")
    for day in (datetime.date(2026, 2, 28), None):
        type(case).objects.filter(pk=case.pk).update(next_due=day)
        theirs = _day_as_kept(case)
        case.next_due = day
        written.keep(case, "next_due")
        assert _day_as_kept(case) == theirs


def _as_kept(pk: int):
    with connection.cursor() as cursor:
        cursor.execute("SELECT run_at, payload, done_at, event_id, state, tries FROM journal_job WHERE id = %s", [pk])
        return cursor.fetchone()


def _day_as_kept(case):
    with connection.cursor() as cursor:
        cursor.execute("SELECT next_due FROM cases_case WHERE id = %s", [case.pk])
        return cursor.fetchone()
