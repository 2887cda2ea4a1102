"""The fields of the language and the values they know, with what people write instead."""

from difflib import get_close_matches

from rules.language.tree import FieldName

FIELDS: dict[FieldName, str] = {
    "from": "written by this account",
    "to": "an answer to this account",
    "lang": "stated to be in this language",
    "network": "from this network",
    "source": "brought by this configured source",
    "is": "of this kind",
    "has": "carrying this",
    "domain": "linking to this domain or one below it",
}

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
        "share": "repost", "answer": "reply", "automated": "bot", "ours": "own", "verified": "",
    },
    "has": {
        "links": "link", "url": "link", "image": "media", "images": "media", "picture": "media",
        "photo": "media", "video": "media", "videos": "media", "mentions": "mention",
        "hashtags": "hashtag", "tag": "hashtag", "tags": "hashtag", "questions": "question",
    },
    "field": {
        "author": "from", "by": "from", "de": "from", "user": "from", "username": "from",
        "reply": "to", "language": "lang", "langue": "lang", "type": "is", "site": "domain",
        "url": "domain", "link": "domain", "web": "domain", "host": "domain",
        "platform": "network", "filter": "has", "contains": "has",
    },
}  # fmt: skip


def values(name: FieldName) -> frozenset[str] | None:
    """What may follow the field, or None where anything may."""
    closed = {"is": frozenset(IS), "has": frozenset(HAS), "lang": LANGUAGES}
    return closed.get(name)


def nearest(kind: str, written: str) -> str:
    """What was probably meant, empty when nothing is near; `kind` is `field`, `is`, `has`, `lang`.

    `written` is folded to lower case without accents.
    """
    others = _OTHER_NAMES[kind]
    if written in others:
        return others[written]
    known: dict[str, tuple[str, ...]] = {
        "field": tuple(FIELDS),
        "is": tuple(IS),
        "has": tuple(HAS),
        "lang": (),  # codes of two letters are all near each other; only names are worth guessing
    }
    close = get_close_matches(written, (*known[kind], *others), n=1, cutoff=0.7)
    return others.get(close[0], close[0]) if close else ""
