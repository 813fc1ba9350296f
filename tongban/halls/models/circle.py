"""Small areas of city management: who lives where, so that one can say who has a hall or a machine within reach."""

from django.db import models
from django.db.models import Q

from tongban.lib.bilingual import say
from tongban.places.models import Division


class Grid(models.Model):
    """About twenty a district. It is taken as a disc around its centre: enough to say how much of it lies within a walk."""

    code = models.SlugField(max_length=60, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="grids")
    name = models.JSONField()
    lat = models.FloatField()
    lng = models.FloatField()
    radius = models.PositiveIntegerField(default=900)  # metres
    population = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(lat__gte=-90, lat__lte=90, lng__gte=-180, lng__lte=180), name="grid_lies_on_the_earth"
            )
        ]

    def __str__(self):
        return self.code

    @property
    def shown_name(self) -> str:
        return say(self.name)
