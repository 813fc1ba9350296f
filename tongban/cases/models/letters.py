from django.db import models
from django.db.models import Q
from django.utils import timezone

from tongban.cases.models.application import CaseDocument
from tongban.departments.models import Department, Officer
from tongban.lib.bilingual import Bilingual, say
from tongban.lib.fields import EncryptedField


class LetterSeries(models.Model):
    """The last number of a department's letters in a year: taken by one UPDATE."""

    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="letter_series")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["department", "year"], name="one_series_per_department_and_year")
        ]

    def __str__(self):
        return f"{self.department_id} {self.year} {self.last}"


class Letter(models.Model):
    """A paper that was entered in its department's series: its number there, and the token by which anybody checks it.

    `code` is the keyed code over what the paper said when it was entered: whoever checks it learns of a change.
    """

    document = models.OneToOneField(CaseDocument, on_delete=models.CASCADE, related_name="letter")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="letters")
    year = models.PositiveSmallIntegerField()
    serial = models.PositiveIntegerField()
    token = models.CharField(max_length=24, unique=True)
    code = models.CharField(max_length=64)
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["department", "year", "serial"], name="letter_number_once_per_department_and_year"
            ),
            models.CheckConstraint(condition=Q(serial__gt=0), name="letter_numbers_begin_with_one"),
        ]

    def __str__(self):
        return f"{self.department_id} {self.year} {self.serial}"

    @property
    def number(self) -> Bilingual:
        """As it stands on the paper."""
        name = self.department.name
        return {
            "zh": f"{name['zh']}〔{self.year}〕第{self.serial}号",
            "en": f"No. {self.serial} of {self.year}, {name['en']}",
        }

    @property
    def shown_number(self) -> str:
        return say(self.number)


class Reissue(models.Model):
    """A letter made again: the first stays as it was and says which one stands in its place."""

    first = models.OneToOneField(CaseDocument, on_delete=models.CASCADE, related_name="replaced")
    document = models.OneToOneField(CaseDocument, on_delete=models.CASCADE, related_name="replaces")
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="reissued_letters")
    why = EncryptedField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(first=models.F("document")), name="letter_is_not_replaced_by_itself")
        ]

    def __str__(self):
        return f"{self.first_id} -> {self.document_id}"
