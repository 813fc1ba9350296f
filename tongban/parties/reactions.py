"""What the worker does for people's accounts."""

import json

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from tongban.journal import services as journal
from tongban.lib import encryption
from tongban.parties import events, services
from tongban.parties.models import Account


@journal.carrier("parties.mail", outward=True)
def carry_mail(letter: str) -> None:
    content = json.loads(encryption.decrypt(letter, "parties.mail"))
    if content["to"]:
        EmailMessage(content["subject"], content["body"], settings.DEFAULT_FROM_EMAIL, [content["to"]]).send()


@journal.on(events.ProofingDecided)
def tell_what_was_found(event: events.ProofingDecided) -> None:
    """By letter alone: somebody whose identity is not proved has no inbox yet."""
    account = Account.objects.get(pk=event.account)
    with translation.override(account.language):
        if event.proved:
            subject = _("Your identity is verified")
            body = _("Your document was compared. You can now apply for everything online.")
        else:
            subject = _("Your document could not be confirmed")
            body = _(
                "What you entered does not match the document. Please sign in and enter it again, "
                "or come to any window with the document: a person helps at once."
            )
    services.post_mail(account.email, subject, body)


@journal.on(events.MobileChanged)
def warn_of_a_new_number(event: events.MobileChanged) -> None:
    account = Account.objects.filter(person=event.person).first()
    if account is None:
        return
    with translation.override(account.language):
        subject = _("Your mobile number was changed")
        body = _(
            "From now on messages go to the new number. For a day nobody can be named to act for your company.\n\n"
            "If this was not you, change your password at once and end all sessions under “My account”, or call the help line."
        )
    services.post_mail(account.email, subject, body)
