"""What stands beside each value on the face of a licence, in both languages.

One table for all 42 types of the demonstration district; where a word means something else on one type, that type has its own line.
"""

from dataclasses import dataclass

from tongban.lib.bilingual import Bilingual


@dataclass(frozen=True)
class Label:
    zh: str
    en: str
    wide: bool = False  # takes the whole width: addresses, scopes, lists
    ends_validity: bool = False  # already says until when, so no separate line of validity is added

    @property
    def text(self) -> Bilingual:
        return {"zh": self.zh, "en": self.en}


LABELS: dict[str, Label] = {
    "activities": Label("经营项目", "Business activities", wide=True),
    "address": Label("地址", "Address", wide=True),
    "amount": Label("税额", "Amount"),
    "area": Label("面积", "Floor area"),
    "authority": Label("签发机关", "Issuing office"),
    "birth_date": Label("出生日期", "Date of birth"),
    "birth_time": Label("出生时间", "Time of birth"),
    "book_no": Label("册号", "Booklet number"),
    "capacity": Label("核定人数", "Approved capacity"),
    "capital": Label("注册资本", "Registered capital"),
    "card_no_masked": Label("卡号", "Card number"),
    "category": Label("类别", "Category"),
    "cert_no": Label("证书编号", "Certificate number"),
    "class": Label("准驾车型", "Vehicle class"),
    "clinic": Label("诊所名称", "Clinic", wide=True),
    "code_no": Label("场所码编号", "Venue code number"),
    "company": Label("单位名称", "Company", wide=True),
    "conclusion": Label("检查结论", "Conclusion", wide=True),
    "effective_from": Label("生效日期", "Effective from"),
    "employer": Label("用人单位", "Employer", wide=True),
    "established_on": Label("成立日期", "Established on"),
    "ethnicity": Label("民族", "Ethnic group"),
    "father": Label("父亲姓名", "Father"),
    "file_no": Label("档案编号", "File number"),
    "filing_no": Label("备案编号", "Filing number"),
    "first_issue": Label("初次领证日期", "First issued"),
    "from": Label("起始日期", "From"),
    "holder": Label("持证人", "Holder"),
    "hospital": Label("出生医院", "Hospital of birth", wide=True),
    "id_no": Label("证件号码", "Identity number"),
    "industry": Label("行业", "Industry"),
    "inspection_valid_to": Label("检验有效期至", "Inspection valid until"),
    "issued_on": Label("签发日期", "Issued on"),
    "issuer_bank": Label("发卡银行", "Issuing bank"),
    "kind": Label("种类", "Kind"),
    "legal_rep": Label("法定代表人", "Legal representative"),
    "level": Label("等级", "Level"),
    "licence_no": Label("许可证编号", "Licence number"),
    "lifeguards": Label("救生员人数", "Lifeguards"),
    "manager": Label("场所管理人", "Venue manager"),
    "merged_licences": Label("合并许可事项", "Merged licences", wide=True),
    "model": Label("品牌型号", "Make and model"),
    "mother": Label("母亲姓名", "Mother"),
    "name": Label("姓名", "Name"),
    "newborn": Label("新生儿姓名", "Newborn"),
    "operator": Label("经营者名称", "Operator", wide=True),
    "owner": Label("所有人", "Owner"),
    "owners": Label("权利人", "Owners", wide=True),
    "passport_no_masked": Label("护照号码", "Passport number"),
    "payer": Label("纳税人", "Taxpayer", wide=True),
    "period": Label("税款所属期", "Tax period"),
    "pharmacist": Label("执业药师", "Licensed pharmacist"),
    "photo": Label("照片", "Photograph"),
    "place_of_practice": Label("执业地点", "Place of practice", wide=True),
    "plate": Label("号牌号码", "Plate number"),
    "points": Label("累积记分", "Penalty points"),
    "qr": Label("核验码", "Verification code"),
    "reg_no": Label("注册编号", "Registration number"),
    "registered_on": Label("登记日期", "Registered on"),
    "relation_to_head": Label("与户主关系", "Relation to head"),
    "rooms": Label("客房数", "Rooms"),
    "route": Label("出行路线", "Route", wide=True),
    "scope": Label("经营范围", "Scope of business", wide=True),
    "screens": Label("银幕数", "Screens"),
    "seal_no": Label("印章编码", "Seal number"),
    "sex": Label("性别", "Sex"),
    "site": Label("复工地点", "Site", wide=True),
    "spouse": Label("配偶", "Spouse"),
    "staff_count": Label("复工人数", "Staff returning"),
    "status": Label("状态", "Status"),
    "subject": Label("任教学科", "Subject"),
    "subjects": Label("诊疗科目", "Medical subjects", wide=True),
    "tax_kind": Label("税种", "Kind of tax"),
    "tenant": Label("承租人", "Tenant"),
    "term": Label("营业期限", "Term of operation", ends_validity=True),
    "term_from": Label("租期起", "Lease from"),
    "term_to": Label("租期止", "Lease until", ends_validity=True),
    "to": Label("截止日期", "Until", ends_validity=True),
    "travel_date": Label("出行日期", "Travel date"),
    "type": Label("类型", "Type of company"),
    "uscc": Label("统一社会信用代码", "Unified social credit code"),
    "use": Label("使用性质", "Use"),
    "valid_from": Label("有效期自", "Valid from"),
    "valid_hours": Label("有效时长（小时）", "Valid for (hours)", ends_validity=True),
    "valid_to": Label("有效期至", "Valid until", ends_validity=True),
    "venue": Label("场所名称", "Venue", wide=True),
    "vin_masked": Label("车辆识别代号", "Vehicle identification number"),
    "volume": Label("排水量", "Discharge volume"),
}

