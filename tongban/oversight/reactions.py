"""Whoever was looked at is told: at once, or on the day the law names; whoever asked hears the answer."""

from django.utils import timezone

from tongban.departments import duties
from tongban.journal import services as journal
from tongban.journal.services import LogRowsMissing, carrier, enqueue, on
from tongban.notices import services as notices
from tongban.oversight import rules
from tongban.oversight.events import LookedWithoutCase, ReadQuestionAnswered
from tongban.oversight.models import Alert, Look, ReadQuestion
from tongban.oversight.services import raise_alert

WHERE = "/account/reads/"

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
