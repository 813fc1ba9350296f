"""What reaches the outside when a worker dies in the middle: nothing is left unsaid, and what is said twice carries the same id."""

import json
import os
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from django.utils import timezone

from tests import make
from tests.cases.ways import work
from tests.faults.harness import KILLS, the_product
from tests.faults.test_submitting import Senders, drafts, everything_sent
from tests.site.product import until
from tongban.journal import queries as journal_queries
from tongban.journal import services as journal
from tongban.journal.models import Job
from tongban.notices import services as notices
from tongban.notices.gateways.mail.folder import FolderMail
from tongban.notices.models import Dispatch, Message

ERRANDS = int(os.environ.get("TONGBAN_ERRANDS", "100"))


@pytest.mark.faults
@pytest.mark.postgres
@pytest.mark.timeout(3600)
def test_a_worker_killed_between_sending_and_writing_it_down_leaves_no_message_unsent(tmp_path):
    """Real kills, inside the worker, at the worst place: the provider has the message, the database does not know it yet."""
    chances = {
        "FAULTS_DIE_AFTER_SENDING": "0.4",
        "TONGBAN_HEARTBEAT_LIMIT": "600",
        "FAULTS_JOURNAL": str(tmp_path / "handed-over"),
    }
    with the_product(tmp_path / "var", **chances) as running:
        status, _headers, said = running.ask("GET", f"/faults/tell?people={max(10, KILLS)}", timeout=120)
        assert status == 200
        wanted = set(json.loads(said)["references"])

        def all_carried():
            answer = running.ask("GET", "/faults/dispatches", timeout=60)
            found = json.loads(answer[2]) if answer[0] == 200 else {}
            return found if found and not found.get("waiting") else None

        found = until(all_carried, 900, every=0.5)
    handed_over = (tmp_path / "handed-over").read_text().split()
    deaths = handed_over.count("died")
    sent = [one for one in handed_over if one != "died"]

    print(f"\n{len(wanted)} messages, {deaths} deaths after sending: {len(set(sent))} sent, {len(sent) - len(set(sent))} of them "
          f"a second time with the same id, {len(wanted - set(sent))} never")  # fmt: skip
    assert deaths > 0, "nobody died: this proves nothing"
    assert len(sent) > len(set(sent)), (
        "no message was handed over twice: the deaths were not between sending and writing"
    )
    assert set(sent) == wanted
    assert found == {"sent": len(wanted)}
    letters = list((tmp_path / "var" / "mail").glob("*.eml"))
    assert {path.stem for path in letters} == wanted
    assert {message_from_bytes(path.read_bytes())["Message-ID"] for path in letters} == {
        f"<{one}@tongban.invalid>" for one in wanted
    }


@pytest.mark.faults
@pytest.mark.postgres
@pytest.mark.timeout(3600)
def test_a_licence_is_issued_and_sealed_once_however_often_the_worker_dies(tmp_path):
    with the_product(
        tmp_path / "var",
        TONGBAN_HEARTBEAT_LIMIT="600",
        FAULTS_DIE_IN_A_JOB="0.08",
        FAULTS_JOURNAL=str(tmp_path / "died"),
    ) as running:
        senders = Senders(running, drafts(running, max(12, KILLS), licence=True), pause=0)
        senders.begin()
        senders.finish()
        found = everything_sent(running)
    deaths = (tmp_path / "died").read_text().count("died") if (tmp_path / "died").exists() else 0

    print(f"\n{len(found['cases'])} licences by rule, {deaths} deaths of the worker inside a job: {found['licences']}")
    assert senders.strange == []
    assert deaths > 0
    assert found["parked"] == []
    granted = [case for case in found["cases"].values() if not case["drawn"]]  # some are drawn for a check by people
    assert {case["state"] for case in granted} == {"ready"}
    assert {case["state"] for case in found["cases"].values() if case["drawn"]} <= {"under_review"}
    assert found["licences"] == {"issued": len(granted), "sealed": len(granted), "sealings": len(granted)}
    assert found["chain"] == ""


@pytest.fixture
def errands(monkeypatch):
    done = []
    monkeypatch.setitem(journal.CARRIERS, "faults.well", lambda number: done.append(number))

    def poison(number):
        raise ValueError("this one never works")

    monkeypatch.setitem(journal.CARRIERS, "faults.poison", poison)
    return done


