"""What a test does at a Kubernetes API server: one request after the other, no cache of objects."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.kube_credentials import ADMIN_TOKEN
from tests.support.waiting import DEADLINE, eventually

Json = dict[str, Any]

APPLY_PATCH = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class KubeError(Exception):
    """The API server refused a request."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


class KubeClient:
    """Requests to the API server at `url`, as the admin unless a token says otherwise."""

    def __init__(self, url: str, ca: Path) -> None:
        self.url = url
        self._tls = ssl.create_default_context(cafile=str(ca))
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}

    # Requests.

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        token: str = ADMIN_TOKEN,
        timeout: float = 30,
    ) -> Any:
        """Send one request, with its body as JSON; return the JSON of the answer.

        Raises KubeError if the API server refuses, and OSError if it does not answer.
        """
        with self._open(method, path, body, query, content_type, token, timeout) as response:
            content = response.read()
        # /readyz and its like answer with plain text.
        is_json = response.headers.get_content_type() == "application/json"
        return json.loads(content) if is_json else content.decode()

    def allows(self, method: str, path: str, *, token: str) -> bool:
        """Whether a request of a user succeeds; False if RBAC forbids it.

        The API server takes a change of RBAC a moment later: wait for it.
        """
        try:
            self.request(method, path, token=token)
        except KubeError as error:
            if error.status != 403:
                raise
            return False
        return True

    @contextmanager
    def watch(
        self, path: str, *, timeout: float = DEADLINE, token: str = ADMIN_TOKEN, **query: str
    ) -> Iterator[Iterator[Json]]:
        """Watch a collection; gives an iterator of events, which ends with the watch."""
        query = {"watch": "1", **query}
        with self._open("GET", path, None, query, "application/json", token, timeout) as response:
            yield (json.loads(line) for line in response)

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        body: object,
        query: Mapping[str, str] | None,
        content_type: str,
        token: str,
        timeout: float,
    ) -> Iterator[Any]:
        request = urllib.request.Request(
            f"{self.url}{path}?{urlencode(query)}" if query else self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {token}", "Content-Type": content_type},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self._tls) as response:
                yield response
        except urllib.error.HTTPError as error:
            raise _kube_error(error) from None

    # Objects.

    def apply(
        self,
        *objects: Json,
        manager: str = "test",
        dry_run: bool = False,
        token: str = ADMIN_TOKEN,
    ) -> list[Json]:
        """Create or update objects by server-side apply; return them as stored.

        A field that the kind's schema lacks is refused. A namespace gets its service account
        `default`, as a cluster's controllers would make it.
        """
        query = {"fieldManager": manager, "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        stored = []
        for item in objects:
            path = self.path_of(item)
            stored.append(
                self.request(
                    "PATCH", path, item, query=query, content_type=APPLY_PATCH, token=token
                )
            )
            if item["kind"] == "Namespace" and not dry_run:
                self.make_service_account(item["metadata"]["name"], "default")
        return stored

    def create(
        self, *objects: Json, validation: str = "Strict", token: str = ADMIN_TOKEN
    ) -> list[Json]:
        """Create objects by POST; return them as stored.

        With the validation `Ignore` or `Warn`, fields that the kind's schema lacks are pruned.
        """
        query = {"fieldValidation": validation}
        paths = [self.path_of(item).rpartition("/")[0] for item in objects]
        return [
            self.request("POST", path, item, query=query, token=token)
            for path, item in zip(paths, objects, strict=True)
        ]

    def set_status(self, item: Json, status: Json) -> Json:
        """Merge into an object's status what a controller or a kubelet would write."""
        stored: Json = self.request(
            "PATCH",
            f"{self.path_of(item)}/status",
            {"status": status},
            content_type=MERGE_PATCH,
        )
        return stored

    def read(self, item: Json) -> Json:
        """Return an object as it is stored now."""
        stored: Json = self.request("GET", self.path_of(item))
        return stored

    def delete(self, *objects: Json) -> None:
        """Delete objects; those that do not exist are no mistake. Pods go without grace."""
        for item in objects:
            query = {"gracePeriodSeconds": "0"} if item["kind"] == "Pod" else None
            try:
                self.request("DELETE", self.path_of(item), query=query)
            except KubeError as error:
                if error.status != 404:
                    raise

    def path_of(self, item: Json) -> str:
        """Return the path of an object of any kind that is served.

        Without a namespace, an object that needs one is in `default`.
        """
        version, kind = item["apiVersion"], item["kind"]
        if (version, kind) not in self._resources:
            self._discover(version)
        assert (version, kind) in self._resources, f"{version} {kind} is not served"
        plural, namespaced = self._resources[version, kind]
        namespace = item["metadata"].get("namespace", "default") if namespaced else ""
        parts = [_root(version), *(["namespaces", namespace] if namespaced else [])]
        return "/".join([*parts, plural, item["metadata"]["name"]])

    def serves(self, version: str, kind: str) -> bool:
        """Whether a kind of a version, such as `apps/v1`, is served now."""
        self._discover(version)
        return (version, kind) in self._resources

    def _discover(self, version: str) -> None:
        try:
            found = self.request("GET", _root(version))["resources"]
        except KubeError as error:
            if error.status != 404:
                raise
            found = []
        stale = [key for key in self._resources if key[0] == version]
        for key in stale:
            del self._resources[key]
        for resource in found:
            if "/" not in resource["name"]:
                name, namespaced = resource["name"], resource["namespaced"]
                self._resources[version, resource["kind"]] = (name, namespaced)

    # Kinds, accounts and rights.

    def install_crds(self, definitions: Iterable[Json]) -> None:
        """Install CustomResourceDefinitions and wait until their kinds are served."""
        # Generators write an empty status, which apply refuses.
        definitions = [
            {key: value for key, value in definition.items() if key != "status"}
            for definition in definitions
        ]
        self.apply(*definitions)
        for definition in definitions:
            eventually(
                lambda definition=definition: self._served(definition),  # type: ignore[misc]
                what=f"{definition['metadata']['name']} is served",
                seconds=60,
            )

    def _served(self, definition: Json) -> bool:
        spec = definition["spec"]
        return all(
            self.serves(f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            for version in spec["versions"]
            if version["served"]
        )

    def make_service_account(self, namespace: str, name: str) -> Json:
        """Make a service account, or leave the one that exists."""
        metadata = {"name": name, "namespace": namespace}
        item = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        return self.apply(item)[0]

    def service_account(
        self, namespace: str, name: str, *, audience: str = "", pod: Json | None = None
    ) -> str:
        """Make a service account if there is none; return a token of it, valid for an hour.

        Without an audience, the token is one for the API server. Bound to a pod, it is valid as
        long as the pod exists, and names it; the pod is as stored, with its uid.
        """
        account = self.make_service_account(namespace, name)
        spec: Json = {"audiences": [audience] if audience else [], "expirationSeconds": 3600}
        if pod is not None:
            metadata = pod["metadata"]
            spec["boundObjectRef"] = {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": metadata["name"],
                "uid": metadata["uid"],
            }
        wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        granted = self.request("POST", f"{self.path_of(account)}/token", wanted)
        return str(granted["status"]["token"])


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _kube_error(error: urllib.error.HTTPError) -> KubeError:
    text = error.read().decode(errors="replace")
    try:
        status = json.loads(text)
        return KubeError(error.code, status.get("reason", ""), status.get("message", text))
    except (ValueError, AttributeError):
        return KubeError(error.code, "", text)
