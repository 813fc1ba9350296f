"""Whoever was looked at is told: at once, or on the day the law names; whoever asked hears the answer. Second persons of the catalogue
hear that a guide waits for them, its authors what came of it."""

from django.utils import timezone

from tongban.departments import duties
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.models import Event
from tongban.journal.services import LogRowsMissing, carrier, enqueue, on
from tongban.matters.editing import drafting, looking
from tongban.matters.events import DraftMoved, MatterPublished
from tongban.matters.models import MatterVersion
from tongban.notices import services as notices
from tongban.oversight import rules
from tongban.oversight.events import LookedWithoutCase, ReadQuestionAnswered
from tongban.oversight.models import Alert, Look, ReadQuestion
from tongban.oversight.services import raise_alert

WHERE = "/account/reads/"
MANAGERS_TOLD = 20

duties.enter(
    duties.Duty(
        "answers about a look",
        lambda: ReadQuestion.objects.filter(answered_at__isnull=True),
        "due",
        lambda row: (timezone.localdate(row.at), rules.ANSWER_WITHIN),
        moved=lambda rows: journal.touch("oversight"),
    )
)


@on(LookedWithoutCase)
def tell_who_was_looked_at(event):
    row = Look.objects.filter(pk=event.look, party__isnull=False).first()
    if row is None:
        return
    if row.hidden_until is not None and row.hidden_until > timezone.now():
        enqueue("oversight.tell", once=f"tell-look:{row.pk}", run_at=row.hidden_until, look=row.pk)
        return
    tell(row.pk)


@carrier("oversight.tell")
def tell(look: int) -> None:
    """Never before the day the law names, whatever clock the errand was carried out by."""
    row = Look.objects.select_related("party").get(pk=look)
    if row.party is None or (row.hidden_until is not None and row.hidden_until > timezone.now()):
        return
    if row.law_code:
        notices.tell(row.party, "looked_later", link=WHERE, once=f"look:{row.pk}")
    else:
        notices.tell(row.party, "looked_without_case", link=WHERE, once=f"look:{row.pk}")
    Look.objects.filter(pk=row.pk, told_at__isnull=True).update(told_at=timezone.now())


@on(ReadQuestionAnswered)
def tell_the_answer(event):
    row = ReadQuestion.objects.select_related("party").get(pk=event.question)
    notices.tell(row.party, "read_question_answered", link=WHERE, once=f"read-question:{row.pk}")


@on(LogRowsMissing)
def call_for_the_auditor(event):
    rows = ", ".join(str(row) for row in event.rows[:10])
    raise_alert(Alert.Kind.LOG_MISSING, note=f"{event.table}: {rows}")


@on(DraftMoved, MatterPublished)
def tell_of_a_guide(event):
    version = (
        MatterVersion.objects.select_related("matter", "draft").filter(pk=event.version, draft__isnull=False).first()
    )
    if version is None:
        return  # put in force by the demonstration or by a file
    move = "passed" if isinstance(event, MatterPublished) else event.move
    link = f"/office/catalogue/drafts/{version.pk}/"
    # sent a second time, it is said a second time
    nth = Event.objects.filter(kind="DraftMoved", subject=f"matter:{version.matter_id}").count()
    told = {"about": f"matter:{version.matter_id}", "link": link, "once": f"guide:{version.pk}:{move}:{nth}"}
    if move == "submitted" and version.state == MatterVersion.State.IN_CHECK:
        notices.tell_staff(_may_check(version), "guide_to_check", params={"matter": version.name}, **told)
    elif move == "given_back":
        params = {"matter": version.name, "why": version.draft.given_back or "—"}
        notices.tell_staff(_authors(version), "guide_given_back", params=params, **told)
    elif move in {"passed", "scheduled"} and version.effective_from is not None:
        params = {"matter": version.name, "due": version.effective_from.isoformat()}
        notices.tell_staff(_authors(version), "guide_passed", params=params, **told)


def _may_check(version: MatterVersion) -> list[Officer]:
    """Catalogue managers of this matter who wrote nothing of the draft."""
    wrote = drafting.authors_of(version.draft)
    return [
        one
        for one in departments.officers(role="catalogue_manager")
        if one.pk not in wrote and looking.of(one).filter(pk=version.matter_id).exists()
    ][:MANAGERS_TOLD]


def _authors(version: MatterVersion) -> list[Officer]:
    return list(
        Officer.objects.filter(pk__in=drafting.authors_of(version.draft), active=True).select_related(
            "department", "account"
        )
    )
