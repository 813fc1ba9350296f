"""The one promise of a bundle follows its parts: it is never a day on which one of them cannot be there."""

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests import make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tongban.cases import clocks, promising, services
from tongban.cases.models import Case
from tongban.cases.services import following, one_promise
from tongban.cases.states import ClockKind
from tongban.channels.office import acts, acts_procedures
from tongban.departments.models import CalendarYear
from tongban.departments.services import load_calendar_year, load_published_calendars
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db

HERE = ZoneInfo("Asia/Shanghai")
PAPER = [{"material": "lease", "required": True}]
ACCEPTED = "2025-06-09"  # a Monday; seven working days end on 18 June


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=HERE)


def accepted(*, after=None, **given) -> Case:
    with time_machine.travel(at(ACCEPTED), tick=False):
        matter = shop.bundle(optional=("sign",), after=after, **given)
        account = make.account()
        CalendarYear.objects.all().delete()
        load_published_calendars()
        return shop.in_review(matter, account=account)


def on(day: str, act):
    with time_machine.travel(at(day), tick=False):
        done = act()
        ways.work()
        return done


def suspend(whole: Case, key: str, day: str, planned: int = 5) -> Case:
    part = shop.of(whole, key)
    officer = ways.of_department("dept_reviewer", part)
    return on(
        day,
        lambda: services.suspend(
            part, officer=officer, kind="expert_review", planned_days=planned, why="the fish tank"
        ),
    )


def resume(whole: Case, key: str, day: str) -> Case:
    part = shop.of(whole, key)
    officer = ways.of_department("dept_reviewer", part)
    return on(day, lambda: services.resume(part, officer=officer, result="the experts agree"))


def extend(whole: Case, key: str, day: str, days: int) -> Case:
    part = shop.of(whole, key)
    officer = ways.of_department("dept_approver", part)
    return on(day, lambda: services.extend(part, officer=officer, days=days, why="three offices must be asked"))


def promised(whole: Case, key: str = "") -> date | None:
    return (shop.of(whole, key) if key else shop.fresh(whole)).promised_due


def told(whole: Case) -> list[str]:
    kinds = ("case_waits_for_part", "case_follows_part")
    return list(
        Message.objects.filter(party=whole.applicant, kind__in=kinds).order_by("id").values_list("kind", flat=True)
    )


def test_a_part_that_stands_still_takes_the_promise_of_the_whole_along_and_gives_it_back():
    """domain.md 5.1.4: accepted 2025-06-09, 7 days, stopped 06-12 with 2 used, resumed 06-20, due 06-27."""
    whole = accepted()
    assert promised(whole) == promised(whole, "food") == date(2025, 6, 18)

    suspend(whole, "food", "2025-06-12")

    assert promised(whole) is None and promised(whole, "food") is None
    assert promised(whole, "fire") == date(2025, 6, 18)  # the others go on
    assert told(whole) == ["case_waits_for_part"]

    resume(whole, "food", "2025-06-20")

    assert promised(whole) == promised(whole, "food") == date(2025, 6, 27)
    assert promised(whole, "fire") == date(2025, 6, 18)
    assert told(whole) == ["case_waits_for_part", "case_follows_part"]
    message = Message.objects.filter(kind="case_follows_part").get()
    assert "27 June 2025" in message.body["en"] and message.about == whole.subject


def test_it_is_told_in_writing_on_the_papers_of_the_part():
    whole = accepted()

    part = suspend(whole, "food", "2025-06-12")
    stopped = part.documents.get(kind="special_procedure_notice").content["rows"]
    part = resume(whole, "food", "2025-06-20")
    going = part.documents.get(kind="resumption_notice").content["rows"]

    assert whole.number in str(stopped) and "stands still with this part" in str(stopped)
    assert [{"zh": "整件事承诺办结", "en": "The whole is promised by"}, "2025-06-27"] in going
    alone = make.case("under_review", ways.matter_with_everything())
    services.suspend(
        alone, officer=ways.of_department("dept_reviewer", alone), kind="appraisal", planned_days=3, why="it is old"
    )
    assert "The whole" not in str(alone.documents.get(kind="special_procedure_notice").content)


