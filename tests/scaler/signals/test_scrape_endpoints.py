from collections.abc import Mapping, Sequence

import pytest

from scaler.edge.scrape_endpoints import Endpoint, Endpoints, one_family, resolve


class Names:
    """A DNS that can be changed, and can fail."""

    def __init__(self, addresses: Mapping[str, Sequence[str]]) -> None:
        self.addresses = dict(addresses)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        if host not in self.addresses:
            raise OSError(host)
        return self.addresses[host]


URL = "dns+http://decode.llm:8000/metrics"


def endpoints(names):
    return Endpoints(names, kept_s=300.0, lookup_s_max=1.0)


async def test_a_url_stands_for_itself_once():
    url = "http://10.0.0.7:8000/metrics"
    assert await endpoints(Names({})).of([url, url], 0.0) == (Endpoint(url, "10.0.0.7:8000", "10.0.0.7"),)


async def test_every_address_of_a_name_is_a_replica():
    found = await endpoints(Names({"decode.llm": ["10.0.0.10", "10.0.0.9", "10.0.0.9"]})).of([URL], 0.0)
    assert [one.url for one in found] == ["http://10.0.0.10:8000/metrics", "http://10.0.0.9:8000/metrics"]
    assert {one.host for one in found} == {"decode.llm:8000"}


async def test_a_replica_with_an_address_of_either_family_is_one_replica():
    assert one_family(["fd00::1", "10.0.0.9"]) == ("10.0.0.9",)
    found = await endpoints(Names({"decode.llm": ["fd00::2", "fd00::1"]})).of([URL], 0.0)
    assert [one.url for one in found] == ["http://[fd00::1]:8000/metrics", "http://[fd00::2]:8000/metrics"]


@pytest.mark.parametrize(("after_s", "count"), [(299.0, 1), (301.0, 0)])
async def test_a_failing_dns_is_bridged_for_a_while(after_s, count):
    names = Names({"decode.llm": ["10.0.0.9"]})
    known = endpoints(names)
    await known.of([URL], 0.0)
    names.addresses.clear()
    assert len(await known.of([URL], after_s)) == count


async def test_an_address_that_vanished_is_gone():
    names = Names({"decode.llm": ["10.0.0.9", "10.0.0.10"]})
    known = endpoints(names)
    await known.of([URL], 0.0)
    names.addresses["decode.llm"] = ["10.0.0.10"]
    assert len(await known.of([URL], 5.0)) == 1


async def test_the_systems_resolver_knows_this_machine():
    assert set(await resolve("localhost", 80)) & {"127.0.0.1", "::1"}


@pytest.mark.parametrize("url", ["http://[::1/metrics", "http://a:b:c/metrics", "dns+http://decode.llm:99999/metrics"])
async def test_what_is_no_url_is_nobody_and_costs_the_others_nothing(url):
    found = await endpoints(Names({"decode.llm": ["10.0.0.9"]})).of([url, URL], 0.0)
    assert [one.url for one in found] == ["http://10.0.0.9:8000/metrics"]
