"""The fields of the language and the values they know, with what people write instead."""

from difflib import get_close_matches
from functools import lru_cache

from rules.language.ranges import EXAMPLES as RANGE_EXAMPLES
from rules.language.tree import FieldName, RangeName

FIELDS: dict[FieldName, str] = {
    "from": "written by this account",
    "to": "an answer to this account",
    "mentions": "mentioning this account",
    "bio": "by an account whose description says this",
    "lang": "in this language, stated or else detected",
    "network": "from this network",
    "source": "brought by this configured source",
    "is": "of this kind",
    "has": "carrying this",
    "domain": "linking to this domain or one below it",
    "url": "linking to a page with this in its path or title",
    "sentiment": "in this mood",
}
RANGES: dict[RangeName, str] = {
    "followers": "followers of the author",
    "likes": "likes of the post",
    "reposts": "reposts of the post",
    "age": "age of the author's account",
}
BRAND = "brand"
NAMES: tuple[str, ...] = (*FIELDS, *RANGES, BRAND)
"""Everything that may stand before a colon."""

IS: dict[str, str] = {
    "reply": "an answer to another post",
    "repost": "passing on another post",
    "quote": "quoting another post",
    "original": "neither answer, repost nor quote",
    "bot": "by an account that says it is automated",
    "own": "by one of the brands' own accounts",
}
HAS: dict[str, str] = {
    "link": "a link",
    "media": "a picture, video or sound",
    "mention": "a mentioned account",
    "hashtag": "a hashtag",
    "question": "a question mark",
}

SENTIMENTS: dict[str, str] = {
    "negative": "of a negative mood",
    "neutral": "of a neutral mood",
    "positive": "of a positive mood",
    "unknown": "of a mood that cannot be told",
}

