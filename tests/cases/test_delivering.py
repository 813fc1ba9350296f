"""Getting the result: on paper at a window, from a locker, by post; everything of one person at once, once."""

import datetime

import pytest
from django.utils import timezone, translation

from tests import make
from tests.cases import bundle_ways, ways
from tests.office.desks import at_the_desk
from tongban.cases import bundles, gateways, packages, services
from tongban.cases.delivery_states import DeliveryState, Parcel
from tongban.cases.gateways import simulated
from tongban.cases.models import Case, Collection, Delivery, Inspection, TrackingEvent, TwinDoor, TwinParcel
from tongban.cases.services import delivering, packing
from tongban.channels.pages import getting as page_of_getting
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.moves import NotNow
from tongban.lib.problems import Invalid, NotAllowed, TooMany
from tongban.licences import services as licences
from tongban.licences.events import LicenceStateChanged
from tongban.licences.models import Licence
from tongban.licences.states import LicenceState
from tongban.notices.models import Message
from tongban.oversight.models import Verdict
from tongban.parties.models import Mandate
from tongban.parties.states import MandateState
from tongban.payments.states import BillState, RefundState

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

PAPER = {**make.SMALL_ANSWERS, "delivery": "pickup"}
HOME = {"name": "张示范", "phone": "138 0000 0000", "address": "示范区示范路1号2室"}
STROKES = [[[10, 10], [400, 300]]]


@pytest.fixture
def issuing():
    return make.officer("issuing_officer", of=make.department("DSO"))


def granted(**given) -> Case:
    """Decided, wanted on paper: the package is to be prepared."""
    case = make.case("approved", given.pop("of", None), answers=PAPER, **given)
    journal.work_once(50)
    case.refresh_from_db()
    return case


def package(case: Case) -> Delivery:
    return Delivery.objects.select_related("case__applicant", "case__parent").get(case=case)


def waiting(issuing, **given) -> Delivery:
    return delivering.lay_out(package(granted(**given)), officer=issuing)


def hand(rows, issuing, **given):
    rows = rows if isinstance(rows, list) else [rows]
    said = {
        "items": [item.pk for row in rows for item in row.items.filter(taken_at__isnull=True)],
        "hall": rows[0].hall, "taker": f"p{rows[0].party_id}", "id_end": rows[0].case.applicant.person.id_no[-4:],
        "signed": "glass", "strokes": STROKES,
    }  # fmt: skip
    return delivering.hand_over(rows, officer=issuing, **(said | given))


def told(case: Case) -> set[str]:
    journal.work_once(50)
    return set(Message.objects.filter(about=case.subject).values_list("kind", flat=True))


def test_the_wallet_alone_waits_for_no_paper():
    case = make.case("approved")
    journal.work_once(50)
    case.refresh_from_db()

    assert (case.state, Delivery.objects.count()) == ("ready", 0)


def test_wanted_on_paper_it_is_ready_when_the_paper_is_and_its_clock_runs_until_then(issuing):
    case = granted()
    assert (case.state, package(case).state) == ("issuing", "preparing")
    assert case.clocks.get(kind="issuance").stopped_on is None
    with pytest.raises(NotAllowed) as refused:
        services.result_ready(case, officer=issuing)
    assert refused.value.code == "paper-to-be-prepared"

    row = delivering.lay_out(package(case), officer=issuing)

    case.refresh_from_db()
    assert (case.state, row.state, (row.until - row.since).days) == ("ready", "waiting", 30)
    assert case.clocks.get(kind="issuance").stopped_on is not None
    assert told(case) >= {"package_waiting"}
    assert "result_ready" not in told(case)


def test_the_code_stands_nowhere_in_plain_text_and_finds_its_package(issuing):
    row = waiting(issuing)
    stored = Delivery.objects.filter(pk=row.pk).extra(select={"raw": "code"}).values_list("raw", "code_index").get()

    assert len(row.code) == packing.CODE_LETTERS
    assert row.code not in str(stored[0]) and row.code not in stored[1]
    assert delivering.find(f" {row.code[:4].upper()}-{row.code[4:]} ", officer=issuing) == row
    assert delivering.find("aaaa2222", officer=issuing) is None


