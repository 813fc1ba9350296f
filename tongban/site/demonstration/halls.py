"""What the halls of the demonstration say of themselves, and the grids of its district. Twice changes nothing; what a keeper wrote stays."""

from pathlib import Path

from tongban.halls.models import Hall
from tongban.halls.services import importing
from tongban.lib import yamls

OFFERS = {
    "district": ["wheelchair", "glasses", "copier", "photo", "baby", "parking", "wifi", "aed", "water", "charging"],
    "city": ["wheelchair", "glasses", "copier", "photo", "baby", "wifi", "aed", "water"],
    "subdistrict": ["wheelchair", "glasses", "copier", "wifi", "water"],
    "town": ["wheelchair", "glasses", "copier", "parking", "water"],
    "village": ["glasses", "water"],
}
ALSO = {"putuo-centre": ["sign_language", "coffee"], "huangpu-centre": ["coffee"]}
NOTICES = {
    "putuo-centre": {
        "zh": "大厅经五个月改造后重新开放：综合窗口办所有事项，24小时自助区与16台电脑可用，“小普”“小惠”两台引导机器人在入口处。",
        "en": "Open again after five months of rebuilding: every comprehensive window takes every matter, the self-service area with 16 "
        "computers is there day and night, and the guide robots Xiao Pu and Xiao Hui wait at the entrance.",
    },
}


def load(demo: Path) -> None:
    importing.load_grids(yamls.read(demo / "grids.yaml")["grids"])
    for hall in Hall.objects.filter(facilities__isnull=True):
        hall.facilities = [*OFFERS[hall.level], *ALSO.get(hall.code, [])]
        hall.notice = hall.notice or NOTICES.get(hall.code, {})
        hall.save(update_fields=["facilities", "notice"])
