"""From the routing model to Envoy messages. Pure: no I/O, no clock, no logging.

There is one module per resource type (``clusters``, ``endpoints``, ``listeners``, ``routes``) and
one per concept (``subsets``, ``transcoding``, ``traffic_policy``, …).
"""
