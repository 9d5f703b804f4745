"""Intake: bundles of documents in, accepted objects out.

Decides which version of which object is in force. The next stage, :mod:`straightway.catalog`, holds
the accepted objects together.

- ``claims``: which object a document claims to be, and which of several claims to one name wins;
- ``reading``: turns the documents of a bundle into claims, and contains every bug in that;
- ``vanishing``: holds objects that vanish at once for a while;
- ``wording``: what problems say about the version that remains in force;
- ``last_good``: the good versions that the next run may need (:mod:`straightway.state` writes
  them);
- ``objects``: which claims are in force, and what the next run needs of them;
- ``step``: what one call touches, and what it results in;
- ``standing``: what is known of one object, for those who write back to its source;
- ``mistakes``: counts what was contained;
- ``intake``: puts it all together, in steps.

No I/O, and no clock: times are passed in. Nothing here knows what an object means.
"""

from straightway.intake.claims import Place, Slot
from straightway.intake.codes import IntakeCode
from straightway.intake.intake import Intake
from straightway.intake.last_good import LastGood
from straightway.intake.standing import Standing
from straightway.intake.step import Accepted, Incoming

__all__ = [
    "Accepted",
    "Incoming",
    "Intake",
    "IntakeCode",
    "LastGood",
    "Place",
    "Slot",
    "Standing",
]
