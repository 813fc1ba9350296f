"""Whose health passes are trusted, the passes people keep, and the tests known of a person."""

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from tongban.codes.pass_states import ListState
from tongban.departments.models import Officer
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.parties.models import Account, Person

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0 o 1 i l: people read it aloud


def new_ref() -> str:
    return "".join(secrets.choice(ALPHABET) for _i in range(10))


class TrustList(models.Model):
    """One version of the operator's list `name`: certificates of signers, with where they come from. The version in force is what passes
    are checked against under this name; one that was in force stays to be looked at. Without `loaded_by` it came by command."""

    name = models.SlugField(max_length=40)
    number = models.PositiveIntegerField()
    title = models.JSONField(default=dict)
    origin = models.CharField(max_length=300)
    digest = models.CharField(max_length=64)
    signers = models.PositiveIntegerField()
    left_out = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=ListState.choices, default=ListState.LOADED)
    loaded_by = models.ForeignKey(Officer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    loaded_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(Officer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True)
    why_dropped = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["name", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["name", "number"], name="trust_list_has_one_row_per_version"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(state="in_force"), name="one_version_of_a_trust_list_in_force"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("loaded_by")) | Q(state="dropped"),
                name="trust_list_is_put_in_force_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state="loaded") | Q(decided_at__isnull=False), name="trust_list_decided_has_its_hour"
            ),
        ]

    def __str__(self):
        return f"{self.name} version {self.number} ({self.state})"

    @property
    def subject(self) -> str:
        return f"trust-list:{self.pk}"


class TrustedSigner(models.Model):
    """One certificate of a list, and what a page says of it without opening it. `kinds` are what its key may sign: v, t, r."""

    of_list = models.ForeignKey(TrustList, on_delete=models.CASCADE, related_name="certificates")
    kid = models.CharField(max_length=16)
    certificate = models.BinaryField()
    subject = models.CharField(max_length=200)
    country = models.CharField(max_length=10, blank=True, default="")
    algorithm = models.CharField(max_length=10)
    kinds = models.CharField(max_length=3)
    limited = models.BooleanField(default=False)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()

    class Meta:
        ordering = ["country", "subject", "id"]

    def __str__(self):
        return f"{self.kid} {self.country}"


class KeptPass(models.Model):
    """A pass its holder keeps here, verified when it was kept. The code itself and what it says are sealed; `mark` finds the same pass again."""

    ref = models.CharField(max_length=10, unique=True, default=new_ref, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="kept_passes")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    qr_text = EncryptedField()
    facts = EncryptedJSONField(default=dict)
    mark = models.CharField(max_length=64)
    trusted_by = models.CharField(max_length=60)
    kept_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["person", "mark"], name="pass_is_kept_once")]

    def __str__(self):
        return f"pass {self.ref}"


class KnownTest(models.Model):
    """A test of a person: sealed type, time, result and centre. From a pass the person keeps (gone with it) or from the register."""

    class Source(models.TextChoices):
        PASS = "pass"  # noqa: S105 - no secret, a pass
        REGISTER = "register"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="known_tests")
    source = models.CharField(max_length=8, choices=Source.choices)
    kept_pass = models.OneToOneField(KeptPass, null=True, on_delete=models.CASCADE, related_name="known_test")
    facts = EncryptedJSONField(default=dict)
    known_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(source="register"), name="register_says_one_test_of_a_person"
            ),
            models.CheckConstraint(
                condition=Q(source="register", kept_pass__isnull=True) | Q(source="pass", kept_pass__isnull=False),
                name="known_test_has_its_source",
            ),
        ]

    def __str__(self):
        return f"test of {self.person_id} ({self.source})"
