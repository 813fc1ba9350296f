import gzip

import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from tongban.site.middleware import Compressed

LONG = b"words " * 1000


def through(response, **headers):
    return Compressed(lambda request: response)(
        RequestFactory().get("/", headers={"accept-encoding": "gzip", **headers})
    )


def test_a_page_goes_out_small_and_comes_back_as_it_was():
    answer = through(HttpResponse(LONG))

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.content) < len(LONG) / 10
    assert gzip.decompress(answer.content) == LONG
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_two_answers_alike_differ_in_length():
    assert len({len(through(HttpResponse(LONG)).content) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    "response",
    [
        lambda tmp: HttpResponse(LONG, content_type="application/pdf"),
        lambda tmp: HttpResponse(LONG, content_type="image/jpeg"),
        lambda tmp: StreamingHttpResponse([LONG]),
        lambda tmp: FileResponse(tmp.open("rb"), content_type="text/plain"),
    ],
)
def test_documents_pictures_and_streams_are_left_alone(response, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(LONG)

    answer = through(response(path))

    assert "Content-Encoding" not in answer.headers
    for close in answer._resource_closers:
        close()


def test_whoever_cannot_read_compressed_pages_gets_plain_ones():
    assert through(HttpResponse(LONG), **{"accept-encoding": "identity"}).content == LONG
