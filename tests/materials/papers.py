"""Papers drawn by ourselves, always the same, with what stands on them: for measuring how well the machine reads.

`base_pages()` gives clean scans at 200 dots an inch: our own licences as the product prints them, and leases, certificates, cards and
passports laid out like those people bring. `turned`, `scanned`, `photographed` ... make of each what copiers and phones make of it.
People and companies are those of area code 990000, which does not exist.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tongban.lib.identifiers import mod_11_2, mrz_check_digit, uscc_check_character

FONT = Path(__file__).resolve().parents[2] / "tongban" / "licences" / "fonts" / "NotoSansSC-Regular.otf"
A4, CARD, BOOK = (1654, 2339), (1011, 638), (1476, 1039)
INK, GREY, RED, BLUE = (25, 25, 30), (110, 110, 115), (170, 30, 30), (35, 60, 120)


@dataclass(frozen=True)
class Paper:
    name: str
    picture: Image.Image
    kind: str
    values: dict
    how: str = "clean"


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)


class Sheet:
    def __init__(self, size, colour=(255, 255, 255)):
        self.picture = Image.new("RGB", size, colour)
        self.draw = ImageDraw.Draw(self.picture)

    def text(self, x, y, words, size=32, colour=INK, spacing=0):
        if not spacing:
            self.draw.text((x, y), words, font=font(size), fill=colour)
            return x + self.draw.textlength(words, font=font(size))
        for letter in words:
            self.draw.text((x, y), letter, font=font(size), fill=colour)
            x += self.draw.textlength(letter, font=font(size)) + spacing
        return x

    def centred(self, y, words, size=56, colour=INK, spacing=0):
        wide = self.draw.textlength(words, font=font(size)) + spacing * (len(words) - 1)
        self.text((self.picture.width - wide) / 2, y, words, size, colour, spacing)

    def wrapped(self, x, y, words, wide, size=32, line=1.7, colour=INK):
        """Chinese breaks anywhere, Latin words stay whole."""
        pieces, word = [], ""
        for letter in words:
            if letter.isascii() and not letter.isspace():
                word += letter
                continue
            pieces += [word] if word else []
            word = ""
            pieces.append(letter)
        pieces += [word] if word else []
        row = ""
        for piece in pieces:
            if row and self.draw.textlength(row + piece, font=font(size)) > wide:
                self.text(x, y, row.strip(), size, colour)
                y += size * line
                row = ""
            row += piece
        self.text(x, y, row.strip(), size, colour)
        return y + size * line

    def seal(self, x, y, radius, words):
        """A plain red ring with words that say that it is none."""
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=(200, 60, 60), width=5)
        wide = self.draw.textlength(words, font=font(radius // 3))
        self.text(x - wide / 2, y - radius // 5, words, radius // 3, (200, 60, 60))

    def portrait(self, x, y, wide, tall):
        self.draw.rectangle((x, y, x + wide, y + tall), fill=(200, 215, 225))
        self.draw.ellipse((x + wide * 0.3, y + tall * 0.15, x + wide * 0.7, y + tall * 0.55), fill=(225, 190, 165))
        self.draw.pieslice(
            (x + wide * 0.08, y + tall * 0.58, x + wide * 0.92, y + tall * 1.5), 180, 360, fill=(70, 80, 100)
        )


# --- people and numbers

PEOPLE = [
    ("王演练", "M", date(1996, 11, 20), "汉"), ("李示例", "F", date(1992, 7, 8), "汉"), ("阿依古丽·买买提", "F", date(1988, 3, 3), "维吾尔"),
    ("欧阳示范", "M", date(1955, 3, 12), "满"), ("陈灵活", "F", date(1976, 5, 2), "汉"), ("赵创业", "M", date(2002, 1, 15), "回"),
]  # fmt: skip
FOREIGNERS = [
    ("D", "UTO", "UTOPIAN", "ERIKSSON", "ANNA MARIA", "F", date(1974, 8, 12), date(2032, 4, 15), "X90000012", "ZE184226B<<<<<"),
    ("<", "XXA", "XXA", "OKONKWO-SMITH", "CHINEDU JAMES", "M", date(1990, 1, 31), date(2029, 10, 6), "X9OI50S82", ""),
    ("<", "UTO", "UTO", "VAN DER BERG", "JOHANNES", "M", date(1985, 12, 1), date(2027, 2, 28), "X91234567", "123456789"),
    ("<", "XXB", "XXB", "SZABO", "ZSOFIA ELISABETH KATALIN", "F", date(2001, 6, 9), date(2030, 6, 8), "X98B00G51", ""),
]  # fmt: skip
ADDRESSES = [
    "海州市云溪区十八湾路18弄6号302室", "海州市云溪区人民东路1208号2幢1501室", "海州市示范区溪畔街道望江路99号", "海州市云溪区学院路5弄33号601室",
    "海州市示范区梧桐新村17号甲204室",
]  # fmt: skip
COMPANIES = ["云溪区溪畔小馆餐饮有限公司", "海州市示范区晨光便利店", "海州云帆软件科技有限公司", "云溪区老街理发店"]


def id_no(born: date, sex: str, turn: int) -> str:
    digits = f"990000{born:%Y%m%d}{turn % 50 * 2 + (sex == 'M') + 100:03d}"
    return digits + mod_11_2(digits)


def uscc(turn: int) -> str:
    body = f"91990000MA1{turn:05d}K"[:17].replace("I", "1")
    return body + uscc_check_character(body)


def card_no(turn: int) -> str:
    body = f"6299{990000 + turn:06d}0{turn * 7919 % 10**7:07d}"
    total = sum(int(d) * (2 - place % 2) - 9 * (int(d) * (2 - place % 2) > 9) for place, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def spoken(day: date, how: int) -> str:
    """The same day as papers write it."""
    return (
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}年{day.month:02d}月{day.day:02d}日",
        f"{day:%Y-%m-%d}",
        f"{day:%Y.%m.%d}",
        chinese(day),
    )[how % 5]


def chinese(day: date) -> str:
    digits = "〇一二三四五六七八九"

    def small(number):
        tens, ones = divmod(number, 10)
        return ("" if not tens else "十" if tens == 1 else digits[tens] + "十") + (digits[ones] if ones else "")

    return "".join(digits[int(d)] for d in str(day.year)) + f"年{small(day.month)}月{small(day.day)}日"


def english(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def zone(kind, country, surname, given, number, nationality, born, sex, until, optional) -> list[str]:
    first = f"P{kind}{country}{surname.replace(' ', '<').replace('-', '<')}<<{given.replace(' ', '<')}".ljust(44, "<")[
        :44
    ]
    number, optional = number.ljust(9, "<"), optional.ljust(14, "<")[:14]
    birth, expiry = f"{born:%y%m%d}", f"{until:%y%m%d}"
    second = f"{number}{mrz_check_digit(number)}{nationality}{birth}{mrz_check_digit(birth)}{sex}{expiry}{mrz_check_digit(expiry)}"
    second += optional + (mrz_check_digit(optional) if optional.strip("<") else "<")
    whole = second[:10] + second[13:20] + second[21:43]
    return [first, second + mrz_check_digit(whole)]


# --- the papers


def id_card_front(turn: int) -> Paper:
    name, sex, born, people = PEOPLE[turn % len(PEOPLE)]
    address, number = ADDRESSES[turn % len(ADDRESSES)], id_no(born, sex, turn)
    sheet = Sheet(CARD, (236, 242, 246))
    for y in range(20, 620, 14):
        sheet.draw.arc((-200, y, 1200, y + 160), 200, 340, fill=(222, 232, 238))
    for x, y, label, value in (
        (60, 70, "姓名", name), (60, 150, "性别", "男" if sex == "M" else "女"), (280, 150, "民族", people),
    ):  # fmt: skip
        sheet.text(x, y, label, 28, BLUE)
        sheet.text(x + 95, y - 4, value, 36)
    sheet.text(60, 230, "出生", 28, BLUE)
    sheet.text(155, 226, f"{born.year} 年 {born.month} 月 {born.day} 日", 34)
    sheet.text(60, 310, "住址", 28, BLUE)
    sheet.wrapped(155, 306, address, 440, 34, 1.4)
    sheet.text(60, 530, "公民身份号码", 28, BLUE)
    sheet.text(330, 522, number, 42, spacing=4)
    sheet.portrait(680, 70, 270, 350)
    return Paper(
        f"id-card-front-{turn}",
        sheet.picture,
        "id-card",
        {
            "name": name,
            "sex": sex,
            "birth_date": born.isoformat(),
            "address": address,
            "id_no": number,
            "ethnicity": people,
        },
    )


def id_card_back(turn: int) -> Paper:
    begin = date(2015 + turn, 4, 9)
    end = date(begin.year + 20, 4, 9) if turn % 2 == 0 else None
    sheet = Sheet(CARD, (238, 240, 244))
    sheet.text(330, 90, "中华人民共和国", 52, INK, 16)
    sheet.text(330, 190, "居民身份证", 72, INK, 30)
    sheet.text(200, 430, "签发机关", 28, BLUE)
    sheet.text(360, 424, "海州市公安局云溪分局", 34)
    sheet.text(200, 520, "有效期限", 28, BLUE)
    sheet.text(360, 514, f"{begin:%Y.%m.%d}-{f'{end:%Y.%m.%d}' if end else '长期'}", 34)
    return Paper(
        f"id-card-back-{turn}",
        sheet.picture,
        "id-card",
        {
            "issuer": "海州市公安局云溪分局",
            "valid_from": begin.isoformat(),
            "valid_to": end.isoformat() if end else "long-term",
        },
    )


def passport(turn: int) -> Paper:
    _letter, country, nationality, surname, given, sex, born, until, number, optional = FOREIGNERS[
        turn % len(FOREIGNERS)
    ]
    rows = zone("<", country, surname, given, number, country, born, sex, until, optional)
    sheet = Sheet(BOOK, (240, 236, 226))
    sheet.text(70, 40, "PASSPORT", 44, BLUE, 6)
    sheet.text(480, 48, f"Type  P      Code  {country}      Passport No.  {number}", 30)
    sheet.portrait(70, 150, 350, 460)
    y = 150
    for label, value in (
        ("Surname", surname), ("Given names", given), ("Nationality", nationality), ("Date of birth", f"{born:%d %b %Y}".upper()),
        ("Sex", sex), ("Date of expiry", f"{until:%d %b %Y}".upper()),
    ):  # fmt: skip
        sheet.text(480, y, label, 22, GREY)
        sheet.text(480, y + 28, value, 34)
        y += 86
    for place, row in enumerate(rows):
        x = 60
        for letter in row:  # machine letters stand at equal distances
            wide = sheet.draw.textlength(letter, font=font(44))
            sheet.text(x + (31 - wide) / 2, 790 + place * 90, letter, 44)
            x += 31
    return Paper(
        f"passport-{turn}",
        sheet.picture,
        "passport",
        {
            "passport_no": number, "surname": surname.replace("-", " "), "given_names": given, "nationality": country, "sex": sex,
            "birth_date": born.isoformat(), "valid_to": until.isoformat(),
        },
    )  # fmt: skip


CLAUSES = (
    "甲方保证对该房屋享有合法的出租权利,房屋及其附属设施处于能够正常使用的状态。",
    "租赁期间,乙方应按时支付租金,并承担水、电、燃气、网络及物业管理等费用。",
    "乙方不得擅自改变房屋的结构和用途;未经甲方书面同意,不得将房屋转租给他人。",
    "房屋的自然损坏由甲方负责维修,因乙方使用不当造成的损坏由乙方负责赔偿。",
    "租赁期满,乙方如需续租,应当提前三十日向甲方提出,双方另行签订合同。",
    "任何一方违反本合同约定的,应当向对方支付相当于一个月租金的违约金。",
    "本合同一式三份,甲乙双方各执一份,另一份用于办理租赁登记备案,具有同等效力。",
)


def lease(turn: int) -> Paper:
    owner, tenant = PEOPLE[(turn + 3) % len(PEOPLE)][0], PEOPLE[turn % len(PEOPLE)][0]
    address, begin = ADDRESSES[turn % len(ADDRESSES)], date(2025, 1 + turn * 2 % 11, 1 + turn * 5 % 27)
    end = date(begin.year + 1 + turn % 2, begin.month, begin.day) - timedelta(days=1)
    rent, signed = 3200 + 450 * turn, begin - timedelta(days=6)
    sheet = Sheet(A4)
    sheet.centred(150, ("房屋租赁合同", "住房租赁合同", "房屋租赁协议")[turn % 3], 64, spacing=12)
    y = 300
    for words in (
        f"出租方(甲方):{owner}", f"证件号码:{id_no(PEOPLE[(turn + 3) % 6][2], PEOPLE[(turn + 3) % 6][1], turn)}",
        f"承租方(乙方):{tenant}", f"证件号码:{id_no(PEOPLE[turn % 6][2], PEOPLE[turn % 6][1], turn)}",
    ):  # fmt: skip
        sheet.text(160, y, words, 32)
        y += 60
    y += 20
    paragraphs = [
        "根据《中华人民共和国民法典》及有关规定,甲乙双方经协商一致,订立本合同。",
        f"第一条 房屋坐落:{address},建筑面积{58 + turn}.5平方米,用途为居住。",
        f"第二条 租赁期限自{spoken(begin, turn)}起至{spoken(end, turn)}止。",
        f"第三条 月租金为人民币{rent}元,按季支付,押金为一个月租金。",
    ]
    paragraphs += [f"第{'四五六七八九十'[place]}条 {clause}" for place, clause in enumerate(CLAUSES)]
    for words in paragraphs:
        y = sheet.wrapped(160, y, words, 1340, 32, 1.75) + 14
    sheet.text(160, y + 60, f"甲方(签字):{owner}", 32)
    sheet.text(900, y + 60, f"乙方(签字):{tenant}", 32)
    sheet.text(900, y + 140, f"签订日期:{spoken(signed, turn)}", 32)
    return Paper(
        f"lease-{turn}",
        sheet.picture,
        "addr-rent",
        {
            "landlord": owner, "tenant": tenant, "valid_from": begin.isoformat(), "valid_to": end.isoformat(), "rent": f"{rent}.00",
            "address": address, "signed_on": signed.isoformat(),
        },
    )  # fmt: skip


def lease_in_english(turn: int) -> Paper:
    begin, end = date(2026, 2, 1), date(2027, 1, 31)
    sheet = Sheet(A4)
    sheet.centred(160, "LEASE AGREEMENT", 60)
    y = 330
    for words in (
        "Landlord: Shifan Ouyang", "Tenant: Anna Maria Eriksson",
        "Premises: Room 302, No. 6, Lane 18, Eighteen Bends Road, Haizhou",
        f"Lease term: from {english(begin)} to {english(end)}", "Monthly rent: RMB 6,800.00", "Deposit: one month's rent",
        f"Signed on: {english(begin - timedelta(days=9))}",
    ):  # fmt: skip
        sheet.text(170, y, words, 34)
        y += 84
    for clause in (
        "The Landlord confirms that the premises are free of any claim and fit to live in.",
        "The Tenant shall pay the rent in advance on the first day of each month and shall keep the premises in good order.",
        "Neither party may end this agreement early without sixty days of written notice to the other.",
    ):
        y = sheet.wrapped(170, y + 20, clause, 1300, 32)
    return Paper(
        f"lease-english-{turn}",
        sheet.picture,
        "addr-rent",
        {
            "landlord": "Shifan Ouyang", "tenant": "Anna Maria Eriksson", "valid_from": begin.isoformat(), "valid_to": end.isoformat(),
            "rent": "6800.00", "signed_on": (begin - timedelta(days=9)).isoformat(),
        },
    )  # fmt: skip


def business_licence(turn: int) -> Paper:
    company, number, owner = COMPANIES[turn % 4], uscc(turn + 11), PEOPLE[turn % 6][0]
    founded, address = date(2016 + turn, 3 + turn, 7 + turn), ADDRESSES[turn % 5]
    scope = "餐饮服务;食品销售;日用百货零售;会议及展览服务。(依法须经批准的项目,经相关部门批准后方可开展经营活动)"
    sheet = Sheet((2339, 1654), (253, 252, 246))
    sheet.draw.rectangle((60, 60, 2279, 1594), outline=(190, 150, 70), width=10)
    sheet.centred(190, "营业执照", 130, INK, 60)
    sheet.text(170, 300, "统一社会信用代码", 34)
    sheet.text(170, 356, number, 40)
    rows = (
        ("名    称", company), ("类    型", "有限责任公司(自然人独资)"), ("法定代表人", owner), ("经营范围", scope),
    )  # fmt: skip
    y = 560
    for label, value in rows:
        sheet.text(180, y, label, 34, GREY)
        y = sheet.wrapped(420, y, value, 780, 34, 1.5) + 46
    y = 560
    for label, value in (
        ("注册资本", f"{50 + turn * 10}万元整"),
        ("成立日期", spoken(founded, 1)),
        ("住    所", address),
    ):
        sheet.text(1290, y, label, 34, GREY)
        y = sheet.wrapped(1510, y, value, 640, 34, 1.5) + 46
    sheet.text(1400, 1290, "登记机关", 40)
    sheet.text(1400, 1400, spoken(founded, 0), 36)
    sheet.seal(1900, 1330, 130, "示范 非印章")
    return Paper(
        f"business-licence-{turn}",
        sheet.picture,
        "biz-licence",
        {
            "uscc": number, "name": company, "legal_rep": owner, "established_on": founded.isoformat(), "address": address,
            "capital": f"{50 + turn * 10}万元整",
            "scope": scope,
        },
    )  # fmt: skip


def food_licence(turn: int) -> Paper:
    company, number, owner = COMPANIES[turn % 4], uscc(turn + 31), PEOPLE[(turn + 1) % 6][0]
    issued, address = date(2023, 5 + turn, 11), ADDRESSES[(turn + 2) % 5]
    until = date(2028, 5 + turn, 10)
    sheet = Sheet((2339, 1654), (250, 253, 250))
    sheet.centred(150, "食品经营许可证", 110, INK, 36)
    y = 420
    for label, value in (
        ("经营者名称:", company), ("社会信用代码:", number), ("法定代表人(负责人):", owner), ("经营场所:", address),
        ("主体业态:", "餐饮服务经营者"), ("经营项目:", "热食类食品制售、冷食类食品制售、自制饮品制售"),
    ):  # fmt: skip
        sheet.text(180, y, label, 36)
        sheet.text(560, y, value, 36)
        y += 110
    for place, (label, value) in enumerate(
        (("许可证编号:", f"JY2990000{turn:07d}"), ("发证机关:", "云溪区市场监督管理局"), ("发证日期:", spoken(issued, 0)),
         ("有效期至:", spoken(until, 0)))
    ):  # fmt: skip
        sheet.text(1390, 1090 + place * 90, label, 34)
        sheet.text(1640, 1090 + place * 90, value, 34)
    return Paper(
        f"food-licence-{turn}",
        sheet.picture,
        "food-licence",
        {
            "operator": company, "uscc": number, "legal_rep": owner, "address": address, "licence_no": f"JY2990000{turn:07d}",
            "issued_on": issued.isoformat(), "valid_to": until.isoformat(), "issuer": "云溪区市场监督管理局",
        },
    )  # fmt: skip


def degree(turn: int) -> Paper:
    name, sex, born, _people = PEOPLE[turn % 6]
    issued = date(2018 + turn, 6, 30)
    school = ("海州示范大学", "云溪理工学院", "海州师范大学")[turn % 3]
    major = ("计算机科学与技术", "食品科学与工程", "学前教育")[turn % 3]
    number = f"99000{turn}20{issued:%y}05{turn:06d}"
    sheet = Sheet((2100, 1480), (252, 250, 244))
    title = ("毕业证书", "学士学位证书", "普通高等学校毕业证书")[turn % 3]
    sheet.centred(150, title, 92, RED, 30)
    words = (
        f"学生 {name},性别{'男' if sex == 'M' else '女'},{chinese(born)}生,于二〇一四年九月至{chinese(issued)[:-3]}在本校{major}专业"
        "四年制本科学习,修完教学计划规定的全部课程,成绩合格,准予毕业。"
    )
    sheet.wrapped(620, 430, words, 1280, 42, 1.9)
    sheet.portrait(180, 430, 300, 410)
    sheet.text(180, 1180, f"证书编号:{number}", 32)
    sheet.text(1320, 1040, school, 44)
    sheet.text(1320, 1120, "校长:示范", 40)
    sheet.text(1320, 1200, chinese(issued) if turn % 2 == 0 else spoken(issued, 0), 40)
    return Paper(
        f"degree-{turn}",
        sheet.picture,
        "degree",
        {
            "name": name, "sex": sex, "birth_date": born.isoformat(), "major": major, "cert_no": number,
            "issued_on": issued.isoformat(), "school": school,
        },
    )  # fmt: skip


def degree_in_english(turn: int) -> Paper:
    issued = date(2019, 7, 12)
    sheet = Sheet((2100, 1480), (252, 250, 244))
    sheet.centred(150, "University of Utopia", 70, BLUE)
    sheet.centred(300, "DEGREE CERTIFICATE", 60)
    sheet.centred(470, "This is to certify that", 40)
    sheet.centred(560, "Anna Maria Eriksson", 60)
    sheet.centred(700, "has been awarded the degree of", 40)
    sheet.centred(790, "Bachelor of Science in Marine Biology", 50)
    sheet.centred(890, f"on {english(issued)}", 40)
    sheet.text(220, 1200, "Certificate No.: UU-2019-004417", 34)
    sheet.text(1400, 1200, "Registrar: A. Example", 34)
    return Paper(
        f"degree-english-{turn}",
        sheet.picture,
        "degree",
        {"name": "Anna Maria Eriksson", "issued_on": issued.isoformat(), "cert_no": "UU-2019-004417"},
    )


def birth_certificate(turn: int) -> Paper:
    born, issued = date(2026, 2 + turn, 3 + turn), date(2026, 2 + turn, 9 + turn)
    child, mother, father = ("王小演", "赵小满")[turn % 2], PEOPLE[(turn * 3 + 1) % 6][0], PEOPLE[turn * 5 % 6][0]
    sheet = Sheet((1654, 1180), (250, 250, 255))
    sheet.centred(70, "出生医学证明", 76, RED, 20)
    left = (
        ("新生儿姓名", child), ("性别", "女" if turn % 2 else "男"), ("出生时间", f"{spoken(born, 0)}{8 + turn}时{25 + turn}分"),
        ("出生孕周", "39周"), ("出生体重", "3250克"), ("出生地点", "海州市云溪区"),
    )  # fmt: skip
    right = (("医疗机构名称", "云溪区妇幼保健院"), ("母亲姓名", mother), ("父亲姓名", father))
    for rows, x in ((left, 110), (right, 860)):
        for place, (label, value) in enumerate(rows):
            sheet.text(x, 280 + place * 95, label, 32, GREY)
            sheet.text(x + 230, 280 + place * 95, value, 34)
    sheet.text(110, 980, f"出生证编号:Z9900{turn:05d}", 34)
    sheet.text(1000, 980, f"签发日期:{spoken(issued, 0)}", 34)
    return Paper(
        f"birth-{turn}",
        sheet.picture,
        "birth-cert",
        {
            "newborn": child, "sex": "F" if turn % 2 else "M", "birth_date": born.isoformat(), "hospital": "云溪区妇幼保健院",
            "mother": mother, "father": father, "cert_no": f"Z9900{turn:05d}", "issued_on": issued.isoformat(),
        },
    )  # fmt: skip


def health_certificate(turn: int) -> Paper:
    name, sex, born, _people = PEOPLE[(turn + 2) % 6]
    issued = date(2026, 1 + turn * 3, 12 + turn)
    until = date(2027, 1 + turn * 3, 11 + turn)
    number = id_no(born, sex, turn + 7)
    sheet = Sheet((1200, 800), (246, 252, 247))
    sheet.centred(40, ("健康证明", "从业人员健康证明", "健康合格证明")[turn % 3], 60, (20, 110, 60), 12)
    sheet.portrait(60, 180, 230, 300)
    for place, (label, value) in enumerate(
        (("姓名:", name), ("性别:", "男" if sex == "M" else "女"), ("身份证号:", number), ("从业类别:", "食品"), ("发证日期:", spoken(issued, turn)),
         ("有效期至:", spoken(until, turn)), ("发证单位:", "云溪区疾病预防控制中心"))
    ):  # fmt: skip
        sheet.text(340, 180 + place * 74, label, 32)
        sheet.text(520, 180 + place * 74, value, 32)
    sheet.text(60, 520, f"编号:JK{turn:08d}", 26)
    sheet.text(340, 720, "经体检合格,准予从事上述工作", 28)
    return Paper(
        f"health-{turn}",
        sheet.picture,
        "health-certs",
        {
            "name": name, "sex": sex, "id_no": number, "issued_on": issued.isoformat(), "valid_to": until.isoformat(),
            "issuer": "云溪区疾病预防控制中心", "cert_no": f"JK{turn:08d}",
        },
    )  # fmt: skip


def marriage_certificate(turn: int) -> Paper:
    one, other, day = PEOPLE[turn * 2 % 6], PEOPLE[(turn * 2 + 1) % 6], date(2021, 5 + turn, 20)
    sheet = Sheet((1300, 1700), (255, 246, 246))
    sheet.centred(120, "结婚证", 100, RED, 40)
    y = 380
    for label, value in (
        ("持证人", one[0]), ("登记日期", spoken(day, 0)), ("结婚证字号", f"J990000-2021-{turn:06d}"),
    ):  # fmt: skip
        sheet.text(160, y, label, 36)
        sheet.text(480, y, value, 38)
        y += 100
    for person in (one, other):
        y += 40
        for label, value in (
            ("姓名", person[0]), ("性别", "男" if person[1] == "M" else "女"), ("出生日期", spoken(person[2], 0)),
            ("身份证件号", id_no(person[2], person[1], turn)),
        ):  # fmt: skip
            sheet.text(160, y, label, 32)
            sheet.text(480, y, value, 34)
            y += 76
    return Paper(
        f"marriage-{turn}",
        sheet.picture,
        "marriage-cert",
        {"holder": one[0], "registered_on": day.isoformat(), "cert_no": f"J990000-2021-{turn:06d}"},
    )


def bank_card(turn: int) -> Paper:
    number = card_no(turn + 3)
    sheet = Sheet(CARD, (30, 70, 120) if turn % 2 else (226, 214, 190))
    ink = (245, 245, 250) if turn % 2 else INK
    sheet.text(60, 50, "示范银行 DEMO BANK", 46, ink)
    sheet.text(700, 60, "借记卡 DEBIT", 32, ink)
    sheet.draw.rounded_rectangle((70, 180, 210, 285), 16, fill=(205, 175, 90))
    sheet.text(70, 340, " ".join(number[at : at + 4] for at in range(0, len(number), 4)), 56, ink, 2)
    sheet.text(430, 440, f"VALID THRU  {1 + turn:02d}/3{turn}", 30, ink)
    sheet.text(760, 540, "银联 UnionPay", 30, ink)
    return Paper(f"bank-card-{turn}", sheet.picture, "bank-account", {"card_no": number})


def labour_contract(turn: int) -> Paper:
    employer, employee = COMPANIES[(turn + 2) % 4], PEOPLE[turn % 6][0]
    begin = date(2026, 3 + turn, 1)
    end = date(2029, 2 + turn, 28)
    sheet = Sheet(A4)
    sheet.centred(160, "劳动合同书", 70, spacing=20)
    y = 380
    for words in (f"甲方(用人单位):{employer}", f"统一社会信用代码:{uscc(turn + 50)}", f"乙方(劳动者):{employee}"):
        sheet.text(170, y, words, 34)
        y += 76
    for words in (
        f"一、劳动合同期限:自{spoken(begin, turn)}起至{spoken(end, turn)}止,其中试用期为二个月。",
        "二、工作岗位:软件工程师。工作地点:海州市云溪区。",
        f"三、劳动报酬:月工资人民币{12000 + 500 * turn}元,每月十五日前以货币形式支付。",
        "四、甲方按照国家有关规定为乙方缴纳社会保险和住房公积金。",
        "五、甲乙双方应当遵守国家法律、法规,全面履行本合同约定的义务。",
    ):
        y = sheet.wrapped(170, y + 14, words, 1310, 34)
    sheet.text(170, y + 200, f"签订日期:{spoken(begin - timedelta(days=5), turn)}", 34)
    return Paper(
        f"labour-{turn}",
        sheet.picture,
        "labour-contract",
        {
            "employer": employer, "employee": employee, "valid_from": begin.isoformat(), "valid_to": end.isoformat(),
            "salary": f"{12000 + 500 * turn}.00", "signed_on": (begin - timedelta(days=5)).isoformat(),
        },
    )  # fmt: skip


def real_estate(turn: int) -> Paper:
    owner, address = PEOPLE[(turn + 4) % 6][0], ADDRESSES[turn % 5]
    number = f"海(2024)云字不动产权第{turn:07d}号"
    sheet = Sheet((1654, 2200), (253, 250, 244))
    sheet.centred(120, "不动产权证书", 84, RED, 20)
    sheet.text(200, 290, number, 36)
    for place, (label, value) in enumerate(
        (("权利人", owner), ("共有情况", "单独所有"), ("坐落", address), ("不动产单元号", "990000 001002 GB00003 F0004"),
         ("权利类型", "国有建设用地使用权/房屋所有权"), ("用途", "城镇住宅用地/住宅"), ("面积", f"{71 + turn}.26平方米"))
    ):  # fmt: skip
        y = 420 + place * 150
        sheet.draw.rectangle((190, y, 1470, y + 150), outline=GREY, width=2)
        sheet.draw.line((520, y, 520, y + 150), fill=GREY, width=2)
        sheet.text(220, y + 50, label, 36)
        sheet.text(550, y + 50, value, 36)
    return Paper(f"real-estate-{turn}", sheet.picture, "real-estate-cert", {"owners": owner, "address": address})


def residence_permit(turn: int) -> Paper:
    name, sex, born, _people = PEOPLE[turn % 6]
    number, address, until = id_no(born, sex, turn + 20), ADDRESSES[(turn + 1) % 5], date(2027, 1 + turn, 19)
    sheet = Sheet(CARD, (240, 246, 240))
    sheet.text(360, 40, "居住证", 64, INK, 24)
    for place, (label, value) in enumerate(
        (("姓名", name), ("性别", "男" if sex == "M" else "女"), ("居住地址", address))
    ):
        sheet.text(50, 170 + place * 80, label, 28, BLUE)
        sheet.text(210, 166 + place * 80, value, 30)
    sheet.text(50, 470, "公民身份号码", 28, BLUE)
    sheet.text(270, 464, number, 38)
    sheet.text(50, 550, "有效期至", 28, BLUE)
    sheet.text(270, 546, spoken(until, 3), 32)
    return Paper(
        f"residence-permit-{turn}",
        sheet.picture,
        "residence-permit",
        {"name": name, "sex": sex, "id_no": number, "address": address, "valid_to": until.isoformat()},
    )


def no_crime(turn: int) -> Paper:
    name, sex, born, _people = PEOPLE[(turn + 1) % 6]
    number, issued = id_no(born, sex, turn + 40), date(2026, 9, 2 + turn)
    sheet = Sheet(A4)
    sheet.centred(260, "无犯罪记录证明", 70, spacing=14)
    sheet.text(1000, 420, f"编号:云公证(2026){turn:05d}号", 32)
    sheet.wrapped(
        180,
        560,
        f"经查,被查询人{name},性别:{'男' if sex == 'M' else '女'},证件号码:{number},至本证明出具之日,未发现有犯罪记录。特此证明。",
        1300,
        36,
        2,
    )
    sheet.text(1000, 1300, "海州市公安局云溪分局", 36)
    sheet.text(1000, 1380, spoken(issued, 0), 36)
    return Paper(
        f"no-crime-{turn}", sheet.picture, "no-crime", {"id_no": number, "sex": sex, "issued_on": issued.isoformat()}
    )


def student_proof(turn: int) -> Paper:
    name, sex, born, _people = PEOPLE[(turn + 5) % 6]
    issued = date(2026, 10, 8 + turn)
    sheet = Sheet(A4)
    sheet.centred(260, "在读证明", 76, spacing=24)
    sheet.wrapped(180, 520, f"兹证明{name}同学,性别{'男' if sex == 'M' else '女'},身份证号:{id_no(born, sex, turn)},学号:2024{turn:04d},系我校信息学院软件工程专业2024级本科学生,学制四年,目前在读。", 1300, 36, 2)  # fmt: skip
    sheet.text(1000, 1300, "海州示范大学教务处", 36)
    sheet.text(1000, 1380, spoken(issued, 4), 36)
    return Paper(
        f"student-{turn}",
        sheet.picture,
        "student-proof",
        {
            "name": name,
            "id_no": id_no(born, sex, turn),
            "student_no": f"2024{turn:04d}",
            "issued_on": issued.isoformat(),
        },
    )


def letter(turn: int) -> Paper:
    """Nothing the machine knows: it has to say so."""
    sheet = Sheet(A4)
    sheet.centred(260, ("情况说明", "Meeting minutes")[turn % 2], 60)
    words = (
        "本人因工作调动,拟于近期到海州市工作,现将有关情况说明如下。房屋租赁合同、营业执照等材料正在办理之中,将于办妥后另行提交,请予支持。",
        "The committee met on Tuesday. Members spoke about the summer fair, the state of the lawn and who brings the cake.",
    )
    sheet.wrapped(180, 480, words[turn % 2], 1300, 38, 2)
    return Paper(f"letter-{turn}", sheet.picture, "", {})


def printed(type_id: str, kind: str, face: dict, values: dict) -> Paper:
    """One of the product's own licences, as it leaves the printer."""
    import pypdfium2

    from tests.licences.samples import sheet
    from tongban.licences.rendering import render_licence

    pdf = pypdfium2.PdfDocument(render_licence(sheet(type_id, face=face)))
    picture = pdf[0].render(scale=200 / 72).to_pil().convert("RGB")
    pdf.close()
    return Paper(f"printed-{type_id}", picture, kind, values)


