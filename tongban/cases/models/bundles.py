"""One thing done as one: which versions a bundle was planned with, and what the whole knows of each of its members."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tongban.cases.models.application import Case


class Bundle(models.Model):
    """How a bundle was planned. `versions` holds the version of every matter that may belong to it, as it stood when the draft
    was begun: {slug: version}; a guide that is published later does not change a form somebody is filling in."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="bundle")
    versions = models.JSONField(default=dict)
    promised_days = models.PositiveSmallIntegerField(null=True)

    def __str__(self):
        return f"bundle {self.case_id}"


class BundleMember(models.Model):
    """One matter of a bundle that was sent: its own case, and what only the whole needs to know of it.

    `after` names the members whose grant it waits for. An optional member that was refused waits for its applicant's `choice`
    until `choose_by`: go on without it, or let the whole wait for a new decision; after that day it is dropped.
    """

    class Choice(models.TextChoices):
        DROP = "drop", _("go on without it")
        WAIT = "wait", _("wait for a new decision")

    parent = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="bundle_members")
    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="in_bundle")
    slug = models.CharField(max_length=100)
    place = models.PositiveSmallIntegerField()
    mandatory = models.BooleanField(default=True)
    after = models.JSONField(default=list)
    why = models.JSONField(default=dict)
    choice = models.CharField(max_length=4, choices=Choice.choices, blank=True, default="")
    choose_by = models.DateField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    stood_in = models.ForeignKey(Case, null=True, blank=True, on_delete=models.PROTECT, related_name="stands_in_for")

    class Meta:
        ordering = ["place"]
        indexes = [
            models.Index(fields=["choose_by"], condition=Q(choose_by__isnull=False), name="members_to_be_chosen_about")
        ]
        constraints = [
            models.UniqueConstraint(fields=["parent", "slug"], name="matter_once_in_a_bundle"),
            models.CheckConstraint(
                condition=Q(dropped_at__isnull=True) | Q(mandatory=False), name="only_an_optional_member_is_dropped"
            ),
        ]

    def __str__(self):
        return f"{self.slug} of {self.parent_id}"