@pytest.mark.django_db
def test_a_poisoned_errand_holds_up_no_other_and_is_parked_and_shown_in_the_end(errands, monkeypatch):
    now = timezone.now()
    journal.enqueue("faults.poison", number=0)
    for number in range(ERRANDS):
        journal.enqueue("faults.well", number=number)

    while journal.work_once():
        pass

    assert sorted(errands) == list(range(ERRANDS))
    poisoned = Job.objects.get(kind="faults.poison")
    assert (poisoned.state, poisoned.tries) == (Job.WAITING, 1)
    tries = 1
    while poisoned.state == Job.WAITING:
        assert poisoned.run_at - now <= timedelta(minutes=5 * tries + 5)
        now = poisoned.run_at + timedelta(seconds=1)
        monkeypatch.setattr(timezone, "now", lambda: now)  # noqa: B023
        journal.enqueue("faults.well", number=ERRANDS + tries)
        while journal.work_once():
            pass
        tries += 1
        poisoned.refresh_from_db()
    assert (tries, poisoned.state, poisoned.tries) == (48, Job.PARKED, 48)
    assert len(errands) == ERRANDS + 47
    assert list(journal_queries.parked_jobs()) == [poisoned]
    assert poisoned.last_error == "ValueError: this one never works"


@pytest.mark.django_db
def test_of_a_message_that_can_never_be_sent_the_officer_and_the_inbox_know(monkeypatch, settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    account = make.account()
    monkeypatch.setattr(
        FolderMail, "send", lambda self, letter: (_ for _ in ()).throw(OSError("the mail server is away"))
    )
    notices.tell(
        account.person, "case_refused", once="case:1", params={"matter": {"zh": "事", "en": "It"}, "number": "1"}
    )
    Job.objects.update(tries=47)
    work()

    assert [job.kind for job in journal_queries.parked_jobs()] == ["notices.carry"]
    assert notices.give_up_what_was_parked() == 1
    dispatch = Dispatch.objects.get(channel="email")
    assert (dispatch.state, dispatch.reason) == (Dispatch.State.PARKED, "OSError: the mail server is away")
    assert Message.objects.get().account == account  # told all the same, in the inbox


# -- after a restore


@pytest.mark.django_db
def test_after_a_restore_nothing_goes_out_until_somebody_says_so_and_the_rest_goes_on(settings, tmp_path, errands):
    settings.TONGBAN_VAR = tmp_path
    account = make.account()
    journal.hold_outward("a backup of yesterday")
    notices.tell(
        account.person, "case_refused", once="case:1", params={"matter": {"zh": "事", "en": "It"}, "number": "1"}
    )
    journal.enqueue("faults.well", number=1)
    work()

    assert errands == [1]
    assert not [*Path(tmp_path).glob("mail/*"), *Path(tmp_path).glob("sms/*")]
    assert journal.outward_held() == "a backup of yesterday"
    assert journal.release_outward() == 2  # by e-mail and by text message
    work()
    assert len(list(Path(tmp_path).glob("mail/*.eml"))) == 1  # control: it was only the hold


@pytest.mark.django_db
def test_what_is_forgotten_after_a_restore_is_never_sent(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    account = make.account()
    journal.hold_outward("a backup of yesterday")
    notices.tell(
        account.person, "case_refused", once="case:1", params={"matter": {"zh": "事", "en": "It"}, "number": "1"}
    )

    assert journal.release_outward(forget=True) == 2
    work()

    assert not [*Path(tmp_path).glob("mail/*"), *Path(tmp_path).glob("sms/*")]
    assert journal.outward_held() == ""


@pytest.mark.django_db
def test_the_same_occasion_told_again_after_a_restore_carries_the_same_id():
    account = make.account()
    told = {"params": {"matter": {"zh": "事", "en": "It"}, "number": "1"}, "once": "case:1"}
    notices.tell(account.person, "case_refused", **told)
    before = set(Dispatch.objects.values_list("channel", "reference"))
    Message.objects.all().delete()  # the backup did not have it yet

    notices.tell(account.person, "case_refused", **told)

    assert set(Dispatch.objects.values_list("channel", "reference")) == before != set()