def _printed() -> Iterator[Paper]:
    both = {"zh": "海州市云溪区十八湾路18弄6号302室", "en": "Room 302, No. 6, Lane 18, Eighteen Bends Road"}
    yield printed(
        "food-licence",
        "food-licence",
        {
            "operator": {"zh": "示范区溪畔小馆餐饮有限公司", "en": "Creekside Bistro"},
            "uscc": uscc(1),
            "licence_no": "JY29900000000001",
            "valid_to": "2031-11-20",
        },
        {
            "operator": "示范区溪畔小馆餐饮有限公司",
            "uscc": uscc(1),
            "licence_no": "JY29900000000001",
            "valid_to": "2031-11-20",
        },
    )
    yield printed(
        "lease-filing",
        "lease-filing",
        {
            "tenant": "王演练",
            "address": both,
            "term_from": "2026-01-01",
            "term_to": "2027-12-31",
            "filing_no": "HZ2026000117",
        },
        {"tenant": "王演练", "valid_from": "2026-01-01", "valid_to": "2027-12-31", "filing_no": "HZ2026000117"},
    )
    yield printed(
        "business-licence",
        "biz-licence",
        {"name": {"zh": "海州云帆软件科技有限公司", "en": "Yunfan Software"}, "uscc": uscc(2), "type": "有限责任公司", "legal_rep": "赵创业",
         "capital": "50万元", "established_on": "2020-08-08", "address": both, "scope": "软件开发", "term": "长期"},
        {"name": "海州云帆软件科技有限公司", "uscc": uscc(2), "legal_rep": "赵创业", "established_on": "2020-08-08"},
    )  # fmt: skip
    yield printed(
        "marriage-cert",
        "marriage-cert",
        {"holder": "王演练", "spouse": "李示例", "registered_on": "2021-05-20", "cert_no": "J990000-2021-000009"},
        {"holder": "王演练", "spouse": "李示例", "registered_on": "2021-05-20", "cert_no": "J990000-2021-000009"},
    )


