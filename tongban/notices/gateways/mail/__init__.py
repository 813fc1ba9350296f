from django.conf import settings

from tongban.notices.gateways.mail.base import Letter, Mail, Refused
from tongban.notices.gateways.mail.folder import FolderMail
from tongban.notices.gateways.mail.smtp import SmtpMail

__all__ = ["Letter", "Mail", "Refused", "mail"]


def mail() -> Mail:
    """A real server where one is set, else the folder."""
    return SmtpMail.from_settings() if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") else FolderMail()
