"""Mail by a real server. Permanent answers (5xx) about this letter are refusals; everything else is tried again."""

import smtplib
import ssl

from django.conf import settings

from tongban.notices.gateways.mail.base import Letter, Refused
from tongban.notices.gateways.mail.folder import written


class SmtpMail:
    name = "smtp"

    def __init__(self, host: str = "", port: int = 0, user: str = "", password: str = "", security: str = ""):
        self.host, self.port, self.user, self.password, self.security = host, port, user, password, security

    @classmethod
    def from_settings(cls) -> "SmtpMail":
        security = "ssl" if settings.EMAIL_USE_SSL else "starttls" if settings.EMAIL_USE_TLS else ""
        return cls(
            settings.EMAIL_HOST or "",
            settings.EMAIL_PORT,
            settings.EMAIL_HOST_USER,
            settings.EMAIL_HOST_PASSWORD,
            security,
        )

    def send(self, letter: Letter) -> None:
        try:
            message = written(letter)
            with self._server() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code, reason = next(iter(refused.recipients.values()))
            if code >= 500:
                raise Refused(f"{code} {_text(reason)}") from refused
            raise
        except smtplib.SMTPNotSupportedError as never:
            raise Refused(str(never)) from never
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
            if refused.smtp_code >= 500:
                raise Refused(f"{refused.smtp_code} {_text(refused.smtp_error)}") from refused
            raise

    def problems(self) -> list[str]:
        try:
            with self._server():
                return []
        except (OSError, smtplib.SMTPException) as failure:
            return [f"{self.host}:{self.port}: {type(failure).__name__}: {failure}"[:200]]

    def _server(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.security == "ssl":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=settings.EMAIL_TIMEOUT, context=context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=settings.EMAIL_TIMEOUT)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _text(reason: bytes | str) -> str:
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
