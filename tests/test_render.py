"""The mail itself: harmless whatever strangers wrote, small, legible, the same every time."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from alerts.digest import chart
from alerts.digest.composing import compose
from alerts.words.hostile import ZERO_WIDTH_SPACE, passage, safe_link
from alerts.words.render import LARGEST_HTML, Templates, mails, render
from alerts.words.sample import samples
from rules.model import Reason, Suspect
from rules.reasons import SAYS
from tests.alert_samples import (
    BRAND,
    NOW,
    SLOT,
    account,
    email,
    full,
    mention,
    raised,
    voice,
    waiting,
    watched,
)
from tests.browser import Browser, browser
from watcher import files

__all__ = ["browser"]

TEMPLATES = Templates(files.templates())
SCREENS = Path(__file__).parent / "screens"
UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
HOSTILE = [
    "<script>alert(1)</script>",
    "</td></table><style>*{display:none}</style>",
    '<img src="https://evil.example/pixel.png" onerror="x()">',
    '"><a href="javascript:alert(1)">plivelo</a>',
    "plivelo\u202egnp.exe\u2066 hidden \u2069",
    "nul\0bell\x07esc\x1b[31m plivelo \ud800",
    "plivelo " + "Z\u0335\u0321\u0322\u0323\u0324\u0325" * 300,
    "a" * 5000 + "plivelo",
    "{{ 7*7 }} {% raise %} {handle} %(x)s",
    "go to https://evil.example/win or www.evil.example or mail win@evil.example plivelo",
    "<!-- comment --> ]]> &amp; &#x202e; plivelo",
    "\n\n\n\n\r\n\u2028plivelo\u2029",
    "שלום plivelo עולם",
    "List-Unsubscribe: <mailto:evil@evil.example>\r\nBcc: all@plivelo.example\r\n\r\nplivelo",
    "p\u200bl\u200di\u2060v\ufeffelo",
    "",
]


TO = ("ada@plivelo.example",)


def made(content, **more):
    channel = email(**more)
    return compose(channel, content, SLOT, NOW, [BRAND], "Europe/Paris")


def hostile_content(texts=HOSTILE, copies=1):
    mentions, suspects = [], []
    for n, text in enumerate(texts * copies):
        who = account(
            text[:200], text, bio=text, url="javascript:alert(1)", network=text[:30] or "x"
        )
        mentions.append(
            mention(f"{text} {n}", by=who, id=f"{n}", rules=(text or "r",), word="plivelo",
                    url=f"https://evil.example/{n}" if n % 2 else f"javascript:{text}")
        )  # fmt: skip
        reason = Reason(
            template='"{name}" reads like {brand}.', values={"name": text, "brand": text}
        )
        suspects.append(
            Suspect(subject="domain:evil.example", name="evil.example", display_name=text,
                    brand=text, rule=text, score=0.9, techniques=(text,) * 9, reason=reason,
                    evidence=(reason,) * 9)
        )  # fmt: skip
    alarms = tuple(
        replace(raised("many", group=text or "x", rule=text or "r"), posts=(one.post,))
        for text, one in zip(texts * copies, mentions, strict=True)
    )
    coverage = tuple(watched(text or "s", last_error=text, last_success=None) for text in texts)
    return waiting(
        mentions=tuple(replace(one, numbers={one.matches[0].rule: 7}) for one in mentions),
        voices=tuple(voice(text or "b", others=tuple(texts)) for text in texts),
        earlier=tuple(texts),
        alarms=alarms,
        suspects=tuple(suspects),
        coverage=coverage * copies,
    )


class Inspector(HTMLParser):
    """Collects what a mail must not have, and the text with the colours it is drawn in."""

    VOID = frozenset({"meta", "br", "wbr", "img", "link", "hr", "input"})

    def __init__(self, html: str, scheme: str = "light") -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.drawn: list[tuple[str, str, str, str]] = []
        self._stack: list[tuple[str, str, str]] = [("", "", "")]
        style = re.search(r"prefers-color-scheme: dark\) \{(.*?)\n\}", html, re.DOTALL)
        rules = re.findall(r"([^{}]+)\{([^{}]*)\}", style[1]) if style and scheme == "dark" else []
        self._dark = {
            selector.strip().removeprefix("."): dict(
                pair.replace(" !important", "").strip().split(": ")
                for pair in body.split(";")
                if pair.strip()
            )
            for selectors, body in rules
            for selector in selectors.split(",")
        }  # fmt: skip
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = {key: value or "" for key, value in attrs}
        self.tags.append((tag, attributes))
        _, ink, paper = self._stack[-1]
        declared = dict(
            part.split(":", 1) for part in attributes.get("style", "").split(";") if ":" in part
        )
        ink, paper = declared.get("color", ink), declared.get("background-color", paper)
        for name in [tag, *attributes.get("class", "").split()]:
            ink = self._dark.get(name, {}).get("color", ink)
            paper = self._dark.get(name, {}).get("background-color", paper)
        if tag not in self.VOID:
            self._stack.append((f"{tag}.{attributes.get('class', '')}", ink, paper))

    def handle_endtag(self, tag):
        while len(self._stack) > 1 and self._stack.pop()[0].split(".")[0] != tag:
            pass

    def handle_data(self, data):
        where, ink, paper = self._stack[-1]
        inside = {name.split(".")[0] for name, _, _ in self._stack}
        hidden = any("preheader" in name for name, _, _ in self._stack)
        if data.strip() and not hidden and not inside & {"style", "title", "head"}:
            self.drawn.append((where, data.strip(), ink, paper))


def assert_harmless(html):
    inspector = Inspector(html)
    names = {tag for tag, _ in inspector.tags}
    for tag, attributes in inspector.tags:
        if tag == "img":  # our own charts, which travel with the mail
            assert re.fullmatch(r"cid:posts-[0-9a-f]{20}@watcher", attributes["src"])
            assert attributes["alt"]
    assert not names & {"script", "iframe", "form", "input", "object", "link", "svg", "base"}
    assert sum(tag == "style" for tag, _ in inspector.tags) == 1
    for tag, attributes in inspector.tags:
        assert not any(key.startswith("on") for key in attributes)
        assert "url(" not in attributes.get("style", "")
        if attributes.get("href", "").startswith("mailto:"):
            assert attributes["href"].startswith("mailto:watch@plivelo.example?subject=")
            assert not re.search(r"[\s<>\"&]", attributes["href"])
        elif "href" in attributes:
            assert tag == "a"
            assert attributes["href"].startswith(("https://", "http://"))
            assert "evil.example" not in attributes["href"]
    text = "".join(f"{data}\n" for _, data, _, _ in inspector.drawn)
    for start in ("evil.example", "://", "www.evil"):
        assert start not in text
    assert not re.search(
        "[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_stranger_writes_is_harmless(text):
    digest = made(hostile_content([text]))
    assert_harmless(render(TEMPLATES, digest, answers="watch@plivelo.example").html)
    [mail] = mails(TEMPLATES, digest, "w@plivelo.example", TO)
    message = message_from_bytes(mail.payload, policy=policy.default)
    plain = message.get_body(("plain",)).get_content()
    assert "evil.example" not in plain
    assert not UNPRINTABLE.search(re.sub("[\u2068\u2069]", "", plain))


def test_everything_hostile_at_once_stays_harmless_and_small():
    content = hostile_content(copies=40)
    rendered = render(
        TEMPLATES, made(content, title=HOSTILE[5], language="fr", posts=200),
        answers="watch@plivelo.example",
    )  # fmt: skip
    assert_harmless(rendered.html)
    assert len(rendered.html.encode()) <= LARGEST_HTML
    assert rendered.subject.isprintable()


@pytest.mark.drill
def test_ten_thousand_long_posts_fit_and_the_rest_is_counted():
    mentions = tuple(
        mention(f"plivelo {n} " + "&\"'<" * 200, by=account(f"a{n}", "&" * 90), id=str(n),
                rules=(f"rule-{n % 50}",), likes=n)
        for n in range(10_000)
    )  # fmt: skip
    rendered = render(TEMPLATES, made(waiting(mentions=mentions), posts=200))
    assert len(rendered.html.encode()) <= LARGEST_HTML
    assert "10,000 posts" in rendered.subject
    assert "more posts" in rendered.html


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_text_part_reads_as_it_should(language):
    screen = SCREENS / f"digest.{language}.txt"
    text = render(TEMPLATES, made(full(), language=language)).text
    if os.environ.get("UPDATE_SCREENS"):
        screen.write_text(text)
    assert text == screen.read_text()


def test_the_headers_make_a_series_that_no_machine_answers():
    [mail] = mails(
        TEMPLATES, made(full(), title="Plivélo\r\nBcc: x@evil.example\0\u202e"),
        "Ünit <w@plivelo.example>", TO,
        contact="Social team <social@plivelo.example>",
    )  # fmt: skip
    message = message_from_bytes(mail.payload, policy=policy.default)
    assert not any(part.defects for part in message.walk())
    assert not any(value.defects for value in message.values())
    assert message["Bcc"] is None
    assert message["Subject"].startswith("Plivélo Bcc: ")
    assert message["From"].addresses[0].addr_spec == "w@plivelo.example"
    assert message["To"] == "ada@plivelo.example"
    assert message["Message-ID"] == mail.message_id
    assert message["Date"].datetime == NOW
    assert message["Date"].endswith("+0100")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert (
        message["List-Unsubscribe"] == "<mailto:social@plivelo.example?subject=unsubscribe%20daily>"
    )
    assert message["Content-Language"] == "en"
    assert message["List-Id"].endswith(".plivelo.example>")
    assert message["Feedback-ID"].count(":") == 3
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    lines = mail.payload.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    tomorrow = replace(made(full()), slot=replace(SLOT, at=NOW.replace(day=11)))
    [later] = mails(TEMPLATES, tomorrow, "w@plivelo.example", TO)
    other = message_from_bytes(later.payload, policy=policy.default)
    assert other["References"] == message["References"]
    assert other["Message-ID"] != message["Message-ID"]


def test_a_bad_recipient_spoils_nobody_elses_mail():
    two = mails(TEMPLATES, made(full()), "w@plivelo.example", ("broken", "zoé@plivelo.example"))
    assert [mail.recipient for mail in two] == ["broken", "zoé@plivelo.example"]
    assert "zoé@plivelo.example".encode() in two[1].payload


@pytest.mark.drill
def test_the_same_input_gives_the_same_bytes_in_another_process():
    program = (
        "import hashlib; from tests.test_render import TEMPLATES, TO, full, made, mails; "
        "[m] = mails(TEMPLATES, made(full(), language='fr'), 'w@plivelo.example', TO); "
        "print(hashlib.sha256(m.payload).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=Path(__file__).parent.parent, check=True,
            capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1


def test_silence_says_whether_anybody_looked():
    quiet = render(TEMPLATES, made(waiting()))
    blind = render(TEMPLATES, made(waiting(coverage=(watched("a", last_success=None),))))
    assert "nothing was said" in quiet.subject
    assert "Nothing was said" in quiet.html
    assert "we could not look" in blind.subject
    assert "Nothing was said" not in blind.html + blind.text
    assert "a could not be watched" in blind.text


def test_a_late_mail_says_so_in_subject_and_body():
    late = replace(made(full()), slot=replace(SLOT, late=True))
    rendered = render(TEMPLATES, late)
    assert rendered.subject.endswith("(late)")
    assert "it should have left on Tue, Mar 10, 08:00" in rendered.html
    assert "This mail left on time" not in rendered.html + rendered.text


def test_the_first_digest_says_that_it_tells_of_everything():
    old = mention("plivelo of old", by=account("lou"), id="1", word="plivelo",
                  posted_at=NOW.replace(year=2011))  # fmt: skip
    first = replace(made(waiting(mentions=(old,))), slot=replace(SLOT, first=True))
    rendered = render(TEMPLATES, first)
    for body in (rendered.html, rendered.text):
        assert "The first digest: everything found up to Tue, Mar 10, 08:00." in body
        assert "Thu, Mar 10, 2011" in body
        assert "From Mon" not in body
        assert "left on time" not in body


def test_a_reason_that_the_marks_already_show_is_left_out():
    lou = account("lou")
    short = mention("my plivelo broke", by=lou, id="1", word="plivelo", rules=("a", "b"))
    cut_off = mention("plivelo " + "x " * 900 + "refund", by=lou, id="2", word="plivelo")
    reason = Reason(template=SAYS, values={"words": "“plivelo”, “refund”"})
    far = replace(cut_off.matches[0], spans=((0, 7), (1808, 1814)), reason=reason)
    shown = made(waiting(mentions=(short, replace(cut_off, matches=(far,)))))
    text = render(TEMPLATES, shown).text
    assert "says “plivelo”." not in text
    assert "Also found by b." in text
    assert "The post says “plivelo”, “refund”." in text


def test_names_among_several_reasons_stay_harmless_and_legible():
    brand = replace(BRAND, name="Pli & Vélo", accounts=("plivelo",))
    post = mention("@plivelo my hinge broke, I want a refund", by=account("lou"), id="1",
                   mentions=("plivelo",), language="en")  # fmt: skip
    digest = compose(email(), waiting(mentions=(post,)), SLOT, NOW, [brand], "Europe/Paris")
    said = render(TEMPLATES, digest)
    assert "it complains and it addresses Pli & Vélo." in " ".join(said.text.split())
    assert "it complains and it addresses <bdi>Pli &amp; Vélo</bdi>." in said.html


def test_words_are_quoted_as_the_language_quotes():
    only = mention("", by=account("lou"), id="1", word="Plivélo")
    rendered = render(TEMPLATES, made(waiting(mentions=(only,)), language="fr"))
    assert "La publication dit «\u00a0Plivélo\u00a0»." in unescape(
        re.sub("<.*?>", "", rendered.html)
    )
    assert "“" not in rendered.text


def test_one_copy_is_told_in_the_singular():
    lou, text = account("lou"), "plivelo has a hinge that broke after three weeks of rain"
    mine = [mention(text, by=lou, id=str(n), word="plivelo") for n in range(2)]
    french = render(TEMPLATES, made(waiting(mentions=tuple(mine)), language="fr")).text
    assert "1 autre publication semblable, du même compte" in " ".join(french.split())
    theirs = (*mine, mention(text, by=account("ann"), id="9", word="plivelo"))
    french = render(TEMPLATES, made(waiting(mentions=theirs), language="fr")).text
    assert "2 autres publications semblables, par 2 comptes" in " ".join(french.split())


def test_long_names_break_where_their_parts_meet():
    posts = [mention("plivelo", by=account("plivelo_support-desk"), id="1"),
             mention("plivelo, they say", by=account("a_b"), id="2")]  # fmt: skip
    html = render(TEMPLATES, made(replace(full(), mentions=tuple(posts)))).html
    assert "@plivelo_<wbr>support-<wbr>desk" in html
    assert "plivelo-<wbr>gifts<wbr>[.]example" in html
    assert "@a_b" in html


def luminance(colour):
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_has_the_contrast_that_wcag_aa_asks_for(scheme):
    content = replace(full(), more=3, alarms=(raised(late=timedelta(hours=3)),) * 9)
    late = replace(made(content), slot=replace(SLOT, late=True))
    pages = [late, made(waiting()), made(waiting(coverage=()))]
    drawn = {
        (where, ink, paper)
        for page in pages
        for where, _, ink, paper in Inspector(render(TEMPLATES, page).html, scheme).drawn
    }
    assert len(drawn) > 20
    for where, ink, paper in drawn:
        bright, dim = sorted((luminance(ink), luminance(paper)), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (where, ink, paper)


@pytest.mark.server
@pytest.mark.drill
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_that_the_browser_draws_has_the_contrast_of_wcag_aa(browser: Browser, scheme):
    for digest in samples():
        page = render(TEMPLATES, digest, answers="watch@plivelo.example").page
        drawn = browser.drawn(page, width=600, scheme=scheme)
        assert drawn
        for one in drawn:
            if not one.text.startswith("["):
                bright, dim = sorted(map(shine, (one.ink, one.paper)), reverse=True)
                assert (bright + 0.05) / (dim + 0.05) >= 4.5, one
                assert one.size >= 13, one


def shine(colour):
    """The luminance of a colour as a browser tells it, `rgb(1, 2, 3)`."""
    return luminance("#" + "".join(f"{int(c):02x}" for c in re.findall(r"\d+", colour)[:3]))


def test_the_charts_colours_are_told_apart_on_their_panel():
    def ratio(colour):
        a, b = (luminance("#{:02x}{:02x}{:02x}".format(*c)) for c in (colour, chart.PANEL))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)

    assert ratio(chart.INK) >= 4.5
    assert min(map(ratio, (chart.BEFORE, chart.NOW, chart.MORE, chart.USUAL))) >= 3


def test_each_part_tells_the_same():
    """What the HTML says and the text does not, beside the words on links."""
    links = {"Open the post", "Relevant?", "yes", "no", "mute this rule", "·", "•"}
    for digest in samples():
        mail = render(TEMPLATES, digest, answers="watch@plivelo.example")
        said = " ".join(re.sub(r"(?m)^  \| ?", "", mail.text).split())
        bare = re.sub(r"[\u200b*]|\[\.\]", "", said)
        for _, data, _, _ in Inspector(mail.html).drawn:
            text = re.sub(r"[\u200b]|\[\.\]", "", " ".join(unescape(data).split())).strip(" ·•.:()")
            assert not text or text in links or text in bare, text


def test_answers_are_asked_for_only_where_somebody_reads_them():
    content = replace(full(), mentions=tuple(
        replace(one, numbers={match.rule: 40 + n for match in one.matches})
        for n, one in enumerate(full().mentions)
    ))  # fmt: skip
    silent = render(TEMPLATES, made(content))
    assert "mailto:" not in silent.html
    assert "#40" not in silent.text
    asked = render(TEMPLATES, made(content), answers="watch@plivelo.example")
    assert "mailto:watch@plivelo.example?subject=relevant%2040" in asked.html
    assert "mailto:watch@plivelo.example?subject=not%20relevant%2040" in asked.html
    assert "mailto:watch@plivelo.example?subject=mute%20complaints" in asked.html
    assert "#40" in asked.text
    assert "write to watch@plivelo.example" in " ".join(asked.text.split())


@pytest.mark.server
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 600])
def test_the_mail_fits_a_telephone_and_a_window(browser: Browser, tmp_path, width, scheme):
    html = render(TEMPLATES, made(full(), language="fr")).html
    hostile = render(TEMPLATES, made(hostile_content())).html
    picture = tmp_path / "mail.png"
    seen = browser.picture(html, picture, width=width, scheme=scheme)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (seen.width, seen.wide) == (width, [])
    assert seen.background == ("rgb(238, 240, 243)" if scheme == "light" else "rgb(14, 17, 20)")
    assert browser.measure(hostile, width=width, scheme=scheme).width == width


def test_passages_are_cut_around_what_matched():
    text = "x " * 2000 + "plivelo" + " y" * 2000
    pieces = passage(text, [(4000, 4007)], 300)
    assert [piece.text for piece in pieces if piece.marked] == ["plivelo"]
    joined = "".join(piece.text for piece in pieces)
    assert joined.startswith("…")
    assert joined.endswith("…")
    assert len(joined) < 320


def test_marks_stay_on_their_words_when_hidden_characters_go():
    pieces = passage("\u202e\0a plivelo.example", [(4, 11)], 100)
    assert [(p.text, p.marked) for p in pieces] == [
        ("a ", False),
        ("plivelo", True),
        (f"{ZERO_WIDTH_SPACE}.example", False),
    ]


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://a.example/x?y=1#z", "https://a.example/x?y=1#z"),
        ("http://a.example:8080/é", "http://a.example:8080/%C3%A9"),
        ("https://plivélo.example/", "https://xn--plivlo-eva.example/"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://good.example@evil.example/", ""),
        ("https://sub.bad.example/", ""),
        ("https://bad.example./", ""),
        ("https://notbad.example/", "https://notbad.example/"),
        ('https://a.example/"onclick="x', ""),
        ("https://a.example/\u202ex", ""),
        ("https://" + "a" * 2000, ""),
        ("//a.example", ""),
        ("https://[::1", ""),
        ("", ""),
    ],
)
def test_only_plain_web_links_off_suspect_domains_are_links(url, link):
    assert safe_link(url, {"bad.example"}) == link


def test_a_page_as_contact_is_where_one_unsubscribes():
    page = "https://plivelo.example/about"
    [mail] = mails(TEMPLATES, made(full()), "w@plivelo.example", TO, contact=page)
    message = message_from_bytes(mail.payload, policy=policy.default)
    assert message["List-Unsubscribe"] == "<https://plivelo.example/about>"


def test_an_alarm_is_told_in_words_with_its_posts_and_when_it_was_noticed():
    alarms = (raised(late=timedelta(hours=5)), raised("silence", within="1d", posts=0))
    shown = render(TEMPLATES, made(waiting(alarms=alarms)))
    assert shown.subject.startswith("Plivélo: 2 alarms · ")
    assert "64 accounts within 1 hour: shortly before it was about 9." in shown.text
    assert "Nothing within 1 day, though every source was read." in shown.text
    assert "Tue, Mar 10, 06:00 to 07:00 · noticed on Tue, Mar 10, 12:00" in shown.text
    assert "https://social.example/@rider0/a0" in shown.text
    assert 'href="https://social.example/@rider0/a0"' in shown.html
    assert "Nothing is urgent" not in shown.text + shown.html
    french = render(TEMPLATES, made(waiting(alarms=alarms[:1]), language="fr"))
    assert french.subject.startswith("Plivélo : alerte de plivelo · ")
    assert "64 comptes en 1\xa0heure\xa0: peu avant, c’était environ 9." in french.text