def test_codes_are_not_guessed(issuing):
    for _try in range(delivering.CODES):
        assert delivering.find("aaaa2222", officer=issuing) is None

    with pytest.raises(TooMany):
        delivering.find("aaaa2222", officer=issuing)


def test_handed_over_once_against_document_and_signature(issuing):
    row = waiting(issuing)

    collection = hand(row, issuing)

    row.refresh_from_db()
    row.case.refresh_from_db()
    assert (row.state, row.code, row.code_index, row.case.state) == ("handed_over", "", "", "delivered")
    assert list(collection.items.values_list("case", flat=True)) == [row.case_id]
    assert (collection.strokes, collection.id_end, len(collection.content)) == (
        STROKES,
        collection.person.id_no[-4:],
        64,
    )
    assert row.case.documents.filter(kind="delivery_proof").count() == 1
    with pytest.raises(NotAllowed) as late:
        hand(package(row.case), issuing, items=[row.items.get().pk])
    assert late.value.code == "handed-over-already"
    assert Collection.objects.count() == 1
    assert "package_handed_over" in told(row.case)
    message = Message.objects.get(about=row.case.subject, kind="package_handed_over")
    today = timezone.localdate()
    assert f"on {today.day} {today:%B %Y}" in message.body["en"]  # and not the day until which it would have waited
    row.case.refresh_from_db()
    assert row.case.state == "closed"


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"id_end": "0000"}, "id_end"),
        ({"id_end": ""}, "id_end"),
        ({"taker": "p999999"}, "taker"),
        ({"items": []}, "ticked"),
        ({"strokes": []}, "signed"),
        ({"strokes": [[["x", None]]]}, "signed"),
        ({"signed": "paper", "kept": " "}, "kept"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_handed_over(issuing, given, wrong):
    row = waiting(issuing)

    with pytest.raises(Invalid) as refused:
        hand(row, issuing, **given)

    assert wrong in refused.value.errors
    assert (Collection.objects.count(), package(row.case).state) == (0, "waiting")


def test_a_document_is_not_guessed_at_the_window(issuing):
    row = waiting(issuing)
    for _try in range(delivering.COMPARISONS):
        with pytest.raises(Invalid):
            hand(row, issuing, id_end="0000")

    with pytest.raises(TooMany):
        hand(row, issuing)


def test_everything_of_one_person_at_once_and_what_is_not_ticked_stays(issuing):
    account = make.account()
    first = waiting(issuing, account_=account)
    second = waiting(issuing, account_=account, of=make.matter(department=make.department("HRB")))
    before = second.code

    places = [{"hall": hall, "name": {"zh": hall, "en": hall}} for hall in ("city", first.hall)]
    third = make.draft(make.matter(places=places), account_=account)
    assert (
        packing.hall_of_others(third) == first.hall != packing.halls_of(third)[0]["hall"]
    )  # one way fetches everything

    collection = hand([first, second], issuing, items=[first.items.get().pk])
    assert list(collection.items.values_list("delivery", flat=True)) == [first.pk]
    second = package(second.case)
    assert (second.state, second.code) == ("waiting", before)

    hand([second], issuing)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"handed_over"}
    assert Collection.objects.count() == 2


def test_somebody_named_online_collects_with_their_own_document(issuing):
    row = waiting(issuing)
    named = {"name": "李代领", "id_kind": "id_card", "id_no": "99000019850505234x"}
    delivering.choose(row.case, account=row.case.account, way="pickup", collector=named)
    row = package(row.case)
    assert row.state == "waiting"  # who fetches it is no reason to pack it anew

    assert {one.taker_as for one in delivering.takers_of([row], timezone.localdate())} == {"own", "named"}
    collection = hand(row, issuing, taker="named", id_end="234X", signed="paper", strokes=[], kept="Folder 7")

    assert (collection.name, collection.taker_as, collection.kept) == ("李代领", "named", "Folder 7")


