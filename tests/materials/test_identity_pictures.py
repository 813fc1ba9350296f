"""Passports photographed by their holders: read beside what was typed, decided by an officer alone, told to nobody else."""

import io
import zipfile
from datetime import date, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from tests.materials import papers
from tests.materials.conftest import pdf, picture
from tests.materials.test_reading import QUALITY
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed, TooMany
from tongban.materials import identity, identity_comparing, store
from tongban.materials.identity_comparing import Verdict
from tongban.materials.models import IdentityPicture
from tongban.materials.reading import desk, understanding
from tongban.parties import queries, services
from tongban.parties.models import Account, Proofing
from tongban.rights import erasing, exporting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_store")]

OFFICER = Actor(kind="officer", role="window_officer", department="GSO")
_L, COUNTRY, NATION, SURNAME, GIVEN, SEX, BORN, UNTIL, NUMBER, _O = papers.FOREIGNERS[0]
CLAIM = {
    "id_kind": "passport", "id_no": NUMBER, "name": f"{GIVEN} {SURNAME}", "mobile": "+79161234567", "birth_date": BORN, "sex": SEX,
    "nationality": identity_comparing.country(COUNTRY),
}  # fmt: skip


def account(login="anna") -> Account:
    return services.register(login, "creek-of-eighteen-bends", email=f"{login}@example.org")


def waiting(login="anna", **other) -> Proofing:
    return services.prove(account(login), **{**CLAIM, **other})


def file(content: bytes | None = None, name="passport.jpg") -> io.BytesIO:
    to = io.BytesIO(content or picture())
    to.name = name
    return to


def zone_lines(number=NUMBER, surname=SURNAME, given=GIVEN, until=UNTIL) -> list[str]:
    return papers.zone("<", COUNTRY, surname, given, number, COUNTRY, BORN, SEX, until, "")


def understood(*texts) -> dict:
    lines = [
        {"page": 1, "text": text, "confidence": 0.98, "box": [0.1, 0.1 + 0.1 * n, 0.8, 0.05],
         "flat": [0.1, 0.1 + 0.1 * n, 0.8, 0.05]} for n, text in enumerate(texts)
    ]  # fmt: skip
    return understanding.understand(lines, today=date(2026, 11, 21)).values


@pytest.fixture
def reads(settings, monkeypatch):
    """The desk reads the two lines of the passport, without a child; a test may lay other lines on it."""
    settings.READING = "on"
    said = {"lines": zone_lines()}

    class Told:
        def read(self, content, **place):
            if isinstance(said["lines"], Exception):
                raise said["lines"]
            lines = [
                {"text": text, "confidence": 0.98, "box": [0.1, 0.8 + 0.05 * n, 0.8, 0.04],
                 "flat": [0.1, 0.8 + 0.05 * n, 0.8, 0.04]} for n, text in enumerate(said["lines"])
            ]  # fmt: skip
            return {"lines": lines, "quality": dict(QUALITY), "engine": "told", "peak": 0, "cpu": 0.0}

    monkeypatch.setattr(desk, "desk", Told())
    monkeypatch.setattr(desk, "installed", lambda: True)
    return said


def work() -> None:
    for _turn in range(6):
        journal.work_once()


def test_a_picture_is_read_and_laid_beside_what_was_typed_and_only_an_officer_raises_the_level(reads):
    proofing = waiting()
    sent = identity.send_picture(proofing, file(), by=proofing.account)
    assert sent.state == "waiting"
    assert b"\xff\xd8" not in (store._path(sent.file)).read_bytes()[:64]  # sealed like every file
    work()
    proofing.refresh_from_db()
    row = identity.picture_of(proofing)

    found = identity.comparison(proofing, row)

    assert found.proved and found.all_same and not found.expired, found
    assert [one.field for one in found.rows] == ["name", "id_no", "birth_date", "sex", "nationality"]
    kinds = list(Event.objects.filter(subject=f"account:{proofing.account_id}").values_list("kind", flat=True))
    assert {"ProofingHandedOver", "ProofingAnswered", "IdentityPictureSent", "IdentityPictureRead"} <= set(kinds)
    proofing.account.refresh_from_db()
    assert proofing.account.level == 1 and proofing.account.person is None
    services.decide_proofing(proofing, proved=True, actor=OFFICER, seen=proofing.revision)
    assert Account.objects.get(pk=proofing.account_id).level == 2


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": "Somebody Else"}, "name"), ({"id_no": "X90000009"}, "id_no"), ({"birth_date": date(1971, 1, 1)}, "birth_date"),
     ({"sex": "M" if SEX == "F" else "F"}, "sex"), ({"nationality": "BR"}, "nationality")],
)  # fmt: skip
def test_each_detail_that_differs_is_named(typed, field):
    claim = {**CLAIM, **typed}
    claim["birth_date"] = claim["birth_date"].isoformat()

    found = identity_comparing.compare(claim, understood(*zone_lines()), today=date(2026, 11, 21))

    assert [one.field for one in found.rows if one.verdict == Verdict.DIFFERS] == [field]