# ISO 639-1, and the longer codes that networks state for want of a short one.
LANGUAGES = frozenset(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
    dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia
    id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo
    lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl
    ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk
    tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
    ast ckb cnr csb fil frp gsw haw hsb kab kmr lad lfn nds nrm pdc sco sma smj szl tok vai vec yue
    zba zgh
    """.split()  # noqa: SIM905 - a list of 200 strings would fill three pages
)

_OTHER_NAMES = {
    "lang": {
        "arabic": "ar", "arabe": "ar", "ara": "ar",
        "bengali": "bn", "catalan": "ca", "catala": "ca",
        "chinese": "zh", "chinois": "zh", "mandarin": "zh", "zho": "zh", "cn": "zh",
        "czech": "cs", "tcheque": "cs", "cz": "cs",
        "danish": "da", "danois": "da", "dk": "da",
        "dutch": "nl", "neerlandais": "nl", "nederlands": "nl", "nld": "nl",
        "english": "en", "anglais": "en", "eng": "en", "us": "en", "gb": "en",
        "french": "fr", "francais": "fr", "fra": "fr", "fre": "fr",
        "german": "de", "allemand": "de", "deutsch": "de", "deu": "de", "ger": "de",
        "greek": "el", "grec": "el", "gr": "el",
        "hebrew": "he", "hebreu": "he", "iw": "he",
        "hindi": "hi", "hungarian": "hu", "hongrois": "hu",
        "indonesian": "id", "indonesien": "id",
        "italian": "it", "italien": "it", "italiano": "it", "ita": "it",
        "japanese": "ja", "japonais": "ja", "jpn": "ja", "jp": "ja",
        "korean": "ko", "coreen": "ko", "kor": "ko",
        "norwegian": "no", "norvegien": "no",
        "persian": "fa", "persan": "fa", "farsi": "fa",
        "polish": "pl", "polonais": "pl", "polski": "pl",
        "portuguese": "pt", "portugais": "pt", "portugues": "pt", "por": "pt", "br-pt": "pt",
        "romanian": "ro", "roumain": "ro", "russian": "ru", "russe": "ru", "rus": "ru",
        "spanish": "es", "espagnol": "es", "espanol": "es", "spa": "es",
        "swedish": "sv", "suedois": "sv", "thai": "th",
        "turkish": "tr", "turc": "tr", "ukrainian": "uk", "ukrainien": "uk", "ua": "uk",
        "vietnamese": "vi", "vietnamien": "vi",
    },
    "is": {
        "retweet": "repost", "rt": "repost", "boost": "repost", "reblog": "repost",
        "retweets": "repost", "nativeretweets": "repost", "replies": "reply", "quotes": "quote",
        "share": "repost", "answer": "reply", "automated": "bot", "ours": "own", "verified": "",
    },
    "has": {
        "links": "link", "url": "link", "image": "media", "images": "media", "picture": "media",
        "photo": "media", "video": "media", "videos": "media", "mentions": "mention",
        "video_link": "media", "native_video": "media", "pictures": "media", "photos": "media",
        "hashtags": "hashtag", "tag": "hashtag", "tags": "hashtag", "questions": "question",
    },
    "sentiment": {
        "neg": "negative", "bad": "negative", "negatif": "negative", "negativ": "negative",
        "pos": "positive", "good": "positive", "positif": "positive", "positiv": "positive",
        "neu": "neutral", "neutre": "neutral", "none": "unknown",
    },
    "field": {
        "author": "from", "by": "from", "de": "from", "user": "from", "username": "from",
        "reply": "to", "in_reply_to": "to", "language": "lang", "langue": "lang", "type": "is",
        "at_mentions": "mentions", "mention": "mentions", "mentioned": "mentions",
        "description": "bio", "site": "domain", "link": "domain", "links": "domain",
        "web": "domain", "host": "domain", "domainurl": "domain", "inurl": "url",
        "platform": "network", "filter": "has", "contains": "has", "mood": "sentiment",
        "min_faves": "likes", "min_likes": "likes", "faves": "likes", "favorites": "likes",
        "engagement": "likes", "min_retweets": "reposts", "retweets": "reposts",
        "shares": "reposts", "retweet_count": "reposts", "likes_count": "likes",
        "followers_count": "followers", "authorfollowers": "followers", "reach": "followers",
        "auteur": "from", "autor": "from", "von": "from", "compte": "from", "konto": "from",
        "sprache": "lang", "idioma": "lang", "lingua": "lang", "seite": "domain", "lien": "domain",
        "reseau": "network", "netzwerk": "network", "red": "network", "stimmung": "sentiment",
        "abonnes": "followers", "seguidores": "followers", "typ": "is", "marke": "brand",
        "account_age": "age", "marque": "brand", "company": "brand",
    },
}  # fmt: skip

MEANT_FOR_WORDS = frozenset(
    "title intitle intext allintitle text body content message headline keyword query q".split()  # noqa: SIM905 - as above
)
"""Fields elsewhere that say where words stand; here they are looked for in the text anyway."""

NOT_STATED = frozenset(
    """
    sourcetype sourcecountry sourcegeo sourceid pagetype place place_country country region city
    location geocode near bounding_box point_radius continent gender conversation_id context entity
    min_replies contentsourcename channelid tag_id engagementtype threadtype rating interest
    profession accounttype authorgender
    """.split()  # noqa: SIM905 - as above
)
"""Fields elsewhere for which no network here states anything: to be left out."""


EXAMPLES: dict[str, str] = {
    "from": "from:acme",
    "to": "to:acme",
    "mentions": "mentions:acme",
    "bio": "bio:journalist",
    "lang": "lang:fr",
    "network": "network:mastodon",
    "source": "source:town",
    "is": "is:reply",
    "has": "has:link",
    "domain": "domain:acme.com",
    "url": "url:pricing",
    "sentiment": "sentiment:negative",
    "brand": 'brand:"Acme"',
    **{str(name): example for name, example in RANGE_EXAMPLES.items()},
}
"""Of each field what it looks like."""

_LATER = "what came since a day: `watcher search --since DATE`"
_EARLIER = "what came until a day: `watcher search --until DATE`"
TIMES: dict[str, str] = {
    "since": _LATER,
    "after": _LATER,
    "date": _LATER,
    "until": _EARLIER,
    "before": _EARLIER,
}
"""Fields elsewhere, and options of a search here: a rule looks at what comes."""


def values(name: FieldName) -> frozenset[str] | None:
    """What may follow the field, or None where anything may."""
    closed = {
        "is": frozenset(IS),
        "has": frozenset(HAS),
        "lang": LANGUAGES,
        "sentiment": frozenset(SENTIMENTS),
    }
    return closed.get(name)


def other_name(kind: str, written: str) -> str:
    """What people elsewhere call so, or `written` itself; `kind` and `written` as for `nearest`."""
    return _OTHER_NAMES.get(kind, {}).get(written, written)


def is_field_elsewhere(name: str) -> bool:
    """Whether people elsewhere, or here, call a field so."""
    name = name.lower()
    return other_name("field", name) in NAMES or name in NOT_STATED | MEANT_FOR_WORDS


@lru_cache(maxsize=1024)
def nearest(kind: str, written: str) -> str:
    """What was probably meant, empty when nothing is near.

    `kind` is `field`, `range`, or a field of few values: `is`, `has`, `lang`, `sentiment`.
    `written` is folded to lower case without accents.
    """
    others = _OTHER_NAMES.get(kind, {})
    if written in others:
        return others[written]
    known: dict[str, tuple[str, ...]] = {
        "field": NAMES,
        "range": tuple(RANGES),
        "is": tuple(IS),
        "has": tuple(HAS),
        "sentiment": tuple(SENTIMENTS),
        "lang": (),  # codes of two letters are all near each other; only names are worth guessing
    }
    close = get_close_matches(written[:50], (*known[kind], *others), n=1, cutoff=0.7)
    return others.get(close[0], close[0]) if close else ""
