"""Who guesses passwords is slowed down, whatever the requests claim of themselves."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from actors.settings import Settings
from server.http.limits import BUCKETS
from tests.attacks.people import PASSWORD, Client, Person, join

ALLOWED = 10
"""Attempts a minute, for an address and for an account."""
_CLAIMS = (
    "X-Forwarded-For",
    "X-Forwarded",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Originating-IP",
    "X-Remote-IP",
    "X-Remote-Addr",
    "CF-Connecting-IP",
    "True-Client-IP",
    "Fastly-Client-IP",
    "X-ProxyUser-Ip",
    "Via",
)


class Guesser:
    """Tries passwords, and counts how often it was let."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tries(
        self,
        login: Callable[[int], str],
        headers: Callable[[int], Mapping[str, str]] = lambda _: {},
        *,
        count: int = 16,
        path: str = "/v1/auth/login",
    ) -> int:
        """How many of `count` attempts were looked at."""
        let = 0
        for n in range(count):
            fields = {"login": login(n), "password": f"guess number {n}"}
            async with self._client.post(path, json=fields, headers=dict(headers(n))) as response:
                assert response.status in {401, 429, 404}, await response.text()
                if response.status == 429:
                    assert int(response.headers["Retry-After"]) >= 1
                let += response.status == 401
        return let


