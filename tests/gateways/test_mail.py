"""One contract for everybody who takes our letters; SMTP against a server of our own on this machine."""

import email
import socketserver
import threading
import uuid
from email import policy

import pytest

from tongban.notices.gateways.mail.base import Letter, Refused
from tongban.notices.gateways.mail.folder import FolderMail
from tongban.notices.gateways.mail.smtp import SmtpMail


class Server(socketserver.ThreadingTCPServer):
    """Enough of SMTP: answers the recipient with `answer`, keeps what it took."""

    allow_reuse_address = True
    daemon_threads = True
    answer = "250 fine"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.taken: list[bytes] = []


class Conversation(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 here")
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper()
            if word == b"QUIT":
                self.say("221 bye")
                return
            if word == b"DATA":
                self.say("354 go on")
                content = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    content += part
                self.server.taken.append(content)
                self.say("250 taken")
            elif word == b"RCPT":
                self.say(self.server.answer)
            else:
                self.say("250 fine")


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["folder", "smtp"])
def post(request, tmp_path):
    """(the gateway, what arrived)."""
    if request.param == "folder":
        mail = FolderMail(tmp_path)
        return mail, lambda: [path.read_bytes() for path in tmp_path.glob("*.eml")]
    server = request.getfixturevalue("server")
    return SmtpMail("127.0.0.1", server.server_address[1]), lambda: server.taken


def a_letter(**changes) -> Letter:
    content = {
        "to": "wang@example.org",
        "subject": "办好了,结果可查看",
        "text": "您好\n第二行",
        "reference": str(uuid.uuid4()),
    }
    return Letter(**(content | changes))


def test_a_letter_arrives_as_it_was_written(post):
    mail, arrived = post
    letter = a_letter()

    mail.send(letter)

    (raw,) = arrived()
    message = email.message_from_bytes(raw, policy=policy.default)
    assert (message["To"], message["Subject"]) == (letter.to, letter.subject)
    assert message["Message-ID"] == f"<{letter.reference}@tongban.invalid>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().strip().splitlines() == letter.text.splitlines()


def test_a_letter_tried_again_carries_the_same_reference(post):
    mail, arrived = post
    letter = a_letter()

    mail.send(letter)
    mail.send(letter)

    messages = {email.message_from_bytes(raw, policy=policy.default)["Message-ID"] for raw in arrived()}
    assert messages == {f"<{letter.reference}@tongban.invalid>"}


@pytest.mark.parametrize("changes", [{"to": "a@b.org\r\nBcc: x@y.org"}, {"subject": "a\nBcc: x@y.org"}])
def test_no_header_can_be_smuggled_in(post, changes):
    mail, arrived = post

    with pytest.raises(Refused):
        mail.send(a_letter(**changes))

    assert list(arrived()) == []


def test_the_folder_refuses_its_known_bad_case(tmp_path):
    with pytest.raises(Refused):
        FolderMail(tmp_path).send(a_letter(to="nobody@refused.invalid"))


def test_smtp_tells_never_from_later(server):
    mail = SmtpMail("127.0.0.1", server.server_address[1])
    assert mail.problems() == []

    server.answer = "550 no such mailbox"
    with pytest.raises(Refused, match="550"):
        mail.send(a_letter())
    server.answer = "450 try later"
    with pytest.raises(Exception) as later:
        mail.send(a_letter())
    assert not isinstance(later.value, Refused)


def test_smtp_that_is_not_there_is_a_problem_and_no_refusal():
    mail = SmtpMail("127.0.0.1", 1)

    assert len(mail.problems()) == 1
    with pytest.raises(OSError):
        mail.send(a_letter())
