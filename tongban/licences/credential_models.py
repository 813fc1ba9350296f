"""Licences as credentials in wallets of others (SD-JWT VC): lists of their states, offers that bring one into a wallet, questions to wallets."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.departments.models import Department, Officer
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.parties.models import Account

LIST_SIZE = 2**17
"""Places of one status list: two bits each, 32 KiB before it is compressed."""


class StatusList(models.Model):
    """A list that says of many credentials of one department what they are worth. `key` is in its address, which never changes.

    `token` is the list as it was last signed; it is signed again when what it says has changed, and when it grows old.
    """

    key = models.CharField(max_length=22, unique=True)
    issuer = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="status_lists")
    taken = models.PositiveIntegerField(default=0)
    token = models.TextField(blank=True, default="")
    said_sha256 = models.CharField(max_length=64, blank=True, default="")
    key_id = models.CharField(max_length=60, blank=True, default="")
    signed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(taken__lte=LIST_SIZE), name="status_list_has_so_many_places"),
        ]

    def __str__(self):
        return self.key


class Credential(models.Model):
    """One copy of a licence as an SD-JWT: in a wallet, bound to a key that only it has, or as a file. The copy itself is not kept.

    Each has a place of its own in a status list, drawn by chance: it can be ended alone, and two of them have nothing in common.
    """

    class Form(models.TextChoices):
        WALLET = "wallet", _("in a wallet")
        FILE = "file", _("as a file")

    licence = models.ForeignKey("licences.Licence", on_delete=models.CASCADE, related_name="credentials")
    status_list = models.ForeignKey(StatusList, on_delete=models.PROTECT, related_name="entries")
    index = models.PositiveIntegerField()
    form = models.CharField(max_length=10, choices=Form.choices)
    thumbprint = models.CharField(max_length=43, blank=True, default="")
    key_id = models.CharField(max_length=60)
    issued_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="credentials")
    issued_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="ended_credentials"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["status_list", "index"], name="place_in_a_status_list_is_given_once"),
            models.CheckConstraint(condition=Q(index__lt=LIST_SIZE), name="place_is_within_its_status_list"),
            models.CheckConstraint(
                condition=Q(form="file", thumbprint="") | Q(form="wallet") & ~Q(thumbprint=""),
                name="credential_in_a_wallet_is_bound_to_its_key",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("issued_at")), name="credential_ends_after_it_was_issued"
            ),
        ]

    def __str__(self):
        return f"{self.form} of {self.licence_id}"


class CredentialOffer(models.Model):
    """A licence offered to a wallet (OpenID4VCI): a code good once and for ten minutes, and a number that is shown apart from it.

    Of what opens something only digests are compared; `key` and `pin` are sealed, for the page of whoever made the offer.
    """

    licence = models.ForeignKey("licences.Licence", on_delete=models.CASCADE, related_name="offers")
    made_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="credential_offers")
    key = EncryptedField()
    key_sha256 = models.CharField(max_length=64, unique=True)
    code_sha256 = models.CharField(max_length=64, unique=True)
    pin = EncryptedField()
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    access_sha256 = models.CharField(max_length=64, blank=True, default="")
    access_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    credential = models.OneToOneField(Credential, null=True, blank=True, on_delete=models.CASCADE, related_name="offer")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["access_sha256"], condition=~Q(access_sha256=""), name="access_to_a_credential_is_one_offers"
            ),
            models.CheckConstraint(
                condition=Q(credential__isnull=True) | Q(used_at__isnull=False), name="credential_comes_after_its_code"
            ),
        ]

    def __str__(self):
        return f"{self.licence_id} until {self.expires_at}"


class CredentialRequest(models.Model):
    """Somebody is asked to show a licence from a wallet (OpenID4VP): by an officer, or by a registered reader (`reader`, run by `asker`).
    One question, one answer, five minutes."""

    class State(models.TextChoices):
        ASKED = "asked", _("waiting for the wallet")
        ANSWERED = "answered", _("shown")
        DECLINED = "declined", _("declined")
        REFUSED = "refused", pgettext_lazy("of what a wallet showed", "not accepted")

    key = models.CharField(max_length=43, unique=True)
    officer = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="credential_requests"
    )
    reader = models.CharField(max_length=12, blank=True, default="")
    asker = models.CharField(max_length=200, blank=True, default="")
    kind = models.ForeignKey("licences.LicenceType", on_delete=models.PROTECT, related_name="credential_requests")
    fields = models.JSONField(default=list)
    purpose = models.CharField(max_length=120)
    nonce = models.CharField(max_length=43)
    key_id = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    licence = models.ForeignKey(
        "licences.Licence", null=True, blank=True, on_delete=models.CASCADE, related_name="credential_requests"
    )
    status = models.CharField(max_length=12, blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")
    shown = EncryptedJSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["officer", "-id"], name="wallet_requests_of_officer")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="asked") | Q(answered_at__isnull=False), name="answered_request_has_its_hour"
            ),
            models.CheckConstraint(
                condition=Q(officer__isnull=False, reader="") | (Q(officer__isnull=True) & ~Q(reader="")),
                name="wallet_is_asked_by_an_officer_or_a_reader",
            ),
        ]

    def __str__(self):
        return f"{self.kind_id} for {self.officer_id or self.reader}: {self.state}"
