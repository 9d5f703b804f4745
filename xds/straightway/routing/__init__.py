"""The neutral routing model: what proxies do, independent of the API that configures it.

Frozen, hashable values built from the standard library alone: ``http`` holds virtual hosts and
their rules, ``policies`` how a cluster treats its endpoints, ``clusters`` and ``listeners`` the
rest. Equal values give equal bytes, so a value can serve as the key of what is made from it.
``routing.istio`` maps Istio's objects to them; each further API gets a package of its own.
``translate`` turns the values into Envoy's messages, and depends on nothing else.
"""
