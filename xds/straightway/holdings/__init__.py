"""Holdings: asks runtimes which models they hold, and how that is known.

- ``pools``: which runtimes are asked, and how: units that read the catalog.
- ``apis/``: one module for each API that runtimes have; all answer in the words of ``answers``.
- ``memory``: what a runtime holds, judged by its answers and failures; no I/O, no clock.
- ``names``: from a runtime's models to the values of a subset key.
- ``poller``: asks all runtimes in their turn; ``pacing`` says when, ``http1`` makes the calls.
- ``united``: what a workload holds by all that say so.
- ``holdings``: all of this together. Its ``transitions`` are told to listeners, such as ``log``;
  ``troubles`` are the standing problems of pools, and ``views`` what status shows.

What is found goes to ``Control.observe``. Nothing here emits documents or knows Envoy.
"""
