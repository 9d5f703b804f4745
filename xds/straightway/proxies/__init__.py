"""Proxies: the Envoys that connect, and how they find us.

``audience`` tells the classes of proxies apart that get the same config; ``bootstrap`` makes the
file that an Envoy starts with; ``addresses`` reads ``HOST:PORT``.
"""
