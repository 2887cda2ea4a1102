"""Other ways to match many rules, each built as well as its library allows.

Each peer finds candidates in its own way. What it cannot express itself is decided by the same test
of the post's terms and places that the watcher uses, so that all return the same pairs.
"""

from peers.literals import AhoCorasickPeer, HyperscanPeer
from peers.micro_batches import TantivyPeer, WhooshPeer
from peers.percolator import PerqPeer

PEERS = {
    "ahocorasick-rs": AhoCorasickPeer,
    "hyperscan": HyperscanPeer,
    "tantivy": TantivyPeer,
    "Whoosh": WhooshPeer,
    "perq": PerqPeer,
}
