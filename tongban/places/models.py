from django.db import models


class Division(models.Model):
    """A city, district, subdistrict, town, village, or a partner's province or prefecture. A code is never used again."""

    LEVELS = ["city", "district", "subdistrict", "town", "village", "province", "prefecture"]

    code = models.CharField(max_length=12, unique=True)
    level = models.CharField(max_length=12, choices=[(level, level) for level in LEVELS])
    name = models.JSONField()
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    lat = models.FloatField(null=True)
    lng = models.FloatField(null=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$"),
                name="division_code_has_6_9_or_12_digits",
            )
        ]

    def __str__(self):
        return f"{self.code} {self.name.get('zh', '')}"
