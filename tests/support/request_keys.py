"""The specification of dynamic subset keys: which value a request has for a key, in plain Python.

It knows rules as people write them, and requests as clients send them. It shares no code with
Straightway: no regular expressions of RE2, no filters, no script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

Entry = Mapping[str, Any]
"""An item of `dynamicSubsetKeys`."""
Values = dict[str, str]

CALLS = ("infer", "infer_stream", "generate", "generate_stream", "ready", "config", "stats")
VERBS = ("predict", "explain", "classify", "regress")


@dataclass(frozen=True)
class Request:
    """A request; `fields` are those of a gRPC message, `body` is the text of any other request."""

    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    fields: Mapping[str, str] | None = None

    @property
    def is_grpc(self) -> bool:
        return self.fields is not None


def values_of(entries: Sequence[Entry], request: Request) -> Values:
    """Return key → value of a request; of several entries for a key the last with one wins."""
    found: Values = {}
    for entry in entries:
        sources = [*entry.get("from", ()), *preset_sources(entry.get("preset"))]
        values = (value_at(source, request) for source in sources)
        value = next((each for each in values if each), None)
        if value is not None:
            found[entry["key"]] = entry.get("values", {}).get(value, value)
    return found


def preset_sources(preset: str | None) -> list[Mapping[str, Any]]:
    """What `from` would say for an API; "calls" stands for what people cannot write."""
    if preset == "openai":
        paths = ["/v1/models/{}", "/openai/v1/models/{}"]
        return [*({"path": each} for each in paths), {"body": "model"}]
    if preset == "open-inference":
        ends = [f"/{call}" for call in CALLS] + [""]
        return [{"ends": ("/v2/models/", ends, "versions")}, {"grpcField": "model_name"}]
    if preset == "kserve-v1":
        ends = [f":{verb}" for verb in VERBS] + [""]
        return [{"ends": ("/v1/models/", ends, "versions labels")}]
    return []


def value_at(source: Mapping[str, Any], request: Request) -> str | None:
    ((place, how),) = source.items()
    path, _, query = request.path.partition("?")
    match place:
        case "header":
            return request.headers.get(how.lower())
        case "cookie":
            return cookies(request.headers.get("cookie", "")).get(how)
        case "path":
            return decoded(in_template(how, path))
        case "pathRegex":
            found = re.fullmatch(rf"(?:{how})(?:\?.*)?", request.path)
            return decoded(found[1] if found else None)
        case "ends":
            return decoded(before_an_end(path, *how))
        case "query":
            pairs = (pair.partition("=") for pair in query.split("&"))
            return decoded(next((value for name, _, value in pairs if name == how and value), None))
        case "body":
            return None if request.is_grpc else in_body(how.split("."), request)
        case "grpcField":
            return in_message(how, request)
    raise AssertionError(place)


def in_message(field: str, request: Request) -> str | None:
    """Return a field of a call of the Open Inference Protocol, whatever the request calls it."""
    if request.fields is None or not request.path.startswith("/inference.GRPCInferenceService/"):
        return None
    about = {"model_name": "name", "model_version": "version"}
    return request.fields.get(field) or request.fields.get(about[field])


def cookies(header: str) -> Values:
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return {name: value for name, _, value in reversed(list(pairs))}


def in_template(template: str, path: str) -> str | None:
    """Return the shortest text for `{}` with which a template is the path."""
    before, after = ("[^/]+".join(map(re.escape, part.split("*"))) for part in template.split("{}"))
    starts = re.match(before, path)
    if starts is None:
        return None
    rest = path[starts.end() :]
    ends = (at for at in range(1, len(rest) + 1) if re.fullmatch(after, rest[at:]))
    return next((rest[:at] for at in ends), None)


def before_an_end(path: str, start: str, ends: Sequence[str], words: str) -> str | None:
    """Return the shortest name after a start and before a version, if any, and one of the ends."""
    if not path.startswith(start):
        return None
    rest = path.removeprefix(start)
    version = "|".join(f"/{word}/[^/:]+" for word in words.split())
    for at in range(1, len(rest) + 1):
        for end in ends:
            if re.fullmatch(f"(?:{version})?{re.escape(end)}", rest[at:]):
                return rest[:at]
    return None


def decoded(text: str | None) -> str | None:
    """Decode what is percent-encoded; with control characters in it, a text stays as it is."""
    if text is None:
        return None
    found = unquote_to_bytes(text)
    if any(byte < 32 or byte == 127 for byte in found):
        return text
    return found.decode(errors="replace")


def in_body(names: Sequence[str], request: Request) -> str | None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind != "application/json" and not re.fullmatch(r"application/.*\+json", kind):
        return None
    try:
        value = json.loads(request.body)
    except ValueError:
        return None
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:f}"
    return str(value) if isinstance(value, str | int) else None
