"""How long things are kept, for guides, case pages and “My data”: {% load kept %}."""

from django import template

from tongban.cases.models import Case
from tongban.matters import retention
from tongban.matters.models import MatterVersion
from tongban.parties.models import Party
from tongban.records import queries

register = template.Library()


@register.simple_tag
def kept_by_guide(version: MatterVersion) -> list[retention.Rule]:
    """One line for each way an application can end."""
    return retention.rules_of(version)


@register.simple_tag
def papers_kept_longer(version: MatterVersion) -> list[retention.PaperRule]:
    """The documents of this guide that keep an application longer, once it was decided on them."""
    return retention.kinds_asked_by(version)


@register.simple_tag
def how_long_kept(case: Case) -> queries.Kept:
    """Until when, what happens then, on which ground, and what stops it."""
    return queries.kept(case)


@register.simple_tag
def kept_of(party: Party | None) -> list[tuple[Case, queries.Kept]]:
    """The newest applications that ended, each with its last day."""
    return queries.kept_of(party) if party is not None else []
