"""The Lua script that chooses a key's value where no filter can: it decodes, prefers and renames.

It is one script for all routes, so that no route needs a Lua state of its own; what a route wants
is in the route's metadata. It costs some 60 µs, so only these requests meet it: those whose path
has a percent sign, gRPC calls with a key in their message, and routes with aliases, or with a body
between other sources.

``keys`` is a list of ``{key, from}``, where each source is one of

- ``found``: the entry that other filters wrote into :data:`NAMESPACE`, or ``field``: that of
  ``grpc_field_extraction``;
- ``escaped``: it is percent-encoded;
- ``aliases``: the beginning of the entries in the route's metadata that have the aliases;
- ``header``: the header to rewrite for an alias; or ``before``: the entry that has the path up to
  the value, for the path to be rewritten.
"""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "straightway.keys"
FIELDS: Final = "envoy.filters.http.grpc_field_extraction"

SCRIPT: Final = """\
-- Control characters could become a header of their own where someone writes the value into one.
local function decoded(text)
  local found = text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  return found:find("%c") and text or found
end

-- Slashes are encoded if they were in what is replaced.
local function encoded(text, old)
  local kept = old:find("%%2[fF]") and "[^%w%-._~:@]" or "[^%w%-._~:@/]"
  return (text:gsub(kept, function(byte) return string.format("%%%02X", byte:byte()) end))
end

local function rewrite(handle, source, found, old, new)
  local before = source.before and found[source.before]
  if source.header then
    handle:headers():replace(source.header, new)
  elseif before then
    local path = handle:headers():get(":path")
    handle:headers():replace(":path", before .. encoded(new, old) .. path:sub(#before + #old + 1))
  end
end

function envoy_on_request(handle)
  local route, metadata = handle:metadata(), handle:streamInfo():dynamicMetadata()
  local found, fields = metadata:get("NAMESPACE") or {}, metadata:get("FIELDS") or {}
  for _, key in ipairs(route:get("keys") or {}) do
    for _, source in ipairs(key.from) do
      local text = found[source.found]
      if source.field then text = (fields[source.field] or {})[1] end
      if type(text) == "string" and text ~= "" then
        local value = source.escaped and text:find("%", 1, true) and decoded(text) or text
        local meant = source.aliases and route:get(source.aliases .. value)
        if meant then rewrite(handle, source, found, text, meant) end
        metadata:set("envoy.lb", key.key, meant or value)
        break
      end
    end
  end
end
""".replace("NAMESPACE", NAMESPACE).replace("FIELDS", FIELDS)
