"""TOML into dataclasses: places, types, kinds, secrets, screens."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.secret import Secret
from rules.errors import Problem
from watcher.toml import ConfigError, Conversion, Document, Finding
from watcher.toml.syntax import broken_statements


@dataclass(frozen=True, kw_only=True)
class Hours:
    from_: str
    until: str = "07:00"


@dataclass(frozen=True, kw_only=True)
class Cat:
    name: str
    kind: Literal["cat"] = "cat"
    lives: int = 9
    weight: float = 4.0
    colour: Literal["black", "white"] = "black"
    friends: tuple[str, ...] = ()
    asleep: Hours | None = None
    chip: Secret | None = None
    home: Path = Path()
    says: str = "miaow"

    def problems(self) -> Iterator[Problem]:
        at = self.says.find("woof")
        if at >= 0:
            yield Problem(
                code="not-a-dog", message="cats do not", path=("says",), span=(at, at + 4)
            )
        if self.lives < 1:
            yield Problem(code="dead", message="a cat has lives", path=("lives",))


@dataclass(frozen=True, kw_only=True)
class Fish:
    name: str
    kind: Literal["fish"] = "fish"
    tank: str


@dataclass(frozen=True, kw_only=True)
class House:
    cats: tuple[Cat, ...] = ()
    pets: tuple[Cat | Fish, ...] = ()
    tame: tuple[Cat | Fish, ...] = field(default=(), metadata={"default_kind": "cat"})
    hours: Hours | None = None
    notes: dict[str, str] = field(default_factory=dict)
    where: str = field(default="", metadata={"given": True})


def read(text: str, **env: str) -> House:
    conversion = Conversion(Document("house.toml", text), Path("/folder"), env)
    house = conversion.read(House, where="here")
    conversion.finish()
    return house


def findings(text: str, **env: str) -> tuple[Finding, ...]:
    with pytest.raises(ConfigError) as caught:
        read(text, **env)
    return caught.value.findings


def only(text: str, **env: str) -> Finding:
    [finding] = findings(text, **env)
    return finding


def marked(finding: Finding) -> str:
    return finding.text[finding.column - 1 : finding.column - 1 + finding.width]


def test_a_table_becomes_its_dataclass() -> None:
    house = read(
        """
        [[cats]]
        name = "Mia"
        weight = 4
        friends = ["Leo", "Zoé"]
        asleep.from = "22:00"
        chip = "${CHIP}"
        home = "basket"
        [hours]
        from = "08:00"
        [notes]
        any = "thing"
        """,
        CHIP="1234",
    )
    [cat] = house.cats
    assert (cat.weight, type(cat.weight)) == (4.0, float)
    assert cat.friends == ("Leo", "Zoé")
    assert cat.asleep == Hours(from_="22:00")
    assert cat.chip is not None
    assert cat.chip.reveal() == "1234"
    assert cat.home == Path("/folder/basket")
    assert house.hours == Hours(from_="08:00")
    assert house.notes == {"any": "thing"}
    assert house.where == "here"


def test_the_kind_says_which_table_it_is() -> None:
    house = read('pets = [{kind = "fish", name = "Bob", tank = "blue"}, {kind="cat", name="Mia"}]')
    assert [type(pet) for pet in house.pets] == [Fish, Cat]


def test_the_kind_may_be_left_out_where_there_is_a_usual_one() -> None:
    assert read('[[tame]]\nname = "Mia"').tame == (Cat(name="Mia"),)
    finding = only('[[pets]]\nname = "Mia"')
    assert finding.problem.help == 'choose kind = "cat" or kind = "fish"'


def test_a_misspelt_kind_is_told_once_and_hides_no_other_table() -> None:
    first, second = findings('[[pets]]\nkind = "fsh"\nname = "Bob"\n[[pets]]\nkind = "cat"')
    assert (first.problem.code, first.problem.help) == ("unknown-kind", 'did you mean "fish"?')
    assert (second.problem.code, second.line) == ("missing-key", 4)


def test_a_misspelt_key_is_not_also_missing() -> None:
    finding = only('[[cats]]\nnmae = "Mia"')
    assert (finding.problem.code, marked(finding)) == ("unknown-key", "nmae")


def test_every_problem_is_told_in_one_run() -> None:
    codes = [
        finding.problem.code
        for finding in findings(
            'colour = "red"\n[[cats]]\nname = 1\nlives = 0\nsays = "woof"\nfriends = ["a", 2]\n'
            'asleep = {until = "x"}\n[hours]\n'
        )
    ]
    assert codes == [
        "unknown-key", "wrong-type", "dead", "not-a-dog", "wrong-type", "missing-key",
        "missing-key",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "mark", "hint"),
    [
        ("lives = '9'", "'9'", "lives = 9"),
        ("lives = 9.5", "9.5", "lives = 1"),
        ("lives = true", "true", "lives = 1"),
        ("weight = '4,5'", "'4,5'", "weight = 4.5"),
        ("weight = inf", "inf", "weight = 1.0"),
        ("says = 5", "5", 'says = "5"'),
        ("says = 07:30:00", "07:30:00", 'says = "07:30"'),
        ("says = ['a']", "['a']", 'says = "..."'),
        ("friends = 'Leo'", "'Leo'", 'friends = ["Leo"]'),
        ("friends = [1]", "1", ""),
        ("colour = 'withe'", "'withe'", 'did you mean "white"?'),
        ("colour = 'mauve'", "'mauve'", 'choose "black" or "white"'),
        ("colour = 1", "1", 'colour = "black"'),
        ("chip = 12", "12", 'chip = "${NAME}"'),
        ("asleep = 'x'", "'x'", ""),
    ],
)
def test_a_wrong_value_is_marked_and_mended(line: str, mark: str, hint: str) -> None:
    finding = only(f"[[cats]]\nname = 'Mia'\n{line}\n")
    assert finding.line == 3
    assert finding.problem.help == hint
    if "chip" not in line:
        assert marked(finding) == mark


@pytest.mark.parametrize(
    ("line", "mark", "hint"),
    [
        ("says = 'acme", "'acme", "end it with the quote it began with; "),
        ("says = 'acme\nlives = '9'", "'acme", "end it with the quote it began with; "),
        ("says = 'a' OR 'b c'", "OR 'b c'", """says = '"a" OR "b c"'"""),
        ("friends = [Leo, Mia B]", "Leo, Mia B]", 'friends = ["Leo", "Mia B"]'),
    ],
)
def test_a_line_that_is_no_toml_is_told_once_and_mended(line: str, mark: str, hint: str) -> None:
    finding = findings(f"[[cats]]\nname = 'Mia'\n{line}\nhome = 3\n")[0]
    assert finding.line == 3
    assert finding.problem.help.startswith(hint)
    assert mark in marked(finding)


def test_a_quote_that_no_other_follows_is_told_once() -> None:
    assert marked(only("[[cats]]\nname = 'Mia\nlives = 9\n")) == "'Mia"


def test_one_bracket_too_few_or_too_many_is_understood() -> None:
    assert only("[cats]\nname = 'a'").problem.help.startswith("write [[cats]]")
    assert only("[[hours]]\nfrom = 'a'").problem.help.startswith("write [hours] with one bracket")


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "chip").write_text("from file\n")
    text = '[[cats]]\nname = "a"\nchip = "${file:chip}"\n[[cats]]\nname = "b"\nchip = "${CHIP}"'
    conversion = Conversion(Document("x", text), tmp_path, {"CHIP": "from env"})
    house = conversion.read(House)
    assert conversion.finish() == ()
    assert [cat.chip and cat.chip.reveal() for cat in house.cats] == ["from file", "from env"]
    assert "from" not in repr(house)


@pytest.mark.parametrize(
    ("written", "code", "says"),
    [
        ("${CHIP}", "unreadable-secret", "CHIP is not set"),
        ("${EMPTY}", "unreadable-secret", "EMPTY is empty"),
        ("${file:nowhere}", "unreadable-secret", "nowhere cannot be read: no such file"),
        ("${file:/}", "unreadable-secret", "cannot be read: is a directory"),
        ("hunter2", "plain-secret", "is not written in the configuration"),
        ("hunter2 ${CHIP}", "plain-secret", "is not written in the configuration"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_without_it(written: str, code: str, says: str) -> None:
    finding = only(f'[[cats]]\nname = "a"\nchip = "{written}"', EMPTY="")
    assert finding.problem.code == code
    assert says in finding.problem.message
    assert "hunter2" not in str(finding)


def test_a_reference_outside_a_secret_is_an_error() -> None:
    assert only('[[cats]]\nname = "${NAME}"', NAME="x").problem.code == "misplaced-secret"


secrets = st.text("abcdefghij0123456789#'$ é", min_size=6, max_size=20).map(lambda s: f"Zq{s}Zq")


@given(secrets, st.sampled_from(["chip", "chpi", "lives", "passwort", "api_key"]), st.booleans())
def test_no_screen_ever_shows_a_secret_written_out(value: str, key: str, inline: bool) -> None:
    if key == "lives":
        key = "lives = 'x', chip" if inline else "lives = 'x'\nchip"
    pair = f'name = 1{", " if inline else chr(10)}{key} = "{value}"'
    text = f"cats = [{{{pair}}}]" if inline else f"[[cats]]\n{pair}"
    assert value not in "\n".join(str(finding) for finding in findings(text))


def test_a_password_inside_a_broken_line_or_an_address_is_covered() -> None:
    for line in (
        'password = "hunter2',
        "token = hunter2",
        "note = 5 # password: hunter2",
        'says = ["postgresql://me:hunter2@host/x"]',
    ):
        assert "hunter2" not in "\n".join(str(one) for one in findings(f"[[cats]]\n{line}"))


def test_a_place_inside_a_string_is_where_the_character_stands() -> None:
    for written in (
        '"é woof"',
        "'é woof'",
        r'"\u00e9 woof"',
        '"""\né woof"""',
        '"""é\\\n   \n  \\u0020woof"""',
        "'''\nné\n\twoof'''",
        '"""say \\"\\"\\" or "" woof"""',
        '"\\twoof"',
    ):
        finding = only(f"[[cats]]\nname = 'é'\nsays = {written}\n")
        assert finding.problem.code == "not-a-dog"
        assert marked(finding) == "woof", written


