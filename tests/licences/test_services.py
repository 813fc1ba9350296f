import datetime
import hashlib
import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation

from tests import make
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.journal.models import Event, Job, ReadEntry
from tongban.lib.identifiers import check_licence_identifier
from tongban.lib.moves import NotNow
from tongban.lib.problems import NotAllowed, Unavailable
from tongban.licences import keys, queries, rendering, services, tokens, withdrawing
from tongban.licences.models import Licence, LicenceCall, LicenceCheck, LicenceSerial
from tongban.licences.sealing import check_pdf
from tongban.licences.states import OVER, LicenceState
from tongban.materials import store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

TODAY = datetime.date(2026, 11, 21)
NOW = datetime.datetime(2026, 11, 21, 4, 0, tzinfo=datetime.UTC)


@pytest.fixture
def holder():
    return make.person(name="阿依古丽·买买提")


@pytest.fixture
def kind():
    return make.licence_type(
        "residence-permit", face_fields=["name", "id_no", "address", "issued_on", "valid_to", "photo"]
    )


def issue(holder, kind, decision="case:1", **changes) -> Licence:
    given = {
        "holder": holder,
        "face": {
            "name": holder.name,
            "id_no": "990000199001010015",
            "address": "十八湾路18弄",
            "valid_to": "2027-11-20",
        },
        "decision": decision,
        "issued_on": TODAY,
        "valid_from": TODAY,
        "valid_to": datetime.date(2027, 11, 20),
        "actor": PLATFORM,
        "now": NOW,
    }
    return services.issue(kind.slug, **(given | changes))


def officer_of(licence, role="issuing_officer") -> Actor:
    return Actor(kind="officer", role=role, account=7, department=licence.issuer.code)


def seal(licence) -> Licence:
    services.put_seal(licence=licence.pk)
    licence.refresh_from_db()
    return licence


# -- issuing


def test_a_licence_is_valid_at_once_with_number_statement_event_and_errand(holder, kind):
    licence = issue(holder, kind)

    assert (licence.state, licence.serial, licence.edition) == (LicenceState.VALID, "000000001", 1)
    assert check_licence_identifier(licence.identifier).valid
    assert tokens.looks_like_token(licence.token)
    assert [event.kind for event in Event.objects.filter(subject=f"licence:{licence.pk}")] == ["LicenceIssued"]
    assert Job.objects.filter(kind="licences.seal", once=f"seal:{licence.pk}").count() == 1


def test_the_same_decision_asked_twice_is_one_licence(holder, kind):
    first, second = issue(holder, kind), issue(holder, kind)

    assert first.pk == second.pk
    assert Licence.objects.count() == 1
    assert LicenceSerial.objects.get().last == 1
    assert Job.objects.filter(kind="licences.seal").count() == 1


def test_a_decision_that_is_undone_leaves_no_licence_no_event_and_no_errand(holder, kind):
    with pytest.raises(RuntimeError), transaction.atomic():
        issue(holder, kind)
        raise RuntimeError("the decision failed")

    assert (Licence.objects.count(), Event.objects.count(), Job.objects.count()) == (0, 0, 0)


def test_every_licence_of_a_type_has_its_own_serial(holder, kind):
    made = [issue(holder, kind, decision=f"case:{n}") for n in range(5)]

    assert [row.serial for row in made] == [f"{n:09d}" for n in range(1, 6)]
    assert len({row.identifier for row in made} | {row.token for row in made}) == 10


def test_a_renewal_is_the_next_edition_and_supersedes_the_one_before(holder, kind):
    first = issue(holder, kind)

    second = issue(holder, kind, decision="case:2", previous=first)

    first.refresh_from_db()
    assert (second.serial, second.edition, second.previous_id) == (first.serial, 2, first.pk)
    assert first.state == LicenceState.SUPERSEDED
    assert queries.in_force(holder, kind.slug, TODAY) == second


def test_two_renewals_of_one_licence_cannot_both_win(holder, kind):
    first = issue(holder, kind)
    issue(holder, kind, decision="case:2", previous=first)

    with pytest.raises(NotNow):
        issue(holder, kind, decision="case:3", previous=Licence.objects.get(pk=first.pk))


def test_somebody_elses_licence_is_not_continued(holder, kind):
    with pytest.raises(NotAllowed):
        issue(make.person(), kind, decision="case:2", previous=issue(holder, kind))


def test_the_table_refuses_a_second_licence_for_a_decision(holder, kind):
    licence = issue(holder, kind)
    licence.pk, licence.identifier, licence.token, licence.serial = None, "x", "y", "z"

    with pytest.raises(IntegrityError), transaction.atomic():
        licence.save(force_insert=True)


