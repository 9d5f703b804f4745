"""Benchmarks: each measures the real programs and prints one table.

Run ``python -m bench [label|cold|push|discovery|discovery-of-models|change|all]`` (``make bench``)
in the root of the repository. The tables show targets next to the measured figures; a missed target
does not fail the command. The control plane is ``straightway serve`` in its own process, and Envoy
is the real one (``discovery`` reduces both to the protocol). Everything runs on this machine: stop
other busy programs first.
"""