def test_an_agent_with_a_mandate_to_receive_collects_and_the_other_is_told(issuing):
    row = waiting(issuing)
    agent, today = make.person("代办人"), timezone.localdate()
    given = {
        "principal": row.case.applicant, "agent": agent, "state": MandateState.GRANTED, "since": today,
        "until": today + datetime.timedelta(days=30), "how": "code", "granted_at": timezone.now(),
    }  # fmt: skip
    mandate = Mandate.objects.create(**given, acts=["see"])
    assert {one.taker_as for one in delivering.takers_of([row], today)} == {"own"}
    mandate.acts = ["receive"]
    mandate.save()

    collection = hand(row, issuing, taker=f"p{agent.pk}", id_end=agent.id_no[-4:])

    assert (collection.taker_as, collection.person) == ("power", agent)
    assert "acted_for_you" in told(row.case)


def test_of_a_company_whoever_acts_for_it_takes_it_and_no_stranger(issuing):
    account = make.account()
    company = make.company(of=account.person)
    case = granted(of=make.matter(objects_served=["company"]), account_=account, party=company)
    row = delivering.lay_out(package(case), officer=issuing)

    assert [one.person for one in delivering.takers_of([row], timezone.localdate())] == [account.person]


def test_nobody_hands_over_their_own(issuing):
    own = make.officer("issuing_officer", of=make.department("DSO"), person=make.person())
    case = granted(account_=own.account)

    with pytest.raises(NotAllowed):
        delivering.lay_out(package(case), officer=own)


def test_opened_in_the_wallet_before_it_is_still_handed_over(issuing):
    row = waiting(issuing)
    services.open_result(row.case, account=row.case.account)
    journal.work_once(50)

    hand(package(row.case), issuing)

    row.case.refresh_from_db()
    assert (package(row.case).state, row.case.state) == ("handed_over", "closed")
    assert row.case.documents.filter(kind="delivery_proof").count() == 2  # electronic, and on paper


def test_the_choice_may_be_changed_until_it_is_handed_over(issuing):
    case = granted(of=make.matter(express=True))
    delivering.choose(case, account=case.account, way="post", address=HOME)
    row = package(case)
    assert (row.way, row.address, row.state) == ("post", HOME, "preparing")

    delivering.choose(case, account=case.account, way="e_licence")
    journal.work_once(50)
    case.refresh_from_db()
    assert (case.delivery, case.state, package(case).state) == ("e_licence", "ready", "dropped")

    delivering.choose(case, account=case.account, way="pickup")
    row = Delivery.objects.get(case=case, state="preparing")
    assert row.items.count() == 1
    delivering.lay_out(row, officer=issuing)
    hand(row, issuing)
    assert Delivery.objects.get(pk=row.pk).state == "handed_over"


def test_chosen_before_the_decision_it_waits_as_a_wish():
    case = make.case("under_review")
    delivering.choose(case, account=case.account, way="pickup")
    delivering.choose(case, account=case.account, way="pickup", hall="centre")

    assert [row.state for row in Delivery.objects.all()] == ["chosen"]


@pytest.mark.parametrize("field", ["name", "phone", "address"])
def test_an_address_is_asked_for_in_full(field):
    case = make.case("under_review", make.matter(express=True))

    with pytest.raises(Invalid) as refused:
        delivering.choose(case, account=case.account, way="post", address={**HOME, field: "1"})

    assert set(refused.value.errors) == {field}


# -- post


def posted(issuing) -> Delivery:
    case = granted(of=make.matter(express=True))
    delivering.choose(case, account=case.account, way="post", address=HOME)
    return delivering.post(package(case), officer=issuing)


def say(row: Delivery, kind: str, key: str = "1", *, forged=False, name="simulated-courier"):
    now = timezone.now()
    reference = TwinParcel.objects.get(tracking=row.tracking).reference if name == "simulated-courier" else row.tracking
    content = {"id": key, "kind": kind, "reference": reference, "at": int(now.timestamp()), "where": "示范"}
    body, headers = simulated.notice(name, content, now, forged=forged)
    return delivering.take_notice(gateways.carrier(name), headers, body)


