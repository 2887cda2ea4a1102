"""Search engines turned round: a thousand posts make a small index, which every rule queries."""

from collections.abc import Sequence
from typing import Any

from peers.plan import AllOf, AnyOf, Like, Pairs, Plan, Start, Term, Without, planned, terms_of
from rules import KeywordRule
from rules.model import Post
from rules.text import analyse

BATCH = 1_000


class TantivyPeer:
    """One index in memory for each batch; all of its queries run on one segment."""

    def __init__(self, rules: Sequence[KeywordRule]) -> None:
        import tantivy

        self._tantivy = tantivy
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("t", stored=False, tokenizer_name="whitespace", index_option="basic")
        self._schema = builder.build()
        self._rules = [(one, self._query(one.plan)) for one in planned(rules)]

    def _query(self, plan: Plan) -> Any:
        query, occur = self._tantivy.Query, self._tantivy.Occur
        match plan:
            case Term(term=term):
                return query.term_query(self._schema, "t", term, "basic")
            case Start(start=start):
                return query.regex_query(self._schema, "t", f"{start}.*")
            case Like(word=word):
                return query.fuzzy_term_query(self._schema, "t", word, 1)
            case AllOf(parts=parts):
                shut_out = [part.part for part in parts if isinstance(part, Without)]
                asked = [part for part in parts if not isinstance(part, Without)]
                must = [self._query(part) for part in asked] or [query.all_query()]
                return query.boolean_query(
                    [(occur.Must, one) for one in must]
                    + [(occur.MustNot, self._query(part)) for part in shut_out]
                )
            case AnyOf(parts=parts):
                return query.boolean_query([(occur.Should, self._query(part)) for part in parts])
            case Without(part=part):
                return self._query(AllOf((Without(part),)))

    def decide(self, posts: Sequence[Post]) -> Pairs:
        """The pairs of numbers of posts and rules, in any order."""
        pairs: Pairs = []
        for start in range(0, len(posts), BATCH):
            analyses = [analyse(post) for post in posts[start : start + BATCH]]
            index = self._tantivy.Index(self._schema)
            writer = index.writer(15_000_000, 1)
            for analysis in analyses:
                terms = " ".join(terms_of(analysis))
                writer.add_document(self._tantivy.Document(t=terms))
            writer.commit()
            writer.wait_merging_threads()
            index.reload()
            searcher = index.searcher()
            for one, query in self._rules:
                for _, address in searcher.search(query, BATCH, count=False).hits:
                    if one.exact or one.holds(analyses[address.doc]):
                        pairs.append((start + address.doc, one.number))
        return pairs


class WhooshPeer:
    """One index in memory for each batch, of terms cut by us as the watcher's own index has them.

    The postings of each term are read as sets, which is faster than Whoosh's matchers and scorers.
    """

    def __init__(self, rules: Sequence[KeywordRule]) -> None:
        from whoosh import fields, query
        from whoosh.filedb.filestore import RamStorage

        self._query, self._storage = query, RamStorage
        self._schema = fields.Schema(t=fields.KEYWORD(stored=False, scorable=False))
        self._rules = [(one, self._made(one.plan)) for one in planned(rules)]

    def _made(self, plan: Plan) -> Any:
        query = self._query
        match plan:
            case Term(term=term):
                return query.Term("t", term)
            case Start(start=start):
                return query.Prefix("t", start)
            case Like(word=word):  # its edits know no swaps of neighbours
                swapped = {word[:n] + word[n + 1] + word[n] + word[n + 2 :]
                           for n in range(len(word) - 1)}  # fmt: skip
                terms = [query.Term("t", one) for one in sorted(swapped)]
                return query.Or([query.FuzzyTerm("t", word, maxdist=1, prefixlength=0), *terms])
            case AllOf(parts=parts):
                shut_out = [self._made(part.part) for part in parts if isinstance(part, Without)]
                asked = [self._made(part) for part in parts if not isinstance(part, Without)]
                return query.And([*(asked or [query.Every()]), *map(query.Not, shut_out)])
            case AnyOf(parts=parts):
                return query.Or([self._made(part) for part in parts])
            case Without(part=part):
                return query.Not(self._made(part))

    def decide(self, posts: Sequence[Post]) -> Pairs:
        """The pairs of numbers of posts and rules, in any order."""
        pairs: Pairs = []
        for start in range(0, len(posts), BATCH):
            analyses = [analyse(post) for post in posts[start : start + BATCH]]
            index = self._storage().create_index(self._schema)
            writer = index.writer()
            for analysis in analyses:
                writer.add_document(t=terms_of(analysis))
            writer.commit()
            with index.searcher() as searcher:
                for one, query in self._rules:
                    for document in searcher.docs_for_query(query):
                        if one.exact or one.holds(analyses[document]):
                            pairs.append((start + document, one.number))
        return pairs
