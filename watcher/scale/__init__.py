"""Years of archives at once: shards, a ledger, and the engines that work shards off.

model      what travels between the driver and its workers
engines    the seam: who runs `run_shard`, how often, and what is made of a death
driving    a job from its plan to its end: the driver, who alone writes
planning   archives cut into shards

shard      one shard: read, matched, compared; the same matcher and detector as live
reading    what a shard holds, a few thousand records at a time; parquet: rows out of Parquet
shapes     in what shape a record is
places     where archives lie; arrow: those that are not local
sought     rules, brands and lists, packed for the way and compiled at its end

local      the engine of processes here; dask_engine: the one of a cluster
results    hits into the store or into Parquet; rules_file: rules out of TOML
"""
