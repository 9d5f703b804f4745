"""Who a proxy is: service accounts, proved by tokens or client certificates.

``identity`` is what is proved; ``tokens`` has tokens reviewed by the API server and remembers the
answers, ``certificates`` reads client certificates, and ``pods`` finds a proxy's Pod. ``claims``
compares all that with what the proxy's node says, and ``admission`` is the hook of the discovery
server that puts them together. ``refusals`` logs who is refused.
"""

from straightway.identities.admission import Admissions
from straightway.identities.identity import Identity
from straightway.identities.pods import PodReader
from straightway.identities.tokens import Tokens

__all__ = ["Admissions", "Identity", "PodReader", "Tokens"]
