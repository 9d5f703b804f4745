"""From catalog and audience to Envoy messages. Pure: no I/O, no clock, no logging.

``gateway`` and ``sidecar`` put together what an audience gets; below them stands one module a
resource type (``clusters``, ``endpoints``, ``listeners``, ``routes``) and one a concept
(``subsets``, ``transcoding``, ``names``, …).
"""
