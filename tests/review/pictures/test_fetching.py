"""A picture is fetched, or it is said why it was not; all of it from real servers."""

import pytest
from yarl import URL

from opsdesk.review.pictures.fetching import REDIRECTS_MAX, Fetched, NotFetched
from opsdesk.review.pictures.model import PICTURE_BYTES_MAX, WhyNot
from opsdesk.sandbox.certificates import Certificates
from tests.review.pictures.conftest import MakeFetcher
from tests.review.pictures.hosting import FILES, HALF_A_GIGABYTE, Host, hosting

SHORT_S = 0.3


async def test_a_picture_comes_as_it_is(host: Host, fetcher_of: MakeFetcher) -> None:
    came = await fetcher_of().fetch(URL(f"{host.url}/front.jpg#part"))
    assert came == Fetched(FILES["front.jpg"][0])
    assert host.asked == ["front.jpg"]


@pytest.mark.req("REV-X49")
@pytest.mark.parametrize("inside", ["127.0.0.1", "localhost"])
async def test_an_address_inside_is_refused_whether_by_number_or_by_name(
    host: Host, fetcher_of: MakeFetcher, inside: str
) -> None:
    listed = f"{inside}:{host.port}"
    fetcher = fetcher_of(listed, networks="")
    for scheme in ("http", "https"):
        assert await fetcher.fetch(URL(f"{scheme}://{listed}/front.jpg")) == NotFetched(WhyNot.ADDRESS_INSIDE)
    assert host.asked == []


@pytest.mark.req("REV-X49")
@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "[fe80::1]", "0x7f.1"])
async def test_no_spelling_of_an_address_inside_is_asked(fetcher_of: MakeFetcher, address: str) -> None:
    came = await fetcher_of(address, networks="").fetch(URL(f"https://{address}/latest/meta-data"))
    assert came == NotFetched(WhyNot.ADDRESS_INSIDE)


@pytest.mark.req("REV-X49")
async def test_what_partners_may_be_in_is_not_open_to_pictures(host: Host, fetcher_of: MakeFetcher) -> None:
    came = await fetcher_of(networks="10.0.0.0/8").fetch(URL(f"{host.url}/front.jpg"))
    assert came == NotFetched(WhyNot.ADDRESS_INSIDE)


async def test_a_host_that_is_not_listed_is_not_asked(host: Host, fetcher_of: MakeFetcher) -> None:
    assert await fetcher_of("").fetch(URL(f"{host.url}/front.jpg")) == NotFetched(WhyNot.HOST_NOT_LISTED)
    assert host.asked == []


@pytest.mark.req("REV-X49")
@pytest.mark.parametrize("name", ["huge.jpg", "endless.jpg"])
async def test_half_a_gigabyte_is_refused_without_reading_it(host: Host, fetcher_of: MakeFetcher, name: str) -> None:
    assert await fetcher_of().fetch(URL(f"{host.url}/{name}")) == NotFetched(WhyNot.TOO_LARGE)
    assert host.bytes_sent < HALF_A_GIGABYTE / 10
    assert PICTURE_BYTES_MAX < HALF_A_GIGABYTE / 10


@pytest.mark.req("REV-X49")
@pytest.mark.parametrize("name", ["gone.jpg", "removed.jpg"])
async def test_what_is_gone_is_not_asked_for_again(host: Host, fetcher_of: MakeFetcher, name: str) -> None:
    assert await fetcher_of().fetch(URL(f"{host.url}/{name}")) == NotFetched(WhyNot.GONE)


async def test_what_is_refused_is_not_asked_for_again(host: Host, fetcher_of: MakeFetcher) -> None:
    assert await fetcher_of().fetch(URL(f"{host.url}/secret.jpg")) == NotFetched(WhyNot.REFUSED)


@pytest.mark.req("REV-X49")
async def test_a_host_that_does_not_answer_is_asked_again_later(host: Host, fetcher_of: MakeFetcher) -> None:
    came = await fetcher_of(timeout_s=SHORT_S).fetch(URL(f"{host.url}/slow.jpg"))
    assert came == NotFetched(WhyNot.SLOW, again=True)
    assert host.hung.is_set()


async def test_a_host_that_fails_is_asked_again_later(host: Host, fetcher_of: MakeFetcher) -> None:
    host.failing = 1
    assert await fetcher_of().fetch(URL(f"{host.url}/front.jpg")) == NotFetched(WhyNot.FAILING, again=True)
    assert await fetcher_of().fetch(URL(f"{host.url}/front.jpg")) == Fetched(FILES["front.jpg"][0])


async def test_a_host_that_is_not_there_is_asked_again_later(fetcher_of: MakeFetcher) -> None:
    assert await fetcher_of("127.0.0.1:1").fetch(URL("http://127.0.0.1:1/")) == NotFetched(
        WhyNot.UNREACHABLE, again=True
    )


async def test_a_name_that_nobody_has_is_asked_again_later(fetcher_of: MakeFetcher) -> None:
    came = await fetcher_of("nobody.invalid").fetch(URL("https://nobody.invalid/a.png"))
    assert came == NotFetched(WhyNot.UNREACHABLE, again=True)


@pytest.mark.req("REV-X49")
@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("http://127.0.0.1:1/front.jpg", WhyNot.HOST_NOT_LISTED),
        ("https://169.254.169.254/latest/meta-data", WhyNot.HOST_NOT_LISTED),
        ("https://10.0.0.1/", WhyNot.ADDRESS_INSIDE),
        ("file:///etc/passwd", WhyNot.REFUSED),
        ("", WhyNot.TOO_MANY_REDIRECTS),
    ],
)
async def test_a_redirect_leads_nowhere_that_could_not_be_asked(
    host: Host, fetcher_of: MakeFetcher, target: str, problem: WhyNot
) -> None:
    host.redirects["away.jpg"] = target
    came = await fetcher_of(f"{host.listed},10.0.0.1").fetch(URL(f"{host.url}/away.jpg"))
    assert came == NotFetched(problem)


async def test_a_redirect_within_the_list_is_followed_a_few_times(host: Host, fetcher_of: MakeFetcher) -> None:
    names = [f"{number}.jpg" for number in range(REDIRECTS_MAX)]
    host.redirects = dict(zip(names, [f"/{name}" for name in [*names[1:], "front.jpg"]], strict=True))
    assert await fetcher_of().fetch(URL(f"{host.url}/0.jpg")) == Fetched(FILES["front.jpg"][0])
    host.redirects["before.jpg"] = "/0.jpg"
    came = await fetcher_of().fetch(URL(f"{host.url}/before.jpg"))
    assert came == NotFetched(WhyNot.TOO_MANY_REDIRECTS)


async def test_a_host_has_to_prove_itself_by_tls(tls: Certificates, fetcher_of: MakeFetcher) -> None:
    name = "kyc-provider.com"
    async with hosting(tls.server_context) as secured:
        to = f"{name}=127.0.0.1:{secured.port}"
        url = URL(f"https://{name}/front.jpg")
        assert await fetcher_of(name, connect_to=to).fetch(url) == Fetched(FILES["front.jpg"][0])
        untrusted = await fetcher_of(name, connect_to=to, trusting=False).fetch(url)
        assert untrusted == NotFetched(WhyNot.UNTRUSTED, again=True)
        plain = await fetcher_of(f"{name}:80", connect_to=to).fetch(URL(f"http://{name}/front.jpg"))
        assert plain == NotFetched(WhyNot.INSECURE)
