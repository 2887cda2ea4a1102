"""Queries as each vendor's documentation shows them, with invented brands in them."""

X = (
    '(nordelya OR "nordelia train" OR #nordelia) lang:fr -is:retweet',
    "nordelia strike OR delay",
    "(from:nordelia OR to:nordelia OR @nordelia) -is:reply has:links -has:images",
    '"nordelia ticket"~4 followers_count:500..10000 -is:nullcast is:verified',
    "nordelia place_country:FR -(has:geo lang:in) sample:10",
    'url:"https://www.nordelia.example/news" OR url_title:strike OR retweets_of:nordelia',
    '(😡 OR $NRD OR "#nordelia") point_radius:[2.355128 48.861118 16km] conversation_id:133498',
    'nordelia ? :( min_faves:100 -filter:replies since:2026-01-01 near:"The Hague" within:10km',
)

BRANDWATCH = (
    '("acme bank" OR {ACB} OR #acmebank) AND (loan* OR crédit) NOT (job OR jobs)',
    '((acme OR "zenit bank") NEAR/5 (phone OR smartphone)) AND language:en',
    "(acme NEAR/2f keyboard) AND country:gbr",
    "raw:Acme+ AND customi?e",
    '"acme juice"~5 AND authorFollowers:[500 TO 100000] AND impressions:[1000 TO *]',
    "<<<the brand>>> acme AND site:twitter.com AND engagementType:QUOTE",
    'economy AND url:(guardian.example OR times.example) AND title:"acme results"',
    '((acme OR zenit) AND (phone OR tablet))~5 NOT author:"acme office"',
    "acme OR zenit AND strike",
)

TALKWALKER = (
    'acme AND ("acme corp" OR #acme) AND NOT hiring',
    '"acme" ONEAR/3 "results" AND lang:en AND sourcetype:SOCIALMEDIA_TWITTER',
    "acme SENTENCE (strike OR lawsuit)",
    "(++Acme!++ OR luxemb*) AND colo?r",
    'sourcetype:SOCIALMEDIA_TWITTER AND (author:acme OR mention:@acme OR ("acme" AND is:retweet))',
    'title:acme AND domainurl:"http://acme.example" AND sourcecountry:fr',
    "acme AND sentiment:negative AND engagement:>100 AND followers:>5000 AND reach:>10000",
    'acme -site:"www.acme.example" AND (sourcetype:BLOG OR sourcetype:SOCIALMEDIA)',
)

GOOGLE_ALERTS = (
    '"Acme Corp" (scam OR fraud OR lawsuit OR recall) -site:acme.example',
    "acme london OR paris",
    '"acme * recall" intitle:acme',
    "acme AROUND(3) lawsuit -jobs",
    "~cheap acme $50..$100",
    "allintitle: acme quarterly results",
    "inurl:press acme | zenit filetype:pdf",
    'site:x.com acme -"acme sports" after:2026-01-01',
)

SAMPLES = {
    "x": X,
    "brandwatch": BRANDWATCH,
    "talkwalker": TALKWALKER,
    "google-alerts": GOOGLE_ALERTS,
}

BROKEN = (
    ("x", '"nordelia train lang:fr'),
    ("x", "(nordelia OR (strike lang:fr"),
    ("x", "nordelia) OR OR strike"),
    ("x", "place:96683cc9126741d1 since:2026-01-01"),
    ("x", "-nordelia lang:und"),
    ("brandwatch", "acme AND {BT OR <<<note"),
    ("brandwatch", "acme NEAR/5 AND ()"),
)
"""What is refused, each with its place."""
