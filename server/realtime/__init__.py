"""What people see change while they look: one WebSocket, the protocol `vitrine.v1.json`.

`log` tails the Redis stream `live` and keeps its recent past in a `ring`. `fanout` hands each entry, encoded once, to
the sockets that watch its topics. A `connection` is one socket; its `wire` writes to the transport directly and queues,
within bounds, only while its reader is slow. `gateway` reads what clients ask, `subscribing` answers for topics.
"""
