from django.urls import path

from tongban.channels.office import views_call_backs, views_case, views_data, views_follow_up, views_queue, views_window

app_name = "office"

urlpatterns = [
    path("", views_queue.queue, name="queue"),
    path("desk/", views_queue.desk, name="desk"),
    path("find/", views_queue.find, name="find"),
    path("window/", views_window.take_in, name="take_in"),
    path("cases/<slug:ref>/", views_case.case, name="case"),
    path("cases/<slug:ref>/next", views_queue.following, name="next"),
    path("cases/<slug:ref>/claim", views_case.claim, name="claim"),
    path("cases/<slug:ref>/release", views_case.release, name="release"),
    path("cases/<slug:ref>/acts/<slug:move>", views_case.act, name="act"),
    path("cases/<slug:ref>/answer", views_case.answer, name="answer"),
    path("cases/<slug:ref>/reveal/<slug:field>", views_case.reveal, name="reveal"),
    path("cases/<slug:ref>/documents/<int:page>", views_case.page, name="page"),
    path("cases/<slug:ref>/papers/<str:number>.pdf", views_case.paper, name="paper"),
    path("call-backs/", views_call_backs.call_backs, name="call_backs"),
    path("call-backs/<int:pk>/", views_call_backs.call_back, name="call_back"),
    path("disputes/", views_data.disputes, name="disputes"),
    path("disputes/<slug:ref>/", views_data.dispute, name="dispute"),
    path("disputes/<slug:ref>/papers/<int:page>", views_data.dispute_paper, name="dispute_paper"),
    path("disputes/<slug:ref>/<slug:move>", views_data.dispute_act, name="dispute_act"),
    path("data-sharing/", views_data.grants, name="grants"),
    path("follow-ups/", views_follow_up.follow_ups, name="follow_ups"),
    path("follow-ups/<int:pk>/<slug:move>", views_follow_up.act, name="follow_up_act"),
]
