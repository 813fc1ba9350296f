from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.departments.models import Officer
from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.notices.states import CallBackState
from tongban.parties.models import Account, Party


class Message(models.Model):
    """Something a party was told, in both languages. `account` is whose inbox it stands in. Without a party an officer is told for work."""

    party = models.ForeignKey(Party, null=True, blank=True, on_delete=models.CASCADE, related_name="messages")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=40)
    title = models.JSONField()
    body = EncryptedJSONField(default=dict)
    about = models.CharField(max_length=60, blank=True, default="")
    link = models.CharField(max_length=200, blank=True, default="")
    needs_answer = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    once = models.CharField(max_length=120, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "-id"], name="messages_of_account"),
            models.Index(fields=["account"], condition=Q(read_at__isnull=True), name="messages_unread"),
            models.Index(fields=["about"], condition=Q(party__isnull=True), name="messages_to_staff"),
        ]

    def __str__(self):
        return f"{self.kind} to {self.account_id}"

    @property
    def shown_title(self) -> str:
        return say(self.title)

    @property
    def shown_body(self) -> str:
        return say(self.body)


class Dispatch(models.Model):
    """A message on its way outside: by e-mail or text message. The gateway gets `reference`, so a second try is known to it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        REFUSED = "refused", pgettext_lazy("of a message", "refused")
        PARKED = "parked", _("given up")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="dispatches")
    channel = models.CharField(max_length=10, choices=[("email", _("e-mail")), ("sms", _("text message"))])
    address = EncryptedField()
    language = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reference = models.UUIDField(unique=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "dispatches"
        constraints = [
            models.UniqueConstraint(fields=["message", "channel"], name="message_goes_once_by_each_channel"),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="sent_dispatch_has_its_hour"
            ),
        ]

    def __str__(self):
        return f"{self.channel} {self.state}"


class Preference(models.Model):
    """By which ways an account wants to be told, besides the inbox."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="preference")
    email = models.BooleanField(default=True)
    sms = models.BooleanField(default=True)
    only_when_needed = models.BooleanField(default=False)

    def __str__(self):
        return f"preference of {self.account_id}"


class InformationDeclined(models.Model):
    """This account wants no information that it did not ask for. What is official comes all the same."""

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, related_name="information_declined", primary_key=True
    )
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"no information for {self.account_id}"


class CallBack(models.Model):
    """Somebody asked to be rung up. Promised for an hour (`due_at`), rung by an officer, given up after three calls nobody took."""

    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="call_backs")
    name = EncryptedField()
    phone = EncryptedField()
    about = EncryptedField(blank=True, default="")
    language = models.CharField(max_length=10)
    key = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=10, choices=CallBackState.choices, default=CallBackState.WAITING)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    officer = models.ForeignKey(Officer, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    called_at = models.DateTimeField(null=True, blank=True)
    note = EncryptedField(blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="call_backs_waiting"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting") | Q(called_at__isnull=False, officer__isnull=False),
                name="ended_call_back_has_its_hour_and_officer",
            ),
        ]

    def __str__(self):
        return f"call back {self.pk}: {self.state}"
