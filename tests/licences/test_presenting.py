"""A holder shows, shares and prints a licence: what a code opens, for how long, how often, and who sees what."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests import make
from tongban.journal.actors import PLATFORM, Actor
from tongban.journal.models import Event, ReadEntry
from tongban.lib.problems import Invalid, NotAllowed, TooMany
from tongban.licences import keys, paper, presenting, services, verifying
from tongban.licences.models import Licence, LicenceCheck, LicenceOpening, LicencePresentation
from tongban.licences.presenting import Opener
from tongban.licences.states import LicenceState

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]

NOW = timezone.now().replace(microsecond=0)  # what other rooms ask of a licence, they ask of today
TODAY = timezone.localdate(NOW)


@pytest.fixture(autouse=True)
def at_that_time():
    """However late in a run: what is done by the clock and what is asked at NOW are of the same minute."""
    with time_machine.travel(NOW, tick=True):
        yield


FACE = {"name": "张示范", "id_no": "990000199001010011", "address": "示范路1号", "class": "C1"}


@pytest.fixture
def owner():
    make.calendar()
    return make.account(make.person("张示范"))


@pytest.fixture
def licence(owner) -> Licence:
    kind = make.licence_type("driving", face_fields=["name", "id_no", "address", "class", "valid_to"])
    row = services.issue(
        kind, holder=owner.person, face=FACE, decision="case:1", issued_on=TODAY, valid_from=TODAY,
        valid_to=TODAY + timedelta(days=400), actor=PLATFORM, now=NOW,
    )  # fmt: skip
    return Licence.objects.select_related("type", "issuer", "holder").get(pk=row.pk)


def hand(owner) -> dict:
    return {"account": owner, "actor": Actor("applicant", "applicant", owner.pk, owner.person_id)}


def anyone(key="one") -> Opener:
    return Opener(by="anyone", key=key, actor=services.VERIFIER)


def officer_(key="o") -> Opener:
    return Opener(by="officer", key=key, actor=Actor("officer", "inspector", 1, department="AMR", name="S1"), name="S1")


def shared(licence, owner, **more):
    given = {"receiver": "Landlord Chen", "purpose": "renting", "fields": ["name", "class"], "lasts": timedelta(days=1)}
    return presenting.share(licence, **hand(owner), now=NOW, **(given | more))


def opened(made, opener, after=timedelta()):
    return presenting.open_it(presenting.found(made.token), opener=opener, now=NOW + after)


def code(problem) -> str:
    return problem.value.code


# -- shown


def test_a_shown_code_opens_the_limited_face_with_the_whole_name_to_compare(licence, owner):
    made = presenting.show(licence, **hand(owner), now=NOW)

    seen = opened(made, anyone())

    assert (seen.signature, seen.status, seen.holder) == (True, "valid", "张示范")
    values = {one["field"]: one["value"] for one in seen.face}
    assert values["class"] == "C1"
    assert "990000199001010011" not in str(values) and "address" not in values


def test_an_officer_sees_the_whole_face_with_the_number_covered_and_is_named(licence, owner):
    made = presenting.show(licence, **hand(owner), now=NOW)

    values = {one["field"]: one["value"] for one in opened(made, officer_()).face}

    assert (values["name"], values["address"]) == ("张示范", "示范路1号")
    assert "990000199001010011" not in str(values)
    row = LicenceOpening.objects.get()
    assert (row.by, row.name, row.department, row.answer) == ("officer", "S1", "AMR", "valid")
    assert ReadEntry.objects.get(purpose="licence:show").department == "AMR"


@pytest.mark.parametrize(("seconds", "opens"), [(0, True), (60, True), (89, True), (90, False), (3600, False)])
def test_a_shown_code_is_good_for_sixty_seconds_and_thirty_more_for_who_is_scanning(licence, owner, seconds, opens):
    made = presenting.show(licence, **hand(owner), now=NOW)

    if opens:
        assert opened(made, anyone(), timedelta(seconds=seconds)).status == "valid"
    else:
        with pytest.raises(NotAllowed) as refused:
            opened(made, anyone(), timedelta(seconds=seconds))
        assert code(refused) == "code-expired"
        assert not LicenceOpening.objects.exists()


def test_a_shown_code_works_once_for_each_verifier(licence, owner):
    made = presenting.show(licence, **hand(owner), now=NOW)
    opened(made, anyone("gate"))

    with pytest.raises(NotAllowed) as refused:
        opened(made, anyone("gate"), timedelta(seconds=5))

    assert code(refused) == "code-used-here"
    assert opened(made, anyone("other gate")).status == "valid"
    assert opened(presenting.show(licence, **hand(owner), now=NOW), anyone("gate")).status == "valid"


def test_the_codes_of_one_showing_are_one_line_of_the_record(licence, owner):
    for _minute in range(3):
        presenting.show(licence, **hand(owner), now=NOW)

    assert Event.objects.filter(kind="LicenceShown", subject=f"licence:{licence.pk}").count() == 1
    presenting.show(licence, **hand(owner), now=NOW + timedelta(minutes=11))
    assert Event.objects.filter(kind="LicenceShown").count() == 2


def test_codes_are_not_made_without_end(licence, owner):
    rows = [LicencePresentation(licence=licence, kind="show", index=str(n), account=owner, made_at=NOW, expires_at=NOW) for n in range(60)]  # fmt: skip
    LicencePresentation.objects.bulk_create(rows)

    with pytest.raises(TooMany):
        presenting.show(licence, **hand(owner), now=NOW)


@pytest.mark.parametrize("state", sorted(set(LicenceState) - {LicenceState.VALID}))
def test_what_is_not_in_force_is_neither_shown_nor_shared(licence, owner, state):
    Licence.objects.filter(pk=licence.pk).update(state=state)
    licence.refresh_from_db()

    for act in (lambda: presenting.show(licence, **hand(owner), now=NOW), lambda: shared(licence, owner)):
        with pytest.raises(NotAllowed):
            act()


def test_a_licence_revoked_after_it_was_shared_says_so_and_not_valid(licence, owner):
    made = shared(licence, owner)
    services.revoke(licence, reason="x", actor=PLATFORM)

    assert (opened(made, anyone()).status, opened(made, anyone()).reason) == ("not_valid", "revoked")


# -- codes nobody made


def test_no_altered_code_is_ours(licence, owner):
    token = presenting.show(licence, **hand(owner), now=NOW).token
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    altered = {token[:at] + other + token[at + 1 :] for at in range(len(token)) for other in letters} - {token}

    assert len(altered) > 1900
    assert presenting.read_token(token) is not None
    assert [one for one in altered if presenting.read_token(one) is not None] == []
    assert all(presenting.read_token(one) is None for one in ("", token + "A", token[:-1], licence.token, "x" * 31))


def test_a_code_lies_nowhere_in_clear(licence, owner):
    made = [presenting.show(licence, **hand(owner), now=NOW), shared(licence, owner)]

    for one in made:
        row = LicencePresentation.objects.filter(pk=one.presentation.pk).values().get()
        assert one.token not in str(row["index"])
    assert LicencePresentation.objects.get(pk=made[0].presentation.pk).token == ""


# -- shared


def test_a_share_shows_exactly_the_chosen_lines(licence, owner):
    seen = opened(shared(licence, owner, fields=["class", "id_no", "photo", "nonsense"]), anyone())

    assert [(one["field"], one["value"]) for one in seen.face] == [("id_no", "990000199001010011"), ("class", "C1")]


def test_a_share_ends_by_time_by_number_and_by_the_holder_and_says_which(licence, owner):
    timed, counted, ended = (
        shared(licence, owner, lasts=timedelta(hours=1)),
        shared(licence, owner, views_at_most=2),
        shared(licence, owner),
    )
    opened(counted, anyone())
    opened(counted, anyone())
    presenting.end(ended.presentation, actor=hand(owner)["actor"])
    presenting.end(ended.presentation, actor=hand(owner)["actor"])

    reasons = []
    for made, after in ((timed, timedelta(hours=1)), (counted, timedelta()), (ended, timedelta())):
        with pytest.raises(NotAllowed) as refused:
            opened(made, anyone(), after)
        reasons.append(code(refused))
    assert reasons == ["share-expired", "share-used-up", "share-ended"]
    assert LicenceOpening.objects.count() == 2
    assert Event.objects.filter(kind="PresentationEnded").count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"receiver": "  "}, "receiver"),
        ({"purpose": ""}, "purpose"),
        ({"purpose": "x" * 201}, "purpose"),
        ({"fields": []}, "fields"),
        ({"fields": ["photo"]}, "fields"),
        ({"lasts": timedelta(minutes=59)}, "lasts"),
        ({"lasts": timedelta(days=31)}, "lasts"),
        ({"views_at_most": 0}, "views"),
        ({"views_at_most": 101}, "views"),
    ],
)
def test_a_share_without_its_limits_is_not_made(licence, owner, given, field):
    with pytest.raises(Invalid) as wrong:
        shared(licence, owner, **given)

    assert list(wrong.value.errors) == [field]
    assert not LicencePresentation.objects.exists()


# -- printed


def test_a_printed_code_says_the_state_and_nothing_of_the_face_and_stays_the_same(licence, owner):
    first, second = (presenting.print_copy(licence, **hand(owner), now=NOW) for _copy in range(2))

    seen = opened(first, anyone(), timedelta(days=300))

    assert first.token == second.token
    assert (seen.status, seen.face, seen.holder, seen.items) == ("valid", [], "", ())
    assert LicenceCheck.objects.get().channel == "print"
    assert not LicenceOpening.objects.exists()
    assert not ReadEntry.objects.filter(purpose__startswith="licence:").exists()


def test_a_lost_print_is_ended_and_the_next_one_has_another_code(licence, owner):
    lost = presenting.print_copy(licence, **hand(owner), now=NOW)
    presenting.end(lost.presentation, actor=hand(owner)["actor"], now=NOW)

    with pytest.raises(NotAllowed):
        opened(lost, anyone())
    assert presenting.print_copy(licence, **hand(owner), now=NOW).token != lost.token


# -- registered readers


def test_a_registered_reader_is_named_to_the_holder_and_reads_a_shown_code_once(licence, owner):
    made = presenting.show(licence, **hand(owner), now=NOW)
    address = f"http://x/verify/{made.token}"

    first, second, other = (
        verifying.verify_many([address], channel="batch", checker=who, now=NOW)[0]
        for who in ("Library West gate", "Library West gate", "Hotel")
    )
    nameless = verifying.verify_many([address], channel="batch", now=NOW)[0]

    assert (first.answer.status, other.answer.status) == ("valid", "valid")
    assert (second.trouble, nameless.trouble) == ("code_used_here", "not_understood")
    assert set(LicenceOpening.objects.values_list("by", "name")) == {
        ("reader", "Library West gate"),
        ("reader", "Hotel"),
    }


# -- what is left of it


def test_codes_nobody_used_are_forgotten_after_a_day_and_what_was_opened_stays(licence, owner):
    used, unused, fresh = (presenting.show(licence, **hand(owner), now=NOW) for _code in range(3))
    opened(used, anyone())
    LicencePresentation.objects.filter(pk=fresh.presentation.pk).update(expires_at=NOW + timedelta(days=2))
    share = shared(licence, owner)

    assert presenting.forget_unused(NOW + timedelta(days=1, minutes=2)) == 1
    left = set(LicencePresentation.objects.values_list("pk", flat=True))
    assert left == {one.presentation.pk for one in (used, fresh, share)}
    assert unused.presentation.pk not in left


def test_what_a_phone_shows_without_a_line_does_not_outlive_the_licence(licence):
    """Abuse 31: a licence that was revoked while the phone was off is not called valid by anybody who has a fresh list, or none."""
    text = services.code_without_a_line(licence, NOW)
    services.revoke(licence, reason="x", actor=PLATFORM)
    found = {}
    for name, age, entries in (
        ("fresh", timedelta(), [(paper.status_id(licence.token), paper.REVOKED)]),
        ("old", timedelta(hours=25), []),
    ):
        statuses = paper.statuses_of(paper.status_list(entries, now=NOW - age))
        found[name] = paper.check(text, trusting(), statuses, now=NOW)
    found["none"] = paper.check(text, trusting(), None, now=NOW)

    assert {name: (one.signature, one.state, one.reason) for name, one in found.items()} == {
        "fresh": ("good", "not_valid", "revoked"),
        "old": ("good", "unknown", "status_old"),
        "none": ("good", "unknown", "no_status"),
    }


def trusting() -> paper.Trust:
    keys_ = paper.trusted(keys.all_public(services.key_directory()))
    return paper.Trust(NOW, NOW + timedelta(hours=1), services.address(), keys_)
