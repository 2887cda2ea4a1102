"""Years of archives at once: shards, a ledger, and the engines that work shards off.

model      what travels between the driver and its workers
engines    the seam: who runs `run_shard`, how often, and what is made of a death
shard      one shard: read, matched, compared; the same matcher and detector as live
"""
