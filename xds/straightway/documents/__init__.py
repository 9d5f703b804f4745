r"""What all stages share: documents, what is wrong with them, and how objects are named.

Sources emit :class:`Bundle`\ s of :class:`Document`\ s before anyone knows what they mean; every
stage reports :class:`Problem`\ s; a :class:`Reference` names an object throughout.
"""

from straightway.documents.document import Bundle, Document, Origin
from straightway.documents.problem import Problem, Severity
from straightway.documents.reference import Reference

__all__ = ["Bundle", "Document", "Origin", "Problem", "Reference", "Severity"]
