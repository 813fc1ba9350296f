from tongban.journal.services import event


@event
class CallBackAsked:
    call_back: int


@event
class CallBackMoved:
    call_back: int
    move: str
