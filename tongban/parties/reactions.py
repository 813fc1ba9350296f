"""What the worker does for people's accounts."""

import json

from django.conf import settings
from django.core.mail import EmailMessage

from tongban.journal import services as journal
from tongban.lib import encryption


@journal.carrier("parties.mail")
def carry_mail(letter: str) -> None:
    content = json.loads(encryption.decrypt(letter, "parties.mail"))
    if content["to"]:
        EmailMessage(content["subject"], content["body"], settings.DEFAULT_FROM_EMAIL, [content["to"]]).send()
