"""Domains that a post names in a way that nobody can click."""

import pytest

from rules.defanged import defanged_domains
from rules.text import analyse
from tests.effort import effort
from tests.expressions import post


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("beware of hxxp://acme[.]com/x", {"acme.com"}),
        ("hXXps://login.acme.com:8080/?a", {"login.acme.com", "acme.com"}),
        ("hxxps[:]//acme.com", {"acme.com"}),
        ("acme[.]com", {"acme.com"}),
        ("acme(dot)com.", {"acme.com"}),
        ("see acme [DOT] com!", {"acme.com"}),
        ("shop[.]acme.co{.}uk", {"shop.acme.co.uk", "acme.co.uk", "co.uk"}),
        ("http://acme[.]com/login", {"acme.com"}),
        ("https://acme [.] com", {"acme.com"}),
        ("crédit[.]example", {"xn--crdit-csa.example"}),
        ("acme.com", set()),
        ("the end (.) 2", set()),
        ("a [dot", set()),
        ("[.]com", set()),
    ],
)
def test_a_disarmed_address_names_its_domain(text: str, domains: set[str]) -> None:
    assert set(defanged_domains(text)) == {f"domain:{domain}" for domain in domains}


def test_it_is_no_link() -> None:
    metadata = analyse(post("acme[.]com")).metadata
    assert "domain:acme.com" in metadata
    assert "has:link" not in metadata


@pytest.mark.parametrize("piece", ["a[.]", "[.]", "a.", "hxxp://", "a", "[", "[ .", "-.", "(dot) "])
def test_the_time_it_takes_grows_with_the_text_alone(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    assert effort(lambda: list(defanged_domains(text))) < 0.25
