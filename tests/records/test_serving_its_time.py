"""What has served its time is destroyed by two people, never while something is open, and afterwards nothing names anybody."""

import datetime
import io

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from tests import make
from tests.cases import ways
from tests.records import worlds
from tongban.cases.models import Case, CaseMaterial, Collection, Delivery, Step
from tongban.indicators.models import DailySum, Part
from tongban.journal import services as journal
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed
from tongban.materials import services as documents
from tongban.materials import store
from tongban.matters import retention
from tongban.matters.models import MaterialType
from tongban.records import forgetting, queries, services
from tongban.records.gateways import NotTaken
from tongban.records.models import Destruction, Handover, Keeping

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NOT_KEPT_LONG = [{"state": "granted", "years": 5, "then": "anonymise", "basis": {"zh": "示范", "en": "demo"}}]


@pytest.fixture(autouse=True)
def own_var(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path


@pytest.fixture
def coordinator():
    return make.officer("coordinator", of=make.department("DSO"))


@pytest.fixture
def approver(db):
    return make.officer("dept_approver", of=make.department())


def carried_out(case: Case, coordinator, approver) -> Destruction:
    """Proposed by one, confirmed by the other, and done by the worker."""
    services.find_due_dates()
    row = services.propose(case.department, officer=coordinator)
    services.confirm(row, officer=approver)
    ways.work()
    return Destruction.objects.get(pk=row.pk)


def matter(**given):
    return ways.matter_with_everything(retention=NOT_KEPT_LONG, **given)


# -- rules


def test_a_guides_own_line_wins_over_the_kind_and_the_kind_over_any():
    own = matter().versions.get()
    usual = ways.matter_with_everything().versions.get()

    assert retention.rule_for(own, "granted").months == 60 and retention.rule_for(own, "granted").own
    assert retention.rule_for(usual, "granted").then == "archive"
    assert retention.rule_for(usual, "withdrawn").months == 12


def test_a_kind_that_no_table_knows_is_kept(settings, tmp_path):
    path = tmp_path / "retention.yaml"
    path.write_text("any: {}\n")
    settings.RETENTION = path

    assert retention.rule_for(matter().versions.get(), "refused").until(datetime.date(2020, 1, 1)) is None


@pytest.mark.parametrize(
    ("ended", "months", "last"),
    [("2024-01-31", 1, "2024-02-29"), ("2024-02-29", 12, "2025-02-28"), ("2020-12-01", 1, "2021-01-01")],
)
def test_months_end_on_the_same_day_or_the_last(ended, months, last):
    day = retention.months_later(datetime.date.fromisoformat(ended), months)
    assert day.isoformat() == last


def test_lines_that_say_nothing_stop_publishing():
    assert retention.troubles([{"state": "granted", "then": "archive"}])
    assert not retention.troubles(NOT_KEPT_LONG)


# -- due dates


@pytest.mark.postgres
def test_due_dates_are_found_a_little_at_a_time_and_a_second_round_changes_nothing():
    cases = [worlds.ended("withdrawn", matter=matter()) for _one in range(3)]
    assert [services.find_due_dates(limit=2) for _round in range(3)] == [2, 1, 0]  # the last begins anew

    assert services.find_due_dates(limit=10) == 0
    assert Keeping.objects.filter(case__in=cases).count() == 3


def test_what_runs_has_no_end_and_one_that_runs_again_loses_it():
    case = worlds.ended("withdrawn", matter=matter())
    services.find_due_dates()
    Case.objects.filter(pk=case.pk).update(state="received", number="990000-again")
    services.find_due_dates()
    services.find_due_dates()

    assert not Keeping.objects.filter(case=case).exists()


# -- four eyes


def test_nobody_confirms_their_own_list(coordinator):
    case = worlds.ended("withdrawn", matter=matter())
    services.find_due_dates()
    row = services.propose(case.department, officer=coordinator)

    with pytest.raises(NotAllowed):
        services.confirm(row, officer=coordinator)
    ways.work()
    assert Case.objects.get(pk=case.pk).applicant_id == case.applicant_id


def test_an_approver_of_another_department_does_not_confirm(coordinator):
    case = worlds.ended("withdrawn", matter=matter())
    services.find_due_dates()
    row = services.propose(case.department, officer=coordinator)

    with pytest.raises(NotAllowed):
        services.confirm(row, officer=make.officer("dept_approver", of=make.department("TAX")))


@pytest.mark.postgres
def test_a_dropped_list_keeps_everything(coordinator, approver):
    case = worlds.ended("withdrawn", matter=matter())
    services.find_due_dates()
    row = services.propose(case.department, officer=coordinator)
    services.drop(row, officer=approver, why="the audit is not over yet")
    ways.work()

    assert Keeping.objects.get(pk=case.pk).state == "kept"
    assert Case.objects.get(pk=case.pk).applicant_id == case.applicant_id


def test_what_is_not_due_is_on_no_list(coordinator):
    case = worlds.ended("withdrawn", matter=matter(), ago=datetime.timedelta(days=300))
    services.find_due_dates()
    with pytest.raises(NotAllowed, match="nothing-due|Nothing"):
        services.propose(case.department, officer=coordinator)


# -- nothing while something is open


def test_a_hold_stops_it_until_it_is_lifted(coordinator, approver):
    case = worlds.ended("withdrawn", matter=matter())
    hold = services.place_hold(case, officer=approver, why="litigation", words="case 12 before the district court")
    services.find_due_dates()
    with pytest.raises(NotAllowed):
        services.propose(case.department, officer=coordinator)

    services.lift_hold(hold, officer=approver, why="the judgment is final")
    assert carried_out(case, coordinator, approver).lines.get().anonymised == 1


def test_a_hold_after_the_list_was_made_still_stops_it(coordinator, approver):
    case = worlds.ended("withdrawn", matter=matter())
    services.find_due_dates()
    row = services.propose(case.department, officer=coordinator)
    services.confirm(row, officer=approver)
    services.place_hold(case, officer=approver, why="audit", words="asked for by the audit office")
    ways.work()

    line = row.lines.get()
    assert (line.anonymised, line.left_out) == (0, 1)
    assert Case.objects.get(pk=case.pk).applicant_id == case.applicant_id


def test_a_hold_needs_a_reason_and_a_role(approver):
    case = worlds.ended("withdrawn", matter=matter())
    with pytest.raises(Invalid):
        services.place_hold(case, officer=approver, why="audit", words="no")
    with pytest.raises(NotAllowed):
        services.place_hold(
            case, officer=make.officer("window_officer"), why="audit", words="asked for by the audit office"
        )


def test_a_licence_in_force_stops_it():
    case = worlds.ended(matter=matter())
    type(case.licence).objects.filter(pk=case.licence_id).update(state="valid", valid_to=None)
    assert [str(one.sentence) for one in queries.stops([case], timezone.localdate())] == ["the licence is still valid"]


def test_an_unpaid_bill_stops_it():
    case = worlds.ended("withdrawn", matter=matter())
    make.bill(case.applicant, about=case.subject)
    assert [str(one.sentence) for one in queries.stops([case], timezone.localdate())] == ["a bill is not paid"]


# -- afterwards


@pytest.mark.postgres
def test_of_everything_that_was_planted_nothing_is_left(coordinator, approver):
    case = worlds.ended(matter=matter(), rated=f"{worlds.MARK}-rating")
    planted = worlds.everything(case)
    assert len(planted) > 40
    before = worlds.values_of_the_database()
    assert not [word for word in planted if word not in before]  # negative control: the search finds every one of them
    assert worlds.refers_to_people(case)
    Case.objects.filter(pk=case.pk).update(updated_at=timezone.now() - worlds.LONG_AGO)
    settle(case)

    row = carried_out(case, coordinator, approver)

    assert row.state == "done" and row.lines.get().anonymised == 1, queries.stops([case], timezone.localdate())
    assert worlds.tables_with(worlds.MARK) == []
    assert worlds.refers_to_people(Case.objects.get(pk=case.pk)) == []


def settle(case: Case) -> None:
    """Whatever is open among what was planted is over."""
    for label, changes in {
        "cases.Appeal": {"state": "withdrawn"}, "cases.Hearing": {"state": "not_asked"}, "cases.Promise": {"state": "kept"},
        "cases.BrokenPromise": {"lifted_at": timezone.now()}, "cases.Tolerance": {"settled": "waived", "settled_at": timezone.now()},
        "rights.Review": {"state": "stands", "answered_at": timezone.now(), "officer": make.officer()},
        "evaluations.FollowUp": {"state": "closed"},
        "cases.PublicObjection": {"taken_back_at": timezone.now()},
        "cases.Consultation": {"recalled_at": timezone.now()},
    }.items():  # fmt: skip
        with worlds.anything_goes():
            apps.get_model(label)._default_manager.update(**changes)


@pytest.mark.postgres
def test_control_a_table_that_is_not_forgotten_is_found(coordinator, approver, monkeypatch):
    """The search above would see it: with one table left out, its words are found."""
    case = worlds.ended(matter=matter())
    worlds.everything(case)
    settle(case)
    going = forgetting.going()
    monkeypatch.setattr(forgetting, "going", lambda: [one for one in going if one[0]._meta.label != "cases.Finding"])
    carried_out(case, coordinator, approver)

    assert "cases.Finding.text" in worlds.tables_with(worlds.MARK)


def test_every_field_that_can_hold_words_of_a_table_that_stays_is_emptied():
    """A sealed field that somebody adds to a table that stays must be named; what is named is emptied by the test above."""
    emptied = {
        "cases.Case": {"values", "opinion", "rules_trace"}, "cases.Step": {"reason"}, "cases.Escalation": {"answer"},
        "cases.CorrectionRequest": {"why_again", "why_recalled"}, "evaluations.Rating": {"text"},
        "records.Hold": {"words", "why_lifted"},
    }  # fmt: skip
    for label in forgetting.STAYS:
        sealed = {
            one.name
            for one in apps.get_model(label)._meta.concrete_fields
            if type(one).__name__.startswith("Encrypted")
        }
        assert sealed == emptied.get(label, set()), label


def test_files_of_papers_are_gone_and_those_of_others_stay(coordinator, approver, django_capture_on_commit_callbacks):
    case, other = worlds.ended(matter=matter()), worlds.ended("withdrawn", matter=matter())
    Case.objects.filter(pk=other.pk).update(ended_at=timezone.now())
    papers = []
    for number, one in enumerate((case, other)):
        held = io.BytesIO()
        Image.new("RGB", (30 + number, 30), (200, number * 90, 10)).save(held, "PNG")
        held.seek(0)
        held.name = "lease.png"
        document = documents.keep([held], owner=one.applicant, by=one.account)
        row = one.materials.create(type=make.material_type(), how="upload", document=document)
        documents.hand_in(row.document, actor=journal.PLATFORM)
        papers.append(document.pages.get())
    worlds.as_old_files()

    with django_capture_on_commit_callbacks(execute=True):
        carried_out(case, coordinator, approver)

    assert papers[0].file not in set(store.names()) and papers[0].preview not in set(store.names())
    assert store.get(papers[1].file)


@pytest.mark.postgres
def test_figures_stay_as_they_were(coordinator, approver):
    case = worlds.ended(matter=matter())
    ways.work()
    sums = list(DailySum.objects.order_by("pk").values())
    parts = list(Part.objects.order_by("pk").values())
    shape = Case.objects.filter(pk=case.pk).values(
        "matter", "version", "department", "state", "channel", "decision", "submitted_at", "decided_at", "ended_at"
    )[0]
    moves = list(Step.objects.filter(case=case).values_list("move", "at", "officer"))
    assert sums and parts

    carried_out(case, coordinator, approver)

    assert list(DailySum.objects.order_by("pk").values()) == sums
    assert list(Part.objects.order_by("pk").values()) == parts
    assert Case.objects.filter(pk=case.pk).values(*shape)[0] == shape
    assert list(Step.objects.filter(case=case).values_list("move", "at", "officer")) == moves


@pytest.mark.postgres
def test_the_log_keeps_what_happened_names_nobody_and_still_holds(coordinator, approver):
    case = worlds.ended(matter=matter())
    kinds = list(Event.objects.filter(subject=case.subject).order_by("pk").values_list("kind", flat=True))
    carried_out(case, coordinator, approver)

    rows = Event.objects.filter(subject=case.subject).order_by("pk")
    assert list(rows.values_list("kind", flat=True))[: len(kinds)] == kinds
    assert not rows.exclude(actor_kind__in=["officer", "platform"]).exclude(actor=None).exists()
    journal.seal_chain()
    assert journal.verify_log() is None


def test_control_a_row_emptied_without_the_key_is_found(coordinator, approver):
    case = worlds.ended(matter=matter())
    carried_out(case, coordinator, approver)
    row = Event.objects.filter(subject=case.subject, blanked__isnull=False).first()
    Event.objects.filter(pk=row.pk).update(kind="SomethingElse")

    assert journal.verify_log().reason == "the content was changed"


def test_a_second_run_does_nothing(coordinator, approver):
    case = worlds.ended("withdrawn", matter=matter())
    row = carried_out(case, coordinator, approver)
    before = list(row.lines.values()), Case.objects.values().get(pk=case.pk)

    services.carry_out(row.pk)
    Destruction.objects.filter(pk=row.pk).update(state="confirmed")
    services.carry_out(row.pk)

    assert (list(row.lines.values()), Case.objects.values().get(pk=case.pk)) == before


class Killed(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


@pytest.mark.postgres
def test_killed_in_the_middle_it_goes_on_where_it_was(coordinator, approver, monkeypatch):
    cases = [worlds.ended("withdrawn", matter=matter()) for _one in range(3)]
    services.find_due_dates()
    row = services.propose(cases[0].department, officer=coordinator)
    services.confirm(row, officer=approver)
    real, seen = forgetting.forget, []

    def dies(held):
        gone = real(held)
        seen.append(1)
        if len(seen) == 2:
            raise Killed
        return gone

    monkeypatch.setattr(services.forgetting, "forget", dies)
    with pytest.raises(Killed):
        services.carry_out(row.pk)
    assert sorted(Keeping.objects.values_list("state", flat=True)) == ["anonymised", "listed", "listed"]

    monkeypatch.setattr(services.forgetting, "forget", real)
    services.carry_out(row.pk)
    assert sum(row.lines.values_list("anonymised", flat=True)) == 3
    assert Destruction.objects.get(pk=row.pk).state == "done"


def test_the_record_names_nobody(coordinator, approver):
    case = worlds.ended("withdrawn", matter=matter())
    name = case.applicant.name
    row = carried_out(case, coordinator, approver)
    said = str(list(row.lines.values())) + str(Destruction.objects.values().get(pk=row.pk))

    assert name not in said and case.number not in said and case.ref not in said
    line = row.lines.get()
    assert (line.matter, line.listed, line.anonymised, line.rule["months"]) == (case.matter.slug, 1, 1, 12)


def test_a_clock_that_was_set_destroys_nothing(coordinator, approver, monkeypatch):
    case = worlds.ended("withdrawn", matter=matter())
    services.find_due_dates()
    row = services.propose(case.department, officer=coordinator)
    monkeypatch.setattr(services, "clock_jumped", lambda: 4000.0)
    services.confirm(row, officer=approver)
    ways.work()

    assert Case.objects.get(pk=case.pk).applicant_id == case.applicant_id


def test_one_that_cannot_be_emptied_stays_whole_and_the_others_go(coordinator, approver, monkeypatch):
    cases = [worlds.ended("withdrawn", matter=matter()) for _one in range(3)]
    real = forgetting.forget

    def stumbles(held):
        gone = real(held)
        if held[0].pk == cases[1].pk:
            raise ValueError("something nobody thought of")
        return gone

    monkeypatch.setattr(services.forgetting, "forget", stumbles)
    row = carried_out(cases[0], coordinator, approver)

    assert row.state == "done"
    assert [sum(some) for some in zip(*row.lines.values_list("anonymised", "left_out"), strict=True)] == [2, 1]
    assert Case.objects.get(pk=cases[1].pk).applicant_id == cases[1].applicant_id
    kept = Keeping.objects.get(pk=cases[1].pk)
    assert (kept.state, kept.destruction_id) == ("kept", None)


@pytest.mark.postgres
def test_what_something_stops_does_not_keep_the_others_off_the_lists(coordinator, approver, monkeypatch):
    monkeypatch.setattr(queries, "AT_A_TIME", 2)
    monkeypatch.setattr(queries, "A_LOOK", 2)
    monkeypatch.setattr(services, "LOOKED_AT", 4)
    held = [worlds.ended("withdrawn", matter=matter(), ago=worlds.LONG_AGO * 2) for _one in range(4)]
    free = worlds.ended("withdrawn", matter=matter())
    services.find_due_dates()
    holds = [services.place_hold(one, officer=approver, why="audit", words="an audit of these years") for one in held]

    with pytest.raises(NotAllowed) as problem:
        services.propose(free.department, officer=coordinator)
    assert problem.value.code == "nothing-due" and "goes on with the next" in str(problem.value.next_step)
    row = services.propose(free.department, officer=coordinator)
    assert [one.pk for one in queries.listed(row)] == [free.pk]

    services.drop(row, officer=approver, why="for the sake of the test")
    services.lift_hold(holds[0], officer=approver, why="the audit is over")
    again = services.propose(free.department, officer=coordinator)
    assert {one.pk for one in queries.listed(again)} == {held[0].pk, free.pk}  # what was lifted is looked at at once


def test_nothing_of_anybody_else_goes_with_a_case():
    somebody = make.account()
    with pytest.raises(RuntimeError, match="does not belong to a case"):
        forgetting._delete_protecting([somebody])
    assert type(somebody).objects.filter(pk=somebody.pk).exists()


def test_finding_last_days_costs_the_same_however_many_ended():
    costs = []
    for _round in range(2):
        for _one in range(3):
            worlds.ended("withdrawn", matter=matter())
        Keeping.objects.all().delete()
        journal.keep_place(services.PLACE, 0)
        with CaptureQueriesContext(connection) as asked:
            services.find_due_dates()
        costs.append(len(asked))
    assert Keeping.objects.count() == 6 and costs[0] == costs[1]


# -- the archive


def test_once_the_person_is_out_no_package_is_made_and_the_receipt_stays(coordinator, approver):
    """A second worker that read the list before comes to the archive after the first one was done."""
    case = worlds.ended(matter=ways.matter_with_everything())
    carried_out(case, coordinator, approver)
    given = Handover.objects.values().get(case=case)

    with pytest.raises(NotTaken):
        services.handing_over.hand_over(case)

    assert Handover.objects.values().get(case=case) == given and given["state"] == "received"


@pytest.mark.postgres
def test_of_two_packages_made_at_once_the_first_one_counts(settings):
    case = worlds.ended(matter=ways.matter_with_everything())
    hand, cases = services.handing_over, queries.family(case)
    first = hand._made(case, cases, None)
    second = hand._made(case, cases, None)
    assert (second.pk, second.sha256) == (first.pk, first.sha256)

    damaged = hand._made(case, cases, first)  # the one who found it damaged makes a new one
    with pytest.raises(NotTaken, match="newer package"):  # and a receipt for the old one is not written on the new one
        sent = hand.archive

        class Quick:
            def take(self, name, content):
                Handover.objects.filter(pk=damaged.pk).update(sha256="0" * 64)
                return sent().take(name, content)

        hand.archive = Quick
        try:
            hand.hand_over(case)
        finally:
            hand.archive = sent
    assert Handover.objects.get(case=case).state == "made"


@pytest.mark.postgres
def test_only_the_archives_receipt_lets_it_go(coordinator, approver, settings):
    settings.ARCHIVE_GATEWAY = "none"
    case = worlds.ended(matter=ways.matter_with_everything())
    row = carried_out(case, coordinator, approver)
    assert row.state == "confirmed"
    assert Case.objects.get(pk=case.pk).applicant_id == case.applicant_id

    settings.ARCHIVE_GATEWAY = "simulated"
    services.carry_out(row.pk)

    given = Handover.objects.get(case=case)
    assert given.state == "received" and given.receipt and not given.file
    assert Case.objects.get(pk=case.pk).applicant_id != case.applicant_id
    assert row.lines.get().handed_over == 1


def test_a_case_that_moved_after_the_package_is_not_destroyed(coordinator, approver, monkeypatch):
    case = worlds.ended(matter=ways.matter_with_everything())
    real = services.handing_over.hand_over

    def moved(one):
        given = real(one)
        Case.objects.filter(pk=one.pk).update(updated_at=timezone.now())
        return given

    monkeypatch.setattr(services.handing_over, "hand_over", moved)
    carried_out(case, coordinator, approver)

    assert Case.objects.get(pk=case.pk).applicant_id == case.applicant_id


def test_every_table_about_cases_is_forgotten_or_named():
    known = {model._meta.label for model, _names in forgetting.going()} | set(forgetting.STAYS)
    for model, names in forgetting.dependants():
        assert model._meta.label in known or set(names) <= forgetting.BESIDE[model._meta.label], model._meta.label


def test_who_took_it_at_the_window_is_forgotten_with_the_last_of_what_they_took(coordinator, approver):
    """One hand-over gave results of two applications: it stays as long as one of them does."""
    of = matter()
    cases = [worlds.ended(matter=of) for _one in range(2)]
    taken = Collection.objects.create(
        party=cases[0].applicant, officer=approver, taker_as="named", name="PLANTED 李代领", id_kind="id_card", id_end="2345",
        signed="glass", strokes=[[[1, 2]]], content="x",
    )  # fmt: skip
    for case in cases:
        row = Delivery.objects.create(case=case, party=case.applicant, way="pickup", state="handed_over")
        row.items.create(case=case, name=case.version.name, collection=taken, taken_at=timezone.now())

    with transaction.atomic():
        forgetting.forget([cases[0]])
    assert Collection.objects.filter(pk=taken.pk).exists()
    with transaction.atomic():
        forgetting.forget([cases[1]])

    assert not Collection.objects.filter(pk=taken.pk).exists()


# -- papers with a law of their own (decision 36)


def with_paper(case: Case, years: int, slug: str = "health-file", how: str = "paper") -> None:
    basis = {"zh": "传染病防治法", "en": "Law on infectious diseases"}
    kind, _made = MaterialType.objects.update_or_create(
        slug=slug,
        defaults={
            "name": {"zh": slug, "en": slug}, "kind": "report", "issued_by": "a hospital",
            "retention": {"years": years, "basis": basis} if years else {},
        },
    )  # fmt: skip
    CaseMaterial.objects.get_or_create(case=case, type=kind, defaults={"how": how})


def years_later(case: Case, years: int) -> datetime.date:
    return retention.months_later(timezone.localdate(case.ended_at), years * 12)


@pytest.mark.parametrize(("years", "kept"), [(50, 50), (35, 35), (2, 30), (0, 30)])
def test_the_longest_of_what_a_paper_serves_wins_and_nothing_is_shortened(years, kept):
    case = worlds.ended()
    with_paper(case, years)
    with_paper(case, 1, slug="lease")

    services.find_due_dates()

    row = Keeping.objects.get(case=case)
    assert row.until == years_later(case, kept) == queries.kept(case).until
    assert row.rule.get("paper") == ({"zh": "health-file", "en": "health-file"} if kept > 30 else None)
    assert (row.rule["then"], "infectious" in row.rule["basis"]["en"]) == ("archive", kept > 30)


def test_a_kind_lengthened_later_reaches_what_ended_before_and_takes_it_off_the_list(coordinator):
    case = worlds.ended()
    with_paper(case, 0)
    services.find_due_dates()
    assert [one.pk for one in queries.due(case.department.code, timezone.localdate())] == [case.pk]

    with_paper(case, 60)
    services.find_due_dates()
    services.find_due_dates()

    assert queries.due(case.department.code, timezone.localdate()) == []
    with_paper(case, 0)
    services.find_due_dates()
    services.find_due_dates()
    assert [one.pk for one in queries.due(case.department.code, timezone.localdate())] == [case.pk]


def test_a_kind_lengthened_after_the_list_was_made_still_keeps_it(coordinator, approver):
    case = worlds.ended()
    with_paper(case, 0)
    services.find_due_dates()
    listed = services.propose(case.department, officer=coordinator)
    with_paper(case, 60)

    services.confirm(listed, officer=approver)
    ways.work()

    assert Keeping.objects.get(case=case).anonymised_at is None


@pytest.mark.parametrize(("state", "how"), [("withdrawn", "paper"), ("closed", "missing"), ("closed", "commitment")])
def test_where_nothing_was_decided_or_no_paper_was_handed_in_its_years_do_not_count(state, how):
    case = worlds.ended(state)
    with_paper(case, 50, how=how)

    assert queries.kept(case).rule.paper is None


def test_the_papers_of_many_applications_are_asked_for_in_one_question():
    for number in range(3):
        with_paper(worlds.ended(), 50, slug=f"kind-{number}")

    with CaptureQueriesContext(connection) as sent:
        services.find_due_dates()

    assert sum("cases_casematerial" in one["sql"] for one in sent) == 1
    assert {row.rule["months"] for row in Keeping.objects.all()} == {600}
