"""Holdings: asks runtimes which models they hold, and how that is known.

- ``pools``: which runtimes are asked, and how: units that read the catalog.
- ``apis/``: one module for each API that runtimes have; all answer in the words of ``answers``.
- ``memory``: what a runtime holds, judged by its answers and failures; no I/O, no clock.
- ``poller``: asks all runtimes in their turn.
- ``names``: from a runtime's models to the values of a subset key.

What is found goes to ``Control.observe``. Nothing here emits documents or knows Envoy.
"""
