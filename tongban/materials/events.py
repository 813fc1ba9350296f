from tongban.journal.services import event


@event
class DocumentKept:
    """`notes` are codes of what the safe copy leaves out (`gate.NOTES`)."""

    document: int
    notes: list[str]


@event
class DocumentChanged:
    document: int
    how: str
    notes: list[str]


@event
class DocumentHandedIn:
    document: int


@event
class DocumentRemoved:
    document: int


@event
class PageFoundDamaged:
    """What is kept of a page is no longer what was sent: its owner is asked to send it again."""

    document: int
    page: int


@event
class DocumentRead:
    """The machine is through with a document: what it read, or why it could not, stands in its reading and nowhere else."""

    document: int


@event
class IdentityPictureSent:
    proofing: int


@event
class IdentityPictureRead:
    """The machine is through with the picture of a document, or could not read it; what it read stands beside the picture alone."""

    proofing: int
    state: str
