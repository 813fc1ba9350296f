"""A small act with everything a real one has: an idempotency key, an effect, an event and a reaction, in one transaction."""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from tests import make
from tongban.cases.models import Case
from tongban.channels.doorkeeper import for_anyone
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.journal.models import Event, Job, Topic
from tongban.licences.models import Licence
from tongban.notices import services as notices
from tongban.notices.gateways.mail.folder import FolderMail
from tongban.notices.models import Dispatch

BETWEEN_COMMIT_AND_ANSWER = float(os.environ.get("FAULTS_PAUSE", "0.03"))
SOMEBODY = Actor(kind="applicant", role="applicant")


@journal.event
class HandedIn:
    intent: str


@journal.on(HandedIn)
def carry_on(event):
    journal.touch(f"faults:{event.intent}")


@csrf_exempt
@for_anyone
def hand_in(request):
    intent, padding = request.POST["intent"], request.POST.get("padding", "")

    def act() -> str:
        with transaction.atomic():
            row = journal.record(HandedIn(intent), subject=f"faults:{intent}", actor=SOMEBODY)
            if padding:
                journal.enqueue("faults.nothing", padding=padding)
        return str(row.pk)

    if request.POST.get("key"):
        receipt, _now = journal.once("faults", request.POST["key"], act)
    else:  # the negative control
        receipt = act()
    time.sleep(BETWEEN_COMMIT_AND_ANSWER)
    return JsonResponse({"receipt": receipt})


@journal.carrier("faults.nothing")
def nothing(padding):
    pass


@csrf_exempt
@for_anyone
def tally(request):
    """Everything that was done, for the test to compare with everything that was acknowledged."""
    journal.seal_chain()
    jobs = Counter(Job.objects.values_list("state", flat=True))  # first, as below
    events = Event.objects.filter(kind="HandedIn")
    broken = journal.verify_log()
    return JsonResponse(
        {
            "receipts": {
                str(pk): subject.removeprefix("faults:") for pk, subject in events.values_list("pk", "subject")
            },
            "carried_on": [
                name.removeprefix("faults:")
                for name in Topic.objects.filter(name__startswith="faults:").values_list("name", flat=True)
            ],
            "jobs": jobs,
            "chain": str(broken) if broken else "",
        }
    )


@csrf_exempt
@for_anyone
def look(request):
    return HttpResponse(Event.objects.count())


@csrf_exempt
@for_anyone
def cases(request):
    """Every case that was sent, with what there should be exactly one of."""
    journal.seal_chain()
    broken = journal.verify_log()
    sent = Event.objects.filter(kind="CaseSubmitted")
    jobs = Counter(
        Job.objects.values_list("state", flat=True)
    )  # first: a case read before its last job would look unfinished
    return JsonResponse(
        {
            "cases": {
                ref: {
                    "number": number,
                    "submitted": sent.filter(payload__case=pk).count(),
                    "receipts": receipts,
                    "state": state,
                    "drawn": sampled,
                }
                for pk, ref, number, state, sampled, receipts in Case.objects.exclude(number__isnull=True)
                .exclude(number="")
                .annotate(receipts=Count("documents", filter=Q(documents__kind="submission_receipt")))
                .values_list("pk", "ref", "number", "state", "sampled", "receipts")
            },
            "jobs": jobs,
            "licences": {
                "issued": Licence.objects.count(),
                "sealed": Licence.objects.exclude(sealed_at=None).count(),
                "sealings": Event.objects.filter(kind="LicenceSealed").count(),
            },
            "parked": list(Job.objects.filter(state=Job.PARKED).values_list("kind", "last_error")[:5]),
            "chain": str(broken) if broken else "",
        }
    )


@csrf_exempt
@for_anyone
def tell(request):
    """So many people are told something that also goes out by mail."""
    for number in range(int(request.GET["people"])):
        notices.tell(
            make.account().person,
            "case_refused",
            once=f"faults:{number}",
            params={"matter": {"zh": "事", "en": "It"}, "number": "1"},
        )
    return JsonResponse({"references": [str(one) for one in Dispatch.objects.values_list("reference", flat=True)]})


@csrf_exempt
@for_anyone
def dispatches(request):
    return JsonResponse(dict(Counter(Dispatch.objects.values_list("state", flat=True))))


# -- dying at the worst place: the worker is forked from the process that has read this


def _written(word: str) -> None:
    with open(os.environ["FAULTS_JOURNAL"], "a") as file:
        file.write(f"{word}\n")


def _die(chance: float) -> None:
    if random.random() < chance:
        _written("died")
        os.kill(os.getpid(), signal.SIGKILL)


DEATHS_A_LETTER = 3


def _times(reference: str) -> int:
    """How often this letter was handed over."""
    return Path(os.environ["FAULTS_JOURNAL"]).read_text().split().count(reference)


if after_sending := float(os.environ.get("FAULTS_DIE_AFTER_SENDING", "0")):
    _send = FolderMail.send

    def _send_and_perhaps_die(self, letter):
        _send(self, letter)
        _written(letter.reference)
        if (
            _times(letter.reference) <= DEATHS_A_LETTER
        ):  # each try comes later than the one before: six in a row take ten minutes
            _die(after_sending)

    FolderMail.send = _send_and_perhaps_die

if in_a_job := float(os.environ.get("FAULTS_DIE_IN_A_JOB", "0")):
    _settle = journal._settle

    def _die_or_settle(job, **changes):
        _die(in_a_job)  # its effect is committed, that it was done is not
        _settle(job, **changes)

    journal._settle = _die_or_settle