def test_the_face_is_not_readable_in_the_database(holder, kind):
    licence = issue(holder, kind)

    with connection.cursor() as cursor:
        cursor.execute("SELECT face, statement FROM licences_licence WHERE id = %s", [licence.pk])
        face, statement = cursor.fetchone()
    stored = bytes(face) if isinstance(face, memoryview) else str(face).encode()
    assert b"990000199001010015" not in stored and holder.name.encode() not in stored
    said = tokens.read(statement, lambda key_id: keys.find(services.key_directory(), key_id)).claims
    assert "990000199001010015" not in str(said) and holder.name not in str(said)


# -- sealing


def test_the_errand_makes_a_sealed_file_that_is_wholly_right(holder, kind):
    licence = seal(issue(holder, kind))

    content = services.open_pdf(licence)

    assert hashlib.sha256(content).hexdigest() == licence.pdf_sha256
    verdict = check_pdf(content, [keys.root_pem(services.key_directory(), now=NOW)])
    assert (verdict.wholly_right, verdict.identifier, verdict.key_id) == (True, licence.identifier, licence.key_id)
    assert Event.objects.filter(kind="LicenceSealed", subject=f"licence:{licence.pk}").count() == 1


def test_sealing_twice_changes_nothing(holder, kind):
    licence = seal(issue(holder, kind))
    before = (licence.pdf, licence.sealed_at)

    licence = seal(licence)

    assert (licence.pdf, licence.sealed_at) == before
    assert Event.objects.filter(kind="LicenceSealed").count() == 1


def test_two_workers_sealing_one_licence_leave_one_file_and_one_event(holder, kind, monkeypatch):
    licence = issue(holder, kind)
    original = services._sealed_pdf

    def meanwhile(*given):
        monkeypatch.setattr(services, "_sealed_pdf", original)
        services.put_seal(licence=licence.pk)
        return original(*given)

    monkeypatch.setattr(services, "_sealed_pdf", meanwhile)
    seal(licence)

    assert Event.objects.filter(kind="LicenceSealed").count() == 1
    assert services.open_pdf(licence)


def test_before_the_seal_the_file_is_being_made(holder, kind):
    with translation.override("en"), pytest.raises(Unavailable, match="being made"):
        services.open_pdf(issue(holder, kind))


def test_a_damaged_file_is_never_handed_out(holder, kind):
    licence = seal(issue(holder, kind))
    licence.pdf_sha256 = "0" * 64

    with pytest.raises(Unavailable):
        services.open_pdf(licence)


def test_the_cleaning_takes_old_files_nobody_names_and_no_other(holder, kind, monkeypatch):
    licence = seal(issue(holder, kind))
    orphan = store.put(b"%PDF-1.7 sealed twice at once", shelf=services.SHELF)

    services.clean()
    assert store.get(orphan)

    monkeypatch.setattr(services, "ORPHANS_STAY", -timedelta(days=1))
    services.clean()
    with pytest.raises(store.Damaged):
        store.get(orphan)
    assert services.open_pdf(licence)


def test_a_letter_is_sealed_with_the_departments_own_key(kind):
    letter = rendering.Letter("acceptance", "1", "2", kind.issuer.name, "张示范", TODAY)

    made = services.sealed_letter(letter, department=kind.issuer)

    verdict = check_pdf(made, [keys.root_pem(services.key_directory(), now=NOW)])
    assert verdict.wholly_right and verdict.key_id.startswith(f"{kind.issuer.code}-letters-")


# -- verifying


def test_whoever_scans_the_code_hears_signature_status_and_a_masked_face(holder, kind):
    licence = issue(holder, kind)

    heard = services.verify(licence.token, channel="web", now=NOW)

    assert (heard.signature, heard.status, heard.reason) == (True, "valid", "")
    assert [(row["field"], row["value"]) for row in heard.face] == [
        ("name", "阿***·***"),
        ("id_no", "9900**********0015"),
        ("valid_to", "2027-11-20"),
    ]
    assert heard.identifier == licence.identifier and heard.status_age == 0
    assert [(check.channel, check.answer) for check in LicenceCheck.objects.all()] == [("web", "valid")]


@pytest.mark.parametrize("token", ["", "x", "A" * 22, "../etc/passwd", "A" * 4000])
def test_an_unknown_code_is_nothing_and_leaves_no_trace(token):
    assert services.verify(token, channel="web") is None
    assert LicenceCheck.objects.count() == 0


def test_each_state_is_heard_at_once_and_told_apart_from_the_signature(holder, kind):
    licence = issue(holder, kind)
    actor = officer_of(licence)

    def heard():
        found = services.verify(licence.token, channel="web", now=NOW)
        return found.signature, found.status, found.reason

    services.suspend(licence, reason="inspection", actor=actor)
    assert heard() == (True, "suspended", "")
    services.resume(licence, reason="in order", actor=actor)
    assert heard() == (True, "valid", "")
    services.revoke(licence, reason="false statement", actor=actor)
    assert heard() == (True, "not_valid", "revoked")


