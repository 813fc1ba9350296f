"""Words for what a hall offers: facilities and languages by their keys."""

from django.utils.translation import gettext_lazy as _

FACILITIES = {
    "wheelchair": _("Step-free, wheelchairs to borrow"),
    "glasses": _("Reading glasses"),
    "copier": _("Free copying and printing"),
    "photo": _("Photo booth"),
    "baby": _("Room for parents with babies"),
    "parking": _("Parking"),
    "wifi": _("Free wireless network"),
    "aed": _("Defibrillator"),
    "water": _("Drinking water"),
    "charging": _("Phone charging"),
    "sign_language": _("Sign language on request"),
    "coffee": _("Coffee corner"),
}

LANGUAGES = {
    "zh": "中文",
    "en": "English",
    "ja": "日本語",
    "ko": "한국어",
    "fr": "Français",
    "de": "Deutsch",
    "ru": "Русский",
    "es": "Español",
    "ar": "العربية",
}
