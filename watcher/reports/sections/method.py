"""How the numbers came about, in the words of somebody who has to trust them."""

from watcher.reports.model import Block, Paragraph, Section
from watcher.reports.sections.desk import Desk


def method(desk: Desk) -> Section:
    """Write the section."""
    say = desk.say
    sentences = (
        say.t(
            "Every number stands in a table, and every table names the command that prints it"
            " again, or what has become of it, and the heading of the documentation with its query."
        ),
        say.t(
            "Counted are posts that speak of a brand, copies and reposts too, whatever rules are"
            " configured; the brand’s own posts are not. Days are those of {zone}, by the time of"
            " writing.",
            zone=desk.facts.zone.key,
        ),
        say.t(
            "Bounds hold the true value 95 times in 100. “May be chance” means that as large a"
            " difference comes about more than 5 times in 100 where nothing changed."
        ),
        say.t(
            "The tone of a post is told by a program that errs often with one post and seldom with"
            " a change over many. People’s corrections count before it."
        ),
        say.t(
            "Posts on a few networks are no poll: who posts is not everybody, and who complains"
            " posts sooner."
        ),
        say.t("Private posts are in the numbers, and nowhere else."),
    )
    blocks: list[Block] = [Paragraph(text=one) for one in sentences]
    return desk.section("method", say.t("How to read this"), *blocks)