def test_what_ended_yesterday_is_not_valid_today_even_before_the_duty_ran(holder, kind):
    licence = issue(holder, kind)

    last_day = services.verify(
        licence.token, channel="web", now=datetime.datetime(2027, 11, 20, 12, tzinfo=datetime.UTC)
    )
    day_after = services.verify(
        licence.token, channel="web", now=datetime.datetime(2027, 11, 21, 12, tzinfo=datetime.UTC)
    )

    assert (last_day.status, day_after.status, day_after.reason) == ("valid", "not_valid", "expired")
    assert licence.state == LicenceState.VALID


def test_a_licence_that_begins_tomorrow_is_not_valid_today(holder, kind):
    licence = issue(holder, kind, valid_from=TODAY + timedelta(days=1))

    assert services.verify(licence.token, channel="web", now=NOW).reason == "not_yet_valid"


@pytest.mark.parametrize(
    "change",
    [
        {"face": {"name": "somebody else"}},
        {"valid_to": datetime.date(2099, 1, 1)},
        {"identifier": "1.2.156.3005.2.999900000003.99990000000000001F.000000009.001.X"},
    ],
)
def test_a_row_changed_behind_our_back_no_longer_verifies(holder, kind, change):
    licence = issue(holder, kind)
    for name, value in change.items():
        setattr(licence, name, value)
    licence.save()

    heard = services.verify(licence.token, channel="web", now=NOW)

    assert (heard.signature, heard.status, heard.reason, heard.face) == (False, "unknown", "altered", [])


def test_a_statement_moved_to_another_licence_no_longer_verifies(holder, kind):
    first, second = issue(holder, kind), issue(make.person(), kind, decision="case:2")
    Licence.objects.filter(pk=second.pk).update(statement=first.statement)

    assert services.verify(second.token, channel="web", now=NOW).reason == "altered"


def test_a_withdrawn_key_makes_its_licences_check_again_and_leaves_the_others(holder, kind):
    other_kind = make.licence_type("food-licence", issuer=make.department("AMR"))
    lost, other = seal(issue(holder, kind)), seal(issue(holder, other_kind, decision="case:2"))
    old_key, old_token = lost.key_id, lost.token

    assert withdrawing.by_operator(old_key, why="stolen").licences == 1

    heard = services.verify(lost.token, channel="web", now=NOW)
    assert (heard.signature, heard.status, heard.reason) == (False, "unknown", "key_withdrawn")
    assert services.verify(other.token, channel="web", now=NOW).status == "valid"

    while journal.work_once():
        pass
    lost.refresh_from_db()
    assert lost.key_id != old_key and lost.token == old_token
    assert services.verify(lost.token, channel="web").status == "valid"
    verdict = check_pdf(
        services.open_pdf(lost),
        [keys.root_pem(services.key_directory(), now=NOW)],
        withdrawn=set(keys.withdrawn(services.key_directory())),
    )
    assert verdict.wholly_right and verdict.key_id == lost.key_id


def test_a_key_withdrawn_before_the_seal_is_replaced_with_the_statement(holder, kind):
    licence = issue(holder, kind)
    keys.withdraw(services.key_directory(), licence.key_id, now=NOW, why="stolen")

    licence = seal(licence)

    assert services.verify(licence.token, channel="web").status == "valid"


# -- states


def test_only_the_issuer_changes_a_licence(holder, kind):
    licence = issue(holder, kind)

    for actor in (
        Actor(kind="officer", role="dept_approver", department="AMR"),
        Actor(kind="applicant", role="applicant", party=holder.pk),
    ):
        with pytest.raises(NotAllowed):
            services.revoke(licence, reason="no", actor=actor)
    licence.refresh_from_db()
    assert licence.state == LicenceState.VALID


def test_what_is_over_stays_over(holder, kind):
    licence = issue(holder, kind)
    actor = officer_of(licence)
    services.cancel(licence, reason="at the holder's wish", actor=actor)

    for act in (services.suspend, services.resume, services.revoke, services.cancel):
        with pytest.raises(NotNow):
            act(licence, reason="again", actor=actor)
    assert licence.state in OVER


def test_every_change_is_an_event(holder, kind):
    licence = issue(holder, kind)

    services.suspend(licence, reason="inspection", actor=officer_of(licence))

    last = Event.objects.filter(subject=f"licence:{licence.pk}").last()
    assert (last.kind, last.payload["state"], last.department) == ("LicenceStateChanged", "suspended", kind.issuer.code)


