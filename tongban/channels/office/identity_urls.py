from django.urls import path

from tongban.channels.office import views_proofing

app_name = "identities"

urlpatterns = [
    path("", views_proofing.proofings, name="waiting"),
    path("<int:pk>/", views_proofing.proofing, name="one"),
    path("<int:pk>/picture", views_proofing.picture, name="picture"),
    path("<int:pk>/decide", views_proofing.decide, name="decide"),
]
