"""From which hosts pictures are fetched."""

import pytest
from yarl import URL

from opsdesk.review.pictures.hosts import HOSTS_MAX, PictureHosts, PictureHostsUnreadable
from opsdesk.review.pictures.model import URL_CHARS_MAX, WhyNot, picture_url

LISTED = "pictures.example.com, *.cdn.example.com, files.example.com:8443, 127.0.0.1:8701, [::1]:8701"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://pictures.example.com/a.png?sign=1", None),
        ("https://PICTURES.example.com./a.png", None),
        ("https://a.cdn.example.com/", None),
        ("https://a.b.cdn.example.com/", None),
        ("https://files.example.com:8443/", None),
        ("http://127.0.0.1:8701/a.png", None),
        ("http://[::1]:8701/a.png", None),
        ("https://cdn.example.com/", WhyNot.HOST_NOT_LISTED),
        ("https://evilcdn.example.com/", WhyNot.HOST_NOT_LISTED),
        ("https://pictures.example.com.evil.example/", WhyNot.HOST_NOT_LISTED),
        ("https://pictures.example.com:22/", WhyNot.HOST_NOT_LISTED),
        ("https://files.example.com/", WhyNot.HOST_NOT_LISTED),
        ("https://other.example.com/", WhyNot.HOST_NOT_LISTED),
        ("https://pictures.example.com@evil.example/", WhyNot.HOST_NOT_LISTED),
        ("https://user:password@pictures.example.com/", WhyNot.HOST_NOT_LISTED),
        ("https://169.254.169.254/latest/meta-data", WhyNot.HOST_NOT_LISTED),
        ("http://files.example.com:8443/", WhyNot.INSECURE),
        ("http://127.0.0.1:8702/a.png", WhyNot.HOST_NOT_LISTED),
    ],
)
def test_only_listed_hosts_are_asked_and_only_by_tls(url: str, problem: WhyNot | None) -> None:
    assert PictureHosts(LISTED).problem(URL(url)) is problem


def test_nothing_is_fetched_where_nothing_is_listed() -> None:
    assert PictureHosts("").problem(URL("https://pictures.example.com/")) is WhyNot.HOST_NOT_LISTED


@pytest.mark.parametrize(
    "setting",
    ["https://a.example", "a.example/path", "*", "*.", "a.example:port", "a b", ",".join(["a"] * (HOSTS_MAX + 1))],
)
def test_a_setting_that_cannot_be_read_is_refused(setting: str) -> None:
    with pytest.raises(PictureHostsUnreadable):
        PictureHosts(setting)


@pytest.mark.parametrize(
    "value",
    [
        None, 7, ["https://a.example/"], "", "front.png", "//a.example/a.png", "ftp://a.example/a.png", "https://",
        "javascript:alert(1)", "data:image/png;base64,AA", "file:///etc/passwd", "https://a.example:99999/",
        "https://a.example/\u0000", "https://a.example/" + "a" * URL_CHARS_MAX, "https://[bad/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_no_picture(value: object) -> None:
    assert picture_url(value) is None


@pytest.mark.parametrize(
    "value", ["https://a.example/a.png", "HTTPS://A.example/前.png", " http://a.example/a b?c=%2F "]
)
def test_an_address_of_the_web_may_be_one_of_a_picture(value: str) -> None:
    found = picture_url(value)
    assert found is not None
    assert found.host == "a.example"