def test_a_parcel_is_followed_until_it_was_signed_for_whatever_comes_twice_or_late(issuing):
    row = posted(issuing)
    assert row.tracking.startswith("TBDEMO")

    assert [say(row, "collected", "1"), say(row, "collected", "1"), say(row, "out", "3")] == [True, False, True]
    assert say(row, "delivered", "4", forged=True) is None
    assert package(row.case).state == "posted"
    assert say(row, "delivered", "4") is True
    assert [say(row, "in_transit", "2"), say(row, "delivered", "4"), say(row, "returned", "5")] == [True, False, True]

    row = package(row.case)
    row.case.refresh_from_db()
    assert (row.state, row.case.state, TrackingEvent.objects.count()) == ("handed_over", "delivered", 5)
    assert row.case.documents.filter(kind="delivery_proof").count() == 1
    assert row.items.get().taken_at is not None


def test_a_parcel_that_came_back_waits_at_the_hall_and_may_be_sent_anew(issuing):
    row = posted(issuing)
    first = row.tracking
    say(row, "returned", "1")
    row = package(row.case)
    assert (row.state, bool(row.code), "package_came_back" in told(row.case)) == ("waiting", True, True)

    delivering.choose(row.case, account=row.case.account, way="post", address={**HOME, "address": "示范区新路2号3室"})
    row = delivering.post(package(row.case), officer=issuing)

    assert (row.state, row.code_index, row.tracking != first) == ("posted", "", True)


def test_a_parcel_that_was_lost_is_made_anew_and_its_person_is_told_once(issuing):
    row = posted(issuing)
    lost = row.tracking

    delivering.lose(row, officer=issuing)
    settle()
    delivering.choose(row.case, account=row.case.account, way="post", address={**HOME, "address": "示范区新路2号3室"})
    settle()

    assert (package(row.case).state, package(row.case).tracking) == ("preparing", "")
    assert "The parcel before was lost" in at_the_desk(issuing).get(f"/office/issuing/{row.ref}/").content.decode()
    assert Message.objects.filter(kind="package_lost").count() == 1
    row = delivering.post(package(row.case), officer=issuing)
    assert (row.state, row.tracking != lost) == ("posted", True)
    with pytest.raises(NotNow):
        delivering.lose(delivering.come_back(row, officer=issuing), officer=issuing)


def test_a_number_from_a_label_does_without_a_connected_courier(issuing):
    case = granted(of=make.matter(express=True))
    delivering.choose(case, account=case.account, way="post", address=HOME)
    row = delivering.post(package(case), officer=issuing, carrier="EMS", tracking="ems123456789cn")
    assert (row.carrier, row.tracking) == ("EMS", "EMS123456789CN")

    delivering.signed_for(row, officer=issuing)
    assert package(case).state == "handed_over"


def test_the_courier_that_refuses_an_address_sends_nothing(issuing):
    case = granted(of=make.matter(express=True))
    delivering.choose(case, account=case.account, way="post", address={**HOME, "address": "无人区示范路1号"})

    with pytest.raises(NotAllowed) as refused:
        delivering.post(package(case), officer=issuing)

    assert (refused.value.code, package(case).state) == ("courier-refuses", "preparing")


# -- locker


def in_locker(issuing) -> Delivery:
    case = granted()
    delivering.choose(case, account=case.account, way="locker")
    return delivering.put_in_locker(package(case), officer=issuing)


def test_the_code_opens_the_door_once(issuing):
    row = in_locker(issuing)
    assert (row.state, row.door, "package_in_locker" in told(row.case)) == ("in_locker", "A01", True)

    assert simulated.open_door(row.hall, "aaaa2222") == ""
    assert simulated.open_door(row.hall, row.code) == "A01"
    assert simulated.open_door(row.hall, row.code) == ""
    told(row.case)
    told(row.case)

    row.refresh_from_db()
    row.case.refresh_from_db()
    assert (row.state, row.code, row.case.state) == ("handed_over", "", "closed")


def test_what_nobody_took_from_the_locker_waits_at_the_window_under_another_code(issuing):
    row = in_locker(issuing)
    before = row.code

    delivering.take_out(row, officer=issuing)

    row = package(row.case)
    assert (row.state, row.door, row.code != before) == ("waiting", "", True)
    assert simulated.open_door(row.hall, before) == ""
    assert "package_to_the_hall" in told(row.case)


