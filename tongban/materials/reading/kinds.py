"""The kinds of papers the machine can tell apart: by what they are called, which words stand on them, and which values to look for.

Slugs are those of materials (`MaterialType`) and licence types. `serves` names the materials a paper of this kind can be.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Value:
    """`form` says how it is read: text, name, person (a name without numbers), day, period, number, id_no, uscc, amount, sex, long (several lines)."""

    name: str
    form: str
    labels: tuple[str, ...]
    tight: bool = False  # its label may stand in the middle of a line, without a colon


@dataclass(frozen=True)
class Kind:
    slug: str
    titles: tuple[str, ...]
    marks: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    serves: tuple[str, ...] = ()
    without: tuple[str, ...] = field(default=())  # words that mean it is something else


def _v(name, form, *labels, tight=False):
    return Value(name, form, labels, tight)


NAME = _v("name", "person", "姓名", "Full name", "Name of student", "Student name", "Name")
SEX = _v("sex", "sex", "性别", "Sex", "Gender")
BIRTH = _v("birth_date", "day", "出生日期", "出生年月", "Date of birth", "Born on", "生日")
ID_NO = _v(
    "id_no", "id_no", "公民身份号码", "身份证件号码", "身份证号码", "身份证号", "证件号码", "证件编号", "Identity number",
    "ID number", "ID No.",
)  # fmt: skip
ADDRESS = _v("address", "long", "地址", "住址", "坐落", "Address")
ISSUED = _v(
    "issued_on", "day", "发证日期", "签发日期", "颁发日期", "填发日期", "发证时间", "登记日期", "开具日期", "出具日期",
    "Date of issue", "Issued on", "Date",
)  # fmt: skip
UNTIL = _v(
    "valid_to", "day", "有效期至", "有效期限至", "有效期截止", "有效日期至", "Valid until", "Date of expiry", "Expires on",
)  # fmt: skip
ISSUER = _v(
    "issuer", "text", "发证机关", "签发机关", "登记机关", "发证单位", "签发机构", "填发机关", "检查机构", "体检机构", "体检单位",
    "Issuing authority", "Issued by", "Issuing office",
)  # fmt: skip
USCC = _v("uscc", "uscc", "统一社会信用代码", "社会信用代码", "Unified social credit code", "Credit code")
OPERATOR = _v("operator", "text", "经营者名称", "经营者", "单位名称", "企业名称", "Operator", "Name of operator")
LEGAL = _v(
    "legal_rep", "person", "法定代表人(负责人)", "法定代表人", "负责人", "经营者姓名", "Legal representative"
)  # fmt: skip
LICENCE_NO = _v("licence_no", "number", "许可证编号", "许可证号", "许可编号", "Licence number", "Licence No.")
CERT_NO = _v(
    "cert_no", "number", "证书编号", "证书号码", "出生证编号", "结婚证字号", "编号", "证号", "Certificate number", "Certificate No.",
    "No.",
)  # fmt: skip
PREMISES = _v("address", "long", "经营场所", "营业场所", "场所地址", "住所", "地址", "Premises", "Address")


def _licence(slug, zh, en, *more, marks=(), serves=()):
    """Permits to a business: operator, place, number, until when."""
    return Kind(
        slug,
        (zh, en),
        marks,
        (OPERATOR, USCC, LEGAL, PREMISES, LICENCE_NO, ISSUER, ISSUED, UNTIL, *more),
        serves,
    )


KINDS: dict[str, Kind] = {
    kind.slug: kind
    for kind in (
        Kind(
            "id-card",
            ("居民身份证", "中华人民共和国居民身份证", "Resident identity card"),
            ("公民身份号码", "民族", "住址", "签发机关", "有效期限"),
            (
                _v("name", "person", "姓名", "Name", tight=True),
                _v("sex", "sex", "性别", "Sex", tight=True),
                _v("ethnicity", "people", "民族", "Ethnic group", tight=True),
                _v("birth_date", "day", "出生日期", "出生", "Date of birth", tight=True),
                _v("address", "long", "住址", "Address", tight=True),
                _v("id_no", "id_no", "公民身份号码", "证件号码", "Identity number", tight=True),
                _v("issuer", "text", "签发机关", "Issuing office", tight=True),
                _v("valid", "period", "有效期限", "Valid", tight=True),
                UNTIL,
            ),
            serves=("id-card", "legal-rep-id"),
            without=("登记卡", "合同", "协议"),
        ),
        Kind("passport", ("护照", "Passport"), ("Passport No.", "护照号", "Nationality", "国籍", "Place of birth"), serves=("passport",)),
        Kind(
            "hukou",
            ("常住人口登记卡", "居民户口簿", "户口簿", "户口簿(个人页)", "Household register"),
            ("户主", "与户主关系", "户主或与户主关系", "曾用名", "籍贯", "何时由何地迁来本市"),
            (
                NAME,
                _v("relation_to_head", "text", "户主或与户主关系", "与户主关系", "Relation to head"),
                SEX,
                BIRTH,
                _v("id_no", "id_no", "公民身份证件编号", "公民身份号码", "证件号码"),
                ADDRESS,
                _v("registered_on", "day", "登记日期", "Registered on"),
            ),
            serves=("hukou", "kinship", "hukou-page"),
        ),
        Kind(
            "addr-rent",
            ("房屋租赁合同", "住房租赁合同", "租赁合同", "房屋租赁协议", "Lease agreement", "Tenancy agreement", "Residential lease"),
            ("出租方", "承租方", "甲方", "乙方", "租赁期限", "月租金", "Landlord", "Tenant", "Monthly rent", "Lease term"),
            (
                _v("landlord", "name", "出租方(甲方)", "甲方(出租方)", "出租人(甲方)", "甲方(出租人)", "出租方", "出租人", "甲方", "Landlord"),
                _v("tenant", "name", "承租方(乙方)", "乙方(承租方)", "承租人(乙方)", "乙方(承租人)", "承租方", "承租人", "乙方", "Tenant"),
                _v("term", "period", "租赁期限", "租赁期", "租期", "Lease term", "Term"),
                _v("rent", "amount", "月租金", "租金", "Monthly rent", "Rent"),
                _v("address", "long", "房屋坐落", "房屋地址", "坐落", "Premises", "Property address", "Address"),
                _v("signed_on", "day", "签订日期", "签约日期", "签署日期", "Signed on"),
            ),
            serves=("addr-rent", "premises-proof"),
            without=("备案证明",),
        ),
        Kind(
            "lease-filing",
            ("住房租赁合同备案证明", "房屋租赁登记备案证明", "租赁合同登记备案证明", "Housing lease filing certificate", "Housing lease filing proof"),
            ("备案编号", "出租人", "承租人"),
            (
                _v("tenant", "name", "承租人", "Tenant"),
                _v("landlord", "name", "出租人", "Landlord"),
                _v("address", "long", "房屋坐落", "房屋地址", "坐落", "地址", "Address"),
                _v("term", "period", "租赁期限", "租期"),
                _v("term_from", "day", "租期起", "租赁起始日期", "起始日期", "Lease from", "Term from", "From"),
                _v("term_to", "day", "租期止", "租赁终止日期", "终止日期", "Lease until", "Term to", "Until"),
                _v("filing_no", "number", "备案编号", "备案号", "Filing number"),
                ISSUER,
                ISSUED,
            ),
            serves=("addr-rent", "premises-proof"),
        ),
        Kind(
            "real-estate-cert",
            ("不动产权证书", "不动产权证", "房地产权证", "Real estate certificate", "Certificate of real estate ownership"),
            ("权利人", "共有情况", "坐落", "不动产单元号", "权利类型", "用途"),
            (
                _v("owners", "name", "权利人", "Owners", "Owner"),
                _v("address", "long", "坐落", "地址", "Address"),
                _v("area", "text", "建筑面积", "面积", "Floor area", "Area"),
                _v("use", "text", "用途", "Use"),
                _v("unit_no", "number", "不动产单元号"),
                CERT_NO,
                ISSUED,
            ),
            serves=("addr-own", "premises-proof"),
        ),
        Kind(
            "biz-licence",
            ("营业执照", "Business licence", "Business license"),
            ("统一社会信用代码", "法定代表人", "注册资本", "成立日期", "经营范围", "类型", "住所", "登记机关"),
            (
                USCC,
                _v("name", "text", "名称", "企业名称", "Company name", "Name"),
                _v("type", "text", "类型", "Type"),
                LEGAL,
                _v("capital", "text", "注册资本", "Registered capital"),
                _v("established_on", "day", "成立日期", "注册日期", "Established on"),
                _v("address", "long", "住所", "经营场所", "地址", "Address"),
                _v("scope", "long", "经营范围", "Business scope", "Scope"),
                _v("term", "period", "营业期限", "经营期限", "Term"),
                ISSUER,
            ),
            serves=("biz-licence", "business-licence"),
        ),
        Kind(
            "food-licence",
            ("食品经营许可证", "Food business licence", "Food operation licence", "Food business permit"),
            ("经营者名称", "许可证编号", "主体业态", "经营项目", "经营场所", "日常监督管理机构"),
            (
                OPERATOR, USCC, LEGAL, PREMISES,
                _v("activities", "long", "经营项目", "Business activities"),
                LICENCE_NO, ISSUER, ISSUED, UNTIL,
            ),
            serves=("food-licence", "old-licence"),
        ),
        Kind(
            "residence-permit",
            ("居住证", "上海市居住证", "Residence permit", "Shanghai residence permit"),
            ("居住地址", "签注", "公民身份号码"),
            (NAME, SEX, ID_NO, _v("address", "long", "居住地址", "住址", "地址", "Address"), ISSUED, UNTIL, ISSUER),
            serves=("residence-permit",),
            without=("外国人", "永久居留"),
        ),
        Kind(
            "foreigner-residence",
            ("外国人居留许可", "中华人民共和国外国人居留许可", "Residence permit for foreigners", "Residence permit for foreign nationals", "Foreigner residence permit"),
            ("居留事由", "护照号码", "Passport number", "Purpose of residence"),
            (
                NAME, SEX, BIRTH,
                _v("passport_no", "number", "护照号码", "护照号", "Passport number", "Passport No."),
                _v("category", "text", "居留事由", "类别", "Category", "Purpose"),
                ISSUED, UNTIL,
            ),
            serves=("foreigner-residence",),
        ),
        Kind(
            "marriage-cert",
            ("结婚证", "Marriage certificate"),
            ("持证人", "登记日期", "结婚证字号", "婚姻登记"),
            (
                _v("holder", "person", "持证人", "Holder"),
                _v("spouse", "person", "配偶", "Spouse"),
                _v("registered_on", "day", "登记日期", "Registered on", "Date of registration"),
                CERT_NO,
            ),
            serves=("marriage-cert", "kinship"),
        ),
        Kind(
            "birth-cert",
            ("出生医学证明", "Birth medical certificate", "Birth certificate", "Medical certificate of birth"),
            ("新生儿姓名", "母亲姓名", "父亲姓名", "出生孕周", "接生机构", "医疗机构名称", "Newborn"),
            (
                _v("newborn", "person", "新生儿姓名", "Newborn", "Name of newborn"),
                SEX,
                _v("birth_date", "day", "出生时间", "出生日期", "Time of birth", "Date of birth"),
                _v("hospital", "text", "医疗机构名称", "接生机构名称", "接生机构", "出生医院", "出生地点", "Hospital of birth", "Hospital"),
                _v("mother", "person", "母亲姓名", "Mother"),
                _v("father", "person", "父亲姓名", "Father"),
                _v("cert_no", "number", "出生证编号", "证书编号", "编号", "Certificate number"),
                ISSUED,
            ),
            serves=("birth-cert", "kinship"),
        ),
        Kind(
            "degree",
            ("毕业证书", "学士学位证书", "硕士学位证书", "博士学位证书", "学位证书", "普通高等学校毕业证书", "学历证书", "Degree certificate",
             "Graduation certificate", "Bachelor's degree certificate", "Master's degree certificate", "Diploma"),
            ("专业", "校长", "学制", "学位", "毕业", "证书编号", "Bachelor", "Master of", "Doctor of", "University", "degree of"),
            (
                NAME, SEX, BIRTH,
                _v("major", "text", "专业", "Major", "Field of study", "Programme"),
                _v("school", "text", "学校名称", "学校", "校名", "Institution", "University"),
                CERT_NO, ISSUED,
            ),
            serves=("degree",),
        ),
        Kind(
            "student-proof",
            ("在读证明", "在学证明", "学籍证明", "Certificate of enrolment", "Proof of enrolment", "Enrolment certificate"),
            ("在读", "学号", "学籍", "入学", "院系"),
            (
                NAME, SEX, ID_NO,
                _v("student_no", "number", "学号", "Student number"),
                _v("school", "text", "学校", "Institution"),
                _v("major", "text", "专业", "Major"),
                ISSUED,
            ),
            serves=("student-proof",),
        ),
        Kind(
            "health-certs",
            ("健康证明", "健康合格证明", "从业人员健康证明", "从业人员预防性健康检查合格证明", "健康证", "Health certificate"),
            ("体检合格", "从业人员", "体检", "有效期", "工种", "体检日期"),
            (
                NAME, SEX, ID_NO,
                _v("cert_no", "number", "证书编号", "健康证号", "编号", "Certificate number", "No."),
                _v("job", "text", "从业类别", "工种", "行业", "Occupation"),
                _v("issued_on", "day", "体检日期", "发证日期", "签发日期", "Date of issue", "Issued on"),
                UNTIL, ISSUER,
            ),
            serves=("health-certs",),
        ),
        Kind(
            "physical-exam",
            ("机动车驾驶人身体条件证明", "身体条件证明", "体检报告", "体格检查表", "Medical fitness certificate", "Medical examination report"),
            ("视力", "辨色力", "听力", "身高", "上肢", "下肢", "Visual acuity"),
            (NAME, SEX, BIRTH, ID_NO, ISSUED, ISSUER),
            serves=("physical-exam",),
        ),
        Kind(
            "bank-account",
            ("银行卡", "借记卡", "Debit card", "银行账户证明", "Bank account"),
            ("银联", "UnionPay", "VALID THRU", "月/年", "开户行", "开户银行", "DEBIT", "户名", "账号"),
            (
                _v("bank", "text", "开户银行", "开户行", "Bank"),
                _v("holder", "person", "户名", "账户名称", "Account holder"),
                _v("card_no", "card", "账号", "卡号", "Account number", "Card number"),
            ),
            serves=("bank-account",),
        ),
        Kind(
            "labour-contract",
            ("劳动合同", "劳动合同书", "Labour contract", "Employment contract"),
            ("用人单位", "劳动者", "工作岗位", "劳动报酬", "合同期限", "试用期", "Employer", "Employee"),
            (
                _v("employer", "name", "用人单位(甲方)", "甲方(用人单位)", "用人单位", "甲方", "Employer"),
                _v("employee", "name", "劳动者(乙方)", "乙方(劳动者)", "劳动者", "乙方", "Employee"),
                _v("term", "period", "劳动合同期限", "合同期限", "Contract term", "Term"),
                _v("salary", "amount", "月工资", "劳动报酬", "工资", "Monthly salary", "Salary"),
                _v("signed_on", "day", "签订日期", "签署日期", "Signed on"),
            ),
            serves=("labour-contract",),
        ),
        Kind(
            "insurance-record",
            ("社会保险缴费记录", "社会保险参保缴费证明", "参保缴费证明", "社会保险缴费证明", "Social insurance payment record"),
            ("缴费基数", "缴费月数", "养老保险", "医疗保险", "失业保险", "参保单位"),
            (NAME, ID_NO, _v("months", "number", "累计缴费月数", "缴费月数", "Months paid"),
             _v("employer", "text", "参保单位", "单位名称", "Employer"), ISSUED),
            serves=("insurance-record",),
        ),
        Kind(
            "no-crime",
            ("无犯罪记录证明", "Certificate of no criminal record", "No criminal record certificate"),
            ("未发现", "犯罪记录", "无犯罪"),
            (NAME, SEX, ID_NO, CERT_NO, ISSUER, ISSUED),
            serves=("no-crime",),
        ),
        Kind(
            "driving-licence",
            ("机动车驾驶证", "中华人民共和国机动车驾驶证", "Driving licence", "Motor vehicle driving licence", "Driving License"),
            ("准驾车型", "初次领证日期", "档案编号", "证号", "Class"),
            (
                NAME, SEX, BIRTH,
                _v("id_no", "id_no", "证号", "证件号码", "Identity number"),
                ADDRESS,
                _v("class", "text", "准驾车型", "Vehicle class", "Class"),
                _v("first_issue", "day", "初次领证日期", "First issued"),
                _v("file_no", "number", "档案编号", "File number"),
                UNTIL,
                _v("valid", "period", "有效期限", "Valid period"),
            ),
            serves=("driving-licence",),
        ),
        Kind(
            "vehicle-licence",
            ("机动车行驶证", "中华人民共和国机动车行驶证", "Vehicle licence", "Vehicle registration licence", "Vehicle License"),
            ("号牌号码", "车辆识别代号", "发动机号码", "品牌型号", "所有人"),
            (
                _v("plate", "number", "号牌号码", "Plate number", "Plate No."),
                _v("owner", "name", "所有人", "Owner"),
                _v("model", "text", "品牌型号", "Make and model", "Model"),
                _v("vin", "number", "车辆识别代号", "VIN"),
                ISSUED,
            ),
            serves=("vehicle-licence",),
        ),
        Kind("invoice-vehicle", ("机动车销售统一发票", "购车发票", "Vehicle invoice"), ("购买方", "价税合计", "车辆类型"),
             (_v("buyer", "name", "购买方名称", "购买方", "Buyer"), _v("total", "amount", "价税合计", "Total"),
              _v("issued_on", "day", "开票日期", "Invoice date")), ("invoice-vehicle",)),
        Kind("medical-invoice", ("医疗门诊收费票据", "医疗住院收费票据", "医疗收费票据", "医疗费用票据", "Medical fee receipt"),
             ("医保", "票据号码", "收费项目", "金额合计", "个人自付"),
             (NAME, _v("total", "amount", "金额合计", "合计", "Total"), ISSUED), ("medical-invoice",)),
        Kind("discharge", ("出院小结", "出院记录", "Hospital discharge summary", "Discharge summary"),
             ("入院日期", "出院日期", "出院诊断", "住院号"),
             (NAME, SEX, _v("admitted_on", "day", "入院日期", "Admitted on"), _v("discharged_on", "day", "出院日期", "Discharged on"),
              _v("hospital", "text", "医院名称", "Hospital")), ("discharge",)),
        Kind("agent-letter", ("授权委托书", "委托书", "Letter of authorisation", "Power of attorney"),
             ("委托人", "受托人", "委托事项", "委托权限"),
             (_v("principal", "name", "委托人", "Principal"), _v("agent", "name", "受托人", "Agent"), _v("signed_on", "day", "日期", "Date")),
             ("agent-letter",)),
        Kind("articles", ("公司章程", "有限公司章程", "Articles of association"), ("第一章", "总则", "股东", "注册资本"), (), ("articles",)),
        Kind("shareholder-res", ("股东会决议", "股东决定", "Shareholder resolution"), ("全体股东", "表决", "决议"), (), ("shareholder-res",)),
        Kind("tax-clear", ("清税证明", "Tax clearance certificate"), ("税务", "清税"), (USCC, ISSUED, ISSUER), ("tax-clear",)),
        Kind("death-proof", ("居民死亡医学证明(推断)书", "死亡证明", "死亡医学证明", "Death certificate"), ("死亡日期", "死亡原因"),
             (NAME, SEX, ID_NO, _v("died_on", "day", "死亡日期", "Date of death")), ("death-proof",)),
        Kind("fire-commit", ("消防安全告知承诺书", "Fire safety commitment letter"), ("消防安全", "承诺"), (), ("fire-commit",)),
        Kind("house-contract", ("不动产买卖合同", "商品房买卖合同", "存量房买卖合同", "House sale contract"), ("出卖人", "买受人", "房屋价款"),
             (_v("seller", "name", "出卖人", "Seller"), _v("buyer", "name", "买受人", "Buyer"), _v("price", "amount", "房屋价款", "总价款", "Price")),
             ("house-contract",)),
        Kind("tax-paid", ("税收完税证明", "完税凭证", "税收缴款书", "Tax payment certificate", "Tax payment proof"), ("纳税人", "税种", "税款所属"),
             (_v("payer", "name", "纳税人名称", "纳税人", "Taxpayer"), _v("amount", "amount", "金额合计", "税额", "Amount"), ISSUED),
             ("tax-paid", "tax-paid-cert")),
        Kind("hygiene-report", ("卫生检测报告", "卫生检测评价报告", "公共场所卫生检测报告", "检测报告", "Hygiene test report"), ("检测项目", "检测结果", "样品"),
             (_v("client", "text", "委托单位", "被检单位", "Client"), ISSUED, ISSUER), ("hygiene-report",)),
        Kind("training-cert", ("职业技能等级证书", "职业资格证书", "Vocational skill certificate"), ("职业名称", "技能等级", "职业方向"),
             (NAME, ID_NO, _v("occupation", "text", "职业名称", "Occupation"), _v("level", "text", "技能等级", "等级", "Level"), CERT_NO, ISSUED),
             ("training-cert",)),
        Kind("disability-cert", ("残疾人证", "中华人民共和国残疾人证", "Disability certificate"), ("残疾类别", "残疾等级", "监护人"),
             (NAME, SEX, ID_NO, _v("category", "text", "残疾类别", "类别", "Category"), _v("level", "text", "残疾等级", "等级", "Level"), UNTIL),
             ("disability-cert",)),
        Kind("teacher-cert", ("教师资格证书", "教师资格证", "Teacher certificate", "Teacher qualification certificate"), ("任教学科", "资格种类"),
             (NAME, SEX, ID_NO, _v("subject", "text", "任教学科", "学科", "Subject"), CERT_NO, ISSUED), ("teacher-cert",)),
        Kind("social-security-card", ("社会保障卡", "中华人民共和国社会保障卡", "Social security card"), ("社会保障号码", "卡号", "发卡日期"),
             (NAME, _v("id_no", "id_no", "社会保障号码", "证件号码"), _v("card_no", "number", "卡号"), UNTIL), ("social-security-card",)),
        _licence("alcohol-licence", "酒类商品零售许可证", "Alcohol retail licence"),
        _licence("tobacco-licence", "烟草专卖零售许可证", "Tobacco retail licence"),
        _licence("drug-retail-licence", "药品经营许可证", "Drug retail licence", marks=("执业药师",)),
        _licence("device3-licence", "医疗器械经营许可证", "Medical device licence"),
        _licence("hygiene-licence", "公共场所卫生许可证", "Hygiene licence for public places", serves=("old-licence",)),
        _licence("publication-licence", "出版物经营许可证", "Publication retail licence"),
        _licence("entertainment-licence", "娱乐经营许可证", "Entertainment licence"),
        _licence("transport-licence", "道路运输经营许可证", "Road transport licence"),
        _licence("drainage-permit", "排水许可证", "Drainage permit"),
        _licence("industry-licence", "行业综合许可证", "Integrated industry licence", marks=("合并许可事项",)),
    )
}  # fmt: skip


def serves(kind: str, material: str) -> bool:
    """Whether a paper of this kind can be the material asked for."""
    return kind == material or (kind in KINDS and material in KINDS[kind].serves)


def tells_apart(material: str) -> bool:
    """Whether the machine knows papers of this material at all: of others it says nothing."""
    return any(serves(kind, material) for kind in KINDS)
