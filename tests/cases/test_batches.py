"""One act on many cases: nobody alone over ten, each case asked again, once each, and nothing silently skipped."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import make
from tests.cases import ways
from tongban.cases import judging, queries, services
from tongban.cases.models import Batch, BatchItem, Case, CaseLabel, Label, PassingOn, Step
from tongban.cases.services import batching
from tongban.journal.models import Event, Job
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.queries import told_at_desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

WHY_NOT = "These were not looked at yet."


def alike(first: Case, many: int) -> list[Case]:
    """More cases that stand as this one does; their steps too, so that each has its mark."""
    rows = [first]
    for number in range(1, many):
        row = Case.objects.get(pk=first.pk)
        row.pk, row.ref, row.number = None, f"b{number:011d}", f"{int(first.number) + number:018d}"
        row._state.adding = True
        row.save()
        for step in first.steps.order_by("id"):
            step.pk = None
            step.case = row
            step.save()
        for clock in first.clocks.all():
            clock.pk = None
            clock.case = row
            clock.save()
        rows.append(row)
    return rows


def chosen(cases) -> list[tuple[str, str]]:
    marks = judging.marks_of([Case.objects.get(pk=case.pk) for case in cases])
    return [(case.ref, marks[case.pk]) for case in cases]


def begin(officer, act, cases, given=None, **more) -> Batch:
    return batching.begin(officer, act, chosen(cases), given or {}, key=more.pop("key", uuid.uuid4().hex), **more)


def outcome(batch: Batch) -> list[str]:
    return list(batch.items.order_by("place").values_list("state", flat=True))


def sentences(batch: Batch) -> list[str]:
    return [item.why["en"] for item in batch.items.order_by("place") if item.why]


# -- alone


def test_ten_are_accepted_alone_each_by_its_own_act_and_event():
    window = ways.hall("window_officer")
    cases = alike(make.case("received"), 10)

    batch = begin(window, "accept", cases)
    ways.work()

    batch.refresh_from_db()
    assert (batch.state, outcome(batch)) == ("done", ["done"] * 10)
    assert Step.objects.filter(move="accept", officer=window).count() == 10
    assert Event.objects.filter(kind="CaseAccepted", actor=window.account_id).count() == 10
    assert Event.objects.filter(kind="CaseDoneInBatch").count() == 10
    assert [row.documents.filter(kind="acceptance_notice").count() for row in cases] == [1] * 10


def test_eleven_wait_for_a_second_person_and_so_do_two_halves_within_minutes():
    window = ways.hall("window_officer")
    cases = alike(make.case("received"), 11)

    first = begin(window, "claim", cases[:6])
    second = begin(window, "claim", cases[6:])

    assert (first.state, second.state) == ("running", "asked")
    assert begin(window, "accept", cases).state == "asked"


def test_pressed_twice_it_is_one_list():
    window, case = ways.hall("window_officer"), make.case("received")

    first, second = (begin(window, "accept", [case], key="the same press") for _press in range(2))

    assert first == second
    assert Batch.objects.count() == 1


def test_whoever_goes_back_and_changes_something_asks_for_another_list():
    window = ways.hall("window_officer")
    cases = alike(make.case("received"), 3)

    lists = [
        begin(window, "claim", cases[:2], key="k"),
        begin(window, "claim", cases[:2], key="k"),
        begin(window, "claim", cases, key="k"),
    ]

    assert lists[0] == lists[1] != lists[2]
    assert lists[2].items.count() == 3


def test_the_database_knows_that_more_than_ten_need_a_second_person():
    window = ways.hall("window_officer")

    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.create(officer=window, act="accept", state="running", number=11)
    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.create(officer=window, act="accept", state="running", number=11, second=window)


# -- looking over


def test_each_case_that_cannot_be_done_says_why_and_stays_in_the_list():
    window, other = ways.hall("window_officer"), ways.hall("window_officer")
    of = make.matter()
    cases = [make.case(state, of) for state in ("received", "received", "received", "accepted")]
    Case.objects.filter(pk=cases[1].pk).update(claimed_by=other, claimed_at=timezone.now())
    uncertified = make.officer("window_officer", of=make.department("DSO"), certified=())

    batch = begin(window, "accept", cases)
    ways.work()

    assert outcome(batch) == ["done", "left_out", "done", "left_out"]
    assert [sentence[:40] for sentence in sentences(batch)] == [
        f"{other.shown_name} has had this case on the desk since"[:40],
        "This cannot be done now: it stands at “A",
    ]
    assert batch.number == 2
    with pytest.raises(NotAllowed):
        begin(uncertified, "accept", cases)


def test_looking_over_says_of_each_case_what_the_act_itself_would_say():
    """Every act, tried on cases in many states by every role: what is called possible is done, and what is not raises."""
    of = ways.matter_with_everything()
    states = (
        "submitted",
        "pre_review",
        "received",
        "correction_requested",
        "accepted",
        "reviewed",
    )
    cases = [ways.bring(state, of) for state in states]
    department = cases[0].department
    people = [
        *(ways.hall(role) for role in ("pre_reviewer", "window_officer", "supervisor")),
        *(make.officer(role, of=department) for role in ("dept_reviewer", "dept_approver")),
        make.officer("dept_reviewer", of=make.department("FRB")),
    ]
    given = {
        "points": [{"field": "reason", "material": "", "text": "too short"}],
        "only_marked": False,
        "days": 5,
        "why": "a report",
    }
    differ, done = [], 0

    for officer in people:
        for act in batching.ACTS.values():
            if act.reads or act.name in {
                "pass_on",
                "recall_passing",
                "label",
                "unlabel",
            }:  # they ask for more than the case
                continue
            found = judging.chosen(officer, [case.ref for case in cases])
            for one in batching.look_over(officer, act, found, given):
                try:
                    with transaction.atomic():
                        act.do(Case.objects.get(pk=one.case.pk), officer, given)
                        done += 1
                        raise RuntimeError("back")
                except RuntimeError:
                    possible = True
                except (NotAllowed, Invalid):
                    possible = False
                if possible != (not one.reasons):
                    differ.append((officer.roles, act.name, one.case.state, [str(reason) for reason in one.reasons]))

    assert differ == []
    assert done > 10


def test_the_marks_of_many_are_the_marks_of_one():
    cases = [make.case(state) for state in ("received", "reviewed")]

    assert judging.marks_of(cases) == {case.pk: queries.mark_of(case) for case in cases}


@pytest.mark.parametrize("act", ["claim", "accept", "approve", "take_along"])
def test_looking_over_costs_the_same_for_one_case_and_for_thirty(act):
    cases = alike(make.case("received"), 30)
    officer = ways.hall("window_officer") if act != "approve" else ways.of_department("dept_approver", cases[0])

    def cost(rows):
        with CaptureQueriesContext(connection) as asked:
            batching.look_over(officer, batching.ACTS[act], judging.chosen(officer, [row.ref for row in rows]))
        return len(asked)

    assert cost(cases[:1]) == cost(cases)


def test_an_act_that_needs_a_reason_of_its_own_is_not_offered():
    names = set(batching.ACTS)

    assert not names & {
        "refuse",
        "not_accept",
        "terminate",
        "revoke",
        "conclude",
        "suspend",
        "pre_review_return",
        "deliver",
    }
    assert batching.open_to(make.officer("auditor")) == []
    assert "approve" not in {act.name for act in batching.open_to(ways.hall("window_officer"))}


def test_what_is_asked_of_all_is_asked_before_anything_begins():
    window, case = ways.hall("window_officer"), make.case("received")

    with pytest.raises(Invalid) as missing:
        begin(window, "request_correction", [case], {"points": [{"field": "reason", "text": ""}]})
    with pytest.raises(Invalid):
        begin(
            ways.of_department("dept_approver", case), "extend", [make.case("under_review")], {"days": "5", "why": ""}
        )

    assert list(missing.value.errors) == ["points"]
    assert Batch.objects.count() == 0


# -- the second person


def list_of_eleven(act="accept", state="received"):
    window = ways.hall("window_officer")
    cases = alike(make.case(state), 11)
    return window, cases, begin(window, act, cases)


def test_nothing_happens_before_the_second_person_confirms_and_then_everything_does():
    window, cases, batch = list_of_eleven()
    ways.work()
    assert set(Case.objects.values_list("state", flat=True)) == {"received"}
    supervisor = ways.hall("supervisor")

    assert list(batching.waiting_for_word(supervisor)) == [batch]
    batching.confirm(batch, officer=supervisor)
    ways.work()

    batch.refresh_from_db()
    assert (batch.state, outcome(batch), batch.second) == ("done", ["done"] * 11, supervisor)
    told = Event.objects.filter(kind="CaseDoneInBatch").first()
    assert (told.actor, told.payload["second"]) == (window.account_id, supervisor.pk)


def test_nobody_confirms_their_own_list_nor_with_a_role_that_may_not_nor_with_an_own_case_in_it():
    window, cases, batch = list_of_eleven()
    citizen = make.person("李示范")
    Case.objects.filter(pk=cases[3].pk).update(applicant=citizen)
    both = make.officer("window_officer", "supervisor", of=make.department("DSO"))
    own = begin(both, "claim", cases)
    refused = [
        (batch, window),
        (own, both),
        (batch, ways.hall("window_officer")),
        (batch, make.officer("dept_approver", of=make.department("FRB"))),
        (batch, make.officer("supervisor", of=make.department("DSO"), person=citizen)),
    ]

    for row, officer in refused:
        with pytest.raises(NotAllowed):
            batching.confirm(row, officer=officer)

    assert set(Batch.objects.values_list("state", flat=True)) == {"asked"}
    assert Job.objects.filter(kind=batching.RUN).count() == 0


def test_nobody_confirms_a_list_with_an_application_in_it_that_they_sign():
    _window, cases, batch = list_of_eleven()
    signer = make.person("李示范")
    cases[3].signers.create(
        source="x", name="李示范", id_kind="resident_id", id_index=signer.id_index, id_end="0000", until=timezone.now()
    )
    officer = make.officer("supervisor", of=make.department("DSO"), person=signer)

    with pytest.raises(NotAllowed):
        batching.confirm(batch, officer=officer)

    assert Batch.objects.get().state == "asked"


def test_the_second_person_refuses_with_a_reason_and_nothing_is_done():
    window, _cases, batch = list_of_eleven()
    supervisor = ways.hall("supervisor")

    with pytest.raises(Invalid):
        batching.refuse(batch, officer=supervisor, why="no")
    batching.refuse(batch, officer=supervisor, why=WHY_NOT)
    with pytest.raises(NotAllowed):
        batching.confirm(batch, officer=ways.hall("coordinator"))
    ways.work()

    batch.refresh_from_db()
    assert (batch.state, batch.why_not) == ("refused", WHY_NOT)
    assert set(Case.objects.values_list("state", flat=True)) == {"received"}
    assert told(window) == [("list_refused", f"/office/batches/{batch.ref}/")]


def told(officer) -> list[tuple[str, str]]:
    return [(one.kind, one.link) for one in told_at_desk(officer)]


def test_after_a_day_without_a_word_it_lapses_also_where_nobody_has_looked_yet():
    window, _cases, batch = list_of_eleven()
    late = batch.lapses_at

    with pytest.raises(NotAllowed):
        batching.confirm(batch, officer=ways.hall("supervisor"), now=late)
    assert batching.lapse(now=late) == 1
    assert batching.lapse(now=late) == 0
    ways.work()

    assert told(window) == [("list_lapsed", f"/office/batches/{batch.ref}/")]
    batch.refresh_from_db()
    assert (batch.state, set(outcome(batch))) == ("lapsed", {"stopped"})


def test_an_approver_sees_only_the_lists_of_the_own_department():
    case = make.case("under_review")
    reviewer = ways.of_department("dept_reviewer", case)
    batch = begin(reviewer, "claim", alike(case, 11))

    assert list(batching.waiting_for_word(ways.of_department("dept_approver", case))) == [batch]
    assert list(batching.waiting_for_word(make.officer("dept_approver", of=make.department("FRB")))) == []
    assert batching.seen_by(make.officer("dept_approver", of=make.department("FRB")), batch.ref) is None
    assert batching.seen_by(ways.of_department("dept_reviewer", case), batch.ref) is None


# -- doing it


def test_each_case_is_asked_again_at_the_moment_it_is_done():
    window = ways.hall("window_officer")
    cases = alike(make.case("received"), 3)
    batch = begin(window, "accept", cases)

    services.accept(Case.objects.get(pk=cases[1].pk), officer=ways.hall("window_officer"))
    ways.work()

    assert outcome(batch) == ["done", "failed", "done"]
    assert sentences(batch)[0].startswith("This was not done:")


def test_whoever_lost_the_role_in_between_does_no_more():
    window = ways.hall("window_officer")
    batch = begin(window, "accept", alike(make.case("received"), 2))
    type(window).objects.filter(pk=window.pk).update(roles=["pre_reviewer"])

    ways.work()

    batch.refresh_from_db()
    assert (batch.state, outcome(batch)) == ("done", ["failed", "failed"])
    assert set(Case.objects.values_list("state", flat=True)) == {"received"}


def test_the_same_case_in_two_lists_is_done_once():
    window = ways.hall("window_officer")
    case = make.case("received")
    lists = [begin(window, "accept", [case]) for _list in range(2)]

    ways.work()

    assert sorted(outcome(lists[0]) + outcome(lists[1])) == ["done", "failed"]
    assert case.steps.filter(move="accept").count() == 1


def test_a_worker_killed_in_the_middle_leaves_nothing_done_twice_and_nothing_undone(monkeypatch):
    """Killed while the fourth case is being done, its act made but not committed: the next worker goes on with that very case."""
    window = ways.hall("window_officer")
    batch = begin(window, "accept", alike(make.case("received"), 6))
    whole, done = batching.ACTS["accept"].do, []

    class Killed(BaseException):
        pass

    def dying(case, officer, given):
        whole(case, officer, given)
        done.append(case.pk)
        if len(done) == 4:
            raise Killed

    act = batching.ACTS["accept"]
    monkeypatch.setitem(batching.ACTS, "accept", type(act)(act.name, dying, step=act.step, against=act.against))
    with pytest.raises(Killed):
        batching.run(batch.pk)
    assert outcome(batch) == ["done"] * 3 + ["waiting"] * 3

    monkeypatch.setitem(batching.ACTS, "accept", act)
    batching.run(batch.pk)
    batching.run(batch.pk)

    batch.refresh_from_db()
    assert (batch.state, outcome(batch)) == ("done", ["done"] * 6)
    assert Event.objects.filter(kind="CaseAccepted").count() == 6
    assert Event.objects.filter(kind="BatchEnded").count() == 1


def test_a_fault_of_ours_fails_one_case_and_not_the_rest(monkeypatch):
    window = ways.hall("window_officer")
    cases = alike(make.case("received"), 3)
    batch = begin(window, "accept", cases)
    act = batching.ACTS["accept"]

    def faulty(case, officer, given):
        if case.pk == cases[1].pk:
            raise KeyError("a bug")
        act.do(case, officer, given)

    monkeypatch.setitem(batching.ACTS, "accept", type(act)(act.name, faulty, step=act.step, against=act.against))
    ways.work()

    assert outcome(batch) == ["done", "failed", "done"]
    assert "a fault of ours" in sentences(batch)[0]


def test_stopped_what_is_done_stays_done_and_the_rest_is_not_reached():
    window = ways.hall("window_officer")
    cases = alike(make.case("received"), 4)
    batch = begin(window, "accept", cases)
    first = batch.items.order_by("place").first()
    batching.carry_out(first.pk)

    with pytest.raises(NotAllowed):
        batching.stop(batch, officer=ways.hall("window_officer"))
    batching.stop(batch, officer=window)
    ways.work()

    batch.refresh_from_db()
    assert (batch.state, outcome(batch)) == ("stopped", ["done", "stopped", "stopped", "stopped"])
    assert Step.objects.filter(move="accept").count() == 1
    ended = Event.objects.get(kind="BatchEnded").payload
    assert (ended["done"], ended["stopped"]) == (1, True)


def test_what_was_taken_on_the_desk_is_put_back_by_the_act_that_undoes_it():
    window = ways.hall("window_officer")
    cases = alike(make.case("received"), 3)
    begin(window, "claim", cases)
    ways.work()
    assert Case.objects.filter(claimed_by=window).count() == 3

    begin(window, batching.ACTS["claim"].back, cases)
    ways.work()

    assert Case.objects.filter(claimed_by=None).count() == 3


def test_the_same_correction_is_asked_of_all_and_taken_back_of_all():
    window = ways.hall("window_officer")
    cases = [make.case("received") for _case in range(2)]
    given = {"points": [{"field": "reason", "text": "Please name the street."}], "only_marked": True}

    batch = begin(window, "request_correction", cases, given)
    ways.work()

    assert outcome(batch) == ["done", "done"]
    assert [case.findings.get().text for case in cases] == ["Please name the street."] * 2
    assert sentences(begin_failing(window, cases, given)) == []

    back = begin(window, "recall_correction", cases, {"why": "It was there already."})
    ways.work()
    assert outcome(back) == ["done", "done"]


def begin_failing(window, cases, given) -> Batch:
    with pytest.raises(NotAllowed):
        begin(window, "request_correction", cases, given)
    return Batch.objects.latest("pk")


def test_ten_reviewed_cases_are_granted_by_another_officer_and_those_to_be_refused_are_not():
    of = ways.matter_with_everything()
    cases = [ways.bring("reviewed", of) for _case in range(2)]
    Case.objects.filter(pk=cases[1].pk).update(proposal="refuse")
    approver = ways.of_department("dept_approver", cases[0])

    batch = begin(approver, "approve", cases)
    ways.work()

    assert outcome(batch) == ["done", "left_out"]
    assert "decide this one by itself" in sentences(batch)[0]
    row = Case.objects.get(pk=cases[0].pk)
    assert (row.decision, row.approver) == ("granted", approver)


def test_an_item_done_has_its_hour():
    batch = begin(ways.hall("window_officer"), "claim", [make.case("received")])

    with pytest.raises(IntegrityError), transaction.atomic():
        BatchItem.objects.filter(batch=batch).update(state="done")


def test_cases_are_labelled_and_handed_to_a_colleague_and_both_can_be_undone():
    cases = alike(make.case("under_review"), 2)
    reviewer, colleague = (ways.of_department("dept_reviewer", cases[0]) for _officer in range(2))
    label = Label.objects.create(department=cases[0].department, name="spring check")
    steps = [
        ("claim", {}), ("label", {"label": str(label.pk)}), ("pass_on", {"to": str(colleague.pk), "note": "please"}),
        ("recall_passing", {}), ("unlabel", {"label": str(label.pk)}),
    ]  # fmt: skip

    seen = []
    for act, given in steps:
        batch = begin(reviewer, act, cases, given)
        ways.work()
        seen.append((act, outcome(batch), CaseLabel.objects.count(), PassingOn.objects.filter(state="offered").count()))

    done = ["done", "done"]
    assert seen == [
        ("claim", done, 0, 0), ("label", done, 2, 0), ("pass_on", done, 2, 2), ("recall_passing", done, 2, 0), ("unlabel", done, 0, 0),
    ]  # fmt: skip


def test_whom_a_case_cannot_be_handed_to_is_said_at_the_case():
    case = make.case("under_review")
    reviewer = ways.of_department("dept_reviewer", case)
    begin(reviewer, "claim", [case])
    ways.work()

    batch = begin(reviewer, "pass_on", [case], {"to": str(ways.hall("issuing_officer").pk)})
    ways.work()

    assert outcome(batch) == ["failed"]
    assert sentences(batch) == ["This colleague cannot do anything with the case now. Choose another one."]
