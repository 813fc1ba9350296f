import secrets

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import say
from tongban.lib.composed import composed
from tongban.lib.fields import CopiedField, EncryptedField, FindableField
from tongban.parties.kin_states import KinState
from tongban.parties.same_states import SameState
from tongban.parties.states import Act, MandateState
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
    died_on = models.DateField(null=True, blank=True)
    # the record that leads where several are one person, its own too; empty for everybody else
    same_as = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="same")

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


@composed(pk=models.BigIntegerField())
def _account(pk):
    return Account._base_manager.filter(pk=pk)


class AccountManager(BaseUserManager["Account"]):
    def get(self, *args, **wanted):
        """By its key alone, as every page asks who is signed in: composed once."""
        if args or wanted.keys() != {"pk"} or not isinstance(wanted["pk"], int):
            return super().get(*args, **wanted)
        for account in _account(pk=wanted["pk"]):
            return account
        raise self.model.DoesNotExist("Account matching query does not exist.")

    def create_user(self, login, password=None, **fields):
        account = self.model(login=login.strip().lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, login):
        return self.get(login=login.strip().lower())


class Account(AbstractBaseUser):
    """A sign-in. Level 1 registered, 2 identity verified, 3 verified by face or at a window."""

    login = FindableField(max_length=150, unique=True)
    email = CopiedField(blank=True, default="")
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
    """A person may act for a company: its legal representative, or a clerk named by it.

    `rights` of a clerk: {"acts": [Act, ...], "matters": [slug, ...] or None for all}; None is everything the company does here.
    """

    class Role(models.TextChoices):
        LEGAL_REPRESENTATIVE = "legal_representative", _("legal representative")
        CLERK = "clerk", _("clerk")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=24, choices=Role.choices)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    rights = models.JSONField(null=True, blank=True)

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
        ASKED_AGAIN = "asked_again", _("something has to be sent again")
        UNAVAILABLE = "unavailable", _("the register did not answer")

    OPEN = (Outcome.BY_HAND, Outcome.ASKED_AGAIN)

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="proofings")
    method = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField()
    id_kind = models.CharField(max_length=20, choices=IdKind.choices)
    claimed = EncryptedField(default="")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    reference = models.CharField(max_length=60, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    # of those a person compares
    number_index = models.CharField(max_length=64, null=True, blank=True, db_index=True)
    revision = models.PositiveSmallIntegerField(null=True, blank=True)  # what an officer has seen is what is decided
    sent_at = models.DateTimeField(null=True, blank=True)
    remarks = EncryptedField(null=True, blank=True)
    decided_by = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

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


ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0 o 1 i l: people read it aloud


def new_ref() -> str:
    return "".join(secrets.choice(ALPHABET) for _i in range(12))


class Mandate(models.Model):
    """The principal lets somebody act in its name: in these matters, these acts, from a day to a day, and told of each of them.

    `matters` None is all of them. Until the agent has proved who they are here, `agent` is empty and the mandate waits for whoever
    carries the number behind `agent_index` and that name: so giving one tells nobody who has an account. `under` is the mandate whose
    agent passed this one on, where the principal allowed that (`chains`).
    """

    class Asked(models.TextChoices):
        GIVEN = "given", _("given by the principal")
        DETAILS = "details", _("asked for by name, telephone and end of the number")
        CODE = "code", _("asked for with a code the principal showed")
        WINDOW = "window", _("written down at a window")
        PASSED_ON = "passed_on", _("passed on by an agent who may")

    class Why(models.TextChoices):
        OVER = "over", _("its last day is over")
        GIVEN_BACK = "given_back", _("the agent gave it back")
        DIED = "died", _("somebody died")
        UNANSWERED = "unanswered", _("nobody answered")
        UPPER = "upper", _("the mandate it came from ended")
        CLOSED = "closed", _("the company is closed")

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    principal = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="mandates_given")
    agent = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="mandates_held")
    agent_index = models.CharField(max_length=64, blank=True, default="", db_index=True)
    agent_name = EncryptedField(blank=True, default="")
    under = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="passed_on")
    how = models.CharField(max_length=10, choices=Asked.choices)
    state = models.CharField(max_length=10, choices=MandateState.choices)
    matters = models.JSONField(null=True, blank=True)
    acts = models.JSONField(default=list)
    since = models.DateField()
    until = models.DateField()
    cases_at_most = models.PositiveSmallIntegerField(null=True, blank=True)
    cases_sent = models.PositiveIntegerField(default=0)
    amount_at_most = models.PositiveIntegerField(null=True, blank=True)
    chains = models.BooleanField(default=False)
    note = EncryptedField(blank=True, default="")
    asked_at = models.DateTimeField(default=timezone.now)
    granted_at = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="mandates_granted"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=12, choices=Why.choices, blank=True, default="")
    paper_kept = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["agent", "state"], name="mandates_of_agent"),
            models.Index(fields=["principal", "-id"], name="mandates_of_principal"),
            models.Index(fields=["until"], condition=Q(state="granted"), name="mandates_in_force_by_end"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(agent__isnull=True) | ~Q(principal=models.F("agent")), name="nobody_is_their_own_agent"
            ),
            models.CheckConstraint(condition=Q(until__gte=models.F("since")), name="mandate_ends_after_it_began"),
            models.CheckConstraint(
                condition=~Q(state="granted") | Q(granted_at__isnull=False), name="mandate_in_force_was_granted"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["revoked", "ended", "declined"]) | Q(ended_at__isnull=False),
                name="mandate_over_has_its_hour",
            ),
        ]

    def __str__(self):
        return f"mandate {self.ref}"

    @property
    def shown_agent(self) -> str:
        return self.agent.shown_name if self.agent is not None else self.agent_name


