"""What people are told, kind by kind, in both languages. Few and useful: a kind that asks for nothing and says nothing new has no place.

Titles go into e-mails and text messages and therefore carry no personal data; bodies stand in the inbox alone.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from tongban.lib.bilingual import Bilingual, say


@dataclass(frozen=True)
class Words:
    """`carried` kinds also go out by e-mail; `urgent` ones by text message too. The rest waits in the inbox."""

    title: Bilingual
    body: Bilingual
    carried: bool = True
    urgent: bool = False


def _words(title_zh, title_en, body_zh, body_en, **how) -> Words:
    return Words({"zh": title_zh, "en": title_en}, {"zh": body_zh, "en": body_en}, **how)


WORDING: dict[str, Words] = {
    "appointment_booked": _words(
        "预约成功",
        "Your appointment is booked",
        "您已预约%(due)s %(hour)s，%(place)s。请带好身份证件或出示随申码，提前几分钟到现场签到。不能来请提前两小时改约或取消，让别人也能约上。",
        "Your appointment: %(due)s at %(hour)s, %(place)s. Bring your document or show your identity code and check in when you arrive. "
        "If you cannot come, move or cancel it two hours before, so that somebody else gets the time.",
    ),
    "appointment_moved": _words(
        "预约已改期",
        "Your appointment was moved",
        "您的预约已改到%(due)s %(hour)s，%(place)s。原来的时间已退回。",
        "Your appointment is now on %(due)s at %(hour)s, %(place)s. The time you had before was given back.",
    ),
    "appointment_cancelled": _words(
        "预约已取消",
        "Your appointment was cancelled",
        "您%(due)s %(hour)s在%(place)s的预约已取消。需要时可以重新预约，也可以直接到现场取号。",
        "Your appointment of %(due)s at %(hour)s, %(place)s is cancelled. Book again whenever you like, or come and take a number.",
    ),
    "appointment_cancelled_by_hall": _words(
        "大厅无法按时接待您的预约",
        "The hall cannot keep your appointment",
        "很抱歉，%(place)s无法按时接待您%(due)s %(hour)s的预约。原因：%(reason)s。这不影响您以后预约。请另选时间，或到其他大厅办理。",
        "We are sorry: %(place)s cannot keep your appointment of %(due)s at %(hour)s. Reason: %(reason)s. This does not count against you. "
        "Please choose another time, or another hall.",
        urgent=True,
    ),
    "round_table_asked": _words(
        "请参加圆桌会商",
        "Your department is asked to a round table",
        "请贵部门派人参加%(due)s %(hour)s在%(place)s（%(what)s）举行的圆桌会商。请打开页面查看议题，并确认由谁参加。",
        "Please send somebody to the round table on %(due)s at %(hour)s, %(place)s (%(what)s). The page says what it is about; say there "
        "who comes.",
    ),
    "round_table_moved": _words(
        "圆桌会商改期",
        "A round table was moved",
        "贵部门受邀参加的圆桌会商已改到%(due)s %(hour)s，%(place)s（%(what)s）。",
        "The round table that your department was asked to now takes place on %(due)s at %(hour)s, %(place)s (%(what)s).",
    ),
    "round_table_off": _words(
        "圆桌会商取消",
        "A round table does not take place",
        "原定%(due)s %(hour)s在%(place)s（%(what)s）举行的圆桌会商已取消，无需参加。",
        "The round table of %(due)s at %(hour)s, %(place)s (%(what)s) does not take place. Nobody needs to come.",
    ),
    "round_table_result": _words(
        "圆桌会商结果函",
        "The letter of your round table",
        "您%(due)s在%(place)s参加的圆桌会商已形成结果函，可在页面查看、下载。函中写明会商结果、由谁在何时前完成什么；其中需要您办的事项，办完后请在页面上注明。",
        "The letter about your round table on %(due)s at %(place)s is ready to read and download. It says what came out of it and who does "
        "what until when. Where something is for you to do, mark it on the page when it is done.",
    ),
    "round_table_task_done": _words(
        "圆桌会商事项已完成",
        "A task of your round table is done",
        "%(department)s已完成您在%(place)s参加的圆桌会商中的一项任务，请打开页面查看。",
        "%(department)s has done one of the tasks of your round table at %(place)s. The page shows which.",
        carried=False,
    ),
    "hall_waits": _words(
        "大厅排队预警",
        "A queue grows long",
        "%(place)s：%(what)s预计等候约%(count)s分钟。可开放备用窗口或调配人员，请打开大厅看板。",
        "%(place)s: whoever takes a number for %(what)s now waits about %(count)s minutes. You can open a reserve window or move staff; open "
        "the page of the hall.",
    ),
    "hall_stopped": _words(
        "大厅暂停叫号",
        "The hall has stopped for the moment",
        "%(place)s因突发情况暂停叫号。您的%(number)s号保留位置，恢复后继续叫号，无需重新取号。请听从现场工作人员安排。",
        "%(place)s has stopped for the moment. Your number %(number)s keeps its place and is called when the hall goes on; you need not "
        "take another. Please follow what the staff say.",
        urgent=True,
    ),
    "hall_goes_on": _words(
        "大厅恢复叫号",
        "The hall goes on",
        "%(place)s已恢复叫号，您的%(number)s号仍然有效，请留意叫号。",
        "%(place)s calls numbers again. Your number %(number)s is still valid; please watch the screens.",
        urgent=True,
    ),
    "hall_moves": _words(
        "您预约的大厅将迁址",
        "The hall of your appointment moves",
        "%(place)s自%(day)s起迁至新址：%(address)s。您%(due)s %(hour)s的预约继续有效，请到新址办理；如不方便，可改约或取消。",
        "From %(day)s on you find %(place)s here: %(address)s. Your appointment of %(due)s at %(hour)s stays valid and takes place there. If "
        "that does not suit you, move or cancel it.",
        urgent=True,
    ),
    "hall_stays": _words(
        "您预约的大厅暂不迁址",
        "The hall of your appointment does not move",
        "%(place)s原定%(day)s的迁址取消，仍在：%(address)s。您%(due)s %(hour)s的预约照常办理，请到该地址。",
        "%(place)s does not move on %(day)s after all. You find it here as before: %(address)s. Your appointment of %(due)s at %(hour)s takes "
        "place there.",
        urgent=True,
    ),
    "appointment_reminder": _words(
        "明天有预约",
        "You have an appointment soon",
        "提醒：您预约了%(due)s %(hour)s，%(place)s。不能来请提前两小时改约或取消。",
        "A reminder: your appointment is on %(due)s at %(hour)s, %(place)s. If you cannot come, move or cancel it two hours before.",
        urgent=True,
    ),
    "appointment_missed": _words(
        "您的预约已过时",
        "You missed an appointment",
        "您没有在%(due)s %(hour)s到%(place)s签到。没关系，可以重新预约，也可以直接到现场取号。请注意：30天内两次未到，将有30天不能网上预约；"
        "不能来时请提前取消。电话预约和现场取号不受影响。",
        "You did not check in at %(place)s on %(due)s at %(hour)s. You can book again, or come and take a number. Please note: after two "
        "missed appointments within 30 days online booking is closed for 30 days, so cancel when you cannot come. Phone booking and numbers "
        "at the hall stay open to you.",
    ),
    "appointment_missed_kindly": _words(
        "您的预约已过时",
        "You missed an appointment",
        "您没有在%(due)s %(hour)s到%(place)s签到。没关系，可以重新预约，也可以打电话请工作人员帮您约，或直接到现场取号。",
        "You did not check in at %(place)s on %(due)s at %(hour)s. You can book again, ring us and we book for you, or come and take a number.",
    ),
    "booking_closed": _words(
        "网上预约暂停",
        "Online booking is closed for a while",
        "您没有在%(due)s %(hour)s到%(place)s签到。因30天内多次未到或取消，您在%(until)s之前不能网上预约。您仍可电话预约，或直接到现场取号。",
        "You did not check in at %(place)s on %(due)s at %(hour)s. Because of missed or cancelled appointments within 30 days you cannot book "
        "online until %(until)s. You can still book by phone, or come and take a number.",
        urgent=True,
    ),
    "earlier_offered": _words(
        "有一个预约时间留给您",
        "A time is kept for you",
        "您候补的%(place)s有空了：%(due)s %(hour)s。我们为您保留到%(until)s，请打开确认；不需要也请告知，让给下一位。",
        "A time came free at %(place)s, where you are on the list: %(due)s at %(hour)s. It is kept for you until %(until)s: open it and "
        "confirm. If you do not want it, say so, and the next person is asked.",
        urgent=True,
    ),
    "earlier_none": _words(
        "候补已结束",
        "Your place on the waiting list has ended",
        "您在%(place)s的候补日期已过，没有等到合适的时间。可以重新预约其他日子，或直接到现场取号。",
        "The days you waited for at %(place)s are over and no time came free. Book another day, or come and take a number.",
    ),
    "ticket_called": _words(
        "轮到您了，请到窗口",
        "It is your turn",
        "%(number)s号，请到%(place)s%(door)s号窗口。叫号三次，每次间隔20秒；三次未到会过号，30分钟内可重新排队一次。",
        "Number %(number)s, please go to window %(door)s of %(place)s. You are called three times, twenty seconds apart; if you miss all three, "
        "you may wait again once within thirty minutes.",
        urgent=True,
    ),
    "ticket_near": _words(
        "快轮到您了，请回到大厅",
        "It is nearly your turn, please come back",
        "%(place)s：%(number)s号前面还有%(count)s人，请回到等候区。",
        "%(place)s: %(count)s more before number %(number)s. Please come back to the waiting area.",
        urgent=True,
    ),
    "ticket_skipped": _words(
        "您已过号，还可以重新排队",
        "You were called and may still come back",
        "%(place)s叫了三次%(number)s号，没有见到您。30分钟内打开号码页面或到导办台，可以重新排队一次，排在前三位之后；超过时间号码作废。",
        "%(place)s called number %(number)s three times and did not see you. Within thirty minutes you may wait again once, behind the next three: "
        "open your number, or ask at the guidance desk. After that the number is void.",
        urgent=True,
    ),
    "ticket_void": _words(
        "您的排队号码已作废",
        "Your number is no longer valid",
        "%(place)s的%(number)s号已作废。需要办理，请重新取号；也可以预约时间或直接在网上办理。",
        "Number %(number)s of %(place)s is no longer valid. To be served, take a new number, book a time, or do it online.",
    ),
    "ticket_hall_closed": _words(
        "今天没能轮到您，请看怎么办",
        "You could not be called today",
        "很抱歉，%(place)s今天已停止叫号，%(number)s号没能轮到。下次开放时间：%(title)s。您可以预约那天的时间，预约的人优先叫号；很多事项也可以现在就在网上办理。",
        "We are sorry: %(place)s has stopped calling and number %(number)s could not be called. It opens again: %(title)s. You can book a time "
        "for that day, and whoever booked is called first; many things can be done online right now.",
        urgent=True,
    ),
    "venue_ready": _words(
        "场所码已开通",
        "Your venue code is ready",
        "%(place)s的场所码已开通。请打开页面，为每个出入口打印海报并张贴；同一出入口或用场所码，或用核验设备，不同时使用。",
        "The venue code of %(place)s is ready. Open the page, print the poster of each entrance and put it up. An entrance works with a code "
        "or with a checking device, never with both.",
    ),
    "venue_suspended": _words(
        "场所码已暂停",
        "A venue code was suspended",
        "%(place)s的场所码已暂停使用。原因：%(text)s。暂停期间，扫码的人会看到该码已暂停。如有异议，请联系发码部门。",
        "The venue code of %(place)s was suspended. Reason: %(text)s. Whoever scans it is told that it is suspended. If you think this is "
        "wrong, ask the office that issued it.",
        urgent=True,
    ),
    "venue_resumed": _words(
        "场所码已恢复",
        "A venue code works again",
        "%(place)s的场所码已恢复使用，已张贴的海报无需更换。",
        "The venue code of %(place)s works again. The posters that hang there stay as they are.",
    ),
    "mandate_asked": _words(
        "有人申请为您代办",
        "Somebody asks to act for you",
        "%(name)s申请为您代办事项。是否同意、同意哪些，由您在自己的账号里决定；不认识的人请直接拒绝。在您同意之前，对方什么也做不了。",
        "%(name)s asks to act for you. You alone decide, on your own account, whether and in what. If you do not know this person, decline: "
        "until you agree they can do nothing.",
        urgent=True,
    ),
    "mandate_given": _words(
        "已为您登记一份委托",
        "A mandate of yours was written down",
        "%(name)s现在可以在约定范围内为您代办，有效期至%(due)s。对方每办一件事您都会收到通知；您可以随时收回，立即生效。",
        "From now on %(name)s may act for you within what was agreed, until %(due)s. You are told of everything they do, and can take it "
        "back at any moment; that holds at once.",
        urgent=True,
    ),
    "mandate_passed_on": _words(
        "一份委托已转托给他人",
        "A mandate of yours was passed on",
        "%(role)s按您的允许，把委托转给了%(name)s。%(name)s现在可以在约定范围内为您代办，有效期至%(due)s。对方每办一件事您都会收到通知；您可以随时收回，立即生效。",
        "%(role)s passed it on to %(name)s, as you allowed: from now on %(name)s may act for you within what was agreed, until %(due)s. You are "
        "told of everything they do, and can take it back at any moment; that holds at once.",
        urgent=True,
    ),
    "mandate_yours": _words(
        "您获得了一份委托",
        "You may act for somebody",
        "%(name)s委托您代办，有效期至%(due)s。可以办什么、不可以办什么，请打开查看。您所办的每件事都会告知对方。",
        "%(name)s lets you act for them until %(due)s. Open it to see what is included. They are told of everything you do.",
    ),
    "mandate_declined": _words(
        "您的代办申请未获同意",
        "You were not given a mandate",
        "%(name)s没有同意您的代办申请。如有疑问，请直接与对方联系。",
        "%(name)s did not agree that you act for them. If you have questions, please talk to them.",
    ),
    "mandate_revoked": _words(
        "一份委托已被收回",
        "A mandate was taken back",
        "%(name)s收回了给您的委托，立即生效。已经提交的办件继续办理，结果归本人；草稿仍保留在本人名下。",
        "%(name)s took back what you were allowed to do, from now on. Applications you sent go on and belong to them; drafts stay theirs.",
    ),
    "mandate_ended": _words(
        "一份委托已结束",
        "A mandate has ended",
        "您为%(name)s代办的委托已结束。已经提交的办件继续办理，结果归本人。",
        "What you were allowed to do for %(name)s has ended. Applications you sent go on and belong to them.",
    ),
    "mandate_ended_yours": _words(
        "您给出的一份委托已结束",
        "A mandate of yours has ended",
        "%(name)s不再为您代办。已经提交的办件继续办理；需要时可以重新委托。",
        "%(name)s does not act for you any more. Applications that were sent go on. You can give a new mandate when you need one.",
    ),
    "ready_to_sign": _words(
        "有一份申请等您签名",
        "An application waits for your signature",
        "%(name)s已替您填好“%(matter)s”。请打开核对，有不对的可以修改；由您签名后才会提交。",
        "%(name)s has filled in “%(matter)s” for you. Open it and check it; change what is not right. It is sent when you sign, and not before.",
    ),
    "acted_for_you": _words(
        "有人为您办了一件事",
        "Somebody did something for you",
        "%(name)s为您%(what)s：%(matter)s。这是您授权或法律允许的代办。如果您不知情，请立即收回委托并拨打帮助热线。",
        "%(name)s %(what)s for you: %(matter)s. You or the law allow it. If you know nothing of it, take the mandate back at once and ring "
        "the help line.",
        urgent=True,
    ),
    "parent_acts": _words(
        "您的父母可以为您办事",
        "Your parent may act for you",
        "根据亲属关系登记，%(name)s在您年满18周岁之前可以为您办事。办了什么，您都能看到。",
        "The family register says that %(name)s is your parent. Until you are 18 they may act for you, and you see what they did.",
    ),
    "guardian_claims": _words(
        "有人申请以监护人身份为您办事",
        "Somebody says that they are your guardian",
        "%(name)s提出法院指定其为您的监护人。工作人员核对判决之前，对方什么也做不了。如不属实，请拨打帮助热线或到任一窗口。",
        "%(name)s says that a court made them your guardian. Until an officer has seen the judgment they can do nothing. If it is not true, "
        "ring the help line or come to any window.",
        urgent=True,
    ),
    "guardian_confirmed": _words(
        "监护关系已确认",
        "Your guardianship is confirmed",
        "工作人员已核对判决，您现在可以作为%(name)s的监护人办事。",
        "An officer has seen the judgment: you may now act for %(name)s as guardian.",
    ),
    "guardian_refused": _words(
        "监护关系未能确认",
        "Your guardianship could not be confirmed",
        "您提出的关于%(name)s的监护关系未能确认。请带判决书和身份证件到任一窗口。",
        "What you said about %(name)s could not be confirmed. Please come to any window with the judgment and your document.",
    ),
    "guardian_acts": _words(
        "监护人可以为您办事",
        "A guardian may act for you",
        "%(name)s已被确认为您的监护人，可以为您办事，每件事都会告知您。如不同意，可在“为他人办事”页面提出异议，立即停止。",
        "%(name)s is confirmed as your guardian and may act for you; you are told of everything. If you do not agree, object under “Acting "
        "for others”: that stops it at once.",
        urgent=True,
    ),
    "guardian_objected": _words(
        "被监护人提出了异议",
        "Your ward has objected",
        "%(name)s对您的监护提出异议。在工作人员作出决定之前，您暂时不能为其办事。",
        "%(name)s objects. Until an officer has decided you cannot act for them.",
    ),
    "bond_ended": _words(
        "一份家庭代办关系已结束",
        "A family bond has ended",
        "您与%(name)s之间的代办关系已结束。已经提交的办件继续办理，由工作人员联系本人。",
        "Between you and %(name)s nobody acts for the other any more. Applications that were sent go on.",
    ),
    "child_grown": _words(
        "您的孩子已年满18周岁",
        "Your child is 18",
        "%(name)s已年满18周岁，从今天起由本人办事。没有办结的申请归其本人，请提醒本人登录查看，或者持身份证件到任一窗口；需要时可以由本人委托您。",
        "%(name)s is 18 and acts for themselves from today on. Applications that still run are theirs: please tell them to sign in, or to come to "
        "any window with their document. If they want, they can give you a mandate.",
    ),
    "you_are_grown": _words(
        "您已年满18周岁，从今天起由您自己办事",
        "You are 18: from today on you act for yourself",
        "此前由%(name)s为您办理的办件和草稿都在您的账号里，请查看并继续办理。父母不再能为您办事，除非您委托。",
        "Everything %(name)s did for you, applications and drafts, is in your account: please look and go on. Your parents act for you no "
        "more, unless you let them.",
    ),
    "clerk_rights": _words(
        "您代表企业办事的权限有变化",
        "What you may do for a company has changed",
        "%(name)s调整了您的办事权限，立即生效。可以办什么，请打开查看。",
        "%(name)s changed what you may do, from now on. Open it to see what.",
    ),
    "clerk_named": _words(
        "您可以代表一家企业办事了",
        "You may act for a company",
        "%(name)s把您列为经办人。可以办什么、到什么时候，请打开查看；如果您不知情或不愿意，请在同一页退出。",
        "%(name)s named you as its clerk. Open it to see what you may do and until when; if you do not want that, leave on the same page.",
    ),
    "clerk_ended": _words(
        "您不再代表一家企业办事",
        "You do not act for a company any more",
        "%(name)s取消了您的办事授权，立即生效。您替企业填写的草稿和已提交的办件归企业所有，继续办理。",
        "%(name)s ended what you were allowed to do, from now on. Drafts and applications you made for it belong to the company and go on.",
    ),
    "clerk_left": _words(
        "一位经办人已退出",
        "A clerk has left",
        "%(name)s不再代表贵企业办事，立即生效。未提交的草稿仍在企业空间里，请安排其他人继续。",
        "%(name)s does not act for your company any more. Drafts that were not sent stay in the space of the company: please let somebody else go on.",
    ),
    "new_representative": _words(
        "您现在是企业的法定代表人",
        "You are the legal representative of a company now",
        "根据市场主体登记，您已成为%(name)s的法定代表人。请查看哪些办事人员和委托仍然有效，不需要的请收回。",
        "The business register names you as legal representative of %(name)s. Please look which clerks and mandates are still in force, and "
        "end those you do not want.",
    ),
    "cosign_asked": _words(
        "有一份申请请您签署",
        "You are asked to sign an application",
        "%(name)s申请“%(matter)s”，需要您作为%(role)s签署。请先看清全部内容，再决定签署或拒绝。有效期30天。",
        "%(name)s applies for “%(matter)s” and needs your signature as %(role)s. Look at all of it, then sign or decline. You have 30 days.",
        urgent=True,
    ),
    "cosign_again": _words(
        "您签署过的申请有改动，请重新签署",
        "What you signed was changed: please sign again",
        "您签署之后，“%(matter)s”的内容有改动，原签署已失效。请查看现在的内容后再次签署或拒绝。",
        "After you signed, something in “%(matter)s” was changed, so your signature counts no more. Look at it as it stands now and sign again, "
        "or decline.",
        urgent=True,
    ),
    "cosign_reminder": _words(
        "还有一份申请等您签署",
        "An application still waits for your signature",
        "“%(matter)s”还在等您签署，到%(due)s为止。",
        "“%(matter)s” still waits for your signature, until %(due)s.",
    ),
    "records_joined": _words(
        "您的两份身份记录已合并显示",
        "Two records of yours were joined",
        "两位工作人员核对后确认，证件%(own)s与证件%(other)s属于同一人。两份记录下的办件、证照和委托现在都能在您的账号中看到，没有任何内容被删除。"
        "如果不是您本人，请立即联系我们，可以随时恢复原样。",
        "Two officers compared the documents %(own)s and %(other)s and found that both are yours. Applications, licences and mandates under "
        "both now stand in your account; nothing was taken out. If this is wrong, tell us at once: it can be undone at any time.",
        urgent=True,
    ),
    "records_parted": _words(
        "两份身份记录已恢复分开",
        "Two records were taken apart again",
        "证件%(own)s与证件%(other)s的记录已恢复分开，各自的办件、证照和委托与合并前完全一样。理由：%(why)s",
        "The records of the documents %(own)s and %(other)s were taken apart again. Each has its own applications, licences and mandates as "
        "before. The reason: %(why)s",
        urgent=True,
    ),
    "one_more_allowed": _words(
        "您可以再申请一次",
        "You may apply once more",
        "“%(matter)s”：部门同意您再提交一份申请。理由：%(why)s",
        "“%(matter)s”: the department agrees that you send one more application. The reason: %(why)s",
    ),
    "one_more_declined": _words(
        "再次申请未获同意",
        "One more application was not agreed to",
        "“%(matter)s”：部门没有同意您再提交一份申请。理由：%(why)s 已在办理的申请不受影响。",
        "“%(matter)s”: the department did not agree that you send one more application. The reason: %(why)s What is being handled goes on.",
    ),
    "cosign_declined": _words(
        "有人拒绝签署您的申请",
        "Somebody declined to sign your application",
        "%(name)s没有签署“%(matter)s”，理由：%(why)s",
        "%(name)s did not sign “%(matter)s”. The reason: %(why)s",
    ),
    "cosign_lapsed": _words(
        "签署邀请已过期",
        "A request to sign is over",
        "%(name)s在30天内没有签署“%(matter)s”。您可以再次邀请。",
        "%(name)s did not sign “%(matter)s” within 30 days. You can ask again.",
    ),
    "cosign_complete": _words(
        "所有人都已签署，可以提交了",
        "Everybody has signed: you can send it",
        "“%(matter)s”的共同签署人都已签署。请核对后提交；提交前如有改动，需要重新签署。",
        "Everybody who must sign “%(matter)s” has done so. Check it and send it. A change before that takes the signatures away.",
    ),
    "call_back_missed": _words(
        "我们给您打过电话",
        "We tried to ring you",
        "您请我们回电，我们打了三次都没有接通。需要帮助时请再留一次电话，或直接拨打帮助热线。",
        "You asked us to ring you. We tried three times and nobody answered. Ask again whenever you like, or ring the help line.",
    ),
    "looked_without_case": _words(
        "有工作人员在办件之外查看了您的信息",
        "An officer looked at your data without a case",
        "一名工作人员在没有经办您办件的情况下查看了您的信息，已写明用途，并由监督人员另行核查。谁、何时、为何查看，见“谁看过我的信息”；如有疑问，可以在那里直接提出。",
        "An officer who is not handling an application of yours looked at your data and said what for; a supervisor looks at it "
        "separately. Who, when and why stands under “Who read my data”. If you do not recognise it, you can ask there.",
        urgent=True,
    ),
    "looked_later": _words(
        "现告知：您的信息曾被依法查看",
        "We may tell you now: your data was looked at",
        "有机关此前依照法律查看了您的信息，当时依法可以暂缓告知，期限现已届满。时间、机关和法律依据见“谁看过我的信息”。",
        "An authority looked at your data earlier under a law that let telling you wait. The time is over: when, which authority "
        "and which law stand under “Who read my data”.",
    ),
    "read_question_answered": _words(
        "您对信息查看提出的疑问有了答复",
        "Your question about who saw your data is answered",
        "监督人员已核查您提出的查看记录并作出答复，见“谁看过我的信息”。",
        "A supervisor has checked what you asked about. The answer stands beside the line under “Who read my data”.",
    ),
    "case_received": _words(
        "申请已收到",
        "We have your application",
        "您的“%(matter)s”申请（%(number)s）已收到，工作人员会尽快查看。您现在无需做任何事。",
        "Your application “%(matter)s” (%(number)s) has arrived and will be looked at soon. There is nothing you need to do now.",
        carried=False,
    ),
    "pre_review_returned": _words(
        "请修改标出的内容",
        "Please change what is marked",
        "“%(matter)s”（%(number)s）受理前的检查已完成，有几处需要您修改。打开办件即可看到每一处；改好后再提交，编号不变。",
        "The check before acceptance of “%(matter)s” (%(number)s) found some points to change. Open the case to see each of "
        "them; send it again when they are right. The number stays the same.",
        urgent=True,
    ),
    "correction_requested": _words(
        "请补齐材料",
        "Please supply what is listed",
        "“%(matter)s”（%(number)s）还缺一些内容，全部列在办件里，只会要求这一次。请在30天内补齐；这段时间不占用承诺期限。",
        "“%(matter)s” (%(number)s) still needs some things. All of them are listed in the case, and you are asked only once. "
        "Please supply them within 30 days; this time does not count against the promised date.",
        urgent=True,
    ),
    "page_damaged": _words(
        "请重新上传一页材料",
        "Please send one page again",
        "您在“%(matter)s”（%(number)s）中提交的材料“%(paper)s”第%(page)s页，在我们的存储中损坏了，这是我们的责任。请在办件页面重新上传这一页；"
        "其他内容都完好，办理期限照常计算。",
        "Page %(page)s of “%(paper)s”, which you sent with “%(matter)s” (%(number)s), was damaged in our storage. The fault is ours. "
        "Please send this page again on the page of the case; everything else is kept, and the promised date stands.",
        urgent=True,
    ),
    "correction_recalled": _words(
        "无需再补正",
        "You need not correct anything",
        "我们收回了对“%(matter)s”（%(number)s）的补正要求，您无需再做任何事，办理继续进行。",
        "We took back our request to correct “%(matter)s” (%(number)s). There is nothing you need to do; we go on.",
    ),
    "staff_changed": _words(
        "工作人员更正了您的申请",
        "An officer put something right in your application",
        "工作人员更正了“%(matter)s”（%(number)s）中的一处内容，原内容和现内容都列在办件里。如不同意，可在受理前撤销这一更正。",
        "An officer put something right in “%(matter)s” (%(number)s). Before and after stand in the case. If you do not agree you can "
        "undo it until the application is accepted.",
        urgent=True,
    ),
    "paper_tolerated": _words(
        "已容缺受理，请按期补交材料",
        "Accepted: one paper may follow",
        "“%(matter)s”（%(number)s）已容缺受理。请在%(due)s前补交所缺材料；补交前不会作出决定。",
        "“%(matter)s” (%(number)s) is accepted although a paper is missing. Please supply it by %(due)s; nothing is decided before.",
        urgent=True,
    ),
    "supply_reminder": _words(
        "提醒：还有材料待补交",
        "A reminder: a paper is still to come",
        "“%(matter)s”（%(number)s）还缺“%(paper)s”，请在%(due)s前补交。",
        "“%(matter)s” (%(number)s) still waits for “%(paper)s”. Please supply it by %(due)s.",
        urgent=True,
    ),
    "paper_not_supplied": _words(
        "材料逾期未补交",
        "A paper was not supplied in time",
        "“%(matter)s”（%(number)s）的容缺材料未按期补交。作出决定前您仍可补交；否则将依法不予准许或终止办理。",
        "A paper for “%(matter)s” (%(number)s) did not come in time. You can still supply it until the decision; without it the "
        "application is refused or ended as the law says.",
        urgent=True,
    ),
    "hearing_offered": _words(
        "您有权要求听证",
        "You may ask for a hearing",
        "关于“%(matter)s”（%(number)s），我们拟作出对您不利的决定，理由见办件。您可在%(due)s前要求听证，也可书面陈述意见。",
        "We intend to decide against you in “%(matter)s” (%(number)s); the case says why. Until %(due)s you may ask for a hearing, or "
        "say what you have to say in writing.",
        urgent=True,
    ),
    "hearing_invited": _words(
        "听证时间和地点已定",
        "Your hearing: day and place",
        "“%(matter)s”（%(number)s）的听证定于%(due)s举行，具体时间、地点和参加人见办件。",
        "The hearing about “%(matter)s” (%(number)s) is on %(due)s. The hour, the place and who takes part stand in the case.",
        urgent=True,
    ),
    "signature_fell": _words(
        "核查记录已改动，请重新签字",
        "An inspection record was changed: please sign again",
        "“%(matter)s”（%(number)s）的现场核查记录在您签字后由%(name)s改动或补充了照片，您的签字已失效。请查看后重新签字。",
        "%(name)s changed the record of the inspection of “%(matter)s” (%(number)s) after you signed it, or added a photograph, so your signature "
        "no longer counts. Please look and sign again.",
    ),
    "inspection_planned": _words(
        "现场核查时间已定",
        "Officers come to look: day and hour",
        "“%(matter)s”（%(number)s）的现场核查定于%(due)s %(hour)s，地点和查看内容见办件。时间不便可以在办件页面提出。",
        "Two officers come for “%(matter)s” (%(number)s) on %(due)s at %(hour)s. Where, and what they look at, stands in the case; "
        "there you can also say that the time does not suit.",
        urgent=True,
    ),
    "notice_published": _words(
        "您的申请正在公示",
        "Your application was announced",
        "“%(matter)s”（%(number)s）已公示，%(due)s前可以提出异议，之后继续审查。",
        "“%(matter)s” (%(number)s) was announced. Others may object until %(due)s; then the review goes on.",
    ),
    "notice_objected": _words(
        "有人对公示提出异议",
        "Somebody objected to the public notice",
        "有人对“%(matter)s”（%(number)s）的公示提出异议，内容见办件。部门答复后再作决定。",
        "Somebody objected to the notice about “%(matter)s” (%(number)s). What was said stands in the case; it is answered before anybody decides.",
    ),
    "objection_answered": _words(
        "您的异议有了答复",
        "Your objection was answered",
        "您对“%(matter)s”公示提出的异议已有书面答复。",
        "What you said against the notice about “%(matter)s” has a written answer.",
    ),
    "hearing_held": _words(
        "听证笔录已入卷",
        "The record of your hearing",
        "“%(matter)s”（%(number)s）的听证已结束，笔录和结果见办件。",
        "The hearing about “%(matter)s” (%(number)s) is over. Record and result stand in the case.",
    ),
    "promise_to_check": _words(
        "承诺事项将在约定期限内核查",
        "Your promise will be checked",
        "“%(matter)s”（%(number)s）已按您的承诺办理。部门将在%(due)s前核查，请备齐承诺涉及的材料。",
        "“%(matter)s” (%(number)s) was decided on your promise. The department checks by %(due)s; please keep what you promised ready.",
    ),
    "promise_put_right": _words(
        "核查发现问题，请按期改正",
        "The check found something to put right",
        "对“%(matter)s”（%(number)s）的核查发现有与承诺不符之处，请在%(due)s前改正，具体见办件。",
        "The check of “%(matter)s” (%(number)s) found something that is not as you promised. Please put it right by %(due)s; the case "
        "says what.",
        urgent=True,
    ),
    "promise_kept": _words(
        "承诺核查通过",
        "The check found it as you promised",
        "“%(matter)s”（%(number)s）的承诺已经核查，情况属实，您无需再做任何事。",
        "The check of “%(matter)s” (%(number)s) found it as you promised. There is nothing more to do.",
    ),
    "step_over_its_day": _words(
        "特别程序未按计划完成",
        "A step takes longer than planned",
        "“%(matter)s”（%(number)s）的特别程序原计划于%(due)s完成，现仍在进行。这段时间不计入办理期限，完成后会立即继续。",
        "The step in “%(matter)s” (%(number)s) that was planned until %(due)s is not finished yet. This time does not count; the review "
        "goes on as soon as it is done.",
    ),
    "appeal_received": _words(
        "行政复议申请已收到",
        "Your request for reconsideration has arrived",
        "您对“%(matter)s”（%(number)s）提出的行政复议申请已收到，将在%(due)s前作出复议决定。",
        "Your request to look at “%(matter)s” (%(number)s) again has arrived. It is decided by %(due)s.",
    ),
    "appeal_decided": _words(
        "行政复议决定已作出",
        "Your request for reconsideration is decided",
        "“%(matter)s”（%(number)s）的行政复议决定已作出，结果、理由和后续途径见办件。",
        "The reconsideration of “%(matter)s” (%(number)s) is decided. Outcome, reason and what you can still do stand in the case.",
        urgent=True,
    ),
    "case_moved_over": _words(
        "您的申请改用新版办事指南",
        "Your application now follows the new guide",
        "“%(matter)s”（%(number)s）自即日起按%(due)s起施行的新版办事指南办理，原因：%(reason)s。您已填写的内容都保留着，请打开申请，看看有没有新的问题或材料。",
        "“%(matter)s” (%(number)s) now follows the guide in force since %(due)s. The reason: %(reason)s. Everything you filled in is "
        "kept; please open it and look whether a question or document is new.",
    ),
    "correction_reminder": _words(
        "提醒：材料尚未补齐",
        "A reminder: something is still missing",
        "“%(matter)s”（%(number)s）还在等您补齐材料。最后一天是%(due)s，之后本次申请将失效（可以重新申请）。",
        "“%(matter)s” (%(number)s) is still waiting for what was listed. The last day is %(due)s; after that this application "
        "ends, and you may apply again.",
        urgent=True,
    ),
    "case_accepted": _words(
        "申请已受理",
        "Your application is accepted",
        "“%(matter)s”（%(number)s）已受理，我们承诺在%(due)s前办结。",
        "“%(matter)s” (%(number)s) is accepted. We promise a decision by %(due)s.",
    ),
    "case_not_accepted": _words(
        "申请未被受理",
        "Your application was not accepted",
        "“%(matter)s”（%(number)s）未被受理。决定书写明了原因、依据和救济途径，见办件。",
        "“%(matter)s” (%(number)s) was not accepted. The decision in your case gives the reason, the legal ground and the ways to "
        "challenge it.",
        urgent=True,
    ),
    "case_with_people": _words(
        "您的申请由工作人员办理",
        "People are looking at your application",
        "“%(matter)s”（%(number)s）没有由系统自动决定，已交工作人员审查。您现在无需做任何事。",
        "“%(matter)s” (%(number)s) was not decided automatically; people review it now. There is nothing you need to do.",
        carried=False,
    ),
    "case_refused": _words(
        "申请未获准予",
        "Your application was refused",
        "“%(matter)s”（%(number)s）已作出不予决定。决定书写明了理由和依据；您可在60日内申请行政复议，或在6个月内起诉。",
        "“%(matter)s” (%(number)s) was refused. The decision gives the reasons and the legal ground. You may ask for "
        "reconsideration within 60 days or go to court within 6 months.",
        urgent=True,
    ),
    "bundle_choice": _words(
        "有一项未获准予，请您选择",
        "One part was refused: please choose",
        "“%(matter)s”（%(number)s）中的可选事项“%(part)s”未获准予，理由、依据和救济途径写在办件里。其余事项不受影响。请在%(until)s前选择："
        "不办这一项、其余照办，或等待复议结果；到期未选的，按不办这一项处理。",
        "The optional part “%(part)s” of “%(matter)s” (%(number)s) was refused; reason, legal ground and ways of appeal stand in the "
        "case. The other parts are not touched. Please choose by %(until)s: go on without it, or wait for reconsideration. Without "
        "an answer it is left out.",
        urgent=True,
    ),
    "bundle_dropped": _words(
        "未获准予的一项已按不办处理",
        "The part that was refused is left out",
        "“%(matter)s”（%(number)s）中的“%(part)s”到期未选，已按不办处理，其余事项继续。您可以随时单独再次申请。",
        "Nobody chose about “%(part)s” of “%(matter)s” (%(number)s) in time, so the rest goes on without it. You may apply for it "
        "again at any time.",
    ),
    "package_waiting": _words(
        "您的纸质结果可以领取了",
        "Your result on paper can be collected",
        "“%(matter)s”（%(number)s）的纸质结果在%(place)s等您领取，请在%(due)s前带有效证件前往。取件码在办件页面。电子结果在您的卡包里，随时可用。",
        "“%(matter)s” (%(number)s): your result on paper waits at %(place)s until %(due)s. Bring your document; the pick-up code stands on "
        "the page of the application. The electronic result is in your wallet.",
        urgent=True,
    ),
    "package_in_locker": _words(
        "您的纸质结果已放入取件柜",
        "Your result on paper is in a locker",
        "“%(matter)s”（%(number)s）的纸质结果在%(place)s取件柜%(door)s号门，%(due)s前凭办件页面上的取件码开门。过期改在大厅窗口领取。",
        "“%(matter)s” (%(number)s): your result on paper is behind door %(door)s of the locker at %(place)s. The code on the page of the "
        "application opens it until %(due)s; after that it waits at the window.",
        urgent=True,
    ),
    "package_posted": _words(
        "您的纸质结果已寄出",
        "Your result on paper was posted",
        "“%(matter)s”（%(number)s）的纸质结果已交快递，单号%(tracking)s。到哪里了，请看办件页面。",
        "“%(matter)s” (%(number)s): your result on paper is with the courier, tracking number %(tracking)s. The page of the application "
        "shows where it is.",
    ),
    "package_lost": _words(
        "寄给您的结果丢失，正在重新制作",
        "The parcel was lost: it is made anew",
        "寄送“%(matter)s”（%(number)s）结果的邮件丢失，纸质件正在重新制作并再次寄送，您无需办理任何手续。寄出之前，可以在办件页面更改地址或领取方式。电子结果一直有效。",
        "The parcel with your result of “%(matter)s” (%(number)s) was lost. The paper is made anew and sent again; there is nothing for you to "
        "do. Until it is sent you can change the address or choose another way on the page of the application. The electronic one stays valid.",
    ),
    "package_came_back": _words(
        "寄给您的结果被退回，现在大厅等您",
        "The parcel came back and waits for you",
        "寄送“%(matter)s”（%(number)s）结果的邮件未能投递，已退回%(place)s。请在%(due)s前凭新的取件码和证件领取，或在办件页面改地址重新寄送。",
        "The parcel with your result of “%(matter)s” (%(number)s) could not be delivered and came back to %(place)s. Collect it until "
        "%(due)s with the new pick-up code and your document, or change the address on the page of the application.",
        urgent=True,
    ),
    "package_to_the_hall": _words(
        "取件柜中的结果已转到窗口",
        "Your result was moved from the locker to the window",
        "“%(matter)s”（%(number)s）的纸质结果没有从取件柜取走，现在%(place)s窗口等您，请在%(due)s前凭新的取件码和证件领取。",
        "Your result of “%(matter)s” (%(number)s) was not taken from the locker. It waits at the window at %(place)s until %(due)s, with a new "
        "pick-up code.",
    ),
    "package_reminder": _words(
        "您的纸质结果还没有领取",
        "Your result on paper is still waiting",
        "“%(matter)s”（%(number)s）的纸质结果已在%(place)s等候%(day)s天，请在%(due)s前领取；之后退回承办部门。不方便来，可以改为邮寄或请人代领。",
        "Your result of “%(matter)s” (%(number)s) has waited at %(place)s for %(day)s days. Please collect it until %(due)s; then it goes back "
        "to the department. You can have it posted instead, or name somebody who collects it.",
        urgent=True,
    ),
    "package_unclaimed": _words(
        "纸质结果逾期未领，已退回承办部门",
        "Your result on paper was not collected",
        "“%(matter)s”（%(number)s）的纸质结果满30天无人领取，已退回承办部门。电子结果继续有效；仍需纸质件，请在办件页面重新选择。",
        "Nobody collected your result of “%(matter)s” (%(number)s) within 30 days, so it went back to the department. The electronic one stays "
        "valid. If you still want it on paper, choose again on the page of the application.",
    ),
    "package_dropped": _words(
        "纸质结果不再制作或交付",
        "Your result is not given out on paper any more",
        "“%(matter)s”（%(number)s）的结果现在无效（已被撤销、注销、暂停、到期或被新的结果替换），因此不再制作或交付其纸质件，取件码同时作废。原因见办件页面上的文书；"
        "如已换发新的结果，可在新办件的页面上选择领取方式。",
        "Your result of “%(matter)s” (%(number)s) is not valid now: it was revoked, cancelled, suspended or replaced, or it has expired. So it is "
        "not printed or handed over, and its pick-up code opens nothing. The letters on the page of the application say why. If a newer result has "
        "replaced it, choose the paper on the page of that application.",
        urgent=True,
    ),
    "package_handed_over": _words(
        "您的纸质结果已交付",
        "Your result on paper was handed over",
        "“%(matter)s”（%(number)s）的纸质结果已于%(due)s交付（%(how)s）。如果不是您或您委托的人，请立即联系我们。",
        "Your result of “%(matter)s” (%(number)s) was handed over on %(due)s (%(how)s). If that was neither you nor somebody you sent, tell us "
        "at once.",
    ),
    "result_ready": _words(
        "办好了，结果可查看",
        "It is done: your result is ready",
        "“%(matter)s”（%(number)s）已办好，打开办件即可查看和下载结果。",
        "“%(matter)s” (%(number)s) is done. Open the case to see and download the result.",
        urgent=True,
    ),
    "case_lapsed": _words(
        "申请已失效",
        "Your application has lapsed",
        "“%(matter)s”（%(number)s）因到期未补齐材料而失效。已填内容仍可查看，您可以重新申请。",
        "“%(matter)s” (%(number)s) ended because what was listed was not supplied in time. You can still see what you filled in, "
        "and apply again.",
    ),
    "case_terminated": _words(
        "办理已终止",
        "Your application was stopped",
        "“%(matter)s”（%(number)s）已依法终止办理，原因见办件。",
        "“%(matter)s” (%(number)s) was stopped for a legal reason, which stands in the case.",
    ),
    "case_revoked": _words(
        "决定已被撤销",
        "A decision was revoked",
        "“%(matter)s”（%(number)s）的决定已被撤销，相关证照不再有效。原因、依据和救济途径见办件。",
        "The decision on “%(matter)s” (%(number)s) was revoked; its licence is not valid any more. The case gives the reason, the "
        "ground and the ways to challenge it.",
        urgent=True,
    ),
    "case_suspended": _words(
        "办理期限暂停计算",
        "The clock of your application stands still",
        "“%(matter)s”（%(number)s）正在进行依法不计入期限的步骤。原因和预计天数见办件。",
        "“%(matter)s” (%(number)s) is in a step that by law does not count. The case names the reason and the planned days.",
    ),
    "case_resumed": _words(
        "办理期限恢复计算",
        "The clock of your application runs again",
        "“%(matter)s”（%(number)s）继续审查，新的承诺日期是%(due)s。",
        "The review of “%(matter)s” (%(number)s) goes on. The new promised date is %(due)s.",
    ),
    "case_extended": _words(
        "办理期限延长",
        "Your application needs more time",
        "“%(matter)s”（%(number)s）的办理期限已延长一次，新日期是%(due)s，理由见办件。",
        "The time for “%(matter)s” (%(number)s) was extended once. The new date is %(due)s; the case gives the reason.",
    ),
    "case_waits_for_part": _words(
        "整件事的承诺日期随一个事项顺延",
        "The promise of your application moves with one of its parts",
        "“%(matter)s”（%(number)s）中有一个事项正在进行依法不计入期限的步骤，整件事的承诺日期随之顺延。其余事项照常办理；恢复计时后，我们会告知您新的日期。",
        "One part of “%(matter)s” (%(number)s) is in a step that by law does not count, and the promised date of the whole moves with it. The "
        "other parts go on as before; you are told the new date as soon as that part goes on.",
    ),
    "case_follows_part": _words(
        "整件事有了新的承诺日期",
        "There is a new promised date for the whole",
        "“%(matter)s”（%(number)s）的承诺日期现为%(due)s：整件事以其中最后办结的事项为准，其中一个事项的日期有变化。",
        "The promised date of “%(matter)s” (%(number)s) is now %(due)s. The whole goes with the part that is promised last, and the date of a "
        "part has changed.",
    ),
    "bill_made": _words(
        "有一笔费用待缴",
        "There is a fee to pay",
        "“%(matter)s”（%(number)s）应缴%(amount)s元，请在%(due)s前缴纳；缴清后即制作并发放结果。可以在网上缴，也可以到窗口缴。",
        "The fee for “%(matter)s” (%(number)s) is %(amount)s yuan. Please pay it by %(due)s, online or at a window; the result is made "
        "as soon as it is paid.",
        urgent=True,
    ),
    "bill_due_soon": _words(
        "提醒：费用即将到期",
        "A reminder: a fee is due soon",
        "“%(matter)s”（%(number)s）的费用还没有缴，最后一天是%(due)s。缴清后即制作并发放结果。",
        "The fee for “%(matter)s” (%(number)s) is not paid yet. The last day is %(due)s; the result is made as soon as it is paid.",
    ),
    "bill_paid": _words(
        "费用已缴清",
        "Your fee is paid",
        "“%(matter)s”（%(number)s）的费用%(amount)s元已缴清。电子收据在“我的缴费”里，随时可以下载。",
        "The fee of %(amount)s yuan for “%(matter)s” (%(number)s) is paid. The receipt stands under “My bills”, to download at any time.",
    ),
    "bill_waived": _words(
        "费用已免除",
        "Your fee was waived",
        "“%(matter)s”（%(number)s）的费用已依法免除，您无需缴费，办件继续办理。",
        "The fee for “%(matter)s” (%(number)s) was waived. There is nothing to pay, and the case goes on.",
    ),
    "bill_reduced": _words(
        "费用已减少",
        "Your fee was reduced",
        "“%(matter)s”（%(number)s）的费用已依法减少，现应缴%(amount)s元。",
        "The fee for “%(matter)s” (%(number)s) was reduced. It is %(amount)s yuan now.",
    ),
    "bill_refunded": _words(
        "费用已退还",
        "Your fee was refunded",
        "“%(matter)s”（%(number)s）的%(amount)s元已按原路退还，到账时间以支付机构为准。退款凭证在“我的缴费”里。",
        "%(amount)s yuan for “%(matter)s” (%(number)s) went back the way it came; when it arrives depends on the payment service. The "
        "receipt stands under “My bills”.",
    ),
    "refund_at_window": _words(
        "退款可以到窗口领取",
        "Your refund waits at a window",
        "“%(matter)s”（%(number)s）在窗口缴纳的费用中有%(amount)s元同意退还。请携带本人身份证件到任一综合窗口领取；刷卡缴纳的，请带上原来的卡。",
        "Of what you paid at a window for “%(matter)s” (%(number)s), %(amount)s yuan go back to you. Please bring your identity document to "
        "any general window; if you paid by card, bring that card.",
    ),
    "refund_handed_back": _words(
        "退款已在窗口退还",
        "Your refund was handed back",
        "“%(matter)s”（%(number)s）的%(amount)s元已在窗口退还。退款凭证在“我的缴费”里。",
        "%(amount)s yuan for “%(matter)s” (%(number)s) were handed back at a window. The receipt stands under “My bills”.",
    ),
    "surplus_refunded": _words(
        "多收的款项已退还",
        "What was charged too much went back",
        "“%(matter)s”（%(number)s）有%(amount)s元被多收，已自动按原路退还，您无需办理任何手续。",
        "%(amount)s yuan were charged too much for “%(matter)s” (%(number)s). It went back by itself the way it came; there is nothing "
        "for you to do.",
    ),
    "payment_being_looked_at": _words(
        "有一笔缴费正在核实",
        "One of your payments is being looked into",
        "“%(matter)s”（%(number)s）的缴费还没有得到支付机构的确认，我们正在核实。请不要重复缴费，不会重复扣款；有结果会告知您。",
        "The payment service has not confirmed your payment for “%(matter)s” (%(number)s) yet, and we are looking into it. Please do not "
        "pay again: nothing is charged twice, and you are told what came out.",
    ),
    "dates_changed": _words(
        "办结日期有变化",
        "The promised date has changed",
        "节假日安排有新公布或更正，“%(matter)s”（%(number)s）的承诺办结日期重新计算为%(due)s。您无需办理任何手续。",
        "Holidays were announced or corrected. The promised date of “%(matter)s” (%(number)s) is now %(due)s. There is nothing for you to do.",
    ),
    "legal_day_changed": _words(
        "法定办结时限有变化",
        "The limit set by law has moved",
        "节假日安排有新公布或更正，“%(matter)s”（%(number)s）的法定办结时限重新计算为%(due)s，承诺办结日期不变。您无需办理任何手续。",
        "Holidays were announced or corrected. By law “%(matter)s” (%(number)s) is now to be decided by %(due)s; the promised date stays as it was. "
        "There is nothing for you to do.",
        carried=False,
    ),
    "answer_day_changed": _words(
        "补正的最后一天有变化",
        "Your last day to answer has moved",
        "节假日安排有新公布或更正，“%(matter)s”（%(number)s）补正材料的最后一天改为%(due)s，请在这一天之前补齐，之后本次申请将失效（可以重新申请）。",
        "Holidays were announced or corrected. The last day to send what is still missing for “%(matter)s” (%(number)s) is now %(due)s; after that "
        "this application ends, and you may apply again.",
        urgent=True,
    ),
    "supply_day_changed": _words(
        "补交材料的最后一天有变化",
        "Your last day to supply a paper has moved",
        "节假日安排有新公布或更正，“%(matter)s”（%(number)s）容缺受理后补交材料的最后一天改为%(due)s。补交前不作决定。",
        "Holidays were announced or corrected. The last day to supply the paper that may follow for “%(matter)s” (%(number)s) is now %(due)s. Nothing "
        "is decided before.",
        urgent=True,
    ),
    "hearing_day_changed": _words(
        "要求听证的最后一天有变化",
        "Your last day to ask for a hearing has moved",
        "节假日安排有新公布或更正，“%(matter)s”（%(number)s）中您可以要求听证的最后一天改为%(due)s。",
        "Holidays were announced or corrected. The last day on which you may ask to be heard about “%(matter)s” (%(number)s) is now %(due)s.",
        urgent=True,
    ),
    "put_right_day_changed": _words(
        "改正的最后一天有变化",
        "Your last day to put it right has moved",
        "节假日安排有新公布或更正，“%(matter)s”（%(number)s）核查中责令改正的最后一天改为%(due)s，之后我们再次核查。",
        "Holidays were announced or corrected. The last day to put right what the check of “%(matter)s” (%(number)s) found is now %(due)s; after "
        "that we look again.",
        urgent=True,
    ),
    "proceeding_day_changed": _words(
        "您陈述意见的最后一天有变化",
        "Your last day to answer has moved",
        "节假日安排有新公布或更正，%(department)s拟对“%(licence)s”作出%(aim)s决定，您陈述、申辩的最后一天改为%(due)s。",
        "Holidays were announced or corrected. %(department)s means to %(aim)s “%(licence)s”; the last day to answer is now %(due)s, and nothing is "
        "decided before.",
        urgent=True,
    ),
    "finding_day_changed": _words(
        "整改的最后一天有变化",
        "A last day to put something right has moved",
        "节假日安排有新公布或更正，%(place)s的一项整改最后一天改为%(due)s，整改后请在页面上答复。",
        "Holidays were announced or corrected. The last day to put right a finding at %(place)s is now %(due)s; answer on the page when it is done.",
        urgent=True,
    ),
    "choice_day_changed": _words(
        "请您选择的最后一天有变化",
        "Your last day to choose has moved",
        "节假日安排有新公布或更正，“%(matter)s”（%(number)s）中未获准予的“%(part)s”，请您选择的最后一天改为%(due)s；到期未选的，按不办这一项处理。",
        "Holidays were announced or corrected. The last day to choose about “%(part)s”, the part of “%(matter)s” (%(number)s) that was refused, is now "
        "%(due)s; without an answer it is left out.",
        urgent=True,
    ),
    "question_answered": _words(
        "您的提问有了答复",
        "Your question was answered",
        "“%(matter)s”（%(number)s）中您的提问已有答复，打开办件查看。",
        "There is an answer to your question about “%(matter)s” (%(number)s). Open the case to read it.",
    ),
    "device_let_in": _words(
        "另一台设备正在填写您的申请",
        "Another device works in your application",
        "%(what)s现在可以填写您的“%(matter)s”草稿。它看不到其他内容，不能签名，也不能提交，最迟%(hour)s自动断开。如果不是您本人操作，请打开此页立即断开。",
        "%(what)s can now fill in your draft “%(matter)s”. It sees nothing else, cannot sign or send, and is out by itself at %(hour)s at "
        "the latest. If that was not you, open this and end it at once.",
    ),
    "draft_expires": _words(
        "草稿即将到期",
        "A draft of yours ends soon",
        "“%(matter)s”的草稿将在%(due)s后删除。继续填写，或在“草稿”中点一下“再保留90天”即可保留。",
        "Your draft “%(matter)s” will be deleted after %(due)s. Carry on with it, or touch “Keep it 90 more days” among your drafts.",
    ),
    "rate_invitation": _words(
        "请评价本次服务",
        "How was this service?",
        "“%(matter)s”（%(number)s）已办结。愿意的话请评价一下，不评价也没有关系。",
        "“%(matter)s” (%(number)s) is finished. If you like, tell us how it was; it is fine not to.",
        carried=False,
    ),
    "rate_reminder": _words(
        "还可以评价本次服务",
        "You can still rate this service",
        "“%(matter)s”（%(number)s）还没有您的评价。这是唯一一次提醒。",
        "You have not rated “%(matter)s” (%(number)s). This is the only reminder.",
        carried=False,
    ),
    "follow_up_answer": _words(
        "关于您的评价，我们的答复",
        "Our answer to your rating",
        "对您给“%(matter)s”（%(number)s）的评价，我们的处理结果：%(explanation)s",
        "What we did about your rating of “%(matter)s” (%(number)s): %(explanation)s",
    ),
    "dispute_corrected": _words(
        "您指出的错误已更正",
        "What you said is wrong was put right",
        "“%(register)s”中的“%(value)s”已按您的说明更正，以后的表单会显示新的内容。打开异议可以看到答复。",
        "“%(value)s” in “%(register)s” now says what you wrote, and so will the next form. Open the dispute to read the answer.",
    ),
    "dispute_upheld": _words(
        "您的异议有了答复",
        "Your dispute was answered",
        "“%(register)s”中的“%(value)s”经核查没有更正。打开异议可以看到理由和救济途径。",
        "“%(value)s” in “%(register)s” was checked and not changed. Open the dispute to read the reason and the ways to challenge it.",
        urgent=True,
    ),
    "review_answered": _words(
        "工作人员已复核自动决定",
        "A person has looked at the decision",
        "您要求复核“%(matter)s”（%(number)s）的自动决定，工作人员已经看过，答复见办件。",
        "You asked for a person to look at the automatic decision on “%(matter)s” (%(number)s). The answer stands in the case.",
    ),
    "copy_ready": _words(
        "您要的资料包已备好",
        "Your copy is ready",
        "您要的资料包（%(what)s）已备好，可在%(due)s前下载，过期自动删除。只有您本人能打开。",
        "Your copy (%(what)s) is ready. Download it by %(due)s; it is deleted after that day. Nobody but you can open it.",
        carried=False,
    ),
    "copy_failed": _words(
        "您要的资料包没有打包成功",
        "Your copy could not be made",
        "您要的资料包（%(what)s）没有打包成功。您的资料都在，没有受到影响。请打开页面再试一次。",
        "Your copy (%(what)s) could not be made. Nothing of yours was lost or changed. Please open the page and try again.",
        carried=False,
    ),
    "copy_ends": _words(
        "您还没有下载的资料包即将删除",
        "A copy that you did not download is about to be deleted",
        "您要的资料包（%(what)s）还没有下载，%(due)s后自动删除。需要时可以随时重新打包。",
        "You did not download your copy (%(what)s) yet. It is deleted after %(due)s. You can have a new one made at any time.",
        carried=False,
    ),
    "industry_licence_reissued": _words(
        "行业综合许可证已换发",
        "Your industry licence was issued anew",
        "合并在“%(industry)s”行业综合许可证中的许可事项有变化，已换发新版，旧版同时失效。张贴的请换成新版；您无需再办理任何手续。",
        "One of the permits in your industry licence “%(industry)s” has changed. A new edition was issued and the one before is "
        "no longer valid. Please put up the new one; there is nothing to apply for.",
    ),
    "industry_licence_ended": _words(
        "行业综合许可证已注销",
        "Your industry licence has ended",
        "“%(industry)s”行业综合许可证中必备的许可“%(item)s”已不再有效，综合许可证随之注销。其他许可是否有效，以各自证照为准。",
        "“%(item)s”, which the industry licence “%(industry)s” cannot do without, is no longer valid, and the industry licence "
        "ended with it. Your other permits stand by themselves, each as its own licence says.",
        urgent=True,
    ),
    "licence_ends": _words(
        "有一项许可即将到期",
        "A licence of yours ends soon",
        "“%(licence)s”的有效期到%(due)s。请在到期前办理延续；如不再需要，可以不办。",
        "“%(licence)s” is valid until %(due)s. Please renew it before then, or let it end if you no longer need it.",
    ),
    "credential_issued": _words(
        "证照已存入手机钱包",
        "A licence of yours was put into a wallet",
        "“%(licence)s”的一份电子凭证已存入钱包应用。如果不是您本人操作，请打开证照页面，把这一份作废。",
        "A copy of “%(licence)s” was put into a wallet app. If that was not you, open the page of the licence and end that copy.",
    ),
    "licence_report_corrected": _words(
        "您的证照已更正",
        "Your licence was put right",
        "%(department)s已核实您反映的问题，并换发了更正后的“%(licence)s”。答复和新证照见证照页面。",
        "%(department)s has looked at what you reported and issued a corrected “%(licence)s”. The answer and the new licence stand on its page.",
    ),
    "licence_report_upheld": _words(
        "您反映的证照问题已有答复",
        "What you reported about a licence is answered",
        "%(department)s已核实您反映的“%(licence)s”的问题，认为证照内容无误。理由和救济途径见证照页面。",
        "%(department)s has looked at what you reported about “%(licence)s” and found that it is right as it stands. The reasons, and how to "
        "challenge them, stand on the page of the licence.",
    ),
    "status_set": _words(
        "一项关于您的决定",
        "A decision about you",
        "在应急令有效期间，您的身份码颜色改为%(colour)s，至%(until)s止。依据：%(basis)s。理由：%(reason)s。如认为有误，可以在打开的页面上直接提出申诉，"
        "由未参与该决定的人员处理并书面答复。",
        "While the emergency order holds, the colour of your identity code is %(colour)s until %(until)s. Basis: %(basis)s. Reason: "
        "%(reason)s. If you think this is wrong, say so on the page this opens: somebody who had no hand in it looks at it and answers in writing.",
        urgent=True,
    ),
    "status_ended": _words(
        "一项关于您的决定已到期",
        "A decision about you has ended",
        "您的身份码此前为%(colour)s，该状态已经结束，不需要您再做什么。",
        "Your identity code was %(colour)s. That has ended; you need not do anything.",
    ),
    "status_appeal_answered": _words(
        "您的申诉已有书面答复",
        "Your appeal was answered",
        "您对身份码颜色（%(colour)s）的申诉，书面答复如下：%(explanation)s",
        "The written answer to your appeal about the colour of your identity code (%(colour)s): %(explanation)s",
        urgent=True,
    ),
    "status_appeal_late": _words(
        "有一件申诉已超过答复期限",
        "An appeal waits beyond its last day",
        "一件对身份码颜色的申诉应在%(due)s前书面答复，至今没有答复。未参与该认定的人员请尽快答复。",
        "An appeal against the colour of an identity code had to be answered in writing by %(due)s and has not been. Whoever had no hand in "
        "that decision: please answer it.",
    ),
    "visit_done": _words(
        "检查结果已送达，请在期限内整改",
        "An inspection found something to put right",
        "对%(place)s的随机抽查已完成，发现%(count)s项问题。请打开页面查看每一项和整改期限，整改后在页面上答复。",
        "The inspection of %(place)s, which was drawn at random, is done. Found: %(count)s. Open the page to see each point and its last "
        "day, and answer there when it is put right.",
        urgent=True,
    ),
    "visit_fine": _words(
        "检查已完成，未发现问题",
        "An inspection found everything in order",
        "对%(place)s的随机抽查已完成，未发现问题，不需要您做什么。",
        "The inspection of %(place)s, which was drawn at random, is done. Everything was in order; you need not do anything.",
    ),
    "finding_back": _words(
        "整改答复需要补充",
        "An answer to a finding is not enough",
        "%(place)s的一项整改答复还不够，请打开页面查看原因，并在%(due)s前再次答复。",
        "The answer to a finding at %(place)s is not enough. Open the page to see why, and answer again by %(due)s.",
        urgent=True,
    ),
    "finding_overdue": _words(
        "整改已逾期",
        "A finding is overdue",
        "%(place)s的一项问题到期未答复，已转交督办人员。请立即整改并在页面上答复。",
        "A finding at %(place)s was not answered in time and is with the supervisor now. Put it right and answer on the page at once.",
        urgent=True,
    ),
    "finding_closed": _words(
        "一项整改已确认",
        "A finding was closed",
        "%(place)s的一项问题已确认整改到位。",
        "A finding at %(place)s was seen to be put right.",
    ),
    "tests_overdue": _words(
        "有员工需要检测",
        "Tests of your staff are due",
        "%(place)s有%(count)s名员工按规定应当检测而尚未检测。名单在员工页面；检测结果只有本人知道。",
        "At %(place)s tests of %(count)s of your staff are due by the rule in force. The staff page shows whose; what a test said only "
        "they know.",
    ),
    "proceeding_opened": _words(
        "有一项关于您证照的告知，请您陈述意见",
        "Something about your licence: you are asked to be heard",
        "%(department)s拟对“%(licence)s”作出%(aim)s决定。事实、理由和依据见证照页面；您可以在%(due)s前在该页面陈述、申辩，之后才会作出决定。",
        "%(department)s means to %(aim)s “%(licence)s”. Facts, reasons and the legal ground stand on the page of the licence. You can "
        "answer there until %(due)s; nothing is decided before.",
        urgent=True,
    ),
    "proceeding_urgent": _words(
        "您的一项证照已被紧急暂停",
        "A licence of yours was suspended at once",
        "%(department)s已紧急暂停“%(licence)s”。事实、理由和依据见证照页面；您可以在%(due)s前在该页面陈述、申辩，之后由另一名负责人决定维持还是解除。",
        "%(department)s has suspended “%(licence)s” because it could not wait. Facts, reasons and the legal ground stand on the page "
        "of the licence. You can answer there until %(due)s; then another officer confirms or lifts it.",
        urgent=True,
    ),
    "proceeding_carried_out": _words(
        "关于您证照的决定",
        "A decision about your licence",
        "%(department)s已对“%(licence)s”作出%(aim)s决定。理由、依据和救济途径见证照页面。",
        "%(department)s has decided to %(aim)s “%(licence)s”. The reasons, the ground and the ways to challenge it stand on the page "
        "of the licence.",
        urgent=True,
    ),
    "proceeding_dropped": _words(
        "关于您证照的事项已了结",
        "Nothing is done to your licence",
        "%(department)s听取意见后，决定不对“%(licence)s”采取措施。说明见证照页面。",
        "%(department)s has heard you and does nothing to “%(licence)s”. Why stands on the page of the licence.",
    ),
    "licence_resumed": _words(
        "您的证照已恢复有效",
        "Your licence holds again",
        "%(department)s已解除对“%(licence)s”的暂停。",
        "%(department)s has lifted the suspension of “%(licence)s”.",
        urgent=True,
    ),
    "licence_corrected": _words(
        "您的证照已更正",
        "Your licence was corrected",
        "%(department)s更正了“%(licence)s”上的内容（%(fields)s）。新版证照已在卡包中，旧版即时作废，请勿再使用旧的打印件。原因：%(why)s",
        "%(department)s corrected “%(licence)s” (%(fields)s). The new edition is in your wallet; the old one is replaced from now on, so "
        "please do not use old prints. Reason: %(why)s",
        urgent=True,
    ),
    "licence_cancelled": _words(
        "您的证照已注销",
        "Your licence was cancelled",
        "%(department)s已注销“%(licence)s”。原因：%(why)s如不服，可依法申请行政复议或者提起行政诉讼。",
        "%(department)s cancelled “%(licence)s”. Reason: %(why)s You may ask for administrative reconsideration or go to court.",
        urgent=True,
    ),
    "licence_signed_anew": _words(
        "您的证照已重新签发，内容不变",
        "Your licence was signed anew; nothing on it has changed",
        "签发“%(licence)s”所用的密钥已停用，%(department)s已用新密钥重新签发，号码、内容和有效期都不变，您无需办理任何手续。"
        "如有打印件，请重新打印：旧打印件离线核验时会提示联网再查。",
        "The key that signed “%(licence)s” is no longer in use. %(department)s has signed it anew; number, content and days are the same and "
        "you need not do anything. If you carry a print, please print it again: the old one asks verifiers to check online.",
    ),
    "business_ended": _words(
        "联合注销已完成",
        "Your business is closed: everything is done",
        "“%(name)s”已注销登记，名下%(count)s项许可和证照同时注销，无需再到任何部门办理。决定书见办件（%(number)s）。",
        "“%(name)s” is struck off the register, and %(count)s permits and licences ended with it. There is no other office to go to; the "
        "one letter about all of it stands in the case (%(number)s).",
        urgent=True,
    ),
    "business_changed": _words(
        "联合变更已完成",
        "The change is in every licence",
        "“%(name)s”的登记信息已变更，名下%(count)s项许可和证照已同时换发新版。详见办件（%(number)s）。",
        "The registered facts of “%(name)s” were changed, and %(count)s permits and licences were issued anew with them. See the "
        "case (%(number)s).",
    ),
}

WORDING |= {
    # the words of a message to many are its own; these stand for it where only the kind is known
    "list_refused": _words(
        "批量清单未获同意",
        "Your list of cases was refused",
        "您提请第二人确认的批量清单（%(count)s件）未获同意，没有办理任何一件。理由见清单页面。",
        "The second person did not agree to your list of %(count)s cases. Nothing was done. Its page says why.",
        carried=False,
    ),
    "list_lapsed": _words(
        "批量清单逾期未确认",
        "Nobody confirmed your list of cases",
        "您提请第二人确认的批量清单（%(count)s件）24小时内无人确认，没有办理任何一件。可以从清单重新提请。",
        "Nobody confirmed your list of %(count)s cases within 24 hours. Nothing was done. You can ask again from the list.",
        carried=False,
    ),
    "many_to_confirm": _words(
        "一条群发消息等您确认",
        "A message to many waits for a second person",
        "%(department)s拟向约%(count)s人发送“%(title)s”。请打开页面核对中英文内容和发送对象，再确认或不同意。",
        "%(department)s wants to send “%(title)s” to about %(count)s people. Open it, read both languages and whom it is for, then confirm "
        "or decline.",
        carried=False,
    ),
    "many_confirmed": _words(
        "群发消息已确认，正在发送",
        "Your message to many was confirmed",
        "您起草的“%(title)s”已由第二人确认，正在发送。发送期间可以暂停或终止。",
        "“%(title)s”, which you wrote, was confirmed by a second person and is going out. You can pause or stop it.",
        carried=False,
    ),
    "many_declined": _words(
        "群发消息未获同意",
        "Your message to many was declined",
        "您起草的“%(title)s”未获第二人同意，没有发送任何内容。说明：%(why)s。可按原稿另写一条。",
        "“%(title)s”, which you wrote, was declined by the second person. Nothing went out. Remark: %(why)s. You can write one like it.",
        carried=False,
    ),
    "guide_to_check": _words(
        "一份指南草稿等您审核",
        "A draft of a guide waits for your check",
        "“%(matter)s”的新版本已送审。请核对变更内容后发布，或者写明需要修改的内容后退回。",
        "A new version of “%(matter)s” was sent to be checked. Look at what changes, then publish it, or give it back and say what has to "
        "change.",
        carried=False,
    ),
    "guide_given_back": _words(
        "您送审的指南草稿被退回",
        "A draft of a guide was given back to you",
        "“%(matter)s”的草稿已退回。需要修改的内容：%(why)s。您写的内容都在，改好后可再次送审。",
        "Your draft of “%(matter)s” was given back. What has to change: %(why)s. All you wrote is kept; send it again when it is done.",
        carried=False,
    ),
    "guide_passed": _words(
        "您送审的指南草稿已通过审核",
        "Your draft of a guide was passed",
        "“%(matter)s”的新版本已通过审核，%(due)s起生效。",
        "The new version of “%(matter)s” was passed. It is in force from %(due)s.",
        carried=False,
    ),
    "circular_official": _words("来自办事部门的消息", "A message from an office", "%(text)s", "%(text)s"),
    "circular_information": _words("来自办事部门的信息", "Information from an office", "%(text)s", "%(text)s"),
    # `text` is what the editors of the guide wrote; who says it stands before it
    "matter_message": _words(
        "办理部门有一条附言",
        "The office has a word for you",
        "%(department)s关于“%(matter)s”的附言：\n\n%(text)s",
        "%(department)s writes about “%(matter)s”:\n\n%(text)s",
    ),
    "matter_message_staff": _words(
        "办件提示",
        "A note on a case",
        "“%(matter)s”（%(number)s）的办理提示：\n\n%(text)s",
        "“%(matter)s” (%(number)s):\n\n%(text)s",
    ),
    "letter_reissued": _words(
        "一份文书已更正补发",
        "A letter was made again",
        "办件（%(number)s）的“%(letter)s”已更正并重新发出，决定内容不变；原件仍可查看。",
        "“%(letter)s” of your case (%(number)s) was put right and made again. What was decided stays as it is, and the first one can still "
        "be read.",
    ),
}


def title(kind: str) -> Bilingual:
    return WORDING[kind].title


def body(kind: str, params: dict[str, Any]) -> Bilingual:
    """The body in both languages; a date is written as the language writes dates. Raises KeyError for a word left out."""
    words = WORDING[kind].body
    return {language: words[language] % _Said(params, language) for language in ("zh", "en")}


class _Said(dict):
    """Params as one language says them."""

    def __init__(self, params: dict[str, Any], language: str):
        super().__init__({name: _said(name, value, language) for name, value in params.items()})


def _said(name: str, value, language: str) -> str:
    if name == "due":
        return written_day(value, language)
    return say(value, language)


def written_day(value: date | str | None, language: str) -> str:
    """A day in words; no day yet is said so."""
    if not value:
        return {"zh": "(日期待定)", "en": "a date still to be set"}[language]
    day = value if isinstance(value, date) else date.fromisoformat(value)
    return f"{day.year}年{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%B} {day.year}"


OUTSIDE: Bilingual = {
    "zh": "%(name)s：\n\n%(title)s%(number)s。\n\n登录后查看：%(address)s\n\n"
    "通办不会在邮件或短信中索要密码、验证码或转账。可在“我的-通知设置”中选择接收方式。",
    "en": "Dear %(name)s,\n\n%(title)s%(number)s.\n\nSign in to read it: %(address)s\n\n"
    "Tongban never asks for passwords, codes or payments by e-mail or text message. You choose how you are told in your settings.",
}
SHORT: Bilingual = {
    "zh": "【通办】%(title)s%(number)s。登录查看：%(address)s",
    "en": "Tongban: %(title)s%(number)s. Sign in: %(address)s",
}


DECLINE: Bilingual = {
    "zh": "\n\n这是一条信息类消息。不想再收到此类消息，请打开：%(decline)s",
    "en": "\n\nThis is information you did not ask for. To get no more of it, open: %(decline)s",
}


def outside(
    kind: str,
    language: str,
    *,
    name: str,
    number: str,
    address: str,
    title: Bilingual | None = None,
    decline: str = "",
) -> tuple[str, str, str]:
    """(subject, e-mail text, text message) for outside: no word of the matter, nothing personal but name and case number."""
    told = {
        "name": name,
        "title": say(title or WORDING[kind].title, language),
        "number": {"zh": f"（办件{number}）", "en": f" (case {number})"}[language] if number else "",
        "address": address,
    }
    letter = OUTSIDE[language] % told + (DECLINE[language] % {"decline": decline} if decline else "")
    return told["title"], letter, SHORT[language] % told