def test_lines_whose_check_digits_disagree_prove_nothing_and_find_nobody():
    first, second = zone_lines()
    second = second[:12] + ("9" if second[12] != "9" else "8") + second[13:19] + second[19:]
    second = second[:43] + ("1" if second[43] != "1" else "2")
    values = understood(first, second[:9] + ("1" if second[9] != "1" else "2") + second[10:])

    found = identity_comparing.compare({**CLAIM, "birth_date": BORN.isoformat()}, values, today=date(2026, 11, 21))

    assert found.proved is not True and not identity_comparing.number_read(values)


@pytest.mark.parametrize(
    ("typed", "surname", "given", "same"),
    [
        ("Jürgen Müller", "MUELLER", "JUERGEN", True),
        ("María José García Ñuñez", "GARCIA NUNEZ", "MARIA JOSE", True),
        (
            "Maximilian Konstantin Alexander von Hohenzollern-Sigmaringen",
            "VON HOHENZOLLERN SIGMARINGEN",
            "MAXIMILIAN KON",
            True,
        ),
        ("Anna Example", "OTHER", "ANNA", False),
    ],
)
def test_names_are_compared_as_passports_write_them(typed, surname, given, same):
    values = understood(*zone_lines(surname=surname, given=given))
    claim = {**CLAIM, "name": typed, "birth_date": BORN.isoformat()}

    row = identity_comparing.compare(claim, values, today=date(2026, 11, 21)).rows[0]

    assert (row.verdict == Verdict.SAME) is same, row


def test_a_name_in_chinese_characters_is_for_a_person_to_compare():
    claim = {**CLAIM, "name": "安娜", "birth_date": BORN.isoformat()}
    row = identity_comparing.compare(claim, understood(*zone_lines()), today=date(2026, 11, 21)).rows[0]
    assert row.verdict == Verdict.UNSURE


def test_an_expired_passport_is_said():
    values = understood(*zone_lines(until=date(2024, 1, 1)))
    found = identity_comparing.compare({**CLAIM, "birth_date": BORN.isoformat()}, values, today=date(2026, 11, 21))
    assert found.expired and found.expires == date(2024, 1, 1)


def test_asked_again_the_applicant_reads_what_is_wrong_and_answers_without_typing_anew(reads):
    proofing = waiting()
    identity.send_picture(proofing, file(), by=proofing.account)
    proofing.refresh_from_db()
    services.ask_proofing_again(
        proofing, why=["blurred", "name"], words="Given names too, please.", actor=OFFICER, seen=proofing.revision
    )
    assert not queries.proofings_waiting().exists()
    said = queries.remarks_of(queries.open_proofing_of(proofing.account))
    assert len(said["why"]) == 2 and said["words"] == "Given names too, please."
    work()
    letter = mail.outbox[-1]
    assert "Given names" not in letter.body and proofing.account.email in letter.to

    identity.send_picture(proofing, file(picture(colour=(1, 2, 3))), by=proofing.account)

    again = queries.proofings_waiting().get()
    assert again.pk == proofing.pk and again.remarks is None and queries.claim_of(again)["name"] == CLAIM["name"]
    assert IdentityPicture.objects.count() == 1  # the new one took the place of the old one


def test_an_officer_decides_only_what_the_officer_has_seen(reads):
    proofing = waiting()
    seen = proofing.revision
    identity.send_picture(proofing, file(), by=proofing.account)

    with pytest.raises(NotAllowed) as changed:
        services.decide_proofing(proofing, proved=True, actor=OFFICER, seen=seen)
    assert changed.value.code == "changed-meanwhile"
    assert Account.objects.get(pk=proofing.account_id).level == 1

    proofing.refresh_from_db()
    services.decide_proofing(
        proofing, proved=True, actor=OFFICER, seen=proofing.revision
    )  # control: what was seen is decided
    with pytest.raises(NotAllowed) as late:
        services.answer_proofing(proofing, what="picture")
    assert late.value.code == "already-decided"


@pytest.mark.parametrize("why", [[], ["nonsense"], ["expired"]])
def test_asking_again_needs_a_reason_from_the_list(why):
    proofing = waiting()
    with pytest.raises(Invalid):
        services.ask_proofing_again(proofing, why=why, actor=OFFICER)
    assert Proofing.objects.get().outcome == "by_hand"


def test_only_those_who_compare_ask_again_and_nobody_about_themselves():
    proofing = waiting()
    for actor, code in (
        (Actor(kind="officer", role="dept_reviewer"), "not-your-role"),
        (Actor(kind="officer", role="window_officer", account=proofing.account_id), "own-matter"),
    ):
        with pytest.raises(NotAllowed) as refused:
            services.ask_proofing_again(proofing, why=["blurred"], actor=actor)
        assert refused.value.code == code


