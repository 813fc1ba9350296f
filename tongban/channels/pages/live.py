"""Live pages: a page names the topics it shows, signs them, and its script hears when one of them has changed."""

from urllib.parse import urlencode

from django.core import signing

SALT = "tongban.live"
HOLDS_FOR = 12 * 3600


def live_address(*topics: str) -> str:
    """The address that tells of changes to these topics, for whoever was shown this page and nobody else."""
    return "/live/events?" + urlencode({"token": signing.dumps(sorted(set(topics)), salt=SALT, compress=True)})


def topics_of(token: str) -> list[str]:
    """The topics a token opens. Raises `signing.BadSignature` for one we did not make or that is too old."""
    return signing.loads(token, salt=SALT, max_age=HOLDS_FOR)
