"""Proxies: the Envoys that connect to us, and the bootstrap that brings them here.

``audience`` groups proxies that get the same config; ``bootstrap`` builds the bootstrap of an
Envoy; ``addresses`` parses ``HOST:PORT``.
"""
