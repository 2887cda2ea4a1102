"""What every backend that knows accounts promises.

What a network has not, its world says by a trait (tests/contracts/world.py), and a test of that
says what the network does instead: nothing is passed over in silence.
"""

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.world import NotHadError, Society
from watcher.backends.interface import (
    LARGEST_AVATAR,
    BackendError,
    KnowsItself,
    Network,
    TakenError,
)


def refused(ask: Callable[[], Any], why: str = "") -> BackendError:
    """Have something refused, in words that hold the pattern `why`; return the error."""
    with pytest.raises(BackendError) as raised:
        ask()
    assert raised.value.kind == "refused"
    assert re.search(why, f"{raised.value} {raised.value.help}")
    return raised.value


def no_following(society: Society, account_id: str) -> None:
    """Hold a network on which nobody is followed to saying so, whatever is asked."""
    assert society.why_not
    network = society.reader()
    refused(lambda: network.follow(account_id), society.why_not)
    refused(lambda: network.unfollow(account_id), society.why_not)
    assert network.relation(account_id) == "none"


def found(society: Society, text: str, limit: int = 10) -> set[str]:
    """Search for accounts; return their names."""
    society.settle()
    accounts = society.reader().search_accounts(text, limit)
    assert len(accounts) == len({account.id for account in accounts}) <= limit
    return {society.name(account.handle) for account in accounts}


def test_a_network_has_every_method(society: Society) -> None:
    network = society.reader()
    assert isinstance(network, Network)
    assert network.network == network.network.lower() != ""


def test_lookup_finds_exactly_this_handle(society: Society) -> None:
    nordelia = society.account("nordelia", shown="Nordelia")
    society.account("nordeliainfo")
    society.settle()
    for at in ("", "@"):
        account = society.reader().lookup(at + society.handle("nordelia"))
        assert account is not None
        assert account.id == nordelia
        assert society.name(account.handle) == "nordelia"
        assert account.display_name == "Nordelia"
        assert account.network == society.reader().network


def test_lookup_of_nobody_is_none(society: Society) -> None:
    society.account("nordelia")
    society.settle()
    network = society.reader()
    assert network.lookup(society.handle("nobody")) is None
    for text in (
        "",
        "@",
        " ",
        "nor delia",
        "nor\ndelia",
        "../nordelia",
        "a\0b",
        "\ud800",
        "é" * 999,
    ):
        assert network.lookup(text) is None


def test_a_handle_of_one_word_is_somebody_s_where_handles_may_be_one(society: Society) -> None:
    society.account("nordelia")
    society.settle()
    account = society.reader().lookup("nordelia")
    assert (account is not None) == society.bare


def test_a_handle_with_an_underscore_is_somebody_s_where_handles_may_have_one(
    society: Society,
) -> None:
    network = society.reader()
    if not society.underscores:
        society.account("nordelia")
        society.settle()
        assert network.lookup(society.handle("nordelia_info")) is None
        return
    society.account("nordelia_info")
    account = network.lookup(society.handle("nordelia_info"))
    assert account is not None
    assert society.name(account.handle) == "nordelia_info"


def test_a_suspended_account_is_never_a_free_name(society: Society) -> None:
    """It is shown as far as the network shows it, or told to be there all the same."""
    nordelia = society.account("nordelia")
    society.settle()
    if not society.suspends:
        with pytest.raises(NotHadError):
            society.suspend("nordelia")
        return
    society.suspend("nordelia")
    society.settle()
    network = society.reader()
    if not society.shows_suspended:
        with pytest.raises(TakenError, match="does not show"):
            network.lookup(society.handle("nordelia"))
        return
    account = network.lookup(society.handle("nordelia"))
    assert account is not None
    assert account.id == nordelia