@pytest.fixture(autouse=True)
def no_refill(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a test takes, no attempt is given back meanwhile."""
    monkeypatch.setitem(BUCKETS, "login", replace(BUCKETS["login"], seconds=3600))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Limits as shipped."""
    return settings.model_copy(update={"rate_limits": "on"})


@pytest.fixture
def guesser(client: Client) -> Guesser:
    """From the address all of the test's requests come from."""
    return Guesser(client)


class TestBehindNoProxy:
    """The address is the peer's."""

    async def test_no_header_makes_another_address_of_it(self, guesser: Guesser) -> None:
        for n, claim in enumerate(_CLAIMS[:3]):
            let = await guesser.tries(lambda k: f"nobody{k}", lambda k, claim=claim: {claim: f"198.51.100.{k}"})  # type: ignore[misc]  # the claim of this turn
            assert let == (ALLOWED if n == 0 else 0), claim

    async def test_not_even_all_of_them_at_once(self, guesser: Guesser) -> None:
        def all_of_them(n: int) -> dict[str, str]:
            return dict.fromkeys(_CLAIMS, f"198.51.100.{n}") | {"Forwarded": f"for=198.51.100.{n};host=a{n}"}

        assert await guesser.tries(lambda n: f"nobody{n}", all_of_them) == ALLOWED

    async def test_other_credentials_or_another_client_s_name_are_nobody_else(
        self, guesser: Guesser, client: Client
    ) -> None:
        people = [await join(client, f"helper{n}") for n in range(3)]

        def disguised(n: int) -> dict[str, str]:
            return people[n % 3].headers | {
                "User-Agent": f"browser/{n}",
                "Cookie": f"vitrine_session={'x' * 42}{n % 10}",
                "Host": f"h{n}.example",
                "X-Request-ID": f"another-{n}",
                "Idempotency-Key": f"key {n}",
                "Accept-Language": f"x-{n}",
            }

        assert await guesser.tries(lambda n: f"nobody{n}", disguised) == ALLOWED

    async def test_other_ways_to_write_the_address_of_the_operation_lead_nowhere_or_count(
        self, guesser: Guesser
    ) -> None:
        let = 0
        for path in (
            "/v1/auth/login",
            "/v1/auth/login/",
            "/v1//auth/login",
            "/v1/auth/./login",
            "/v1/auth/../auth/login",
            "/v1/auth/%6Cogin",
            "/V1/AUTH/LOGIN",
            "/v1/auth/login?x=1",
            "/v1/auth/login;x=1",
            "/v1/auth/login%00",
        ):
            let += await guesser.tries(lambda n: f"nobody{n}", path=path, count=4)
        assert let <= ALLOWED

    async def test_one_password_for_many_accounts_is_spraying(self, client: Client, guesser: Guesser) -> None:
        people = [await join(client, f"person{n}") for n in range(14)]
        assert await guesser.tries(lambda n: people[n % 14].username) == ALLOWED
        fields = {"login": "person1", "password": PASSWORD}
        async with client.post("/v1/auth/login", json=fields) as response:
            assert response.status == 429, "not even with the right password"

    async def test_accounts_are_not_opened_by_the_hundred(self, client: Client) -> None:
        statuses = []
        for n in range(22):
            fields = {"username": f"bot{n}", "email": f"bot{n}@example.org", "password": PASSWORD}
            headers = {"X-Forwarded-For": f"198.51.100.{n}"}
            async with client.post("/v1/auth/register", json=fields, headers=headers) as response:
                statuses.append(response.status)
        assert statuses == [201] * 20 + [429] * 2


class TestBehindOneProxy:
    """The proxy says where a request comes from, in the last entry of `X-Forwarded-For`."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Limits as shipped, behind a proxy."""
        return settings.model_copy(update={"trusted_proxies": 1})

    async def test_only_what_the_proxy_says_counts(self, guesser: Guesser) -> None:
        spellings: tuple[Callable[[int], str], ...] = (
            lambda n: f"198.51.100.{n}, 192.0.2.1",
            lambda n: f"198.51.100.{n},192.0.2.1",
            lambda n: f"nonsense {n} , 192.0.2.1",
            lambda n: f"{'1.1.1.1, ' * n}192.0.2.1",
            lambda _: "::ffff:192.0.2.1",
            lambda n: f"192.0.2.1:{40_000 + n}",
        )
        let = [
            await guesser.tries(lambda k: f"nobody{k}", lambda k, said=said: {"X-Forwarded-For": said(k)})  # type: ignore[misc]  # that of this turn
            for said in spellings
        ]
        assert sum(let) == ALLOWED, let

    async def test_an_ipv6_network_is_one_client(self, guesser: Guesser) -> None:
        let = await guesser.tries(
            lambda n: f"nobody{n}", lambda n: {"X-Forwarded-For": f"2001:db8:0:7:{n:x}:{n * 3919:x}::1"}
        )
        assert let == ALLOWED

    async def test_one_account_from_many_addresses_is_slowed_down_however_its_name_is_written(
        self, client: Client, guesser: Guesser, ada: Person
    ) -> None:
        spellings = ("ada", "ADA", "Ada", "ａｄａ", "𝐚𝐝𝐚", "ⓐⓓⓐ", "ᵃᵈᵃ", "ada", "aDa", "ᴬᴰᴬ")
        let = await guesser.tries(
            lambda n: spellings[n % len(spellings)], lambda n: {"X-Forwarded-For": f"203.0.113.{n}"}, count=24
        )
        assert let == ALLOWED

    async def test_one_address_however_it_is_written(self, guesser: Guesser, ada: Person) -> None:
        spellings = ("ada@example.org", "ADA@EXAMPLE.ORG", " ada@example.org", "ada@example.org ", "ada@ｅxample.org")
        let = await guesser.tries(
            lambda n: spellings[n % len(spellings)], lambda n: {"X-Forwarded-For": f"203.0.113.{n}"}, count=24
        )
        assert let == ALLOWED

    async def test_others_at_other_addresses_are_not_slowed_down(self, client: Client, guesser: Guesser) -> None:
        await join(client, "bea")
        await guesser.tries(lambda n: f"nobody{n}", lambda _: {"X-Forwarded-For": "192.0.2.1"})
        fields = {"login": "bea", "password": PASSWORD}
        async with client.post("/v1/auth/login", json=fields, headers={"X-Forwarded-For": "192.0.2.2"}) as response:
            assert response.status == 200
