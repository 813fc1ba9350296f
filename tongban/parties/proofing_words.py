"""What an officer says of a document that was photographed: fixed sentences, so that none of them tells anything of anybody else."""

from django.utils.translation import gettext_lazy as _

WRONG = {  # what is to be sent again
    "blurred": _("The picture is blurred or too dark to read."),
    "not_whole": _("Part of the page is missing. The lines of letters and digits at its foot must be on the picture."),
    "other_page": _("It is not the page with your photograph."),
    "name": _("The name you typed is not the one in the document."),
    "id_no": _("The number you typed is not the one in the document."),
    "birth_date": _("The date of birth you typed is not the one in the document."),
    "sex": _("The sex you chose is not the one in the document."),
    "nationality": _("The nationality you chose is not the one in the document."),
}
REFUSED = {
    "expired": _("The document has expired. With a new one you can begin again at any time."),
    "other_kind": _("What the picture shows is not a document that proves an identity here."),
    "window": _(
        "It could not be made sure online. Please come to any window with the document: a person helps at once."
    ),
}
LONGEST_WORDS = 500
