"""Wake: the queue's tasks and the sweeps that find what the queue lost. Ids in, one action out; no SQL, no HTTP.

The database holds every promise. The queue carries only "look at row N", so losing it costs seconds.
"""