names = st.text("ab-_ é.\"'\\\n", min_size=1, max_size=4)
texts = st.text(st.sampled_from("ab \t\n\"'\\é中😡\u00a0\u202e\x7f"), max_size=12)
values = st.recursive(
    texts | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
ESCAPES = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\", "\x7f": "\\u007F"}


def written_string(text: str, style: int) -> str:
    """One of the ways TOML can write a text."""
    if style == 1 and not set(text) & set("\n'\x7f"):
        return f"'{text}'"
    if style == 2 and "''" not in text and not text.endswith("'") and "\x7f" not in text:
        return f"'''\n{text}'''"
    body = "".join(ESCAPES.get(char, char) for char in text)
    if style == 3:
        return f'"""\n{body.replace(chr(92) + "n", chr(10))}"""'
    if style == 4:
        return f'"""\\\n  {chr(92)}\n{"".join(f"{chr(92)}U{ord(char):08x}" for char in text)}"""'
    return f'"{body}"'


def written(value: Any, draw: st.DataObject) -> str:
    match value:
        case str():
            return written_string(value, draw.draw(st.integers(0, 4)))
        case list():
            space = draw.draw(st.sampled_from(["", " ", "\n  # note\n "]))
            return f"[{space}{f',{space}'.join(written(item, draw) for item in value)}{space}]"
        case dict():
            pairs = (f"{key(name)} = {written(item, draw)}" for name, item in value.items())
            return f"{{{', '.join(pairs)}}}"
    return str(value)


def key(name: str) -> str:
    return name if name.isascii() and name.isalpha() else written_string(name, 0)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    yield path, value
    items = value.items() if isinstance(value, dict) else ()
    for step, inner in enumerate(value) if isinstance(value, list) else items:
        yield from leaves(inner, (*path, step))


@given(st.dictionaries(names, values, max_size=4), st.data())
def test_every_value_and_every_character_is_found_where_it_stands(
    wanted: dict[str, Any], draw: st.DataObject
) -> None:
    top = {name: item for name, item in wanted.items() if not isinstance(item, dict)}
    tables = {name: item for name, item in wanted.items() if isinstance(item, dict)}
    text = "".join(f"{key(name)} = {written(item, draw)} # é\n" for name, item in top.items())
    for name, item in tables.items():
        text += f"[{key(name)}]\n"
        text += "".join(f"{key(inner)} = {written(v, draw)}\n" for inner, v in item.items())
    document = Document("x.toml", text)
    assert document.values == {**top, **tables}
    lines = document.text.split("\n")
    for path, value in leaves(document.values):
        if not path or (isinstance(value, dict) and len(path) == 1):
            continue
        finding = document.finding(Problem(code="x", message="", path=path))
        rest = "\n".join([lines[finding.line - 1][finding.column - 1 :], *lines[finding.line :]])
        assert starts_with_value(rest, value)
        for i, char in enumerate(value if isinstance(value, str) else ""):
            there = document.finding(Problem(code="x", message="", path=path, span=(i, i + 1)))
            raw = marked(there) or "\n"
            assert raw == char or tomllib.loads(f'x = "{raw}"')["x"] == char


def starts_with_value(text: str, value: Any) -> bool:
    """Whether a piece of TOML begins with this value."""
    for end in range(1, len(text) + 1):
        try:
            if tomllib.loads(f"x = {text[:end]}")["x"] == value:
                return True
        except tomllib.TOMLDecodeError:
            continue
    return False


def test_keys_are_found_however_they_are_written() -> None:
    document = Document(
        "x.toml",
        'a.b."c d" = 1\n[t.x]\nk = [1, {z.y = 2}]\n[[r]]\n[r.q]\nv = 1\n[[r]]\n[[r.s]]\nu = 1\n',
    )
    places = {
        ("a", "b", "c d"): (1, 13),
        ("t", "x", "k", 1, "z", "y"): (3, 16),
        ("r", 0, "q", "v"): (6, 5),
        ("r", 1): (7, 1),
        ("r", 1, "s", 0, "u"): (9, 5),
        ("r", 1, "missing"): (7, 1),
        ("nowhere",): (0, 0),
    }
    for path, place in places.items():
        finding = document.finding(Problem(code="x", message="", path=path))
        assert (finding.line, finding.column) == place, path


def test_windows_line_ends_change_no_place() -> None:
    text = "[[cats]]\nname = 'a'\nsays = '''\nx\nwoof'''\n"
    assert only(text) == only(text.replace("\n", "\r\n"))


@given(st.text("ab=[]{}\"'\\.,# \n\r\t0:-é“\x00", max_size=40))
def test_a_text_is_broken_exactly_where_tomllib_says_so(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert broken_statements(text)
        assert all(str(finding) for finding in findings_of_broken(text))
    else:
        assert broken_statements(text) == []


def findings_of_broken(text: str) -> tuple[Finding, ...]:
    with pytest.raises(ConfigError) as caught:
        Document("x.toml", text)
    return caught.value.findings


junk = st.recursive(
    st.none().map(lambda _: True) | st.integers(-5, 5) | st.floats(-2, 2) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
KEYS = ("cats", "pets", "tame", "hours", "notes", "name", "kind", "lives", "asleep", "chip", "from")


@given(
    st.dictionaries(
        st.sampled_from(KEYS),
        junk
        | st.lists(st.dictionaries(st.sampled_from(KEYS), junk, max_size=4), max_size=2)
        | st.dictionaries(st.sampled_from(KEYS), junk, max_size=3),
        max_size=4,
    ),
    st.data(),
)
def test_whatever_the_values_are_the_answer_is_a_house_or_screens(
    wanted: dict[str, Any], draw: st.DataObject
) -> None:
    text = "".join(f"{key(name)} = {_any_toml(item, draw)}\n" for name, item in wanted.items())
    try:
        house: House | ConfigError = read(text)
    except ConfigError as error:
        house = error
    assert isinstance(house, House) or (house.findings and str(house))


def _any_toml(value: Any, draw: st.DataObject) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(_any_toml(item, draw) for item in value)}]"
    if isinstance(value, dict):
        pairs = (f"{key(name)} = {_any_toml(item, draw)}" for name, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    return written(value, draw)


@pytest.mark.parametrize(
    "before", ["", "\t", "中文 ", "😡 ", "e\u0301", "👩‍👩‍👧", "\u202eabc", "x" * 300]
)
def test_the_caret_stands_below_what_it_marks(before: str) -> None:
    from wcwidth import wcswidth

    screen = str(only(f"[[cats]]\nname = 'a'\nsays = '{before}woof {'y' * 300}'"))
    _, line, caret, *_ = screen.splitlines()
    assert wcswidth(line[: line.index("woof")]) == caret.index("^")
    assert caret.count("^") == 4
    assert wcswidth(line) <= 120
    assert "\u202e" not in screen


def test_a_name_with_an_escape_sequence_does_not_reach_the_terminal() -> None:
    screen = str(only(r'"\u001b[31mred" = 1'))
    assert "\x1b" not in screen


def test_many_problems_are_counted_and_the_first_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        read("".join(f"k{i} = 1\n" for i in range(120)))
    assert "... and 70 more" in str(caught.value)
    assert str(caught.value).endswith("120 errors in house.toml")


def test_warnings_are_returned_and_stop_nothing() -> None:
    conversion = Conversion(Document("x.toml", 'hours.from = "a"'), Path(), {})
    conversion.read(House)
    conversion.add(Problem(code="early", message="too early", path=("hours",), severity="warning"))
    [warning] = conversion.finish()
    assert str(warning).startswith("x.toml:1:1: warning[early]: too early")


def test_the_keys_taken_for_lists_are_those_that_hold_them() -> None:
    from typing import get_args, get_origin

    from watcher.config import Config
    from watcher.toml.kinds import is_table, keys_of, members_of
    from watcher.toml.syntax import LISTS

    found, waiting = set(), [Config]
    while waiting:
        for key in keys_of(waiting.pop()):
            lists = get_origin(key.type) is tuple
            inner = get_args(key.type)[0] if lists else key.type
            tables = [member for member in members_of(inner) if is_table(member)]
            waiting += tables
            if lists and not tables:
                found.add(key.name)
    assert found == LISTS
