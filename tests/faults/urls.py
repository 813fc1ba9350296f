from django.urls import path

from tests.faults import acts
from tongban.site.urls import handler400, handler403, handler404, handler500, urlpatterns  # noqa: F401

urlpatterns = [
    path("faults/hand-in", acts.hand_in),
    path("faults/tally", acts.tally),
    path("faults/look", acts.look),
    path("faults/cases", acts.cases),
    path("faults/tell", acts.tell),
    path("faults/dispatches", acts.dispatches),
    *urlpatterns,
]
