"""The poster of an entrance as a PDF to print: place, address, the code, what to do, what to do without a phone, where to report."""

from django.conf import settings
from django.utils import timezone

from tongban.codes import venue_tokens
from tongban.codes.models import Poster
from tongban.lib.bilingual import Bilingual
from tongban.licences.rendering import PosterSheet, render_poster

STEPS: list[tuple[Bilingual, Bilingual]] = [
    (
        {"zh": "扫码", "en": "Scan"},
        {"zh": "用手机相机、随身办事App都可以", "en": "with any phone camera or the app"},
    ),
    (
        {"zh": "核对地点", "en": "Compare the place"},
        {"zh": "名称和地址与这里一致再确认", "en": "confirm only if name and address are right"},
    ),
    (
        {"zh": "出示凭证", "en": "Show the pass"},
        {"zh": "给门口工作人员看会走动的页面", "en": "let the guard see the page that moves"},
    ),
]
WITHOUT: tuple[Bilingual, Bilingual] = (
    {"zh": "没有手机怎么办", "en": "Without a phone"},
    {
        "zh": "请直接告诉门口工作人员：可出示纸质身份码，或由工作人员登记。没有手机不是拒绝进入的理由。",
        "en": "Tell the staff at the door: show your paper code, or they write you down. Having no phone is no reason to be turned away.",
    },
)


def draw(poster: Poster) -> bytes:
    entrance = poster.entrance
    venue = entrance.venue
    host = settings.PUBLIC_URL.split("//", 1)[-1].rstrip("/")
    report: tuple[Bilingual, Bilingual] = (
        {"zh": "发现异常请举报", "en": "Something is not right?"},
        {
            "zh": f"扫码后网址必须以 {host} 开头；不是、或地点不符，请勿继续，请告诉工作人员或拨打 {settings.HELP_PHONE}。",
            "en": f"The address must begin with {host}. If not, or if the place is wrong, stop and tell the staff or ring {settings.HELP_PHONE}.",
        },
    )
    place: Bilingual = {key: f"{name} · {poster.place}" for key, name in entrance.name.items()} if poster.place else entrance.name  # type: ignore[assignment]  # fmt: skip
    return render_poster(
        PosterSheet(
            address=venue_tokens.address_of(poster.mark, settings.PUBLIC_URL),
            number=f"{venue.code_no} · {poster.pk}",
            venue=venue.name,
            where=venue.address,
            entrance=place,
            steps=STEPS,
            without=WITHOUT,
            report=report,
            host=host,
            dated=timezone.localdate(poster.made_at),
            demo=settings.DEMO,
        )
    )
