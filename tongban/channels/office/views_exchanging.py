"""Files in and out of the catalogue: a draft to its translator and back, matters to another installation and from it."""

from django.http import Http404

from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.views_catalogue import EDITORS


@for_officer(*EDITORS)
def translation_page(request, officer, pk):
    raise Http404


@for_officer(*EDITORS)
def translation_file(request, officer, pk):
    raise Http404


@for_officer("catalogue_manager")
def exchange(request, officer):
    raise Http404


@for_officer("catalogue_manager")
def export_all(request, officer):
    raise Http404


@for_officer("catalogue_manager")
def export_one(request, officer, slug):
    raise Http404
