from django.db import models
from django.db.models import Q

from tongban.cases.models.application import Case, Question
from tongban.materials.models import Document


class Talk(models.Model):
    """Where the conversation of a case stands: what waits for an answer and until when, and how far each side has read.

    `waiting_since` is the first question nobody has answered yet.
    """

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="talk", primary_key=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    due = models.DateField(null=True, blank=True)
    read_by_applicant = models.BigIntegerField(default=0)
    read_by_applicant_at = models.DateTimeField(null=True, blank=True)
    read_by_office = models.BigIntegerField(default=0)
    read_by_office_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due", "case"], condition=Q(waiting_since__isnull=False), name="talks_to_answer")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(waiting_since__isnull=True) | Q(due__isnull=False), name="question_that_waits_has_its_day"
            )
        ]

    def __str__(self):
        return f"talk of case {self.case_id}"


class QuestionPaper(models.Model):
    """A paper sent along with a question: kept by the gate like every other."""

    question = models.OneToOneField(Question, on_delete=models.CASCADE, related_name="paper")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="in_questions")

    def __str__(self):
        return f"paper of question {self.question_id}"
