"""What every backend that knows accounts promises."""

from dataclasses import replace

import pytest

from rules.model import Account
from tests.contracts.world import Society
from watcher.backends.interface import LARGEST_AVATAR, BackendError, Network


def short(account: Account) -> str:
    """Return a handle without its server, where it names one."""
    return account.handle.partition("@")[0]


def test_a_network_has_every_method(society: Society) -> None:
    network = society.reader()
    assert isinstance(network, Network)
    assert network.network == network.network.lower() != ""


def test_lookup_finds_exactly_this_handle(society: Society) -> None:
    society.account("nordelia", name="Nordelia")
    society.account("nordelia_info")
    found = society.reader().lookup("nordelia")
    assert found is not None
    assert short(found) == "nordelia"
    assert found.display_name == "Nordelia"
    assert found.network == society.reader().network


def test_lookup_of_nobody_is_none(society: Society) -> None:
    assert society.reader().lookup("nobody") is None
    assert society.reader().lookup("") is None


def test_search_finds_parts_of_handles_and_display_names(society: Society) -> None:
    society.account("nordelia")
    society.account("nordelia_info")
    society.account("zed", name="La Nordélia officielle")
    society.account("someone")
    found = society.reader().search_accounts("nordelia", 10)
    assert {short(account) for account in found} == {"nordelia", "nordelia_info", "zed"}


def test_search_keeps_to_its_limit(society: Society) -> None:
    for number in range(5):
        society.account(f"train{number}")
    assert len(society.reader().search_accounts("train", 3)) == 3
    assert society.reader().search_accounts("train", 0) == ()


@pytest.mark.parametrize("text", ["%", "_", "'", '"', "\\", "*", "a\x00b", "🚆" * 500])
def test_search_takes_any_text_as_text(society: Society, text: str) -> None:
    society.account("marie", name="Marie")
    assert society.reader().search_accounts(text, 5) == ()


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 8


def test_an_avatar_is_the_picture_as_its_owner_gave_it(society: Society) -> None:
    society.account("nordelia")
    society.show("nordelia", PNG)
    network = society.reader()
    found = network.lookup("nordelia")
    assert found is not None
    assert network.avatar(found) == PNG


def test_who_has_no_picture_has_no_avatar(society: Society) -> None:
    society.account("nordelia")
    network = society.reader()
    found = network.lookup("nordelia")
    assert found is not None
    assert network.avatar(found) is None


@pytest.mark.parametrize(
    "picture", [b"", b"<svg onload='x'/>", PNG + b"\0" * LARGEST_AVATAR], ids=["no", "svg", "huge"]
)
def test_what_is_no_picture_or_too_large_is_no_avatar(society: Society, picture: bytes) -> None:
    society.account("nordelia")
    society.show("nordelia", picture)
    network = society.reader()
    found = network.lookup("nordelia")
    assert found is not None
    assert network.avatar(found) is None


@pytest.mark.parametrize(
    "address",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "http://elsewhere.example/a.png",
        "a\0b",
        "\ud800",
        "x" * 9999,
        "data:image/png;base64,%%%",
        "data:text/html;base64,AAAA",
        "data:image/png;base64,\u00e9",
    ],
)
def test_an_avatar_elsewhere_is_never_fetched(society: Society, address: str) -> None:
    society.account("nordelia")
    network = society.reader()
    found = network.lookup("nordelia")
    assert found is not None
    assert network.avatar(replace(found, avatar=address)) is None


def test_at_first_there_is_no_relation(society: Society) -> None:
    assert society.reader().relation(society.account("marie")) == "none"


def test_following_twice_is_one_follow(society: Society) -> None:
    marie = society.account("marie")
    network = society.reader()
    assert network.follow(marie) == "following"
    assert network.follow(marie) == "following"
    assert network.relation(marie) == "following"
    found = network.lookup("marie")
    assert found is not None
    assert found.followers == 1


def test_a_locked_account_is_requested_until_it_agrees(society: Society) -> None:
    marie = society.account("marie", locked=True)
    network = society.reader()
    assert network.follow(marie) == "requested"
    assert network.follow(marie) == "requested"
    assert network.relation(marie) == "requested"
    society.agree("marie")
    assert network.relation(marie) == "following"
    assert network.follow(marie) == "following"


@pytest.mark.parametrize("locked", [False, True])
def test_unfollowing_undoes_a_follow_and_a_request(society: Society, locked: bool) -> None:
    marie = society.account("marie", locked=locked)
    network = society.reader()
    network.follow(marie)
    network.unfollow(marie)
    network.unfollow(marie)
    assert network.relation(marie) == "none"


def test_an_account_that_blocked_us_is_not_followed(society: Society) -> None:
    marie = society.account("marie")
    society.block_us("marie")
    network = society.reader()
    assert network.relation(marie) == "blocked"
    with pytest.raises(BackendError) as raised:
        network.follow(marie)
    assert raised.value.kind == "refused"


def test_a_renamed_account_keeps_its_id_and_relation(society: Society) -> None:
    marie = society.account("marie")
    network = society.reader()
    network.follow(marie)
    society.rename("marie", "marie_l")
    renamed = network.lookup("marie_l")
    assert renamed is not None
    assert renamed.id == marie
    assert network.lookup("marie") is None
    assert network.relation(marie) == "following"


@pytest.mark.parametrize("unknown", ["0", "999999999999", "", "marie", "-1", "9" * 40, "١"])
def test_an_unknown_account_is_gone(society: Society, unknown: str) -> None:
    network = society.reader()
    for ask in (network.relation, network.follow, network.unfollow):
        with pytest.raises(BackendError) as raised:
            ask(unknown)
        assert raised.value.kind == "gone"
