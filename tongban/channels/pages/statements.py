"""What this site promises about accessibility and about data, as data: tests hold the sentences to what is really done.

`tests/browser/test_accessible.py` has one test for each sentence of CHECKS and looks at each page of LOOKED_AT.
`tests/pages/test_statements.py` holds KEPT against docs/data-map.yaml: every table with personal data is told about, with its own period.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.lib import yamls

LOOKED_OVER_ON = date(2026, 11, 21)

# the name of the test -> what it makes sure of
CHECKS: dict[str, Promise] = {
    "test_axe_finds_nothing_wrong": _("The checking program axe finds nothing wrong by the rules of WCAG 2.2, levels A and AA."),
    "test_the_whole_errand_is_done_with_the_keyboard_alone": _(
        "An application is found, filled in and sent with the keyboard alone. The focus is always visible and is never caught."
    ),
    "test_the_first_tab_leads_past_the_head_to_the_content": _("The first press of Tab leads past the head of the page to its content."),
    "test_nothing_is_lost_at_four_hundred_percent": _(
        "At 400 % magnification everything is still there and nothing has to be read sideways."
    ),
    "test_nothing_moves_when_less_motion_is_asked_for": _("Nothing moves when the device asks for less motion."),
    "test_every_mistake_is_tied_to_its_field": _(
        "Every mistake in a form is listed at the top, with a link to its field, and is read out with the field."
    ),
    "test_every_page_has_its_own_title": _("Every page has a title of its own; a page with mistakes says so first."),
    "test_the_language_of_a_page_is_declared": _("Every page declares its language, so that it is read out with the right voice."),
    "test_the_errand_needs_no_script": _("The errand works to its end without script."),
    "test_every_page_is_walked_with_the_keyboard": _("On every page the focus is always visible, never hidden behind something else, never caught, and goes on in the order of reading."),
    "test_everything_that_can_be_used_has_a_name_and_a_size": _("Everything that can be pressed or filled in has a name that is read out, with the words that are seen, and is large enough to hit."),
    "test_headings_and_regions_are_in_order": _("Headings and regions of every page are in order, so that one can jump from one to the next."),
    "test_nothing_is_lost_with_more_space_between_letters_and_lines": _("Nothing is lost when more space is set between letters, words and lines."),
    "test_contrast_is_measured_in_both_schemes": _("The contrast of every text and of the edge of every field is measured, in light and dark colours."),
    "test_nothing_runs_out_while_somebody_thinks": _("Nothing runs out: a page left alone for a day is still there, with everything that was typed."),
    "test_what_changes_without_a_new_page_is_read_out": _("What changes without a new page, such as “Saved”, is read out."),
    "test_what_a_screen_reader_finds_on_the_main_pages": _("What a screen reader finds on the main pages, names and kinds, is compared with what should be there."),
    "test_the_html_of_every_page_is_valid": _("The HTML of every page is checked against the standard."),
    "test_both_ways_of_holding_a_phone_work": _("A phone can be held upright or across."),
    "test_looking_and_choosing_change_nothing_by_themselves": _("Moving to a field or choosing an answer never leaves the page or sends anything."),
    "test_help_stands_at_the_same_place": _("The help line stands on every page, at the same place."),
}  # fmt: skip

LOOKED_AT: dict[str, Promise] = {
    "home": _("Home page"),
    "search": _("Search"),
    "guide": _("Guide of a matter"),
    "sign_in": _("Sign in"),
    "form": _("Application: form"),
    "form_with_mistakes": _("Application: form with mistakes"),
    "materials": _("Application: materials"),
    "check": _("Application: check and sign"),
    "case": _("My case"),
    "licences": _("My licences"),
    "inbox": _("Inbox"),
    "verify": _("Check a licence"),
    "accessibility": _("Accessibility"),
    "privacy": _("How we use your data"),
    "queue": _("Officers: queue"),
    "office_case": _("Officers: case"),
}

REGISTER = yamls.read(Path(__file__).parent / "accessibility.yaml")
HOW: dict[str, Promise] = {
    "tests": _("tested at every change"),
    "by_hand": _("looked through by hand"),
    "not_used": _("there is nothing of this kind here"),
    "gap": _("not good enough yet"),
}


def criteria() -> list[dict]:
    """Every criterion of WCAG 2.2, levels A and AA, with what makes sure of it, in the reader's language."""
    return [
        {
            **row,
            "name": {"zh": row["zh"], "en": row["en"]},
            "how": HOW[row["how"]],
            "sentences": [CHECKS[one] for one in row["tests"]],
        }
        for row in REGISTER["criteria"]
    ]


