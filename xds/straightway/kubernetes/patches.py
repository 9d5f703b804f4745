"""The content types of patches that the API server understands.

https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
"""

from typing import Final

APPLY: Final = "application/apply-patch+yaml"
MERGE_PATCH: Final = "application/merge-patch+json"
