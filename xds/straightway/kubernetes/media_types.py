"""The forms in which an API server writes what it answers.

https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
"""

from typing import Final

JSON: Final = "application/json"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
"""Of Kubernetes' own kinds alone. The answer to a watch has ``;stream=watch`` behind it."""
RATHER_PROTOBUF: Final = f"{PROTOBUF},{JSON}"
"""To accept: the first that whoever answers can write."""