def test_parts_that_stand_still_one_after_the_other_are_not_added_up():
    """They run side by side: the whole is there with the last of them, not after both pauses."""
    whole = accepted()

    suspend(whole, "food", "2025-06-10")
    resume(whole, "food", "2025-06-12")
    first = promised(whole)
    suspend(whole, "fire", "2025-06-16")
    between = promised(whole)
    resume(whole, "fire", "2025-06-19")

    assert (first, between) == (date(2025, 6, 23), None)
    assert promised(whole) == max(promised(whole, "food"), promised(whole, "fire"), promised(whole, "drain"))
    assert promised(whole) == promised(whole, "fire") == date(2025, 6, 24)


def test_a_part_that_is_taken_back_while_it_stands_still_holds_nobody_up():
    whole = accepted()
    suspend(whole, "sign", "2025-06-12")
    part = shop.of(whole, "sign")

    on("2025-06-13", lambda: services.withdraw(part, account=whole.account))

    assert promised(whole) == date(2025, 6, 18)
    running = shop.fresh(whole).clocks.get(kind=ClockKind.DECISION_PROMISED, stopped_on__isnull=True)
    assert running.pauses == []
    assert told(whole) == ["case_waits_for_part", "case_follows_part"]


def test_a_part_that_was_decided_leaves_the_promise_where_it_was_told():
    whole = accepted()
    suspend(whole, "food", "2025-06-12")
    resume(whole, "food", "2025-06-20")

    on("2025-06-23", lambda: shop.grant(whole, "food"))
    suspend(whole, "fire", "2025-06-10")
    resume(whole, "fire", "2025-06-11")

    assert promised(whole, "fire") < promised(whole) == date(2025, 6, 27)


def test_what_waits_for_a_part_that_stands_still_stands_still_with_it():
    """Its department has not even begun, and would be late through nobody's fault."""
    whole = accepted(after={"drain": ["food"]})
    suspend(whole, "food", "2025-06-12")
    assert promised(whole, "drain") is None and promised(whole, "fire") == date(2025, 6, 18)

    resume(whole, "food", "2025-06-20")
    assert promised(whole, "drain") == promised(whole, "food") == date(2025, 6, 27)

    on("2025-06-23", lambda: shop.grant(whole, "food"))
    assert shop.states(whole)["drain"] == "under_review"
    suspend(whole, "drain", "2025-06-24")
    resume(whole, "drain", "2025-06-26")
    assert promised(whole) == promised(whole, "drain") > date(2025, 6, 27)


def test_an_extended_part_takes_the_whole_along():
    whole = accepted()

    part = extend(whole, "drain", "2025-06-10", 3)

    assert promised(whole) == part.promised_due == date(2025, 6, 23)
    assert "2025-06-23" in str(part.documents.get(kind="extension_notice").content["rows"][-1])
    assert told(whole) == ["case_follows_part"]


def test_a_hearing_offered_about_a_part_stops_the_whole_until_it_is_let_be():
    whole = accepted()
    part = shop.conclude(shop.of(whole, "fire"), "refuse")
    officer = ways.of_department("dept_reviewer", part)

    on(
        "2025-06-12",
        lambda: services.offer_hearing(
            part, officer=officer, reason="too few exits", ground="Fire Protection Law, article 15"
        ),
    )
    assert promised(whole) is None
    row = part.hearings.get()
    on("2025-06-20", lambda: services.decline_hearing(row, account=whole.account))

    assert promised(whole) == promised(whole, "fire") == date(2025, 6, 27)


