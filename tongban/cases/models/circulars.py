from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.circular_states import CircularState
from tongban.cases.models.application import new_ref
from tongban.departments.models import Department, Officer
from tongban.lib.bilingual import say
from tongban.parties.models import Party


class Circular(models.Model):
    """One message to many people, chosen by facts about their cases or licences and never by a list of names.

    `facts` say who: {"who": ..., "matter": slug, "licence": slug, "before": day}. It is sent in slices of ids: up to `place`
    everybody was told, `last` is the newest row when it was confirmed.
    """

    class Kind(models.TextChoices):
        OFFICIAL = "official", _("official: about what they applied for or hold")
        INFORMATION = "information", _("information: may be declined")

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="circulars")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="circulars")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.JSONField()
    text = models.JSONField()
    by_text_message = models.BooleanField(default=False)
    facts = models.JSONField()
    state = models.CharField(max_length=10, choices=CircularState.choices, default=CircularState.DRAFT)
    estimate = models.PositiveIntegerField(default=0)
    why = models.CharField(max_length=300, blank=True, default="")
    confirmed_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="confirmed_circulars"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    place = models.BigIntegerField(default=0)
    last = models.BigIntegerField(default=0)
    reached = models.PositiveIntegerField(default=0)
    declined = models.PositiveIntegerField(default=0)
    without_account = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["department", "-id"], name="circulars_of_department")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "asked", "declined", "stopped"]) | Q(confirmed_at__isnull=False),
                name="circular_that_goes_out_was_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(estimate__lte=10) | Q(confirmed_by__isnull=True) | ~Q(confirmed_by=models.F("officer")),
                name="circular_to_many_is_confirmed_by_another",
            ),
        ]

    def __str__(self):
        return f"circular {self.ref}: {self.state}"

    @property
    def shown_title(self) -> str:
        return say(self.title)


class CircularReceiver(models.Model):
    """Somebody a circular came to, once, and what made them one of those it is for."""

    class How(models.TextChoices):
        TOLD = "told", _("told")
        DECLINED = "declined", _("does not want information")
        NO_ACCOUNT = "no_account", _("has no account")

    circular = models.ForeignKey(Circular, on_delete=models.CASCADE, related_name="receivers")
    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="circulars")
    because = models.CharField(max_length=40)
    how = models.CharField(max_length=12, choices=How.choices)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["circular", "party"], name="circular_comes_once_to_each"),
        ]

    def __str__(self):
        return f"{self.circular_id} to {self.party_id}"