class MandateCode(models.Model):
    """A code the principal shows to somebody who may then ask for a mandate; it opens nothing by itself."""

    principal = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="mandate_codes")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="mandate_codes")
    code_index = models.CharField(max_length=64, db_index=True)
    made_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return f"mandate code {self.pk}"


class Kinship(models.Model):
    """A parent acts for a minor as long as it is one; a guardian for a ward whom a court has given them."""

    class Kind(models.TextChoices):
        CHILD = "child", _("parent of a minor")
        WARD = "ward", _("guardian by a court")

    class Why(models.TextChoices):
        GROWN_UP = "grown_up", _("the child is 18")
        DIED = "died", _("somebody died")
        COURT = "court", _("a court ended it")
        GIVEN_BACK = "given_back", _("the guardian ended it")
        REGISTER = "register", _("the family register does not say so any more")

    ref = models.CharField(max_length=12, unique=True, default=new_ref, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="kin_above")
    relative = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="kin_below")
    state = models.CharField(max_length=10, choices=KinState.choices)
    proof = EncryptedField(blank=True, default="")
    words = EncryptedField(blank=True, default="")
    until = models.DateField(null=True, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="bonds_decided"
    )
    reason = EncryptedField(blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=12, choices=Why.choices, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["relative", "state"], name="bonds_of_relative")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "relative", "kind"],
                condition=Q(state__in=["claimed", "confirmed", "objected"]),
                name="one_bond_of_a_kind_between_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(person=models.F("relative")), name="nobody_is_their_own_parent_or_guardian"
            ),
        ]

    def __str__(self):
        return f"bond {self.ref}"


class Deed(models.Model):
    """One act that somebody did for somebody else, as the represented one is told it. Only one of the three says by what power."""

    principal = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="deeds_for_me")
    agent = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="deeds")
    mandate = models.ForeignKey(Mandate, null=True, blank=True, on_delete=models.PROTECT, related_name="deeds")
    kinship = models.ForeignKey(Kinship, null=True, blank=True, on_delete=models.PROTECT, related_name="deeds")
    act = models.CharField(max_length=10, choices=Act.choices)
    what = models.CharField(max_length=24)
    about = models.CharField(max_length=60)
    matter = models.CharField(max_length=80, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    once = models.CharField(max_length=120, unique=True)

    class Meta:
        indexes = [models.Index(fields=["principal", "-id"], name="deeds_of_principal")]

    def __str__(self):
        return f"{self.what} {self.about}"


class Trace(models.Model):
    """What a person's record is found by beside its number: the number alone, or a name with the day of birth. Blind."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="traces")
    kind = models.CharField(max_length=8, choices=[("number", "number"), ("name", "name")])
    index = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "index"], name="person_is_traced_once_by_each")]

    def __str__(self):
        return f"{self.kind} of {self.person_id}"


class Sameness(models.Model):
    """Two records that may be one person, `one` the older. Joined they stay two rows: whoever is one of them is both."""

    one = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="same_later")
    other = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="same_earlier")
    by_number = models.BooleanField(default=False)
    by_name = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=SameState.choices, default=SameState.FOUND)
    found_at = models.DateTimeField(default=timezone.now)
    leading = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    proposed_by = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = EncryptedField(blank=True, default="")

    class Meta:
        verbose_name_plural = "samenesses"
        indexes = [
            models.Index(fields=["id"], condition=Q(state__in=["found", "proposed"]), name="samenesses_to_look_at"),
            models.Index(fields=["-decided_at"], condition=Q(state="joined"), name="samenesses_joined"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="two_persons_are_compared_once"),
            models.CheckConstraint(condition=Q(one__lt=models.F("other")), name="older_record_stands_first"),
            models.CheckConstraint(
                condition=~Q(state="joined")
                | (Q(leading__isnull=False) & Q(proposed_by__isnull=False) & Q(decided_by__isnull=False)),
                name="persons_joined_name_who_leads_and_both_officers",
            ),
            models.CheckConstraint(
                condition=~Q(state="joined") | ~Q(proposed_by=models.F("decided_by")),
                name="persons_are_joined_by_a_second_person",
            ),
        ]

    def __str__(self):
        return f"{self.one_id} and {self.other_id}: {self.state}"
