"""`watcher search`: stored posts by the rule language, newest first."""

import click

from rules.evaluator import Reading
from rules.language import parse
from rules.metadata import own_terms
from rules.model import Post
from watcher import pipeline
from watcher.app import App
from watcher.cli import Settings
from watcher.cli.console import marked, print_json, safe, stderr, stdout
from watcher.presence import BusyError, alone


@click.command()
@click.argument("expression")
@click.option("--limit", "-n", default=20, show_default=True, help="At most so many posts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def command(settings: Settings, expression: str, limit: int, as_json: bool) -> None:
    """Search the stored posts, newest first, what matched marked.

    EXPRESSION is what a rule's `find` holds: watcher search 'acme -job lang:fr'
    """
    node = parse(expression)
    config = settings.load()
    with App.open(config) as app:
        try:
            with alone(config.data):
                pipeline.index(app)
        except BusyError:
            pass  # the running service keeps the index up to date; how far behind is said below
        reading = Reading(own=own_terms(config.brands))
        results = app.index.search(node, app.store, reading=reading, limit=limit)
    if as_json:
        print_json([_as_dict(hit.post, hit.spans) for hit in results.hits])
    else:
        for hit in results.hits:
            post = hit.post
            stdout().note(
                f"{post.posted_at:%Y-%m-%d %H:%M}  @{safe(post.author.handle, 60)}  "
                f"{safe(post.source, 30)}  {safe(post.url, 120)}"
            )
            stdout().say(marked(post.text, hit.spans), "")
        more = " and more (--limit)" if results.more else ""
        stderr().note(f"{len(results.hits)} posts{more}")
    if results.behind:
        stderr().say(f"{results.behind} stored posts are not indexed yet and were not searched")


def _as_dict(post: Post, spans: tuple[tuple[int, int], ...]) -> dict[str, object]:
    return {
        "key": post.key,
        "posted_at": post.posted_at,
        "author": post.author.handle,
        "display_name": post.author.display_name,
        "text": post.text,
        "spans": [list(span) for span in spans],
        "url": post.url,
        "language": post.language,
        "source": post.source,
        "links": list(post.links),
        "likes": post.likes,
        "reposts": post.reposts,
    }
