from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import say
from tongban.lib.fields import EncryptedField
from tongban.places.models import Division


class Party(models.Model):
    """Whoever can apply, hold a licence or be told something: a person or a company."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        COMPANY = "company", _("company")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = EncryptedField()
    name_en = EncryptedField(blank=True, default="")
    division = models.ForeignKey(Division, null=True, blank=True, on_delete=models.PROTECT)
    address = EncryptedField(blank=True, default="")
    bank_account = EncryptedField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "parties"

    def __str__(self):
        return self.name

    @property
    def names(self) -> dict[str, str]:
        return {"zh": self.name, "en": self.name_en or self.name}

    @property
    def shown_name(self) -> str:
        return say(self.names)


class IdKind(models.TextChoices):
    ID_CARD = "id_card", _("Resident identity card")
    PASSPORT = "passport", _("Passport")
    HKMO_PERMIT = "hkmo_permit", _("Mainland travel permit for Hong Kong and Macao residents")
    TAIWAN_PERMIT = "taiwan_permit", _("Mainland travel permit for Taiwan residents")
    HKMOTW_RESIDENCE = "hkmotw_residence", _("Residence permit for Hong Kong, Macao and Taiwan residents")
    FOREIGN_PERMANENT = "foreign_permanent", _("Foreign permanent resident identity card")


class Person(Party):
    """One person, one record, found by the blind index of kind and number."""

    party = models.OneToOneField(
        Party, parent_link=True, on_delete=models.CASCADE, primary_key=True, related_name="person"
    )
    id_kind = models.CharField(max_length=20, choices=IdKind.choices)
    id_no = EncryptedField()
    id_index = models.CharField(max_length=64, unique=True)
    birth_date = models.DateField()
    sex = models.CharField(max_length=1, choices=[("M", _("male")), ("F", _("female"))])
    nationality = models.CharField(max_length=3)
    mobile = EncryptedField(blank=True, default="")
    mobile_index = models.CharField(max_length=64, blank=True, default="", db_index=True)

    class Meta:
        verbose_name_plural = "persons"

    def save(self, *args, **kwargs):
        self.kind = Party.Kind.PERSON
        super().save(*args, **kwargs)


class Company(Party):
    """An enterprise, sole proprietor or organisation, found by its unified social credit code (a public number)."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("in business")
        CLOSED = "closed", _("closed")

    party = models.OneToOneField(
        Party, parent_link=True, on_delete=models.CASCADE, primary_key=True, related_name="company"
    )
    uscc = models.CharField(max_length=18, unique=True)
    company_kind = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    legal_representative = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="represents")
    established_on = models.DateField(null=True)
    industry = models.CharField(max_length=60, blank=True, default="")
    size = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        verbose_name_plural = "companies"

    def save(self, *args, **kwargs):
        self.kind = Party.Kind.COMPANY
        super().save(*args, **kwargs)


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, login, password=None, **fields):
        account = self.model(login=login.strip().lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, login):
        return self.get(login=login.strip().lower())


class Account(AbstractBaseUser):
    """A sign-in. Level 1 registered, 2 identity verified, 3 verified by face or at a window."""

    login = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True, default="")
    person = models.OneToOneField(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="account")
    level = models.PositiveSmallIntegerField(default=1)
    language = models.CharField(max_length=10, default="zh-hans")
    edition = models.CharField(max_length=20, default="standard")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = AccountManager()

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__in=[1, 2, 3]), name="account_level_is_1_2_or_3"),
            models.CheckConstraint(
                condition=Q(level=1) | Q(person__isnull=False), name="verified_account_knows_its_person"
            ),
        ]

    def __str__(self):
        return self.login

    def has_perm(self, perm, obj=None) -> bool:
        """Nobody has Django permissions: the doorkeeper decides."""
        return False

    def has_module_perms(self, app_label) -> bool:
        return False


class Membership(models.Model):
    """A person may act for a company: its legal representative, or a clerk named by it."""

    class Role(models.TextChoices):
        LEGAL_REPRESENTATIVE = "legal_representative", _("legal representative")
        CLERK = "clerk", _("clerk")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=24, choices=Role.choices)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "company"], name="person_acts_for_a_company_in_one_role"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")), name="membership_ends_after_it_began"
            ),
        ]

    def __str__(self):
        return f"{self.person} {self.role} {self.company}"


class Proofing(models.Model):
    """One attempt to prove who stands behind an account, and what the authority's gateway answered."""

    class Outcome(models.TextChoices):
        PROVED = "proved", _("proved")
        NOT_MATCHING = "not_matching", _("the details do not match")
        BY_HAND = "by_hand", _("a person checks it within one working day")
        UNAVAILABLE = "unavailable", _("the register did not answer")

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="proofings")
    method = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField()
    id_kind = models.CharField(max_length=20, choices=IdKind.choices)
    claimed = EncryptedField(default="")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    reference = models.CharField(max_length=60, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.account} {self.method}: {self.outcome}"


class Objection(models.Model):
    """An account does not want something done with its data that no law asks for."""

    class Processing(models.TextChoices):
        RATING_INVITATIONS = "rating_invitations", _("asking me how a service was")

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="objections")
    processing = models.CharField(max_length=30, choices=Processing.choices)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "processing"], name="one_objection_per_account_and_processing")
        ]

    def __str__(self):
        return f"{self.account_id} objects to {self.processing}"