def test_a_part_accepted_later_takes_the_whole_along():
    with time_machine.travel(at(ACCEPTED), tick=False):
        make.material_type("lease")
        matter, account = shop.bundle(optional=("sign",), of={"sign": {"requirements": PAPER}}), make.account()
        CalendarYear.objects.all().delete()
        load_published_calendars()
        case = shop.draft(matter, account=account)
        services.attach(case, "lease", make.document(account.person, by=account), account=account)
        whole = services.submit(shop.fresh(case), account=account, level=3, key="one")
        services.start_pre_review(whole)
        desk = ways.hall("window_officer")
        sign = shop.of(whole, "sign")
        services.request_correction(sign, [{"material": "lease", "text": "the first page is missing"}], officer=desk)
        services.accept(shop.fresh(whole), officer=desk)
        following.go_on(whole.pk)
    assert promised(whole) == date(2025, 6, 18)

    def corrected():
        part = shop.of(whole, "sign")
        services.attach(part, "lease", make.document(account.person, by=account), account=account)
        services.correct(shop.fresh(part), account=account, level=3)
        services.accept(shop.fresh(part), officer=desk)

    on("2025-06-13", corrected)

    assert promised(whole) == promised(whole, "sign") == date(2025, 6, 24)


def test_what_is_expected_of_the_whole_is_what_its_last_part_is_planned_for():
    whole = accepted()
    suspend(whole, "food", "2025-06-12", planned=5)  # two days used, planned until 19 June
    suspend(whole, "fire", "2025-06-17", planned=1)  # five used, planned until 18 June
    parts = [shop.of(whole, key) for key in ("food", "fire", "drain", "sign")]

    said = clocks.forecast_together(parts, now=at("2025-06-17"))

    assert said["by"] == date(2025, 6, 19)
    assert (said["now"].day, said["then"].day) == (date(2025, 6, 24), date(2025, 6, 26))
    assert clocks.forecast_together([parts[2]], now=at("2025-06-17")) == {}


def test_another_part_may_be_the_last_when_a_calendar_is_published():
    whole = accepted()
    suspend(whole, "food", "2025-06-10")
    resume(whole, "food", "2025-06-13")
    extend(whole, "fire", "2025-06-13", 3)
    assert promised(whole) == promised(whole, "food") == date(2025, 6, 24) > promised(whole, "fire")

    year = CalendarYear.objects.get(year=2025)
    more = {"2025-06-10": "", "2025-06-11": "", "2025-06-12": ""}  # days on which food stood still anyway
    on("2025-06-13", lambda: load_calendar_year(2025, {**year.days_off, **more}, year.workdays, official=True))

    assert promised(whole, "food") == date(2025, 6, 24)
    assert promised(whole) == promised(whole, "fire") == date(2025, 6, 26)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_parts_the_whole_is_promised_with_the_last_of_them(seed):
    drawn = random.Random(seed)
    whole = accepted(after={"sign": ["food"]})
    keys = ("food", "fire", "drain")
    day = date.fromisoformat(ACCEPTED)
    for _turn in range(9):
        day += timedelta(days=drawn.randint(0, 3))
        key = drawn.choice(keys)
        part = shop.of(whole, key)
        if part.state == "suspended":
            resume(whole, key, day.isoformat())
        elif drawn.random() < 0.3 and not part.extended_days and part.statutory_due >= day:
            extend(whole, key, day.isoformat(), drawn.randint(1, 5))
        else:
            suspend(whole, key, day.isoformat())
        days = [promised(whole, one) for one in (*keys, "sign")]
        assert promised(whole) == (None if None in days else max(days)), (seed, day, key)
        assert promised(whole, "sign") == promised(whole, "food")


def test_twice_changes_nothing():
    whole = accepted()
    suspend(whole, "food", "2025-06-12")
    many = Event.objects.filter(kind="CaseDatesChanged").count()
    part = shop.of(whole, "food")

    one_promise.follow_part(part)
    one_promise.follow_parts(whole.pk)

    assert Event.objects.filter(kind="CaseDatesChanged").count() == many
    assert promised(whole) is None


# -- on a signed promise


def on_a_promise(*keys: str, after=None, **elements) -> Case:
    """Accepted with a signed promise, which the law of these members allows and of the others does not."""
    with time_machine.travel(at(ACCEPTED), tick=False):
        matter = shop.bundle(
            optional=("sign",),
            after=after,
            of={key: {"commitment": key in keys, **elements} for key in ("food", "fire", "drain", "sign")},
        )
        CalendarYear.objects.all().delete()
        load_published_calendars()
        case = shop.draft(matter)
        services.choose_promise(case, account=case.account)
        case = services.submit(shop.fresh(case), account=case.account, level=3, key="k")
        services.start_pre_review(case)
        services.accept(shop.fresh(case), officer=ways.hall("window_officer"))
        following.go_on(case.pk)
        return shop.fresh(case)


