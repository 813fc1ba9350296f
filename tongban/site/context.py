"""What every page may show of the house itself."""

from django.conf import settings


def house(request):
    return {"DEMO": settings.DEMO, "PUBLIC_URL": settings.PUBLIC_URL, "REQUEST_ID": getattr(request, "request_id", "")}
