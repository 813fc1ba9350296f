"""Spelling of what people type: one form for every way of writing, and what they probably meant.

Everything here is pure. Three kinds of slips are put right: a Chinese character taken for another of the same or nearly
the same sound (居住正), a slip of the keys in pinyin (juzhuzehng) and one in an English word (pasport).
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache

from pypinyin import Style, lazy_pinyin, pinyin
from pypinyin.constants import PHRASES_DICT

# The dictionary of readings holds “jū” some hundred times, each in a list of its own: the same list once frees 20 MB for what is
# loaded after it. The library copies what it reads before it changes anything.
_once: dict[tuple[str, ...], list[str]] = {}
for _readings in PHRASES_DICT.values():
    _readings[:] = [_once.setdefault(tuple(_one), _one) for _one in _readings]
del _once, _readings

# Traditional characters and the simplified ones that stand for them, character for character. Not a converter: the
# characters of catalogue names and of everyday words about them, enough to find a matter, not to write a letter.
_TRADITIONAL = (
    "丟乾亞佈佔來係俠倆倉個倫偉側偵偽傑備傢傳債傷傾僅僑僞僱價儀億優儲兇兌兒內兩冊凍凱別則剛創劃劇劉劑勁動"
    "務勝勞勢勳勵匭匯區協厭厲參叢吳吶員唄問啓啞啟喚喪喬單嗎嘆嘗嚐嚮嚴囑囪國圍園圓圖團執堅報場墊墳墾壓壞壩"
    "壯壺壽夠夢奪奮妝姦娛婦媽嬰孫學孿宮實寧審寫寬寵寶將專尋對導屆層屬崗嶺嶽巖帥師帳帶幣幫幹幾庫廈廚廟廠廢"
    "廣廳張強彈彎彙後徑從復徵徹恆悅惡惱愛態慮慶憂憑憲應懶懷懸戀戰戲戶拋挾捨捲掃掛採揚換揮損搖搶摺撈撐撥撫"
    "撲撿擇擊擋擔據擠擬擴擺攔攜攝攤敗敘敵數斂斷昇時晉暈暢暫曆曉曬書會朧東枴桿條棄棟楊業榮構槍樁樂樓標樞樣"
    "樹橋機橢檔檢檯櫃櫻欄權歐歡歲歷歸殘殯殺殼毀氣決沒沖況洩浹涼淚淨淪淵減測湊湧湯準溝溫溼滅滬滯滲滿漁漢漲"
    "漸潔潛潤澀澤濃濕濟濫濱瀏瀕瀘灘灣災為烏無煉煙煩熱燈燒營燭爐爛爭爲爺牆牽犧狀狹獄獅獎獨獲獵獸獻現瑣瑪環"
    "瓊產畢畫異當疊痙瘋療發皺盜監盤盧眾睏瞞瞭碩碼礎礙礦祿禍禦禮稅種稱穀積穩穫窮竊競筆節範築簡簽籃籌籤糞糧"
    "糰糾紀約紅紋納紓紙級紛細紹終組結絕絡給統絲綁經綜綠維網綿緊線緝緣編緩練縣縮縱總績織繕繩繪繫繳繼續纜罰"
    "罷羅義習聖聞聯聲職聽肅腎腦腫腸膚膠臉臟臨臺興舉舊舖艙艦艱莊華菸萬葉蓋蔔蔣蕩薦藉藍藝藥蘇蘋蘭處虛號蝦蟲"
    "蠶衆術衛衝裏補裝裡製複褲襯見規視親覺覽觀訂計訊討訓訖託記訟訪設許訴診註詐評詞詢試話該詳誇誌認誕誘語誠"
    "誤說誰調談請諒論諮諾謀講謝謠證識譯議護譽讀變讓讚豐豬貓貝負財貢貧貨販責貯貴買貸費貼貿賀賃資賊賓賠賢賣"
    "質賬賴賺購賽贈贏趕趙跡踐蹟躉軀車軍軟較載輔輕輛輩輪輸輻轄轉轎轟辦農迴連週進遊運過達違遙遞遠適遲遷選遺"
    "遼還郵郷鄉鄭鄰醜醫醬釋釘針鈔鈕鈴鉛銀銜銷銹鋁鋪鋼錄錢錯錶鍋鍵鍾鎖鎮鏈鏡鏽鐘鐵鑑鑒鑰鑽長門閃閉開閒間閔"
    "閘閣閱闊關陝陣陰陳陸陽隊階際隨險隱隻雖雙雜雞離難雲電霧靈靜韋韓韻響頁頂項順須預頒頓領頭頸頻題額顏願類"
    "顧顯風飄飛飯飲飼飾餅養餓餘館饋馬馮駁駐駕駛駝騎騙驅驗驚髒髮鬆鬚鬥鬧鬱魚鮮鯨鳥鴨鴻鵝鹹鹽麗麥麵黃點黨齊"
    "齒齡齣龍龜"
)
_SIMPLIFIED = (
    "丢干亚布占来系侠俩仓个伦伟侧侦伪杰备家传债伤倾仅侨伪雇价仪亿优储凶兑儿内两册冻凯别则刚创划剧刘剂劲动"
    "务胜劳势勋励匦汇区协厌厉参丛吴呐员呗问启哑启唤丧乔单吗叹尝尝向严嘱囱国围园圆图团执坚报场垫坟垦压坏坝"
    "壮壶寿够梦夺奋妆奸娱妇妈婴孙学孪宫实宁审写宽宠宝将专寻对导届层属岗岭岳岩帅师账带币帮干几库厦厨庙厂废"
    "广厅张强弹弯汇后径从复征彻恒悦恶恼爱态虑庆忧凭宪应懒怀悬恋战戏户抛挟舍卷扫挂采扬换挥损摇抢折捞撑拨抚"
    "扑捡择击挡担据挤拟扩摆拦携摄摊败叙敌数敛断升时晋晕畅暂历晓晒书会胧东拐杆条弃栋杨业荣构枪桩乐楼标枢样"
    "树桥机椭档检台柜樱栏权欧欢岁历归残殡杀壳毁气决没冲况泄浃凉泪净沦渊减测凑涌汤准沟温湿灭沪滞渗满渔汉涨"
    "渐洁潜润涩泽浓湿济滥滨浏濒泸滩湾灾为乌无炼烟烦热灯烧营烛炉烂争为爷墙牵牺状狭狱狮奖独获猎兽献现琐玛环"
    "琼产毕画异当叠痉疯疗发皱盗监盘卢众困瞒了硕码础碍矿禄祸御礼税种称谷积稳获穷窃竞笔节范筑简签篮筹签粪粮"
    "团纠纪约红纹纳纾纸级纷细绍终组结绝络给统丝绑经综绿维网绵紧线缉缘编缓练县缩纵总绩织缮绳绘系缴继续缆罚"
    "罢罗义习圣闻联声职听肃肾脑肿肠肤胶脸脏临台兴举旧铺舱舰艰庄华烟万叶盖卜蒋荡荐借蓝艺药苏苹兰处虚号虾虫"
    "蚕众术卫冲里补装里制复裤衬见规视亲觉览观订计讯讨训讫托记讼访设许诉诊注诈评词询试话该详夸志认诞诱语诚"
    "误说谁调谈请谅论咨诺谋讲谢谣证识译议护誉读变让赞丰猪猫贝负财贡贫货贩责贮贵买贷费贴贸贺赁资贼宾赔贤卖"
    "质账赖赚购赛赠赢赶赵迹践迹趸躯车军软较载辅轻辆辈轮输辐辖转轿轰办农回连周进游运过达违遥递远适迟迁选遗"
    "辽还邮乡乡郑邻丑医酱释钉针钞钮铃铅银衔销锈铝铺钢录钱错表锅键钟锁镇链镜锈钟铁鉴鉴钥钻长门闪闭开闲间闵"
    "闸阁阅阔关陕阵阴陈陆阳队阶际随险隐只虽双杂鸡离难云电雾灵静韦韩韵响页顶项顺须预颁顿领头颈频题额颜愿类"
    "顾显风飘飞饭饮饲饰饼养饿余馆馈马冯驳驻驾驶驼骑骗驱验惊脏发松须斗闹郁鱼鲜鲸鸟鸭鸿鹅咸盐丽麦面黄点党齐"
    "齿龄出龙龟"
)
_SIMPLER = str.maketrans(_TRADITIONAL, _SIMPLIFIED)

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_RUNS = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[a-z0-9]+")
_POSSESSIVE = re.compile("['’]s\\b")
_SYLLABLE_LONGEST = 6


def is_chinese(character: str) -> bool:
    return bool(_CHINESE.match(character))


@lru_cache(maxsize=4096)
def _normal_character(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character).casefold().translate(_SIMPLER)
    if plain.isascii() or is_chinese(plain[:1]):
        return plain
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))


def normal(text: str) -> str:
    """Half width, lower case, simplified characters, no accents: u-umlaut of pinyin is typed as v or u, here u."""
    return "".join(map(_normal_character, text))


def normal_with_places(text: str) -> tuple[str, list[int]]:
    """The normal form, and for each of its characters the place in the text it came from: for highlighting."""
    characters, places = [], []
    for place, character in enumerate(text):
        for made in _normal_character(character):
            characters.append(made)
            places.append(place)
    return "".join(characters), places


def runs(normal_text: str) -> list[str]:
    """Chinese runs and Latin or digit words, in their order; everything else only parts them."""
    return _RUNS.findall(_POSSESSIVE.sub("", normal_text))


# -- sounds


@lru_cache(maxsize=65536)
def syllables(chinese: str) -> tuple[str, ...]:
    """The toneless syllable of each character of a Chinese run; words decide the reading (重庆: chong)."""
    read = lazy_pinyin(chinese, errors=list, v_to_u=False)  # type: ignore[arg-type]
    if len(read) != len(chinese):
        read = [lazy_pinyin(character)[0] for character in chinese]
    return tuple(syllable.replace("ü", "v") for syllable in read)


@lru_cache(maxsize=8192)
def readings(character: str) -> tuple[str, ...]:
    """Every toneless reading of one character."""
    return tuple(dict.fromkeys(pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")[0]))


_NEARLY = (
    (re.compile("^(z|c|s)h"), r"\1"),
    (re.compile("ng$"), "n"),
    (re.compile("^l"), "n"),
    (re.compile("^f(?=u)"), "h"),
)


@lru_cache(maxsize=2048)
def near_sound(syllable: str) -> str:
    """One form for syllables many speakers do not tell apart: zh/z, ch/c, sh/s, -ng/-n, l/n, fu/hu."""
    for pattern, same in _NEARLY:
        syllable = pattern.sub(same, syllable)
    return syllable


# -- slips of the keys


def slips(one: str, other: str, most: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours from one word to the other; `most + 1` when more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return min(last[-1], most + 1)


def one_slip(one: str, other: str) -> bool:
    """Exactly one insertion, deletion, substitution or swap of neighbours apart; `slips(...) == 1`, quicker."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    at = 0
    while at < len(one) and at < len(other) and one[at] == other[at]:
        at += 1
    if len(one) > len(other):
        return one[at + 1 :] == other[at:]
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    if one[at + 1 :] == other[at + 1 :]:
        return True
    return one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]