def opened_and_revoked(row: Delivery) -> None:
    """The holder has opened the electronic result, and the decision is taken back while the paper lies behind its door."""
    case = Case.objects.get(pk=row.case_id)
    services.open_result(case, account=case.account)
    settle()
    assert Delivery.objects.get(pk=row.pk).state == "in_locker"
    services.revoke(
        Case.objects.get(pk=case.pk), officer=ways.of_department("dept_approver", case),
        reason="a false paper was shown here", ground="Administrative Licensing Law, article 69", heard=True,
    )  # fmt: skip


def test_what_was_decided_falsely_is_held_back_behind_its_door_and_taken_out_by_an_officer(issuing):
    row = in_locker(issuing)
    before = row.code

    opened_and_revoked(row)
    settle()

    row.refresh_from_db()
    assert (row.state, row.code) == ("in_locker", "")
    assert simulated.open_door(row.hall, before) == ""
    assert TwinDoor.objects.get(reference=row.tracking).door == "A01"  # it lies there still: nobody else gets this door
    page = at_the_desk(issuing).get(f"/office/issuing/{row.ref}/", headers={"accept-language": "en"}).content.decode()
    assert "Held back" in page and "The code opens nothing" in page

    delivering.take_out(row, officer=issuing)

    row.refresh_from_db()
    assert (row.state, row.code_index) == ("dropped", "")
    assert not TwinDoor.objects.filter(reference=row.tracking).exists()


def test_a_licence_suspended_by_itself_is_not_given_out_of_a_locker_and_the_rest_waits_at_the_window(whole, issuing):
    bundle_ways.grant(whole, *(part.row.slug for part in bundles.parts_of(whole)))
    settle()
    delivering.choose(bundle_ways.fresh(whole), account=whole.account, way="locker")
    row = delivering.put_in_locker(package(whole), officer=issuing)
    before = row.code

    licences.suspend(
        row.items.filter(licence__isnull=False).first().licence, reason="a check of the kitchen", actor=PLATFORM
    )
    settle()

    row.refresh_from_db()
    assert (row.state, row.code, simulated.open_door(row.hall, before)) == ("in_locker", "", "")
    row = delivering.take_out(row, officer=issuing)
    assert (row.state, bool(row.code)) == ("waiting", True)
    with pytest.raises(NotAllowed):
        hand(row, issuing)


def test_a_door_that_was_opened_before_the_locker_heard_of_it_is_what_happened(issuing):
    row = in_locker(issuing)
    opened_and_revoked(row)

    assert simulated.open_door(row.hall, row.code) == "A01"
    settle()

    row.refresh_from_db()
    assert row.state == "handed_over"


def test_a_full_locker_says_so_and_nothing_moves(issuing):
    for _door in range(simulated.DOORS):
        in_locker(issuing)

    with pytest.raises(NotAllowed) as refused:
        in_locker(issuing)

    assert refused.value.code == "locker-full"
    last = Delivery.objects.order_by("-id").select_related("case__applicant").first()
    assert delivering.lay_out(last, officer=issuing).state == "waiting"


# -- time


def after(days: int) -> int:
    return delivering.remind_and_give_up(now=timezone.now() + datetime.timedelta(days=days))


def test_reminded_twice_then_back_to_the_department_in_writing(issuing):
    row = waiting(issuing)

    assert [after(6), after(7), after(7), after(22), after(23), after(24), after(30)] == [0, 1, 0, 0, 1, 0, 0]
    assert package(row.case).state == "waiting"
    assert (after(31), after(32)) == (1, 0)

    row = package(row.case)
    assert (row.state, row.code_index) == ("unclaimed", "")
    assert row.case.documents.filter(kind="unclaimed_notice").count() == 1
    assert {"package_unclaimed"} <= told(row.case)
    assert services.open_result(row.case, account=row.case.account).state == "delivered"  # the electronic one stays


def test_a_package_that_was_missed_for_weeks_is_not_reminded_twice_at_once(issuing):
    row = waiting(issuing)

    assert (after(25), after(26)) == (1, 0)
    assert Delivery.objects.get(pk=row.pk).reminded == 2
    told(row.case)
    assert Message.objects.filter(about=row.case.subject, kind="package_reminder").count() == 1