OWN_WORDS: dict[tuple[str, str], Label] = {
    ("business-licence", "name"): Label("名称", "Name of company", wide=True),
    ("business-licence", "address"): Label("住所", "Registered address", wide=True),
    ("id-card", "address"): Label("住址", "Residence", wide=True),
    ("id-card", "id_no"): Label("公民身份号码", "Citizen identity number"),
    ("residence-permit", "address"): Label("居住地址", "Place of residence", wide=True),
    ("driving-licence", "id_no"): Label("证号", "Licence number"),
    ("foreigner-residence", "category"): Label("居留事由", "Purpose of residence"),
    ("disability-cert", "category"): Label("残疾类别", "Kind of disability"),
    ("disability-cert", "level"): Label("残疾等级", "Degree of disability"),
    ("teacher-cert", "level"): Label("资格种类", "Kind of qualification"),
    ("work-permit-foreigner", "category"): Label("人才类别", "Category of talent"),
    ("hygiene-licence", "category"): Label("许可项目", "Licensed category"),
    ("real-estate-cert", "address"): Label("坐落", "Location", wide=True),
    ("real-estate-cert", "use"): Label("用途", "Permitted use"),
    ("real-estate-cert", "cert_no"): Label("不动产权证号", "Title number"),
    ("lease-filing", "address"): Label("房屋坐落", "Address of the dwelling", wide=True),
    ("transport-licence", "scope"): Label("经营许可范围", "Licensed scope", wide=True),
    ("e-seal", "kind"): Label("印章种类", "Kind of seal"),
    ("birth-cert", "cert_no"): Label("出生证编号", "Certificate number"),
    ("marriage-cert", "cert_no"): Label("结婚证字号", "Certificate number"),
    ("home-quarantine-cert", "address"): Label("隔离地址", "Place of quarantine", wide=True),
}


def label(type_id: str, field: str) -> Label:
    """The words for a field; a field nobody wrote words for shows its own name rather than nothing."""
    known = OWN_WORDS.get((type_id, field)) or LABELS.get(field)
    return known or Label(field.replace("_", " "), field.replace("_", " "))
