"""What a ticket machine says: in both languages at once, because whoever stands before it has chosen none."""

WORDS = {
    "welcome": {"zh": "请选择要办的事", "en": "What do you come for?"},
    "waits": {"zh": "人在等候", "en": "waiting"},
    "about": {"zh": "约%s分钟", "en": "about %s min"},
    "at_once": {"zh": "马上轮到", "en": "no waiting"},
    "no_window": {"zh": "暂无窗口开放", "en": "no window open now"},
    "take": {"zh": "直接取号", "en": "Take a number"},
    "check_in": {"zh": "预约签到取号", "en": "I have a booking"},
    "who": {"zh": "留一种方式，窗口能更快找到您的材料（可以不留）", "en": "Leave one of these and the window finds your papers sooner. You need not."},
    "booked": {"zh": "出示预约时用的证件、随申码或手机号", "en": "Show the document, code or phone number you booked with"},
    "code": {"zh": "扫随申码", "en": "Identity code"},
    "id": {"zh": "身份证（放在读卡处，或输入号码）", "en": "ID card (lay it on the reader, or type the number)"},
    "phone": {"zh": "手机号（快到时发短信）", "en": "Mobile phone (we send a text when it is nearly your turn)"},
    "large": {"zh": "大字号纸条", "en": "Slip in large print"},
    "go": {"zh": "确认取号", "en": "Take the number"},
    "back": {"zh": "返回", "en": "Back"},
    "again": {"zh": "下一位取号", "en": "Next visitor"},
    "print": {"zh": "打印纸条", "en": "Print the slip"},
    "phone_slip": {"zh": "扫码把号码存到手机", "en": "Scan to keep it on your phone"},
    "phone_take": {"zh": "扫码用手机取号", "en": "Scan to take a number on your phone"},
    "arrival": {"zh": "已预约？可用手机签到，今日签到码", "en": "Booked? Check in by phone, code of today:"},
    "number": {"zh": "您的号码", "en": "Your number"},
    "ahead": {"zh": "前面还有%s人", "en": "%s before you"},
    "next": {"zh": "您是下一位", "en": "You are next"},
    "called": {"zh": "叫号三次，过号30分钟内可重新排队一次", "en": "Called three times. If missed, wait again once within 30 minutes."},
    "broken": {"zh": "本机暂停使用，请到导办台取号", "en": "This machine is out of order. Please ask at the guidance desk."},
    "stopped": {"zh": "大厅暂停办理，暂不取号", "en": "The hall has stopped: no numbers for the moment"},
    "long": {"zh": "现在等候较长，也可以预约时间，或在网上、自助机办理", "en": "Waiting is long now. You can also book a time, do it online or at a terminal."},
}  # fmt: skip


def filled(name: str, value) -> dict[str, str]:
    return {language: words % value for language, words in WORDS[name].items()}