def test_search_finds_parts_of_handles(society: Society) -> None:
    society.account("nordelia")
    society.account("nordeliainfo")
    society.account("someone")
    society.settle()
    word = society.word("nordelia")
    if not society.searches:
        refused(lambda: society.reader().search_accounts(word, 10), "account search")
        return
    assert found(society, word) == {"nordelia", "nordeliainfo"}
    assert found(society, word.upper()) == {"nordelia", "nordeliainfo"}


def test_search_finds_parts_of_display_names_where_the_network_looks_at_them(
    society: Society,
) -> None:
    word = society.word("nordelia")
    society.account("zed", shown=f"La {word.title()} officielle")
    society.account("someone", shown="La Meridia officielle")
    society.settle()
    if not society.searches:
        refused(lambda: society.reader().search_accounts(word, 10), "account search")
        return
    assert found(society, word) == ({"zed"} if society.finds_names else set())


def test_search_takes_letters_with_an_accent_for_those_without_where_the_network_does(
    society: Society,
) -> None:
    word = society.word("nordelia")
    society.account("zed", shown=f"La {word.replace('e', 'é')} officielle")
    society.settle()
    if not society.searches:
        refused(lambda: society.reader().search_accounts(word, 10), "account search")
        return
    accents = society.accents and society.finds_names
    assert found(society, word) == ({"zed"} if accents else set())


def test_search_keeps_to_its_limit(society: Society) -> None:
    for number in range(5):
        society.account(f"train{number}")
    society.settle()
    word = society.word("train")
    assert society.reader().search_accounts(word, 0) == ()
    if not society.searches:
        refused(lambda: society.reader().search_accounts(word, 3), "account search")
        return
    assert len(found(society, word, 3)) == 3


@pytest.mark.parametrize("text", ["%", "_", "'", '"', "\\", "*", "a\x00b", "🚆" * 500])
def test_search_takes_any_text_as_text(society: Society, text: str) -> None:
    society.account("marie", shown="Marie")
    society.settle()
    network = society.reader()
    if society.searches or text in ("%", '"', "\\", "*", "🚆" * 500):
        assert network.search_accounts(text, 5) == ()
    else:
        refused(lambda: network.search_accounts(text, 5), "account search")


