"""The neutral routing model: what proxies do, whichever API asked for it.

Frozen, hashable values of the standard library alone: ``http`` holds virtual hosts and their
rules, ``policies`` how a cluster treats its endpoints, ``clusters`` and ``listeners`` the rest.
Equal values give equal bytes, so a value can stand for what is made from it. ``routing.istio``
attaches Istio's objects; each further API gets a package of its own beside it. ``translate`` turns
the values into Envoy's messages, and knows nothing else.
"""