def _letters(word: str) -> int:
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) & 31)
    return mask


class Words:
    """The English words of the catalogue with how often they occur; knows completions and the nearest word to a slip."""

    def __init__(self, counted: Counter[str]):
        self.counted = counted
        self.sorted = sorted(counted)
        self._by_length: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for word in self.sorted:
            if len(word) > 2 and not word.isdigit():
                self._by_length[len(word)].append((word, _letters(word)))

    def __contains__(self, word: str) -> bool:
        return word in self.counted

    def nearest(self, word: str, most_given: int = 3) -> list[str]:
        if len(word) < 4 or not word.isalpha():
            return []
        allowed = 1 if len(word) < 6 else 2
        mask = _letters(word)
        found = []
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            for candidate, letters in self._by_length.get(length, ()):
                if (mask ^ letters).bit_count() <= 2 * allowed:
                    distance = slips(word, candidate, allowed)
                    if distance <= allowed:
                        # the first letter is seldom the wrong one
                        found.append((distance + (word[0] != candidate[0]) * 0.5, -self.counted[candidate], candidate))
        found.sort()
        return [candidate for rank, _, candidate in found if rank <= found[0][0] + 0.5][:most_given]


class Sounds:
    """Which characters and syllables follow each other in the catalogue, to read pinyin and to put wrong characters right."""

    EDIT, UNKNOWN, SWAP_SAME, SWAP_NEAR = -1.5, -1.5, -1.2, -1.8
    KEPT = 24  # readings followed at once

    def __init__(self, chinese_runs: Iterable[str]):
        pairs: Counter[str] = Counter()
        characters: Counter[str] = Counter()
        spoken: set[tuple[str, ...]] = set()
        known: set[str] = set()
        for run in chinese_runs:
            read = syllables(run)
            known.update(read)
            characters.update(run)
            pairs.update(run[i : i + 2] for i in range(len(run) - 1))
            spoken.update(zip(read, read[1:], strict=False))
            spoken.update(zip(read, read[1:], read[2:], strict=False))
        self.pairs = pairs
        self.characters = characters
        self.spoken = spoken
        self.syllables = known
        self._same: dict[str, list[str]] = defaultdict(list)
        self._near: dict[str, list[str]] = defaultdict(list)
        for character, _ in characters.most_common():
            for reading in readings(character):
                self._same[reading].append(character)
                self._near[near_sound(reading)].append(character)
        self._forgiven: dict[str, list[tuple[str, int]]] = {}
        self._misspelt: dict[str, set[str]] = defaultdict(set)
        for syllable in known:
            for form in {syllable, *_one_less(syllable)}:
                self._misspelt[form].add(syllable)

    def known_pair(self, pair: str) -> bool:
        return pair in self.pairs

    def right(self, run: str) -> str:
        """The run with wrong characters put right by their sound, or the run itself; the likeliest path of pairs wins."""
        if len(run) < 2 or all(run[i : i + 2] in self.pairs for i in range(len(run) - 1)):
            return run
        layers = [self._candidates(character) for character in run]
        best = {candidate: (cost, candidate) for candidate, cost in layers[0].items()}
        for layer in layers[1:]:
            step = {}
            for candidate, cost in layer.items():
                step[candidate] = max(
                    (score + cost + self._follows(path[-1] + candidate), path + candidate)
                    for score, path in best.values()
                )
            best = step
        return max(best.values())[1]

    def _candidates(self, character: str) -> dict[str, float]:
        found = {character: 0.0}
        for reading in readings(character):
            for other in self._same.get(reading, ())[:24]:
                found.setdefault(other, self.SWAP_SAME)
        for reading in readings(character):
            for other in self._near.get(near_sound(reading), ())[:24]:
                found.setdefault(other, self.SWAP_NEAR)
        return found

    def _follows(self, pair: str) -> float:
        count = self.pairs.get(pair)
        return self.UNKNOWN if count is None else 1 + math.log(count) / 10

    def spelt(self, letters: str, *, mistakes: int = 0, most_given: int = 3) -> list[tuple[str, ...]]:
        """How letters can be read as syllables that follow each other in the catalogue; with slips when allowed, the likeliest first."""
        if not 2 <= len(letters) <= 40 or not letters.isalpha():
            return []
        ends: list[dict[tuple, tuple[float, tuple[str, ...]]]] = [{} for _ in range(len(letters) + 1)]
        ends[0][((), 0)] = (0.0, ())
        longest = _SYLLABLE_LONGEST + (1 if mistakes else 0)
        for place in range(len(letters)):
            here = ends[place]
            if not here:
                continue
            if len(here) > self.KEPT:
                here = dict(sorted(here.items(), key=lambda item: -item[1][0])[: self.KEPT])
            by_last: dict[tuple[str, ...], list[tuple[int, float, tuple[str, ...]]]] = defaultdict(list)
            for (last, made), (score, path) in here.items():
                by_last[last].append((made, score, path))
            for length in range(1, min(longest, len(letters) - place) + 1):
                there = ends[place + length]
                for syllable, slipped in self._read(letters[place : place + length], bool(mistakes)):
                    for last, reached_here in by_last.items():
                        heard = self._heard(last, syllable)
                        if mistakes and heard == self.UNKNOWN:
                            continue  # a slip is only believed where what it gives is said somewhere
                        key_last = (*last[-1:], syllable)
                        for made, score, path in reached_here:
                            if made + slipped > mistakes:
                                continue
                            reached = score + heard + slipped * self.EDIT - 0.05
                            key = (key_last, made + slipped)
                            if key not in there or there[key][0] < reached:
                                there[key] = (reached, (*path, syllable))
        ranked = sorted(ends[-1].values(), key=lambda item: -item[0])
        return list(dict.fromkeys(path for _, path in ranked))[:most_given]

    def _heard(self, last: tuple[str, ...], syllable: str) -> float:
        if not last:
            return 0.0
        if (*last, syllable) in self.spoken:
            return 1.0
        return -0.5 if (last[-1], syllable) in self.spoken else self.UNKNOWN

    def _read(self, piece: str, forgiving: bool) -> list[tuple[str, int]]:
        if not forgiving:
            return [(piece, 0)] if piece in self.syllables else []
        if (read := self._forgiven.get(piece)) is not None:
            return read
        if len(self._forgiven) > 20_000:
            self._forgiven.clear()
        found = {piece: 0} if piece in self.syllables else {}
        if piece not in self.syllables or len(piece) > 1:
            for form in (piece, *_one_less(piece)):
                for syllable in self._misspelt.get(form, ()):
                    if syllable not in found and one_slip(piece, syllable):
                        found[syllable] = 1
        self._forgiven[piece] = list(found.items())
        return self._forgiven[piece]

    def units(self, letters: str) -> list[str] | None:
        """Mixed typing: full syllables, begun ones and initials (jzzheng: j z zheng), as few units as can be; None when it cannot be."""
        begun = self._begun
        best: list[tuple[int, list[str]] | None] = [None] * (len(letters) + 1)
        best[0] = (0, [])
        for place in range(len(letters)):
            if (reached := best[place]) is None:
                continue
            for length in range(1, min(_SYLLABLE_LONGEST, len(letters) - place) + 1):
                piece = letters[place : place + length]
                if piece in begun:
                    # a whole syllable before a begun one of the same number of units
                    count = reached[0] + (10 if piece in self.syllables else 11)
                    there = best[place + length]
                    if there is None or count < there[0]:
                        best[place + length] = (count, [*reached[1], piece])
        return best[-1][1] if best[-1] else None

    @property
    def _begun(self) -> set[str]:
        if not hasattr(self, "_begun_set"):
            self._begun_set = {s[:i] for s in self.syllables for i in range(1, len(s) + 1)}
        return self._begun_set


def _one_less(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))} if len(word) > 1 else set()
