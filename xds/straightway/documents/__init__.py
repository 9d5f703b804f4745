r"""What all stages share: documents, problems, and references to objects.

Sources emit :class:`Bundle`\ s of :class:`Document`\ s before anyone knows what they mean; every
stage reports :class:`Problem`\ s, which one :class:`ProblemStore` holds; a :class:`Reference` names
an object throughout, and a :class:`Change` says which came into force or went. Work that may be
long is done in :data:`Steps`.
"""

from straightway.documents.change import Change, ChangeListener, ChangeListeners
from straightway.documents.document import Bundle, Document, Origin
from straightway.documents.finding import Finding
from straightway.documents.problem import Problem, ProblemCode, Severity
from straightway.documents.problem_store import Owner, ProblemStore
from straightway.documents.reference import Reference
from straightway.documents.steps import Steps, at_once

__all__ = [
    "Bundle",
    "Change",
    "ChangeListener",
    "ChangeListeners",
    "Document",
    "Finding",
    "Origin",
    "Owner",
    "Problem",
    "ProblemCode",
    "ProblemStore",
    "Reference",
    "Severity",
    "Steps",
    "at_once",
]
