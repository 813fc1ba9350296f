from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import say
from tongban.parties.models import Party


class Resource(models.Model):
    """Data that one authority holds and shares: which fields, on which terms."""

    class Share(models.TextChoices):
        UNCONDITIONAL = "unconditional", _("any department, after a formal check")
        CONDITIONAL = "conditional", _("named departments, named purposes")
        NONE = "none", _("only on the ground of a law")

    slug = models.SlugField(unique=True)
    name = models.JSONField()
    provider = models.CharField(max_length=20)
    share = models.CharField(max_length=14, choices=Share.choices)
    fields = models.JSONField(default=list)
    refresh = models.CharField(max_length=20, default="live")

    class Meta:
        ordering = ["slug"]

    def __str__(self):
        return self.slug

    @property
    def shown_name(self) -> str:
        return say(self.name)


class Grant(models.Model):
    """A matter may read these fields of a resource, for this purpose and on this ground."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="grants")
    matter = models.CharField(max_length=100)
    fields = models.JSONField(default=list)
    purpose = models.CharField(max_length=40)
    ground = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "matter", "purpose"], name="one_grant_per_matter_and_purpose")
        ]

    def __str__(self):
        return f"{self.matter} reads {self.resource}"


class Call(models.Model):
    """One reading of a register: for whom, for which matter and case, which fields, and whether it answered."""

    class Outcome(models.TextChoices):
        FOUND = "found", _("found")
        NOT_FOUND = "not_found", _("not found")
        REFUSED = "refused", _("refused")
        UNAVAILABLE = "unavailable", _("did not answer")

    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="calls")
    of_party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="register_calls")
    matter = models.CharField(max_length=100)
    about = models.CharField(max_length=60, blank=True, default="")
    purpose = models.CharField(max_length=40)
    fields = models.JSONField(default=list)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["of_party", "-id"], name="register_calls_of_party")]

    def __str__(self):
        return f"{self.resource} for {self.matter}: {self.outcome}"