def test_unclaimed_it_may_be_asked_for_again(issuing):
    row = waiting(issuing)
    after(31)

    again = delivering.choose(row.case, account=row.case.account, way="pickup")

    assert (again.state, again.pk != row.pk, again.items.count()) == (DeliveryState.PREPARING, True, 1)


# -- a bundle


@pytest.fixture
def whole():
    """Five departments, wanted on paper: everything is granted."""
    case = bundle_ways.in_review()
    delivering.choose(case, account=case.account, way="pickup")
    return case


def settle() -> None:
    for _round in range(4):
        journal.work_once(100)


def test_one_code_for_all_results_of_a_bundle_and_one_hand_over(whole, issuing):
    bundle_ways.grant(whole, *(part.row.slug for part in bundles.parts_of(whole)))
    settle()
    row = package(whole)
    results = {part.case.pk for part in bundles.parts_of(whole)}
    assert (row.state, row.case.state) == ("preparing", "issuing")
    assert results <= set(row.items.values_list("case", flat=True))
    delivering.lay_out(row, officer=issuing)

    hand(row, issuing)
    settle()

    assert Delivery.objects.count() == 1
    assert set(Case.objects.filter(pk__in={whole.pk, *results}).values_list("state", flat=True)) == {"closed"}


def test_of_a_bundle_a_part_may_be_taken_and_the_rest_has_a_new_code(whole, issuing):
    bundle_ways.grant(whole, *(part.row.slug for part in bundles.parts_of(whole)))
    settle()
    row = delivering.lay_out(package(whole), officer=issuing)
    before, first = row.code, row.items.order_by("pk").last()

    hand(row, issuing, items=[first.pk])
    settle()

    row, first.case = package(whole), Case.objects.get(pk=first.case_id)
    assert (row.state, row.code != before, first.case.state, row.case.state) == ("waiting", True, "closed", "ready")
    hand(row, issuing)
    settle()
    assert (package(whole).state, Case.objects.get(pk=whole.pk).state) == ("handed_over", "closed")


def test_a_part_wanted_early_is_prepared_before_the_others_and_not_twice(whole, issuing):
    slugs = [part.row.slug for part in bundles.parts_of(whole)]
    bundle_ways.grant(whole, slugs[0])
    settle()
    early = bundle_ways.of(whole, slugs[0])
    services.release_early(early, account=whole.account)
    settle()
    row = package(whole)
    assert (row.state, list(row.items.values_list("case", flat=True))) == ("preparing", [early.pk])
    delivering.lay_out(row, officer=issuing)

    bundle_ways.grant(whole, *slugs[1:])
    settle()

    rest = Delivery.objects.select_related("case__applicant", "case__parent").get(case=whole, state="preparing")
    assert early.pk not in set(rest.items.values_list("case", flat=True))
    delivering.lay_out(rest, officer=issuing)
    hand([package_of(row), rest], issuing)
    settle()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"handed_over"}
    assert Case.objects.get(pk=whole.pk).state == "closed"


def package_of(row: Delivery) -> Delivery:
    return Delivery.objects.select_related("case__applicant", "case__parent").get(pk=row.pk)


# -- what was found in review


def test_a_parcel_that_lies_here_again_is_booked_anew_and_the_late_word_of_the_first_moves_nothing(issuing):
    row = posted(issuing)
    first, late = row.tracking, TwinParcel.objects.get(tracking=row.tracking).reference
    say(row, "failed", "first")
    delivering.come_back(row, officer=issuing)
    delivering.choose(row.case, account=row.case.account, way="post", address=HOME)

    row = delivering.post(package(row.case), officer=issuing)
    assert packages.tracked(row) == []  # what was said of the first is not the way of this one
    second = TwinParcel.objects.get(tracking=row.tracking).reference
    assert (row.tracking != first, second != late) == (True, True)
    now = timezone.now()
    for number, kind in enumerate(("returned", "delivered")):
        content = {"id": f"late{number}", "kind": kind, "reference": late, "at": int(now.timestamp()), "where": ""}
        body, headers = simulated.notice("simulated-courier", content, now)
        assert delivering.take_notice(gateways.carrier("simulated-courier"), headers, body) is True

    assert package(row.case).state == "posted"
    assert say(row, "delivered", "9") is True
    assert [one.key for one in packages.tracked(package(row.case))][:1] == ["9"]
    assert package(row.case).state == "handed_over"
    told(row.case)
    message = Message.objects.get(about=row.case.subject, kind="package_handed_over")
    assert "by post" in message.body["en"] or "邮寄" in message.body["zh"]


