from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.departments.models import Department, Officer


class ReadyAnswer(models.Model):
    """A sentence that a department answers with again and again, in both languages. With `waits` the question still waits after it.

    A department without any answers with those every office begins with (`talking.READY`); `first` is which of them a row was.
    """

    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="ready_answers")
    first = models.CharField(max_length=20, blank=True, default="")
    words = models.JSONField()
    waits = models.BooleanField(default=False)
    place = models.PositiveSmallIntegerField()
    changed_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.SET_NULL, related_name="changed_ready_answers"
    )
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["place", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["department", "first"], condition=~Q(first=""), name="ready_answer_is_copied_once"
            )
        ]

    def __str__(self):
        return f"ready answer {self.pk} of {self.department_id}"
