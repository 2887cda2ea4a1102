"""What brands and lists stand for."""

import pytest

from rules.language import expand, parse, render
from rules.language.tree import Or
from rules.model import Brand, Definitions, WordList

DEFINITIONS = Definitions(
    brands=(
        Brand(
            name="Crédit Agricole",
            spellings=("CA", "crédit agricole", "👍"),
            accounts=("credit_agricole", "mastodon:@ca@social.example"),
        ),
        Brand(name="42"),
    ),
    lists=(
        WordList(
            name="Press",
            items=("lemonde", "la croix", "@lefigaro", "#presse", "$NYT", "👍🏽", "...", "lemonde"),
        ),
        WordList(name="one", items=("renault",)),
        WordList(name="none", items=()),
    ),
)


@pytest.mark.parametrize(
    ("expression", "expanded"),
    [
        (
            'brand:"crédit AGRICOLE"',
            (
                '"Crédit Agricole" OR CA OR "crédit agricole" OR 👍 OR #creditagricole OR #ca'
                " OR @credit_agricole OR @ca@social.example"
            ),
        ),
        ("brand:42", "42"),
        (
            "@list(press)",
            'lemonde OR "la croix" OR @lefigaro OR #presse OR $NYT OR 👍🏽',
        ),
        ("@list(one) panne", "renault panne"),
        ("-@list(one)", "-renault"),
        ("from:@list(one)", "from:renault"),
        ("acme OR @list(one) OR orange", "acme OR renault OR orange"),
        ("2 OF (@list(one), acme)", "2 OF (renault, acme)"),
        ("brand:42 NEAR/5 (@list(one) OR acme)", "42 NEAR/5 (renault OR acme)"),
    ],
)
def test_a_reference_stands_for_what_is_configured(expression: str, expanded: str) -> None:
    assert render(expand(parse(expression), DEFINITIONS)) == expanded


def test_a_list_behind_a_field_is_a_list_of_accounts() -> None:
    for field in ("from", "to", "mentions"):
        tree = expand(parse(f"{field}:@list(press)"), DEFINITIONS)
        assert render(tree) == f"{field}:lemonde OR {field}:lefigaro"


@pytest.mark.parametrize("expression", ["brand:nobody", "@list(nothing)", "from:@list(none)"])
def test_what_is_not_configured_matches_nothing(expression: str) -> None:
    assert expand(parse(expression), DEFINITIONS) == Or(parts=())


def test_a_tree_without_references_stays_itself() -> None:
    tree = parse("(acme OR orange) NEAR/5 panne -(lang:fr 2 OF (a, b))")
    assert expand(tree, DEFINITIONS) is tree