def test_who_says_that_somebody_else_comes_says_who(issuing):
    case = granted()

    with pytest.raises(Invalid) as refused:
        delivering.choose(
            case, account=case.account, way="pickup", collector={"name": "", "id_kind": "id_card", "id_no": ""}
        )

    assert set(refused.value.errors) == {"collector_name", "collector_no"}


def test_somebody_named_a_moment_ago_and_no_longer_takes_nothing(issuing, monkeypatch):
    row = waiting(issuing)
    somebody = {"name": "李代领", "id_kind": "id_card", "id_no": "990000198505052345"}
    delivering.choose(row.case, account=row.case.account, way="pickup", collector=somebody)
    row = package(row.case)
    looked = delivering._compared

    def changes_meanwhile(*given):
        looked(*given)
        delivering.choose(row.case, account=row.case.account, way="pickup")

    monkeypatch.setattr(delivering, "_compared", changes_meanwhile)
    with pytest.raises(NotAllowed) as refused:
        hand(row, issuing, taker="named", id_end="2345")

    assert (refused.value.code, Collection.objects.count(), package(row.case).state) == ("named-another", 0, "waiting")


def test_the_receipt_says_the_document_in_both_languages_whatever_the_officer_reads(issuing):
    row = waiting(issuing)
    collection = hand(row, issuing)

    rows = {label["en"]: value for label, value in row.case.documents.get(kind="delivery_proof").content["rows"]}

    assert rows["Document compared"]["zh"].startswith("居民身份证") and rows["Document compared"]["en"][0].isascii()
    assert rows["Receipt"] == {"zh": "现场手写签名", "en": "signed on the glass"}
    assert collection.content != "" and row.case.applicant.person.id_no not in collection.content


def test_a_licence_revoked_while_its_paper_waits_is_not_handed_over_and_the_rest_is(whole, issuing):
    bundle_ways.grant(whole, *(part.row.slug for part in bundles.parts_of(whole)))
    settle()
    row = delivering.lay_out(package(whole), officer=issuing)
    bad = row.items.filter(licence__isnull=False).order_by("pk").last()
    Licence.objects.filter(pk=bad.licence_id).update(state="revoked")

    with pytest.raises(NotAllowed) as refused:
        hand(row, issuing)
    assert (refused.value.code, Collection.objects.count()) == ("not-valid", 0)
    hand(row, issuing, items=[one.pk for one in row.items.exclude(pk=bad.pk)])
    settle()

    assert (package(whole).state, row.items.get(pk=bad.pk).taken_at) == ("handed_over", None)


def test_of_what_does_not_count_any_more_nothing_is_printed_and_alone_it_is_not_laid_out(whole, issuing):
    bundle_ways.grant(whole, *(part.row.slug for part in bundles.parts_of(whole)))
    settle()
    row = package(whole)
    kept = row.items.filter(licence__isnull=False)
    row.items.filter(licence__isnull=True).delete()
    Licence.objects.filter(pk__in=kept.values("licence")).update(state="revoked")
    desk = at_the_desk(issuing)

    assert desk.get(f"/office/issuing/{row.ref}/print/{kept.first().pk}.pdf").status_code == 409
    assert "revoked" in desk.get(f"/office/issuing/{row.ref}/", headers={"accept-language": "en"}).content.decode()
    with pytest.raises(NotAllowed) as refused:
        delivering.lay_out(row, officer=issuing)

    assert (refused.value.code, package(whole).state) == ("nothing-inside", "preparing")
    packed = [one.licence_id for one in row.items.all()]
    journal.record(
        LicenceStateChanged(licence=packed[0], state="revoked"), subject=f"licence:{packed[0]}", actor=PLATFORM
    )
    settle()
    assert package(whole).state == "dropped"  # nobody prints it, and it is no longer late
    assert "package_dropped" in told(whole)