def png() -> bytes:
    """Return the smallest picture there is: one point, red."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0\xff\0\0")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


PNG = png()


def test_an_avatar_is_the_picture_as_its_owner_gave_it(society: Society) -> None:
    society.account("nordelia")
    society.show("nordelia", PNG)
    society.settle()
    network = society.reader()
    account = network.lookup(society.handle("nordelia"))
    assert account is not None
    assert network.avatar(account) == PNG


def test_who_has_no_picture_has_no_avatar(society: Society) -> None:
    society.account("nordelia")
    society.settle()
    network = society.reader()
    account = network.lookup(society.handle("nordelia"))
    assert account is not None
    assert network.avatar(account) is None


@pytest.mark.parametrize(
    "picture", [b"", b"<svg onload='x'/>", PNG + b"\0" * LARGEST_AVATAR], ids=["no", "svg", "huge"]
)
def test_what_is_no_picture_or_too_large_is_no_avatar(society: Society, picture: bytes) -> None:
    society.account("nordelia")
    if society.huge_pictures or len(picture) < LARGEST_AVATAR:
        society.show("nordelia", picture)
    else:
        with pytest.raises(NotHadError):
            society.show("nordelia", picture)
    society.settle()
    network = society.reader()
    account = network.lookup(society.handle("nordelia"))
    assert account is not None
    assert network.avatar(account) is None


@pytest.mark.parametrize(
    "address",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "http://elsewhere.example/a.png",
        "https://elsewhere.example/a.png",
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
    society.settle()
    network = society.reader()
    account = network.lookup(society.handle("nordelia"))
    assert account is not None
    assert network.avatar(replace(account, avatar=address)) is None


def test_a_network_on_which_one_can_follow_tells_of_our_own_account(society: Society) -> None:
    society.settle()
    network = society.reader()
    assert isinstance(network, KnowsItself) is society.follows
    if isinstance(network, KnowsItself):
        found = network.ourselves()
        assert "us" in society.name(found.account.handle)
        assert found.notices == ()
        assert all(rule and rule == " ".join(rule.split()) for rule in found.rules)


def test_at_first_there_is_no_relation(society: Society) -> None:
    marie = society.account("marie")
    society.settle()
    assert society.reader().relation(marie) == "none"


def test_following_twice_is_one_follow(society: Society) -> None:
    marie = society.account("marie")
    society.settle()
    if not society.follows:
        no_following(society, marie)
        return
    network = society.reader()
    assert network.follow(marie) == "following"
    assert network.follow(marie) == "following"
    society.settle()
    assert society.reader().follow(marie) == "following"
    assert network.relation(marie) == "following"
    society.settle()
    account = network.lookup(society.handle("marie"))
    assert account is not None
    assert account.followers == 1


def test_a_locked_account_is_requested_until_it_agrees(society: Society) -> None:
    if not society.follows:
        no_following(society, society.account("marie"))
        return
    network = society.reader()
    if not society.locks:
        with pytest.raises(NotHadError):
            society.account("marie", locked=True)
        luc = society.account("luc")
        society.settle()
        account = network.lookup(society.handle("luc"))
        assert account is not None
        assert not account.locked
        assert network.follow(luc) == "following"
        return
    marie = society.account("marie", locked=True)
    account = network.lookup(society.handle("marie"))
    assert account is not None
    assert account.locked
    assert network.follow(marie) == "requested"
    assert network.follow(marie) == "requested"
    assert network.relation(marie) == "requested"
    society.agree("marie")
    assert network.relation(marie) == "following"
    assert network.follow(marie) == "following"


@pytest.mark.parametrize("locked", [False, True])
def test_unfollowing_undoes_a_follow_and_a_request(society: Society, locked: bool) -> None:
    marie = society.account("marie", locked=locked and society.locks)
    society.settle()
    if not society.follows:
        no_following(society, marie)
        return
    network = society.reader()
    before = network.follow(marie)
    assert before == ("requested" if locked and society.locks else "following")
    society.settle()
    network.unfollow(marie)
    network.unfollow(marie)
    assert network.relation(marie) == "none"
    society.settle()
    assert society.reader().relation(marie) == "none"
    assert network.follow(marie) == before


def test_an_account_that_blocked_us_is_not_followed(society: Society) -> None:
    marie = society.account("marie")
    society.settle()
    society.block_us("marie")
    society.settle()
    if not society.follows:
        no_following(society, marie)
        return
    network = society.reader()
    assert network.relation(marie) == "blocked"
    refused(lambda: network.follow(marie), "block")


def test_a_renamed_account_keeps_its_id_and_relation(society: Society) -> None:
    marie = society.account("marie")
    society.settle()
    network = society.reader()
    if society.follows:
        network.follow(marie)
    else:
        no_following(society, marie)
    society.rename("marie", "marieluise")
    society.settle()
    renamed = network.lookup(society.handle("marieluise"))
    assert renamed is not None
    assert renamed.id == marie
    assert network.lookup(society.handle("marie")) is None
    assert network.relation(marie) == ("following" if society.follows else "none")


@pytest.mark.parametrize(
    "unknown",
    [
        *(
            "0",
            "999999999999",
            "",
            "marie",
            "-1",
            "9" * 40,
            "١",
            "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        *("did:plc:", "https://town.example/users/nobody", "https://[", "a\0b"),
    ],
)
def test_an_unknown_account_is_gone(society: Society, unknown: str) -> None:
    if not society.follows:
        no_following(society, unknown)
        return
    network = society.reader()
    for ask in (network.relation, network.follow, network.unfollow):
        with pytest.raises(BackendError) as raised:
            ask(unknown)
        assert raised.value.kind == "gone"
