"""What the worker does for people's accounts."""

import json

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from tongban.journal import services as journal
from tongban.lib import encryption
from tongban.parties import events, families, mandates, queries, services
from tongban.parties.models import Account, Person, Proofing


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
            said = queries.remarks_of(Proofing.objects.get(pk=event.proofing))["why"]
            body = "\n".join([*map(str, said), "", str(body)]) if said else body
    services.post_mail(account.email, subject, body)


@journal.on(events.ProofingAskedAgain)
def ask_for_it_again(event: events.ProofingAskedAgain) -> None:
    account, proofing = Account.objects.get(pk=event.account), Proofing.objects.get(pk=event.proofing)
    if proofing.outcome != Proofing.Outcome.ASKED_AGAIN:
        return  # answered already
    with translation.override(account.language):
        subject = _("Please send something of your document again")
        body = _("Your document could not be compared yet. Sign in and send it again; what you typed is kept.")
        said = "\n".join(f"- {sentence}" for sentence in queries.remarks_of(proofing)["why"])
        services.post_mail(account.email, subject, f"{said}\n\n{body}")


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


END_FAMILY_BONDS = families.end_what_is_over  # loading it enters the worker's duties


@journal.on(events.IdentityProved, events.ComparedAtWindow)
def find_mandates_that_wait(event: events.IdentityProved | events.ComparedAtWindow) -> None:
    mandates.find_their_agent(Person.objects.get(pk=event.person))


@journal.on(events.ProofingDecided)
def find_mandates_of_a_person_compared_by_hand(event: events.ProofingDecided) -> None:
    account = Account.objects.select_related("person").get(pk=event.account)
    if event.proved and account.person is not None:
        mandates.find_their_agent(account.person)
