from django.urls import path

from tongban.channels.portal import views_applying as applying
from tongban.channels.portal import views_cases as cases
from tongban.channels.portal import views_device as device
from tongban.channels.portal import views_disputing as disputing
from tongban.channels.portal import views_finding as finding
from tongban.channels.portal import views_hands as hands
from tongban.channels.portal import views_heard as heard
from tongban.channels.portal import views_help as help_
from tongban.channels.portal import views_holding as holding
from tongban.channels.portal import views_my_data as data
from tongban.channels.portal import views_papers as papers
from tongban.channels.portal import views_paying as paying
from tongban.channels.portal import views_space as space

app_name = "portal"

urlpatterns = [
    path("", finding.home, name="home"),
    path("search/", finding.search, name="search"),
    path("search/suggest", finding.suggest, name="suggest"),
    path("industries/", finding.industries, name="industries"),
    path("matters/<slug:slug>/", finding.guide, name="guide"),
    path("matters/<slug:slug>/apply/", applying.begin, name="begin"),
    path("apply/<slug:ref>/", applying.resume, name="apply"),
    path("apply/<slug:ref>/situation/", applying.situation, name="apply_situation"),
    path("apply/<slug:ref>/form/", applying.form, name="apply_form"),
    path("apply/<slug:ref>/save", applying.autosave, name="apply_save"),
    path("apply/<slug:ref>/materials/", applying.materials, name="apply_materials"),
    path("apply/<slug:ref>/materials/<slug:slug>", applying.material, name="apply_material"),
    path("apply/<slug:ref>/materials/<slug:slug>/picture", papers.picture, name="apply_picture"),
    path("apply/<slug:ref>/materials/<slug:slug>/take/<slug:field>", papers.take, name="apply_take"),
    path("apply/<slug:ref>/noticed/<int:pk>", papers.right, name="apply_right"),
    path("apply/<slug:ref>/check/", applying.check, name="apply_check"),
    path("apply/<slug:ref>/submit", applying.submit, name="apply_submit"),
    path("apply/<slug:ref>/findings/<int:finding>", applying.answer_finding, name="apply_answer"),
    path("apply/<slug:ref>/delete", applying.delete, name="apply_delete"),
    path("apply/<slug:ref>/help/", hands.hands, name="apply_hands"),
    path("apply/<slug:ref>/help/code", hands.invite, name="apply_invite"),
    path("apply/<slug:ref>/help/<int:pk>/end", hands.end, name="apply_hands_end"),
    path("my/helping/", hands.lobby, name="helping"),
    path("my/helping/<slug:ref>/situation/", hands.helping_situation, name="helping_situation"),
    path("my/helping/<slug:ref>/form/", hands.helping_form, name="helping_form"),
    path("my/helping/<slug:ref>/save", hands.helping_save, name="helping_save"),
    path("my/helping/<slug:ref>/materials/", hands.helping_materials, name="helping_materials"),
    path("my/helping/<slug:ref>/materials/<slug:slug>", hands.helping_material, name="helping_material"),
    path("my/helping/<slug:ref>/check/", hands.helping_check, name="helping_check"),
    path("my/helping/<slug:ref>/leave", hands.helping_leave, name="helping_leave"),
    path("apply/<slug:ref>/wrong/<str:field>/", disputing.dispute_begin, name="dispute_begin"),
    path("data-sharing/", disputing.sharing, name="sharing"),
    path("my/data/", data.my_data, name="my_data"),
    path("my/data/contact/", data.contact, name="my_contact"),
    path("my/data/calls/", data.calls, name="my_calls"),
    path("my/data/consents/<int:pk>/revoke", data.revoke, name="consent_revoke"),
    path("my/data/objections", data.object_to, name="objections"),
    path("my/data/copy", data.export, name="export"),
    path("my/data/copies/<str:name>.zip", data.export_file, name="export_file"),
    path("my/data/close/", data.close, name="account_close"),
    path("closed/", data.closed, name="closed"),
    path("my/cases/<slug:ref>/why/", data.why, name="case_why"),
    path("my/data/disputes/", disputing.disputes, name="disputes"),
    path("my/data/disputes/<slug:ref>/", disputing.dispute, name="dispute"),
    path("my/data/disputes/<slug:ref>/withdraw", disputing.dispute_withdraw, name="dispute_withdraw"),
    path("my/", space.space, name="space"),
    path("my/space/", space.switch, name="switch"),
    path("my/space/<int:pk>/", space.switch, name="switch_to"),
    path("my/members/", space.members, name="members"),
    path("my/members/<int:pk>/end/", space.dismiss, name="dismiss"),
    path("my/papers/<uuid:key>/<int:page>", applying.paper, name="paper"),
    path("my/papers/<uuid:key>/<int:page>/preview", applying.paper_preview, name="paper_preview"),
    path("my/papers/<uuid:key>/<int:page>/again", applying.paper_again, name="paper_again"),
    path("my/cases/", cases.case_list, name="cases"),
    path("my/drafts/", cases.drafts, name="drafts"),
    path("my/cases/<slug:ref>/", cases.case, name="case"),
    path("my/cases/<slug:ref>/papers/<str:number>.pdf", cases.paper, name="case_paper"),
    path("my/cases/<slug:ref>/ask", cases.ask, name="case_ask"),
    path("my/cases/<slug:ref>/withdraw", cases.withdraw, name="case_withdraw"),
    path("my/cases/<slug:ref>/open", cases.open_result, name="case_open"),
    path("my/cases/<slug:ref>/person", cases.ask_a_person, name="case_person"),
    path("my/cases/<slug:ref>/rate/", holding.rate, name="rate"),
    path("my/licences/", holding.wallet, name="licences"),
    path("my/licences/<int:pk>/", holding.licence, name="licence"),
    path("my/licences/<int:pk>/answer/<int:proceeding>", heard.answer, name="licence_answer"),
    path("my/licences/<int:pk>/licence.pdf", holding.licence_pdf, name="licence_pdf"),
    path("my/device/", device.device, name="device"),
    path("my/device/pages", device.pages, name="device_pages"),
    path("international/", finding.international, name="international"),
    path("help/", help_.help_, name="help"),
    path("my/inbox/", holding.inbox, name="inbox"),
    path("my/inbox/read", holding.all_read, name="all_read"),
    path("my/inbox/<int:pk>/open", holding.open_message, name="open_message"),
    path("track/", cases.track, name="track"),
    path("my/bills/", paying.bills, name="bills"),
    path("my/bills/pay", paying.pay, name="pay"),
    path("my/bills/<str:number>/", paying.bill, name="bill"),
    path("my/payments/<slug:ref>/", paying.payment, name="payment"),
    path("my/payments/<slug:ref>/<slug:move>", paying.payment_act, name="payment_act"),
    path("my/receipts/<str:number>.pdf", paying.receipt, name="receipt"),
]
