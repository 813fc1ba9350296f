"""Live pages: a page names the topics it shows, signs them, and its script hears when one of them has changed."""

from urllib.parse import urlencode

from django.core import signing

from tongban.journal.queries import topic_versions

SALT = "tongban.live"
HOLDS_FOR = 12 * 3600


def live_address(*topics: str) -> str:
    """The address that tells of changes to these topics, for whoever was shown this page and nobody else."""
    return "/live/events?" + urlencode({"token": signing.dumps(sorted(set(topics)), salt=SALT, compress=True)})


def topics_of(token: str) -> list[str]:
    """The topics a token opens. Raises `signing.BadSignature` for one we did not make or that is too old."""
    return signing.loads(token, salt=SALT, max_age=HOLDS_FOR)


def stand_before(request, *topics: str) -> None:
    """Notes where these topics stand. To be called before what the page shows is read: what somebody changes between the reading and the
    drawing is then still news to the page. A page that notes nothing tells where its topics stood while it was drawn."""
    request.stood = getattr(request, "stood", {}) | topic_versions(list(topics))


def own_step(request, topic: str) -> None:
    """This request itself has just touched the topic, once: no news to the page it answers with."""
    noted = getattr(request, "stood", {})
    if topic in noted:
        request.stood = noted | {topic: noted[topic] + 1}


def stood(request, topics: list[str]) -> dict[str, int]:
    """Where the topics of a page stood before it was read, or, of those nobody noted, where they stand now."""
    noted = getattr(request, "stood", {})
    fresh = [topic for topic in topics if topic not in noted]
    return {topic: noted[topic] for topic in topics if topic in noted} | (topic_versions(fresh) if fresh else {})
