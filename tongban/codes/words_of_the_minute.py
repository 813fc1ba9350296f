"""The word and the colour that every pass of a venue shows in one minute, and the guard's screen too. A picture taken earlier shows another."""

import json
from datetime import datetime

from tongban.lib.bilingual import Bilingual
from tongban.lib.encryption import blind_index

# plain things that everybody names alike, far from each other in sound and look
WORDS: tuple[tuple[str, str], ...] = (
    ("苹果", "apple"), ("月亮", "moon"), ("小船", "boat"), ("雨伞", "umbrella"), ("大树", "tree"), ("茶壶", "teapot"),
    ("钥匙", "key"), ("火车", "train"), ("金鱼", "goldfish"), ("帽子", "hat"), ("面包", "bread"), ("星星", "star"),
    ("蝴蝶", "butterfly"), ("书包", "schoolbag"), ("西瓜", "watermelon"), ("木桥", "bridge"), ("灯笼", "lantern"),
    ("鸽子", "pigeon"), ("毛衣", "sweater"), ("石头", "stone"), ("风筝", "kite"), ("竹子", "bamboo"), ("铃铛", "bell"),
    ("白云", "cloud"), ("葡萄", "grapes"), ("剪刀", "scissors"), ("松鼠", "squirrel"), ("地图", "map"), ("豆腐", "tofu"),
    ("荷花", "lotus"), ("口琴", "harmonica"), ("雪山", "mountain"),
)  # fmt: skip
COLOURS = ("teal", "persimmon", "indigo", "plum", "moss", "gold")


def of_minute(venue: int, at: datetime) -> tuple[Bilingual, str]:
    """({"zh", "en"}, colour): the same for everybody at this venue in this minute, unknown before it to whoever has no key."""
    said = bytes.fromhex(blind_index(f"{venue}:{int(at.timestamp()) // 60}", "codes.word"))
    zh, en = WORDS[said[0] % len(WORDS)]
    return {"zh": zh, "en": en}, COLOURS[said[1] % len(COLOURS)]


def ahead(venue: int, now: datetime, minutes: int) -> str:
    """{second at which a minute begins: [zh, en, colour]} as JSON, for a screen whose line may be bad."""
    first = int(now.timestamp()) // 60 * 60
    said = {}
    for second in range(first, first + 60 * minutes, 60):
        word, colour = of_minute(venue, datetime.fromtimestamp(second, tz=now.tzinfo))
        said[second] = [word["zh"], word["en"], colour]
    return json.dumps(said, ensure_ascii=False)