DRAWN: tuple[tuple[Callable[[int], Paper], int], ...] = (
    (id_card_front, 5), (id_card_back, 2), (passport, 4), (lease, 5), (lease_in_english, 1), (business_licence, 3), (food_licence, 2),
    (degree, 3), (degree_in_english, 1), (birth_certificate, 2), (health_certificate, 3), (marriage_certificate, 2), (bank_card, 2),
    (labour_contract, 2), (real_estate, 2), (residence_permit, 2), (no_crime, 2), (student_proof, 2), (letter, 2),
)  # fmt: skip


def base_pages() -> Iterator[Paper]:
    for draw, count in DRAWN:
        for turn in range(count):
            yield draw(turn)
    yield from _printed()


# --- what copiers and phones make of them


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    to = io.BytesIO()
    picture.save(to, "JPEG", quality=quality)
    return Image.open(io.BytesIO(to.getvalue())).convert("RGB")


def noisy(picture: Image.Image, strength: float, chance: np.random.RandomState) -> Image.Image:
    dots = np.asarray(picture, dtype=np.float32)
    return Image.fromarray(np.clip(dots + chance.normal(0, strength, dots.shape), 0, 255).astype(np.uint8))


def on_a_glass(picture: Image.Image) -> Image.Image:
    """A small paper on the large glass of a scanner."""
    glass = Image.new("RGB", (round(picture.width * 1.25), round(picture.height * 1.25)), (250, 250, 250))
    glass.paste(picture, (picture.width // 10, picture.height // 12))
    return glass


def scanned(paper: Paper, turn: int) -> Paper:
    """Put in askew, or the wrong way round, by an old machine."""
    chance = np.random.RandomState(1000 + turn)
    picture = on_a_glass(paper.picture).rotate(
        (-3.5, 2.2, -1.4, 3.0)[turn % 4], Image.Resampling.BICUBIC, fillcolor=(250, 250, 250)
    )
    picture = noisy(picture.filter(ImageFilter.GaussianBlur(0.5)), 9, chance)
    picture = picture.rotate((0, 90, 180, 270)[turn // 4 % 4], expand=True)
    return replace(paper, name=f"{paper.name}-scanned", picture=jpeg(picture, 62), how="scanned")


def photographed(paper: Paper, turn: int) -> Paper:
    """By a phone, from an angle, on a table, with the shadow of a hand."""
    chance = np.random.RandomState(2000 + turn)
    picture = paper.picture
    scale = 1750 / max(picture.size)
    if scale < 1.25:
        picture = picture.resize(
            (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS
        )
    wide, tall = picture.size
    margin = 0.12
    size = (round(wide * (1 + 2 * margin)), round(tall * (1 + 2 * margin)))
    lean = 0.055
    corners = [
        (
            margin * wide + chance.uniform(-lean, lean) * wide + x * wide,
            margin * tall + chance.uniform(-lean, lean) * tall + y * tall,
        )
        for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    table = Image.new("RGB", size, [(120, 88, 60), (70, 75, 80), (160, 150, 135)][turn % 3])
    data = _perspective(corners, [(0, 0), (wide, 0), (wide, tall), (0, tall)])
    sheet = picture.transform(size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC)
    mask = Image.new("L", picture.size, 255).transform(
        size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC
    )
    table.paste(sheet, mask=mask)
    dots = np.asarray(table, dtype=np.float32)
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    light = 0.62 + 0.38 * (columns / size[0] if turn % 2 else rows / size[1])
    shadow = 1 - 0.38 / (1 + np.exp((columns - size[0] * (0.25 + 0.4 * chance.rand()) + rows * 0.35) / 40))
    dots = dots * (light * shadow)[..., None]
    picture = Image.fromarray(np.clip(dots * (1.0, 0.97, 0.9), 0, 255).astype(np.uint8))
    picture = noisy(picture.filter(ImageFilter.GaussianBlur(0.8)), 6, chance)
    return replace(paper, name=f"{paper.name}-photographed", picture=jpeg(picture, 80), how="photographed")


def _perspective(to, source) -> list[float]:
    rows, right = [], []
    for (x, y), (u, v) in zip(to, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return list(np.linalg.solve(np.array(rows), np.array(right)))


def rough(paper: Paper, turn: int) -> Paper:
    """A hasty picture of a page that does not lie flat, sent through a messenger: small, shaken, grainy."""
    chance = np.random.RandomState(3000 + turn)
    seen = photographed(paper, turn + 7).picture
    scale = 1400 / max(seen.size)
    seen = seen.resize((round(seen.width * scale), round(seen.height * scale)), Image.Resampling.BILINEAR)
    dots = np.asarray(seen)
    rows, columns = np.mgrid[0 : dots.shape[0], 0 : dots.shape[1]]
    bulge = np.sin(columns / dots.shape[1] * np.pi * 1.3 + turn) * dots.shape[0] * 0.012
    dots = dots[np.clip(rows + bulge.astype(int), 0, dots.shape[0] - 1), columns].astype(np.float32)
    shaken = sum(np.roll(dots, step, axis=1) for step in (-1, 0, 1)) / 3
    picture = noisy(Image.fromarray(shaken.astype(np.uint8)), 9, chance)
    return replace(paper, name=f"{paper.name}-rough", picture=jpeg(picture, 45), how="rough")


def blurred(paper: Paper) -> Paper:
    picture = paper.picture.filter(ImageFilter.GaussianBlur(4.2))
    return replace(paper, name=f"{paper.name}-blurred", picture=jpeg(picture, 80), how="blurred")


def darkened(paper: Paper) -> Paper:
    dots = np.asarray(paper.picture, dtype=np.float32) * 0.24
    picture = noisy(Image.fromarray(dots.astype(np.uint8)), 5, np.random.RandomState(5))
    return replace(paper, name=f"{paper.name}-dark", picture=jpeg(picture, 80), how="dark")


def cut_off(paper: Paper) -> Paper:
    wide, tall = paper.picture.size
    picture = paper.picture.crop((round(wide * 0.16), 0, wide, tall))
    return replace(paper, name=f"{paper.name}-cut", picture=jpeg(picture, 80), how="cut")


def small(paper: Paper) -> Paper:
    wide, tall = paper.picture.size
    scale = 430 / max(wide, tall)
    picture = paper.picture.resize((round(wide * scale), round(tall * scale)), Image.Resampling.LANCZOS)
    return replace(paper, name=f"{paper.name}-small", picture=jpeg(picture, 85), how="small")


def poor_pages() -> Iterator[Paper]:
    """What should be taken again, with the one thing that is wrong."""
    for paper in (lease(1), business_licence(0), id_card_front(1), degree(0), health_certificate(1)):
        for spoil in (blurred, darkened, cut_off, small):
            yield spoil(paper)


def as_file(paper: Paper) -> bytes:
    """As it would arrive: scans as PNG, photographs as JPEG."""
    to = io.BytesIO()
    if paper.how == "clean":
        paper.picture.save(to, "PNG", compress_level=1)
    else:
        paper.picture.save(to, "JPEG", quality=90)
    return to.getvalue()


def the_set() -> Iterator[Paper]:
    """Each paper clean, askew, photographed, and photographed badly; one at a time, because together they fill the memory."""
    for turn, paper in enumerate(base_pages()):
        yield paper
        yield scanned(paper, turn)
        yield photographed(paper, turn)
        yield rough(paper, turn)