def test_paper_of_what_stopped_counting_unseen_is_swept_up_and_who_waited_is_told(issuing):
    """Of one the worker never heard; of another a part counts; a third ended before there was anything to print."""
    kind = make.licence_type()
    of = make.matter(result={"kind": "e_licence", "ref": kind.slug})
    row, counts = waiting(issuing, of=of), waiting(issuing, of=of)
    Licence.objects.filter(pk=row.items.get().licence_id).update(state="revoked")
    ended = make.case("received", answers=PAPER)
    delivering.choose(ended, account=ended.account, way="pickup")
    services.withdraw(bundle_ways.fresh(ended), account=ended.account, reason="no longer needed")

    assert [delivering.sweep_up() for _turn in range(2)] == [2, 0]

    assert [package(one).state for one in (row.case, counts.case, ended)] == ["dropped", "waiting", "dropped"]
    assert [("package_dropped" in told(one)) for one in (row.case, counts.case, ended)] == [True, False, False]


def test_paper_one_does_not_want_any_more_is_not_told_to_oneself(issuing):
    row = waiting(issuing)

    delivering.choose(row.case, account=row.case.account, way="e_licence")

    assert (package(row.case).state, "package_dropped" in told(row.case)) == ("dropped", False)


def test_what_is_replaced_before_it_is_printed_is_printed_as_it_counts_and_a_renewal_takes_its_place(issuing):
    kind = make.licence_type()
    case = granted(of=make.matter(result={"kind": "e_licence", "ref": kind.slug}))
    row = package(case)
    item = row.items.get()
    said = {"holder": item.licence.holder, "face": item.licence.face, "issued_on": item.licence.issued_on}
    said |= {"valid_from": item.licence.valid_from, "valid_to": item.licence.valid_to, "actor": PLATFORM}

    corrected = licences.issue(item.licence.type, decision="correction:1", previous=item.licence, **said)
    settle()
    assert (package(case).state, row.items.get().licence_id) == ("preparing", corrected.pk)
    assert delivering.lay_out(row, officer=issuing).state == "waiting"

    licences.issue(item.licence.type, decision="case:0", previous=Licence.objects.get(pk=corrected.pk), **said)
    settle()
    assert package(case).state == "dropped"
    with pytest.raises(NotAllowed) as refused:
        delivering.choose(bundle_ways.fresh(case), account=case.account, way="pickup")
    assert refused.value.code == "nothing-counts"


def test_the_notice_says_what_to_bring_for_the_way_it_comes(issuing):
    row = waiting(issuing)
    (notice,) = row.case.documents.filter(kind="collection_notice")
    assert "pick-up code" in notice.content["paragraphs"][1]["en"] and row.code not in str(notice.content)

    (notice,) = in_locker(issuing).case.documents.filter(kind="collection_notice")
    assert "locker" in notice.content["paragraphs"][1]["en"]


def test_a_code_that_opens_no_door_any_more_is_not_shown(issuing):
    row = in_locker(issuing)
    assert page_of_getting.shown(row.case, receives=True, own=True)["rows"][0]["code"] != ""
    Delivery.objects.filter(pk=row.pk).update(until=timezone.localdate() - datetime.timedelta(days=1))

    line = page_of_getting.shown(row.case, receives=True, own=True)["rows"][0]

    assert (line["code"], line["picture"], line["over"]) == ("", "", True)
    assert "Its last day is over" in at_the_desk(issuing).get(f"/office/issuing/{row.ref}/").content.decode()


def test_a_parcel_on_its_way_is_not_money_on_its_way_back():
    """One English sentence, two in Chinese: the words of a parcel are translated apart from those of a refund."""
    with translation.override("zh-hans"):
        of_money = str(RefundState.SENT.label)
        assert of_money == "退款中"
        assert of_money not in {str(DeliveryState.POSTED.label), str(Parcel.IN_TRANSIT.label)}
        assert str(Inspection.Finding.IN_ORDER.label) != str(Verdict.IN_ORDER.label)
        assert str(BillState.CANCELLED.label) != str(LicenceState.CANCELLED.label)
