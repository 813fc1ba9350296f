"""A list as a tutorial writes it, for pages.py to compare with: addresses, one view, one template. Run by itself it does nothing."""

from django.http import HttpResponse
from django.template import Context, Engine
from django.urls import path

TEMPLATE = """<!doctype html><title>Cases</title><h1>{{ user.login }}</h1>
{% for case in rows %}<p><b>{{ case.version.name.zh }}</b> {{ case.state }} {{ case.number }} {{ case.submitted_at|date:"Y-m-d" }}</p>{% endfor %}"""


def cases(request):
    from tongban.cases.models import Case

    rows = (
        Case.objects.filter(applicant_id=request.user.person_id)
        .select_related("version", "department")
        .order_by("-id")[:25]
    )
    template = Engine.get_default().from_string(TEMPLATE) if not _made else _made[0]
    _made[:] = [template]
    return HttpResponse(template.render(Context({"user": request.user, "rows": rows})))


_made: list = []
urlpatterns = [path("", cases)]