def test_the_same_number_or_picture_of_another_account_is_seen_by_officers(reads):
    first, second = waiting(), waiting("bella", id_no="X90000009")
    third = waiting("clara", id_no="Z11111111")
    for one in (first, second):
        identity.send_picture(one, file(), by=one.account)
    identity.send_picture(third, file(picture(colour=(9, 9, 9))), by=third.account)
    work()

    found = identity.others_with(second, identity.picture_of(second))
    assert [one.login for one in found["picture"]] == ["anna"]
    assert {one.login for one in found["number"]} == {"anna", "clara"}  # by the number that was read, not the one typed
    alone = waiting("dora", id_no="Q22222222")
    assert identity.others_with(alone, None) == {"number": [], "picture": []}


def test_a_number_that_has_an_account_is_known_to_officers_when_it_is_claimed_again():
    first = waiting()
    services.decide_proofing(first, proved=True, actor=OFFICER)
    second = waiting("bella")
    assert [one.login for one in queries.others_with_number(second)] == ["anna"]
    with pytest.raises(NotAllowed) as refused:
        services.decide_proofing(second, proved=True, actor=OFFICER)
    assert refused.value.code == "person-has-an-account" and Proofing.objects.get(pk=second.pk).outcome == "by_hand"


def test_pictures_are_limited_for_each_account(reads):
    proofing = waiting()
    for turn in range(identity.PICTURES_A_DAY):
        identity.send_picture(proofing, file(picture(colour=(turn, 0, 0))), by=proofing.account)
    with pytest.raises(TooMany):
        identity.send_picture(proofing, file(), by=proofing.account)
    other = waiting("bella", id_no="X90000009")
    identity.send_picture(other, file(), by=other.account)  # nobody else is hurt


def test_nobody_sends_a_picture_for_somebody_else_or_after_the_decision(reads):
    proofing, stranger = waiting(), account("bella")
    with pytest.raises(NotAllowed):
        identity.send_picture(proofing, file(), by=stranger)
    services.decide_proofing(proofing, proved=False, actor=OFFICER, why=["expired"])
    with pytest.raises(NotAllowed):
        identity.send_picture(proofing, file(), by=proofing.account)
    assert queries.remarks_of(queries.refused_proofing_of(proofing.account))["why"]


def test_several_pages_and_no_page_are_told_and_what_was_typed_stays(reads):
    proofing = waiting()
    for wrong in (file(pdf(pages=2), "both.pdf"), None, file(b"no picture at all")):
        with pytest.raises(Invalid):
            identity.send_picture(proofing, wrong, by=proofing.account)
    assert not IdentityPicture.objects.exists() and queries.claim_of(Proofing.objects.get())["name"]


def test_a_picture_that_breaks_the_reader_still_lies_before_the_officer(reads):
    proofing = waiting()
    reads["lines"] = desk.Broken("the child died")
    sent = identity.send_picture(proofing, file(), by=proofing.account)
    for _turn in range(3):
        identity.read_picture(sent.pk)
    sent.refresh_from_db()
    assert sent.state == "failed" and sent.why
    assert queries.proofings_waiting().get() == proofing and identity.comparison(proofing, sent) is None


def test_a_picture_replaced_while_it_is_read_keeps_nothing_of_the_old_one(reads):
    proofing = waiting()
    old = identity.send_picture(proofing, file(), by=proofing.account)
    new = identity.send_picture(proofing, file(picture(colour=(3, 3, 3))), by=proofing.account)
    identity.read_picture(old.pk)
    assert IdentityPicture.objects.get().pk == new.pk and IdentityPicture.objects.get().state == "waiting"


def test_the_picture_is_erased_thirty_days_after_the_decision_with_its_file(reads):
    proofing = waiting()
    sent = identity.send_picture(proofing, file(), by=proofing.account)
    now = timezone.now()
    erasing.erase_expired(now + timedelta(days=400))
    assert IdentityPicture.objects.exists()  # undecided it stays
    services.decide_proofing(proofing, proved=True, actor=OFFICER)
    work()
    assert IdentityPicture.objects.get().served_at
    erasing.erase_expired(now + timedelta(days=29))
    assert IdentityPicture.objects.exists() and not identity.clean()

    erasing.erase_expired(now + timedelta(days=31))

    assert not IdentityPicture.objects.exists()
    assert store.sweep(identity.SHELF, set(), before=now + timedelta(days=40)) >= 1
    with pytest.raises(store.Damaged):
        store.get(sent.file)


def test_the_copy_of_ones_data_holds_the_picture(reads):
    proofing = waiting()
    sent = identity.send_picture(proofing, file(), by=proofing.account)
    names = zipfile.ZipFile(io.BytesIO(exporting.build(proofing.account, None))).namelist()
    assert f"files/identity/{sent.key}.jpeg" in names
