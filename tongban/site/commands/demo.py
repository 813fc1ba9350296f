import sys

from django.conf import settings
from tqdm import tqdm

from tongban.parties.models import Account
from tongban.site.demonstration import district, history, people


def arguments(parser):
    parser.add_argument("--rebuild", action="store_true", help="throw everything away and build the district anew")
    parser.add_argument("--signins", action="store_true", help="only list who can sign in, and how")


def run(options) -> int:
    if options.signins:
        return sign_ins()
    if not settings.DEMO:
        print("This is not a demonstration (TONGBAN_DEMO=0). Nothing was changed.")
        return 1
    if options.rebuild:
        print("- Emptying this installation ...", flush=True)
        district.throw_away()
    elif not district.is_empty():
        print("The district is there. `tongban demo --rebuild` throws it away and builds it anew.")
        return 0
    print("- Building the demonstration district ...", flush=True)
    with tqdm(
        total=history.how_many(), unit=" cases", desc="  cases", file=sys.stderr, disable=not sys.stderr.isatty()
    ) as bar:
        stand, seconds = district.timed(lambda: district.build(progress=bar.update))
    print(f"  {sum(stand.values())} cases in {len(stand)} states, in {seconds:.0f} s")
    return 0


STORIES = [
    ("wang-anhui", "王演练", "a newcomer; his residence permit ends within 30 days: have it endorsed"),
    ("chen-flex", "陈灵活", "runs a café (switch to the company): apply for a food licence"),
    ("li-na", "李示例", "a young mother; clerk of two companies"),
    ("zhang-wei", "张示范", "retired"),
    ("anna", "安娜", "from abroad, in English"),
]
OFFICERS = [
    ("prereview", "pre-review"),
    ("window", "comprehensive window: accepts, asks for correction"),
    ("amr-review", "reviewer of the market regulation bureau"),
    ("amr-approve", "approver of the same bureau"),
    ("issuing", "issuing window"),
    ("coordinator", "government service office: bad ratings, overview"),
    ("auditor", "supervision, reads only"),
    ("editor", "guides of all departments (amr-editor: of one)"),
    ("catalogue", "catalogue manager, checks and publishes (amr-catalogue)"),
]


def sign_ins() -> int:
    """Who can sign in. Officers need a second factor: its code is shown on the page that asks for it."""
    if not settings.DEMO or not Account.objects.filter(login=STORIES[0][0]).exists():
        print("There is no demonstration district here.")
        return 1
    print(f"  password for everybody: {people.PASSWORD}")
    for login, name, story in STORIES:
        print(f"  {login:<14} {name}  {story}")
    for login, job in OFFICERS:
        print(f"  {login:<14} officer: {job}")
    print(
        "  Officers: the page that asks for the second factor shows its code. Further officers: <department>-review, -approve, -approve2."
    )
    return 0