def gaps() -> list[dict]:
    """What is not good enough, since when it is known, and how to get the thing otherwise."""
    return [
        {
            "since": row["since"], "criteria": row["criteria"], "what": {"zh": row["zh"], "en": row["en"]},
            "otherwise": {"zh": row["otherwise_zh"], "en": row["otherwise_en"]},
        }
        for row in REGISTER["gaps"]
    ]  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """One kind of data, as people would name it. `periods`: the words of the data map -> the words of the page."""

    what: Promise
    why: Promise
    ground: Promise
    who_reads: Promise
    tables: tuple[str, ...]
    periods: dict[str, Promise]


BY_TASK = _("the task of government to provide the service")
BY_APPLICATION = _("your application and the law of the matter")
BY_LAW_ON_DATA = _("the law on personal information: every use is recorded")

KEPT: tuple[Kept, ...] = (
    Kept(
        what=_("Who you are: name, number of your document, date of birth, mobile number, address, bank account"),
        why=_("So that we know you, fill in your forms and reach you. Numbers are encrypted and shown only in part."),
        ground=BY_TASK,
        who_reads=_("You, and officers who handle a case of yours"),
        tables=(
            "parties.Party",
            "parties.Person",
            "parties.Proofing",
            "parties.Sameness",
            "parties.Trace",
            "materials.IdentityPicture",
        ),
        periods={
            "while there is an account or a case, then 5 years": _("as long as you have an account or a case, then 5 years"),
            "3 years": _("how your identity was proved: 3 years"),
            "30 days after the decision": _("the picture of your passport: 30 days after an officer decided"),
            "with the person": _("what was found out about a second record of you: as long as your record"),
        },
    ),
    Kept(
        what=_("Your account: sign-in name, password, e-mail address, and how you want to be told"),
        why=_("So that you can sign in, and nobody else. Of the password only a fingerprint is kept, from which it cannot be read."),
        ground=_("your use of the service"),
        who_reads=_("You alone"),
        tables=("parties.Account", "parties.Objection", "notices.Preference", "cases.ListedMatter"),
        periods={
            "until the account is closed, then 6 months": _("until the account is closed, then 6 months"),
            "with the account": _("as long as the account"),
        },
    ),
    Kept(
        what=_("Companies: name, credit code, address, bank account, and who may act for them"),
        why=_("So that the right people act for a company."),
        ground=_("the public register of companies, or the naming by the company"),
        who_reads=_("Whoever acts for the company, and officers who handle a case of it"),
        tables=("parties.Company", "parties.Membership"),
        periods={
            "while it is registered, then 5 years": _("as long as the company is registered, then 5 years"),
            "until it ends, then 5 years": _("who acted for it: until that ends, then 5 years"),
        },
    ),
    Kept(
        what=_("Your applications: answers, history, questions, notices and decisions"),
        why=_("So that they can be decided, and so that the decision can be looked at again. Answers are encrypted."),
        ground=BY_APPLICATION,
        who_reads=_("You, and officers of the department who handle the case"),
        tables=(
            "cases.Case", "cases.CaseMaterial", "cases.Finding", "cases.MachineFinding", "cases.Step", "cases.Clock", "cases.Question", "cases.CaseDocument", "rights.Review", "indicators.Part",
            "cases.Hand", "cases.PhoneSignature", "cases.GlassSignature", "cases.PostedPaper", "cases.PhoneNote",
            "cases.Bundle", "cases.BundleMember", "cases.DeskTime", "cases.Escalation", "cases.CorrectionRequest", "cases.StaffChange",
            "cases.Promise", "cases.Tolerance", "cases.Hearing", "cases.Consultation", "cases.Appeal", "cases.Inspection",
            "cases.InspectionPhoto", "cases.InspectionSignature", "cases.PublicNotice", "cases.PublicObjection", "cases.Signer",
            "cases.BrokenPromise", "cases.CarriedDraft", "cases.DeletedDraft", "cases.Talk", "cases.QuestionPaper", "cases.Letter", "cases.Reissue",
            "records.Keeping", "records.Hold", "records.Handover",
            "cases.CaseLabel", "cases.StaffNote", "cases.NoteEdit", "cases.Mention", "cases.PassingOn",
            "cases.Delivery", "cases.DeliveryItem", "cases.Collection", "cases.TrackingEvent", "cases.Mark", "cases.Alike",
            "cases.OneMore", "cases.BatchItem",
        ),
        periods={
            "7 days after it was deleted, or at once when the person asks": _("a draft that you deleted: 7 days more in case it was a slip, or gone at once if you wish"),
            "with the matter": _("that you were allowed one more application: as long as the matter is offered"),
            "30 years for permits, 10 for others; drafts 90 days after the last change": _(
                "permits 30 years, others 10 years; drafts 90 days after the last change"
            ),
            "with the case": _("everything in a case: as long as the case"),
            "forever": _("that an application was handed over to the archive: for good, without your name"),
            "6 years": _("that a signed promise was found false: 6 years"),
        },
    ),
    Kept(
        what=_("Who may act for whom: mandates, parents and guardians, and what was done for somebody"),
        why=_("So that others can help you, and so that you see everything they did in your name."),
        ground=_("the mandate you gave, or the law on parents and guardians"),
        who_reads=_("You, whoever acts for you, and officers who handle a case they brought"),
        tables=("parties.Mandate", "parties.Kinship", "parties.MandateCode", "parties.Deed"),
        periods={
            "5 years after it ended": _("that somebody may act: 5 years after it ended"),
            "1 day": _("codes you show: 1 day"),
            "6 years": _("what was done for you: 6 years"),
        },
    ),
    Kept(
        what=_("Bills, payments, refunds and receipts"),
        why=_("So that nothing is charged twice, and so that accounts can be looked at."),
        ground=_("the duty to keep accounts"),
        who_reads=_("You, and officers who keep the accounts"),
        tables=(
            "payments.Bill", "payments.BillLine", "payments.Reduction", "payments.Payment", "payments.GatewayNotice",
            "payments.Refund", "payments.Receipt", "payments.Statement", "payments.StatementLine", "payments.Share",
        ),
        periods={
            "10 years after it is settled (accounting records)": _("bills: 10 years after they are settled"),
            "with the bill": _("what stands on a bill: as long as the bill"),
            "10 years (accounting records)": _("payments, refunds and receipts: 10 years"),
            "with the payment": _("how a payment was shared among bills: as long as the payment"),
        },
    ),
    Kept(
        what=_("Documents you hand in: photographs and files"),
        why=_("So that the conditions can be checked, and so that you need not hand them in twice. Files are encrypted; places and devices are taken out of photographs."),
        ground=_("your application"),
        who_reads=_("You, and officers who handle a case with the document"),
        tables=("materials.Document", "materials.Page", "materials.Reading"),
        periods={
            "with the case it belongs to; 2 years after the last use otherwise": _(
                "as long as the case; without one, 2 years after the last use"
            ),
            "with its document": _("each page: as long as the document"),
        },
    ),
    Kept(
        what=_("Your electronic licences, and where they were checked or used instead of paper"),
        why=_("So that you have them at hand, and so that anybody can see whether they are genuine."),
        ground=_("the law of the matter"),
        who_reads=_("You; the department that issued it; whoever has the code, but only a part"),
        tables=("licences.Licence", "licences.LicenceCheck", "licences.LicenceCall", "licences.LicenceItem", "licences.Proceeding", "licences.LicenceAct"),
        periods={
            "10 years after it was done": _("that one was corrected, cancelled or given back: 10 years"),
            "10 years after the decision": _("that one was suspended or revoked: 10 years after that decision"),
            "until 10 years after it ends": _("licences: until 10 years after they end"),
            "2 years": _("that they were checked: 2 years"),
            "6 years": _("where they were used: 6 years"),
        },
    ),
    Kept(
        what=_("Copies of your licences in wallet apps and files, and what you showed an officer from one"),
        why=_("So that you see every copy and can end it, and so that an officer can go by what you showed. The copy itself is not kept."),
        ground=_("your own act, and your right to know"),
        who_reads=_("You; of what you showed, the officer who asked. Anybody may read the status lists: they name nobody"),
        tables=("licences.Credential", "licences.CredentialRequest"),
        periods={
            "2 years after it ends": _("that there was a copy: 2 years after it ends"),
            "30 days": _("what you showed an officer: 30 days"),
        },
    ),
    Kept(
        what=_("What you did with your licences: codes you showed, shares, printed copies, offices you let in, errors you reported, and who looked"),
        why=_("So that you see everything that was done with a licence of yours and can end what is not needed any more."),
        ground=_("your own act, and your right to know"),
        who_reads=_("You; the office or person you let in; of a report, the department that issued the licence"),
        tables=("licences.LicencePresentation", "licences.LicenceOpening", "licences.LicenceAuthority", "licences.FaceReport"),
        periods={
            "2 years after its end; a printed code as long as its licence": _("codes and shares: 2 years after they ended; the code of a printed copy as long as the licence"),
            "2 years": _("who opened them: 2 years"),
            "6 years after its last day": _("that you let an office in: 6 years after the last day"),
            "6 years after it was reported": _("errors you reported: 6 years"),
        },
    ),
    Kept(
        what=_("Messages to you"),
        why=_("So that you know what happened. What they say is encrypted."),
        ground=_("the duty to notify"),
        who_reads=_("You alone"),
        tables=("notices.Message", "notices.Dispatch", "notices.CallBack", "notices.InformationDeclined", "cases.CircularReceiver"),
        periods={
            "2 years after it was read": _("2 years after you read them"),
            "1 year": _("that they were sent outside: 1 year"),
            "30 days after the call": _("that you asked to be rung up: 30 days after the call"),
            "until it is taken back": _("that you want no information: until you change it"),
            "2 years": _("that a message to many came to you: 2 years"),
        },
    ),
    Kept(
        what=_("Your ratings"),
        why=_("So that what was bad is put right."),
        ground=_("the public rule on good and bad reviews"),
        who_reads=_("The office that follows them up; your name only if you allow it"),
        tables=("evaluations.Invitation", "evaluations.Rating", "evaluations.FollowUp"),
        periods={
            "5 years; never changed": _("ratings: 5 years, unchanged"),
            "5 years": _("what was done about them: 5 years"),
            "2 years": _("that you were asked: 2 years"),
        },
    ),
    Kept(
        what=_("Who looked at your data, which registers were asked, and what was done in your cases"),
        why=_("So that you can see it, and so that nobody can hide it. No line can be taken out unseen."),
        ground=BY_LAW_ON_DATA,
        who_reads=_("You; supervision and audit"),
        tables=("journal.ReadEntry", "registers.Call", "journal.Event", "cases.Visit", "oversight.Look", "oversight.Allowance", "oversight.ReadQuestion", "oversight.Alert"),
        periods={
            "6 years": _("who read, which registers were asked, and visits to a window: 6 years"),
            "30 years": _("official acts: 30 years"),
        },
    ),
    Kept(
        what=_("Your identity code: that you have one, paper codes, and who read them, where and for what"),
        why=_("So that a code is accepted once by each reader, and so that you see who read it. Where you were is not kept longer than you need to see it."),
        ground=BY_LAW_ON_DATA,
        who_reads=_("You alone; readers are told only what their purpose allows"),
        tables=("codes.IdentityCode", "codes.CodeCheck"),
        periods={
            "while the account is open; papers 1 year after they ended": _("that you have a code: while your account is open; papers 1 year after they ended"),
            "30 days": _("who read it: 30 days"),
        },
    ),
    Kept(
        what=_("Health passes you keep here, and your latest test from the register if you agreed"),
        why=_("So that you can show them, and so that an entrance or an inspection that asks for a recent test sees it. Encrypted."),
        ground=_("your consent"),
        who_reads=_("You alone; whoever may ask for a recent test learns its time and result"),
        tables=("codes.KeptPass", "codes.KnownTest"),
        periods={
            "until its holder deletes it, at the latest 180 days after it ends": _("passes: until you delete them, at the latest 180 days after they end"),
            "30 days, or with the pass it comes from": _("a test: 30 days, or as long as the pass it comes from"),
        },
    ),
    Kept(
        what=_("Statuses under emergency orders: the decisions about you, what they rest on, your appeals; scans of you at inspections"),
        why=_("So that a status is a decision with a reason and an end that you can challenge, and an inspection can be followed."),
        ground=_("law on infectious diseases, and an emergency order in force; the duty of inspection"),
        who_reads=_("You; two officers of the health department; at an entrance only the colour"),
        tables=(
            "codes.EmergencyOrder", "codes.StatusProposal", "codes.StatusLine", "codes.HealthStatus", "codes.StatusAppeal",
            "codes.VenueVisit", "codes.WorkerCheck", "codes.VenueFinding", "codes.VisitPhoto",
        ),
        periods={
            "3 years": _("decisions and appeals: 3 years"),
            "half a year": _("scans at inspections: half a year"),
            "5 years": _("findings at a venue of yours and their photographs: 5 years"),
            "for ever": _("orders: for ever"),
        },
    ),
    Kept(
        what=_("Your tickets and appointments at halls, wishes for an earlier time, computers you reserved; as a member of staff the window you sit at and whom you called when"),
        why=_("So that you are called in your turn and met at your time, and so that waiting can be measured and nobody is called out of turn unseen."),
        ground=BY_TASK,
        who_reads=_("You; the staff of that hall on that day; figures name nobody"),
        tables=("halls.Ticket", "halls.TicketCall", "halls.TicketCase", "halls.DeskNote", "halls.RatingAsk", "halls.Appointment", "halls.EarlierWish", "halls.ComputerHour", "halls.Window", "halls.HallDay", "halls.HallMove", "halls.HallSupervisor"),
        periods={
            "1 year": _("tickets and calls: 1 year"),
            "1 year after it ended": _("appointments: 1 year after they ended"),
            "90 days after it ended": _("wishes: 90 days after they ended"),
            "90 days": _("computers: 90 days"),
            "as long as the window exists": _("the window: as long as you sit there"),
            "5 years": _("which officer entered other hours or a new address of a hall: 5 years"),
        },
    ),
    Kept(
        what=_("Round tables you came to: the departments, what was noted, who does what until when, and the letter about it"),
        why=_("So that several departments keep what they told you at one table."),
        ground=BY_TASK,
        who_reads=_("You; the departments that sat at the table; whoever looks at the shared screen while it is shown, without numbers and names"),
        tables=("halls.RoundTable", "halls.RoundTableSeat", "halls.RoundTableNote", "halls.RoundTableTask", "halls.RoundTableCase"),
        periods={
            "3 years after it took place": _("3 years after it took place"),
            "with the round table": _("everything else with the round table"),
        },
    ),
    Kept(
        what=_("Venues you run, staff lists you agreed to stand on, and what you reported about a venue code"),
        why=_("So that a code hangs at a true address, so that whoever works there is known to inspections, and so that a false code is taken down. Who came to a place is not written down."),
        ground=BY_APPLICATION,
        who_reads=_("Name and address of a venue: everybody; the staff list: its manager and inspectors; reports: the office that issues venue codes"),
        tables=("codes.Venue", "codes.VenueWorker", "codes.VenueReport", "codes.EntryRule"),
        periods={
            "while it is in use and 2 years after": _("a venue: while it is in use and 2 years after"),
            "1 year after the end": _("that you worked there: 1 year after you left the list"),
            "1 year after it was looked at": _("a report: 1 year after it was looked at"),
            "for ever": _("rules at entrances that officers published: for ever"),
        },
    ),
    Kept(
        what=_("Under an emergency order only: that you came to a place, with the hour"),
        why=_("So that the health office can follow an infection. Sealed to that office; this platform cannot read it. Without such an order nothing is written down."),
        ground=_("an emergency order in force that says so, with its end"),
        who_reads=_("The health office with its own key; you see that it read"),
        tables=("codes.SealedVisit",),
        periods={"14 days; the key of the day is destroyed": _("14 days; then the key of the day is destroyed and nobody can read it")},
    ),
    Kept(
        what=_("What you said is wrong in a register, and what was answered; what you agreed to"),
        why=_("So that it is put right, and so that nothing is read that you did not agree to where no law asks for it."),
        ground=_("your right to have data corrected, and your consent"),
        who_reads=_("You, and the stewards of the register"),
        tables=("registers.Dispute", "registers.Correction", "registers.Consent", "rights.Export"),
        periods={
            "6 years": _("disputes and corrections: 6 years"),
            "3 years after it is revoked": _("consents: 3 years after you take them back"),
            "7 days; that it was asked for 2 years": _("a copy of your data: 7 days; that you asked for it: 2 years"),
        },
    ),
    Kept(
        what=_("Officers: name, department, roles, and what they may handle"),
        why=_("So that only those decide who may."),
        ground=_("employment in public service"),
        who_reads=_("Colleagues; citizens see the department"),
        tables=("departments.Officer", "departments.Certification", "departments.Absence", "cases.DeskHabit", "cases.SavedView", "cases.Batch", "cases.Circular", "records.Destruction", "records.DestructionLine"),
        periods={
            "6 years": _("that they acted on many cases at once, or confirmed it: 6 years"),
            "2 years": _("messages to many that they wrote: 2 years"),
            "forever": _("that they had applications destroyed whose time was over: for good"),
            "until 5 years after leaving": _("until 5 years after leaving"),
            "until 5 years after it ends": _("what they may handle: until 5 years after it ends"),
            "until the officer deletes it": _("filters of a queue that they saved: until they delete them"),
        },
    ),
)  # fmt: skip

RIGHTS: tuple[Promise, ...] = (
    _("See everything we keep, why and how long, under “My data”, and take a copy of it with you."),
    _("See who looked at it and why, under “Who read my data”."),
    _("Put right what is wrong: beside each value we filled in there is “This is wrong”, or ask at any window."),
    _("Withdraw an application before it is decided, and delete a draft at any time."),
    _("Object to what no law asks for, take an agreement back, close your account: under “My data”, at any window or by telephone. What the law requires to be kept is named with its end."),
    _("Ask why a machine decided as it did, and have a person look at it: in the application itself."),
    _("Complain, if you do not agree with how your data is used."),
)  # fmt: skip
