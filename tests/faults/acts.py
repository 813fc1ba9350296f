"""A small act with everything a real one has: an idempotency key, an effect, an event and a reaction, in one transaction."""

import os
import time
from collections import Counter

from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from tongban.cases.models import Case
from tongban.channels.doorkeeper import for_anyone
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.journal.models import Event, Job, Topic

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
                }
                for pk, ref, number, state, receipts in Case.objects.exclude(number__isnull=True)
                .exclude(number="")
                .annotate(receipts=Count("documents", filter=Q(documents__kind="submission_receipt")))
                .values_list("pk", "ref", "number", "state", "receipts")
            },
            "jobs": jobs,
            "parked": list(Job.objects.filter(state=Job.PARKED).values_list("kind", "last_error")[:5]),
            "chain": str(broken) if broken else "",
        }
    )