def test_a_bundle_on_a_promise_is_promised_with_the_part_whose_law_does_not_allow_it():
    whole = on_a_promise("food", "sign")

    assert {key: promised(whole, key) for key in ("food", "sign", "fire", "drain")} == {
        "food": date(2025, 6, 10), "sign": date(2025, 6, 10), "fire": date(2025, 6, 18), "drain": date(2025, 6, 18),
    }  # fmt: skip
    assert promised(whole) == date(2025, 6, 18)
    one_promise.follow_parts(whole.pk)
    assert promised(whole) == date(2025, 6, 18)


def test_nobody_comes_to_a_part_on_the_promise_before_its_decision_and_the_check_afterwards_is_on_its_page():
    whole = on_a_promise("food", site_inspection=True)
    food, fire = (shop.of(whole, key) for key in ("food", "fire"))
    reviewer = ways.of_department("dept_reviewer", food)
    assert "order_inspection" not in {act.name for act in acts.open_to(reviewer, food)}
    with pytest.raises(NotAllowed) as refused:
        services.order_inspection(food, officer=reviewer, why="the kitchen")
    assert (refused.value.code, shop.of(whole, "food").state) == ("on-a-promise", "under_review")
    of_fire = ways.of_department("dept_reviewer", fire)
    assert "order_inspection" in {act.name for act in acts.open_to(of_fire, fire)}
    assert services.order_inspection(fire, officer=of_fire, why="the stairs").state == "site_inspection"
    assert promising.promise_it_rests_on(food).case_id == whole.pk and promising.promise_it_rests_on(fire) is None

    shop.grant(whole, "food")

    food = shop.of(whole, "food")
    assert promising.promise_it_rests_on(food).state == "to_check"
    assert "check_promise" in {act.name for act in acts_procedures.open_to(ways.of_department("inspector", food), food)}


def test_a_part_whose_chosen_situation_is_looked_at_first_does_not_rest_on_the_promise_of_the_whole():
    looked_at, on_word = (
        {"id": name, "zh": name, "en": name, "name": {"zh": name, "en": name}, "adds": [], "removes": [], **more}
        for name, more in (
            ("look", {"handling_kind": "promised", "promised_days": 5, "inspection": "yes"}),
            ("word", {}),
        )
    )
    fire = {"commitment": True, "situations": [looked_at, on_word]}
    matter = shop.bundle(optional=("sign",), of={"food": {"commitment": True}, "fire": fire})

    covered = {
        chosen: [one.matter.slug for one in promising.versions_of(shop.draft(matter, ("sign", chosen)))]
        for chosen in ("fire:look", "fire:word")
    }

    assert covered == {"fire:look": ["food"], "fire:word": ["food", "fire"]}


def test_where_every_part_rests_on_the_promise_the_whole_is_decided_in_a_day_and_one_more_for_each_that_waits():
    whole = on_a_promise("food", "fire", "drain", "sign", after={"sign": ["food"]})

    assert {key: promised(whole, key) for key in ("food", "fire", "drain", "sign")} == {
        "food": date(2025, 6, 10), "fire": date(2025, 6, 10), "drain": date(2025, 6, 10), "sign": date(2025, 6, 11),
    }  # fmt: skip
    assert promised(whole) == date(2025, 6, 11)


def test_a_part_on_a_promise_that_stands_still_takes_the_whole_along_only_when_it_is_the_last():
    whole = on_a_promise("food")

    suspend(whole, "food", "2025-06-10")
    assert promised(whole) is None
    resume(whole, "food", "2025-06-12")

    assert promised(whole, "food") < promised(whole) == promised(whole, "fire") == date(2025, 6, 18)

    suspend(whole, "food", "2025-06-12")
    resume(whole, "food", "2025-06-20")

    assert promised(whole) == promised(whole, "food") == date(2025, 6, 23) > promised(whole, "fire")
