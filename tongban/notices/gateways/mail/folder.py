"""The demonstration's mail: each letter is a file in mail/ of the var directory, to be opened with any mail program.

Known bad case: an address at refused.invalid is refused.
"""

import os
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

from tongban.notices.gateways.mail.base import Letter, Refused


class FolderMail:
    name = "folder"

    def __init__(self, folder: Path | None = None):
        self.folder = Path(folder or settings.TONGBAN_VAR / "mail")

    def send(self, letter: Letter) -> None:
        if letter.to.endswith("@refused.invalid"):
            raise Refused("no such mailbox")
        message = written(letter)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        place = self.folder / f"{letter.reference}.eml"
        being_written = place.with_suffix(f".{os.getpid()}.part")
        being_written.write_bytes(bytes(message))
        being_written.replace(place)

    def problems(self) -> list[str]:
        return []


def written(letter: Letter) -> EmailMessage:
    """The letter as RFC 5322 has it. A line break in a header is refused for good."""
    if any(mark in text for text in (letter.to, letter.subject, letter.reference) for mark in "\r\n"):
        raise Refused("a line break in a header")
    message = EmailMessage()
    message["From"] = settings.DEFAULT_FROM_EMAIL
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Message-ID"] = f"<{letter.reference}@tongban.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message