def test_the_daily_duty_expires_what_ended_and_nothing_else(holder, kind):
    ended = issue(holder, kind, decision="case:1", valid_to=TODAY + timedelta(days=1))
    running = issue(holder, kind, decision="case:2")
    endless = issue(holder, kind, decision="case:3", valid_to=None)
    revoked = issue(holder, kind, decision="case:4", valid_to=TODAY + timedelta(days=1))
    services.revoke(revoked, reason="x", actor=PLATFORM)

    assert services.expire_due(TODAY + timedelta(days=1)) == 0
    assert services.expire_due(TODAY + timedelta(days=2)) == 1
    assert services.expire_due(TODAY + timedelta(days=2)) == 0

    states = [Licence.objects.get(pk=row.pk).state for row in (ended, running, endless, revoked)]
    assert states == ["expired", "valid", "valid", "revoked"]


# -- reuse


@pytest.fixture
def applicant(holder):
    return Actor(kind="applicant", role="applicant", account=3, party=holder.pk)


def in_force_now(holder, kind, **changes):
    today = timezone.localdate()
    return issue(holder, kind, valid_from=today, valid_to=today + timedelta(days=300), now=timezone.now(), **changes)


def use(licence, actor, **changes):
    given = {
        "about": "case:9",
        "matter": "food",
        "purpose": "application",
        "fields": ["name", "valid_to", "photo", "secret"],
    }
    return services.call(licence, **(given | changes), actor=actor)


def test_a_licence_used_instead_of_paper_gives_the_fields_asked_and_is_written_down_once(holder, kind, applicant):
    licence = in_force_now(holder, kind)

    first, second = use(licence, applicant), use(licence, applicant)

    assert first == second == {"name": holder.name, "valid_to": "2027-11-20"}
    assert LicenceCall.objects.count() == 1
    entry = ReadEntry.objects.get(of_party=holder.pk)
    assert (entry.purpose, entry.about, entry.fields) == (
        "licence:application",
        "case:9",
        ["name", "photo", "valid_to"],
    )


@pytest.mark.parametrize("act", [services.suspend, services.revoke, services.cancel])
def test_a_licence_that_is_not_in_force_stands_in_for_nothing(holder, kind, applicant, act):
    licence = in_force_now(holder, kind)
    act(licence, reason="x", actor=PLATFORM)

    with pytest.raises(NotAllowed):
        use(licence, applicant)
    assert (LicenceCall.objects.count(), ReadEntry.objects.count()) == (0, 0)


def test_the_row_decides_and_not_our_old_copy_of_it(holder, kind, applicant):
    licence = in_force_now(holder, kind)
    services.revoke(Licence.objects.get(pk=licence.pk), reason="x", actor=PLATFORM)

    assert licence.state == LicenceState.VALID
    with pytest.raises(NotAllowed):
        use(licence, applicant)


# -- queries


def test_in_force_is_asked_by_day_state_and_holder(holder, kind):
    old = issue(holder, kind, decision="case:1", valid_to=TODAY + timedelta(days=10))
    new = issue(holder, kind, decision="case:2", issued_on=TODAY + timedelta(days=1))

    assert queries.in_force(holder, kind.slug, TODAY) == new
    services.suspend(new, reason="x", actor=PLATFORM)
    assert queries.in_force(holder, kind.slug, TODAY) == old
    assert queries.in_force(holder, kind.slug, TODAY + timedelta(days=11)) is None
    assert queries.in_force(make.person(), kind.slug, TODAY) is None
    assert queries.latest(holder, kind.slug) == new
    assert [row.pk for row in queries.of(holder)] == [new.pk, old.pk]
    assert queries.face_value(holder, kind.slug, "address", TODAY) == "十八湾路18弄"
    assert [(row.licence, row.days_left) for row in queries.ending(TODAY, 30)] == [(old, 10)]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_a_holder_asks_the_database_the_same_number_of_times(
    holder, kind, count, django_assert_num_queries
):
    for number in range(count):
        issue(holder, kind, decision=f"case:{number}")

    with django_assert_num_queries(1):
        assert len([(row.type.shown_name, row.issuer.shown_name) for row in queries.of(holder)]) == count


# -- many hands


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_hands_issuing_for_one_decision_make_one_licence_and_for_eight_decisions_eight(holder, kind):
    problems: list[Exception] = []

    def hand(decision):
        try:
            issue(holder, kind, decision=decision)
        except IntegrityError:  # the caller's decision is made once; a second one meets the constraint
            pass
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    for decisions in (["case:1"] * 8, [f"case:{n}" for n in range(2, 10)]):
        hands = [threading.Thread(target=hand, args=(decision,)) for decision in decisions]
        for one in hands:
            one.start()
        for one in hands:
            one.join()

    assert problems == []
    rows = Licence.objects.order_by("serial")
    assert len(rows) == 9
    assert len({row.serial for row in rows}) == 9
