from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.parties.models import Account, Party


class Message(models.Model):
    """Something a party was told, in both languages. `account` is whose inbox it stands in."""

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="messages")
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
        REFUSED = "refused", _("refused")
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
