"""A message to many: for whom, confirmed by whom, in slices, nobody twice, by day, and not to whoever declined."""

import datetime
import os

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import make
from tests.cases import ways
from tongban.cases import circulating as queries
from tongban.cases.circular_states import CircularState
from tongban.cases.models import Case, Circular, CircularReceiver
from tongban.cases.services import circulating
from tongban.journal.models import Job
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences.models import Licence
from tongban.notices import services as notices
from tongban.notices.models import Dispatch, Message
from tongban.rights import erasing
from tongban.rights.models import Erasure

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

DAY = datetime.datetime(2026, 11, 18, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
NIGHT = DAY.replace(hour=23)
PEOPLE = int(os.environ.get("TONGBAN_RECEIVERS", "300"))
WORDS = {
    "title_zh": "窗口调整", "title_en": "Windows move", "text_zh": "下周起在二楼办理。", "text_en": "From next week on the second floor.",
    "kind": "official", "who": "open",
}  # fmt: skip


def written(officer, matter=None, **more) -> Circular:
    said = WORDS | ({"matter": matter.slug} if matter else {}) | more
    return circulating.write(officer=officer, said=said)


def sent(row: Circular, now=DAY) -> Circular:
    """What the worker does until it is through; answers how it stands then."""
    for _turn in range(400):
        circulating.carry(row.pk, now=now.isoformat())
        row.refresh_from_db()
        if row.state != CircularState.SENDING:
            break
    return row


def many(matter, count: int) -> None:
    """Open cases of as many people, put there at once."""
    first = make.case("received", matter)
    people = [make.person() for _one in range(count - 1)]
    accounts = [
        make.account(one) for one in people[:20]
    ]  # hashing a pass phrase takes its time; the rest has no account
    Case.objects.bulk_create(
        [
            Case(
                matter=matter, version=first.version, department=first.department, applicant_id=one.pk, state="received",
                number=f"99{one.pk:016d}",
            )
            for one in people
        ]
    )  # fmt: skip
    assert accounts


def test_it_reaches_whom_the_fact_is_true_of_and_nobody_else():
    matter = make.matter()
    hit, other, ended = make.case("received", matter), make.case("received"), ways.bring("withdrawn", matter)
    row = written(make.officer("dept_approver"), matter)

    circulating.submit(row, officer=row.officer)
    row = sent(row)

    told = Message.objects.filter(about=f"circular:{row.ref}")
    assert row.state == "sent" and row.reached == 1
    assert [one.account_id for one in told] == [hit.account_id]
    assert not told.filter(account__in=[other.account_id, ended.account_id]).exists()


def test_the_receiver_reads_who_sent_it_and_why_it_came():
    matter = make.matter()
    case = make.case("received", matter)
    row = written(make.officer("dept_approver"), matter)
    circulating.submit(row, officer=row.officer)
    sent(row)

    (message,) = Message.objects.filter(about=f"circular:{row.ref}")

    assert message.title == {"zh": "窗口调整", "en": "Windows move"}
    assert message.body["en"] == (
        "From next week on the second floor.\n\nSent by PSB Bureau. You get this because you have an application for “Demo matter” "
        "that is not decided yet."
    )
    assert message.link == f"/my/cases/{case.ref}/"


def test_holders_of_a_licence_that_ends_soon_are_reached():
    case = ways.bring("ready")
    today = timezone.localdate()
    soon = {
        "who": "licences",
        "licence": "residence-permit",
        "before": (today + datetime.timedelta(days=400)).isoformat(),
    }
    late = {**soon, "before": today.isoformat()}
    officer = make.officer("dept_approver", of=Licence.objects.get(pk=case.licence_id).issuer)

    assert queries.estimate(written(officer, **soon)) == (1, False)
    assert queries.estimate(written(officer, **late)) == (0, False)


def test_one_with_two_applications_gets_it_once():
    matter = make.matter()
    case = make.case("received", matter)
    make.case("received", matter, account_=case.account)
    row = written(make.officer("dept_approver"), matter)
    circulating.submit(row, officer=row.officer)

    row = sent(row)

    assert row.reached == 1
    assert Message.objects.filter(about=f"circular:{row.ref}").count() == 1


def test_an_office_writes_only_about_its_own_matters():
    with pytest.raises(Invalid) as told:
        written(make.officer("dept_approver", of=make.department("AMR")), make.matter())

    assert "matter" in told.value.errors


def test_both_languages_are_needed():
    with pytest.raises(Invalid) as told:
        written(make.officer("dept_approver"), make.matter(), title_en="", text_en="")

    assert {"title_en", "text_en"} <= set(told.value.errors)


def test_over_ten_a_second_person_confirms_and_never_the_first():
    matter = make.matter()
    many(matter, 11)
    writer, other = make.officer("dept_approver"), make.officer("dept_approver")
    row = circulating.submit(written(writer, matter), officer=writer)

    assert row.state == "asked"
    assert not Job.objects.filter(kind=circulating.CARRY).exists()
    with pytest.raises(NotAllowed):
        circulating.decide(row, officer=writer, confirm=True)
    with pytest.raises(NotAllowed):
        circulating.decide(row, officer=make.officer("dept_approver", of=make.department("AMR")), confirm=True)
    row = circulating.decide(row, officer=other, confirm=True)

    assert (row.state, row.confirmed_by) == ("sending", other)


def test_whoever_may_let_it_go_is_told_at_the_desk_and_the_writer_hears_what_came_of_it():
    matter = make.matter()
    many(matter, 11)
    writer, other = make.officer("dept_approver"), make.officer("dept_approver")
    supervisor = make.officer("supervisor", of=make.department("DSO"))
    make.officer("dept_approver", of=make.department("AMR")), make.officer("dept_reviewer")
    row = circulating.submit(written(writer, matter), officer=writer)
    ways.work()
    circulating.decide(row, officer=other, confirm=False, why="Wrong floor.")
    ways.work()

    assert list(Message.objects.filter(kind__startswith="many_").order_by("pk").values_list("account", "kind")) == [
        (other.account_id, "many_to_confirm"),
        (supervisor.account_id, "many_to_confirm"),
        (writer.account_id, "many_declined"),
    ]
    assert "Wrong floor." in Message.objects.get(kind="many_declined").body["en"]


def test_a_draft_is_changed_and_its_last_writer_never_confirms_it():
    matter = make.matter()
    many(matter, 11)
    writer, colleague = make.officer("dept_approver"), make.officer("dept_approver")

    read = written(writer, matter)
    row = Circular.objects.get(pk=read.pk)
    row = circulating.rewrite(
        row, officer=colleague, said=queries.as_typed(row) | {"title_en": "Windows move on Monday"}
    )

    assert (row.title, row.text["en"]) == ({"zh": "窗口调整", "en": "Windows move on Monday"}, WORDS["text_en"])
    with pytest.raises(Invalid):
        circulating.rewrite(row, officer=writer, said={"who": "open"})
    for act in (  # on what the first writer read before the colleague changed it
        lambda: circulating.submit(read, officer=writer),
        lambda: circulating.submit(row, officer=writer, seen=queries.mark_of(read)),
        lambda: circulating.rewrite(row, officer=writer, said=queries.as_typed(read), seen=queries.mark_of(read)),
    ):
        with pytest.raises(NotAllowed) as refused:
            act()
        assert refused.value.code == "saved-meanwhile"
    row = circulating.submit(row, officer=writer)
    with pytest.raises(NotAllowed):
        circulating.decide(row, officer=colleague, confirm=True)
    with pytest.raises(NotAllowed):
        circulating.rewrite(row, officer=writer, said=queries.as_typed(row))
    assert circulating.decide(row, officer=writer, confirm=True).state == "sending"


def test_the_second_person_may_decline_and_nothing_goes_out():
    matter = make.matter()
    many(matter, 11)
    writer = make.officer("dept_approver")
    row = circulating.submit(written(writer, matter), officer=writer)
    coordinator = make.officer("coordinator", of=make.department("DSO"))
    with pytest.raises(Invalid):  # the writer has to know what to change
        circulating.decide(row, officer=coordinator, confirm=False, why=" ")
    circulating.decide(row, officer=coordinator, confirm=False, why="wrong")

    row = sent(row)

    assert (row.state, row.reached) == ("declined", 0)


def test_paused_it_rests_and_stopped_it_never_goes_on():
    matter = make.matter()
    make.case("received", matter)
    writer = make.officer("dept_approver")
    row = circulating.submit(written(writer, matter), officer=writer)
    circulating.control(row, officer=writer, step="pause")

    circulating.carry(row.pk, now=DAY.isoformat())
    assert not CircularReceiver.objects.exists()
    circulating.control(row, officer=writer, step="stop")
    with pytest.raises(NotAllowed):
        circulating.control(row, officer=writer, step="go_on")

    assert Circular.objects.get().state == "stopped"


def test_at_night_nothing_moves_and_in_the_morning_it_goes_on():
    matter = make.matter()
    make.case("received", matter)
    row = written(make.officer("dept_approver"), matter)
    circulating.submit(row, officer=row.officer)

    circulating.carry(row.pk, now=NIGHT.isoformat())

    assert not CircularReceiver.objects.exists()
    job = Job.objects.filter(kind=circulating.CARRY).earliest("run_at")
    assert timezone.localtime(job.run_at).hour == 8
    assert notices.quiet_until(DAY) is None
    assert notices.quiet_until(DAY.replace(hour=3)).date() == DAY.date()


def test_a_letter_that_was_made_by_day_does_not_leave_at_night(monkeypatch):
    gone = []
    monkeypatch.setattr(notices, "carry", lambda dispatch: gone.append(dispatch))

    notices.carry_by_day(7, now=NIGHT.isoformat())
    assert gone == []
    notices.carry_by_day(7, now=DAY.isoformat())

    assert gone == [7]


def test_who_declined_gets_what_is_official_and_no_information():
    matter = make.matter()
    case = make.case("received", matter)
    writer = make.officer("dept_approver")
    notices.want_information(case.account, wanted=False)
    told = {}
    for kind in ("information", "official"):
        row = written(writer, matter, kind=kind)
        circulating.submit(row, officer=writer)
        row = sent(row)
        told[kind] = (row.reached, row.declined)

    assert told == {"information": (0, 1), "official": (1, 0)}


def test_the_letter_of_information_carries_an_address_by_which_it_is_declined(client):
    matter = make.matter()
    case = make.case("received", matter)
    address = f"/unsubscribe/{notices.unsubscribing(case.account)}/"

    assert client.get(address).status_code == 200
    client.post(address, {"wanted": "no"})

    assert notices.declining([case.account]) == {case.account_id}
    assert client.get("/unsubscribe/forged:token/").status_code == 404
    client.post(address, {"wanted": "yes"})
    assert notices.declining([case.account]) == set()


def sent_and_refused() -> Circular:
    """It reached one person, whose mail server took none of it."""
    matter = make.matter()
    make.case("received", matter)
    row = written(make.officer("dept_approver"), matter)
    circulating.submit(row, officer=row.officer)
    sent(row)
    Dispatch.objects.update(state="refused", reason="no such address")
    return row


def test_what_came_back_is_noted_without_the_address():
    row = sent_and_refused()

    assert queries.returned(row) == [("email", "no such address")]


def test_a_slice_asks_the_same_number_of_questions_for_ten_and_for_a_hundred():
    """And with TONGBAN_RECEIVERS=10000 all of them, each once."""
    counts = []
    for people in (10, PEOPLE):
        matter = make.matter()
        many(matter, people)
        writer = make.officer("dept_approver")
        row = written(writer, matter)
        row = circulating.submit(row, officer=writer)
        if row.state == "asked":
            row = circulating.decide(row, officer=make.officer("dept_approver"), confirm=True)
        circulating.BATCH, before = 200, circulating.BATCH
        try:
            with CaptureQueriesContext(
                connection,
            ) as asked:
                circulating.carry(row.pk, now=DAY.isoformat())
            counts.append(len(asked))
            row = sent(row)
        finally:
            circulating.BATCH = before
        assert row.reached + row.without_account == people
        assert CircularReceiver.objects.filter(circular=row).count() == people

    assert counts[1] <= counts[0] + 1  # the one more: another turn is asked for


def test_an_estimate_looks_at_so_many_rows_and_no_further(monkeypatch):
    matter = make.matter()
    many(matter, 12)
    monkeypatch.setattr(queries, "SLICE", 2)
    monkeypatch.setattr(queries, "SLICES_ESTIMATED", 2)

    row = written(make.officer("dept_approver"), matter)

    assert row.facts["at_least"] and row.estimate > queries.ALONE_UP_TO


@pytest.mark.parametrize(
    ("text", "needed"), [("", 0), ("a" * 160, 1), ("a" * 161, 2), ("中" * 70, 1), ("中" * 71, 2), ("中" * 135, 3)]
)
def test_how_many_text_messages_it_takes(text, needed):
    assert queries.text_messages_needed(text) == needed


def test_written_for_one_and_sent_when_they_are_many_it_needs_a_second_person():
    matter = make.matter()
    make.case("received", matter)
    writer = make.officer("dept_approver")
    row = written(writer, matter)
    assert row.estimate == 1
    many(matter, 11)

    row = circulating.submit(row, officer=writer)

    assert (row.state, row.estimate) == ("asked", 12)
    assert not Job.objects.filter(kind=circulating.CARRY).exists()


def test_what_nobody_sent_for_months_does_not_go_out_any_more():
    matter = make.matter()
    make.case("received", matter)
    writer = make.officer("dept_approver")
    old, fresh = written(writer, matter), written(writer, matter)
    Circular.objects.filter(pk=old.pk).update(made_at=timezone.now() - datetime.timedelta(days=91))

    assert circulating.let_go_of_what_nobody_sent() == 1
    assert circulating.let_go_of_what_nobody_sent() == 0

    old.refresh_from_db()
    assert (old.state, old.ended_at is not None, Circular.objects.get(pk=fresh.pk).state) == ("stopped", True, "draft")


def test_two_years_after_it_ended_it_is_erased_with_whom_it_reached_and_a_younger_one_stays():
    matter = make.matter()
    make.case("received", matter)
    rows = []
    for _one in range(2):
        row = written(make.officer("dept_approver"), matter)
        circulating.submit(row, officer=row.officer)
        rows.append(sent(row))
    Circular.objects.filter(pk=rows[0].pk).update(ended_at=DAY)
    CircularReceiver.objects.filter(circular=rows[0]).update(at=DAY)
    later = DAY + datetime.timedelta(days=731)
    Circular.objects.filter(pk=rows[1].pk).update(ended_at=later)
    CircularReceiver.objects.filter(circular=rows[1]).update(at=later)

    erasing.erase_expired(later)

    assert list(Circular.objects.values_list("pk", flat=True)) == [rows[1].pk]
    assert list(CircularReceiver.objects.values_list("circular", flat=True)) == [rows[1].pk]
    assert Erasure.objects.filter(table="cases.Circular", rows=1).exists()


def test_what_came_back_is_looked_for_among_its_own_messages_alone():
    """By a stretch of an index: circular 1 does not go through the messages of 10, 11 and of everybody else."""
    row = sent_and_refused()
    Message.objects.filter(about=f"circular:{row.ref}").update(once=f"circular:{row.pk}7:1")
    assert queries.returned(row) == []

    plan = str(Message.objects.filter(once__gte="a", once__lte="b", once__startswith="a").explain())
    if connection.vendor == "sqlite":
        assert "SEARCH" in plan, plan
