"""Intake: bundles of documents in, accepted objects out.

Decides which version of which object is in force. The next stage, :mod:`straightway.catalog`, holds
the accepted objects together.

- ``claims``: what a document claims to be, and which of several claims to one name counts;
- ``reading``: the documents of a bundle into claims, with every mistake of ours contained;
- ``vanishing``: what vanishes at once is held for a while;
- ``wording``: what problems say of the version that is in force all the same;
- ``last_good``: the good versions that a later run may need (:mod:`straightway.state` writes them);
- ``intake``: all of it together.

No I/O, and no clock but the times that it is given; nothing here knows what an object means.
"""

from straightway.intake.claims import Place, Slot
from straightway.intake.codes import IntakeCode
from straightway.intake.intake import Accepted, Intake
from straightway.intake.last_good import LastGood

__all__ = ["Accepted", "Intake", "IntakeCode", "LastGood", "Place", "Slot"]
