from django.db import models
from django.db.models import Q


class Chained(models.Model):
    """A row that cannot be changed or taken out unseen: its own keyed code at writing, its place in a chain soon after.

    `code` is an HMAC over the row's content, made in the act's transaction; `once` makes it this row's alone, so a copy shows. `position` and `chain` are given by the worker
    (`services.seal_chain`) in one sequence for all committed rows, so that writers never wait for each other. `blanked` is the keyed code of
    what is left where a person was taken out of a row by law (`services.blank`); the row's own code and the chain stay.
    """

    at = models.DateTimeField()
    code = models.CharField(max_length=64)
    once = models.CharField(max_length=16, default="")
    position = models.BigIntegerField(null=True, unique=True)
    chain = models.CharField(max_length=64, default="")
    blanked = models.CharField(max_length=64, null=True)

    class Meta:
        abstract = True


class Event(Chained):
    """Something that happened: one row, never changed."""

    kind = models.CharField(max_length=80)
    subject = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=20)
    actor = models.BigIntegerField(null=True)
    role = models.CharField(max_length=30, default="")
    department = models.CharField(max_length=20, default="")
    payload = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="event_by_subject"),
            models.Index(fields=["kind", "id"], name="event_by_kind"),
            models.Index(fields=["id"], condition=Q(position__isnull=True), name="event_not_yet_chained"),
        ]

    def __str__(self):
        return f"{self.kind} {self.subject}"


class ReadEntry(Chained):
    """Somebody read personal data: who, in which role, of whom, why, which fields.

    An entry with `hidden_until` is not shown to the person before that moment; `law_code` says by which law (oversight.law_codes).
    """

    reader = models.BigIntegerField(null=True)
    reader_name = models.CharField(max_length=100, default="")
    role = models.CharField(max_length=30)
    department = models.CharField(max_length=20, default="")
    of_party = models.BigIntegerField()
    about = models.CharField(max_length=60, default="")
    purpose = models.CharField(max_length=60)
    fields = models.JSONField(default=list)
    law_code = models.CharField(max_length=20, default="")
    hidden_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "read entries"
        indexes = [
            models.Index(fields=["of_party", "-id"], name="read_of_party"),
            models.Index(fields=["reader", "at"], name="read_by_reader_in_time"),
            models.Index(fields=["id"], condition=Q(position__isnull=True), name="read_not_yet_chained"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(hidden_until__isnull=True) | ~Q(law_code=""), name="delayed_entry_names_its_law"
            )
        ]

    def __str__(self):
        return f"{self.role} read {self.of_party} for {self.purpose}"


class Job(models.Model):
    """Something to be carried out after the commit: a reaction to an event, or an errand to the outside. Leased, not locked."""

    WAITING, DONE, PARKED = "waiting", "done", "parked"

    kind = models.CharField(max_length=120)
    payload = models.JSONField(default=dict)
    event = models.ForeignKey(Event, null=True, on_delete=models.PROTECT, related_name="jobs")
    state = models.CharField(max_length=10, default=WAITING)
    run_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease = models.CharField(max_length=32, default="")
    tries = models.PositiveIntegerField(default=0)
    last_error = models.TextField(default="", blank=True)
    once = models.CharField(max_length=120, null=True, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["run_at", "id"], condition=Q(state="waiting"), name="job_waiting_by_time")]

    def __str__(self):
        return f"{self.kind} ({self.state})"


class IdempotencyKey(models.Model):
    """An act that was asked for with this key was done, with this result: asked again, it answers the same and does nothing."""

    scope = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    result = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="one_act_per_key")]

    def __str__(self):
        return f"{self.scope}:{self.key}"


class Topic(models.Model):
    """A counter that live pages watch: it grows in the transaction of whatever changed what the page shows."""

    name = models.CharField(max_length=80, primary_key=True)
    version = models.BigIntegerField(default=0)

    def __str__(self):
        return f"{self.name}@{self.version}"


class Heartbeat(models.Model):
    """The last sign of life of a part of the product (worker, live)."""

    part = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()
    note = models.CharField(max_length=200, default="", blank=True)

    def __str__(self):
        return f"{self.part} {self.at}"
