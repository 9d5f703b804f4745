"""Whether Envoy can write a header's value, in which it expands ``%COMMAND(argument):length%``.

Envoy rejects a whole RouteConfiguration for one value that it cannot parse. Source: Envoy's access
log "Command Operators", as of Envoy 1.40.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from straightway.api.texts import shown

_NEED_ARGUMENT = frozenset(
    {
        "CEL",
        "CLUSTER_METADATA",
        "COALESCE",
        "COMMON_DURATION",
        "DYNAMIC_METADATA",
        "ENVIRONMENT",
        "FILTER_STATE",
        "METADATA",
        "PER_REQUEST_STATE",
        "QUERY_PARAM",
        "REQ",
        "REQUEST_HEADER",
        "REQ_WITHOUT_QUERY",
        "RESP",
        "RESPONSE_HEADER",
        "RESPONSE_TRAILER",
        "TRAILER",
        "UPSTREAM_FILTER_STATE",
        "UPSTREAM_METADATA",
    }
)
_TAKE_ARGUMENT = frozenset(
    {
        "DOWNSTREAM_PEER_CERT_V_END",
        "DOWNSTREAM_PEER_CERT_V_START",
        "EMIT_TIME",
        "EMIT_TIME_LOCAL",
        "RESPONSE_CODE_DETAILS",
        "START_TIME",
        "START_TIME_LOCAL",
        "UPSTREAM_PEER_CERT_V_END",
        "UPSTREAM_PEER_CERT_V_START",
    }
)
_PLAIN = """
ACCESS_LOG_TYPE BYTES_RECEIVED BYTES_RETRANSMITTED BYTES_SENT CONNECTION_ID
CONNECTION_TERMINATION_DETAILS CUSTOM_FLAGS DURATION FILTER_CHAIN_NAME GRPC_STATUS
GRPC_STATUS_NUMBER HOSTNAME LISTENER_NAME LOCAL_REPLY_BODY PACKETS_RETRANSMITTED PATH PROTOCOL
QUERY_PARAMS REQUESTED_SERVER_NAME REQUEST_DURATION REQUEST_HEADERS_BYTES REQUEST_TX_DURATION
RESPONSE_CODE RESPONSE_DURATION RESPONSE_FLAGS RESPONSE_FLAGS_LONG RESPONSE_HEADERS_BYTES
RESPONSE_TRAILERS_BYTES RESPONSE_TX_DURATION ROUNDTRIP_DURATION ROUTE_NAME SPAN_ID STREAM_ID
TLS_JA3_FINGERPRINT TLS_JA4_FINGERPRINT TRACE_ID UNIQUE_ID VIRTUAL_CLUSTER_NAME
"""
_PLAIN_OF_BOTH_SIDES = """
DECOMPRESSED_HEADER_BYTES_RECEIVED DECOMPRESSED_HEADER_BYTES_SENT DETECTED_CLOSE_TYPE
HEADER_BYTES_RECEIVED HEADER_BYTES_SENT LOCAL_ADDRESS LOCAL_ADDRESS_WITHOUT_PORT
LOCAL_CLOSE_REASON LOCAL_DNS_SAN LOCAL_IP_SAN LOCAL_PORT LOCAL_URI_SAN PEER_CERT PEER_DNS_SAN
PEER_IP_SAN PEER_ISSUER PEER_SUBJECT PEER_URI_SAN REMOTE_ADDRESS REMOTE_ADDRESS_WITHOUT_PORT
REMOTE_PORT TLS_CIPHER TLS_SESSION_ID TLS_VERSION TRANSPORT_FAILURE_REASON WIRE_BYTES_RECEIVED
WIRE_BYTES_SENT
"""
_PLAIN_DOWNSTREAM = """
DIRECT_LOCAL_ADDRESS DIRECT_LOCAL_ADDRESS_WITHOUT_PORT DIRECT_LOCAL_PORT DIRECT_REMOTE_ADDRESS
DIRECT_REMOTE_ADDRESS_WITHOUT_PORT DIRECT_REMOTE_PORT HANDSHAKE_DURATION LOCAL_EMAIL_SAN
LOCAL_OTHERNAME_SAN LOCAL_SUBJECT PEER_CHAIN_FINGERPRINTS_1 PEER_CHAIN_FINGERPRINTS_256
PEER_CHAIN_SERIALS PEER_EMAIL_SAN PEER_FINGERPRINT_1 PEER_FINGERPRINT_256 PEER_OTHERNAME_SAN
PEER_SERIAL
"""
_PLAIN_UPSTREAM = """
CLUSTER CLUSTER_RAW CONNECTION_ID CONNECTION_IDS_ATTEMPTED CONNECTION_POOL_READY_DURATION HOST
HOSTS_ATTEMPTED HOSTS_ATTEMPTED_WITHOUT_PORT HOST_NAME HOST_NAMES_ATTEMPTED
HOST_NAMES_ATTEMPTED_WITHOUT_PORT HOST_NAME_WITHOUT_PORT PROTOCOL REQUEST_ATTEMPT_COUNT
SERVER_NAME
"""
_PLAIN_COMMANDS = frozenset(
    [
        *_PLAIN.split(),
        *(f"DOWNSTREAM_{name}" for name in (_PLAIN_OF_BOTH_SIDES + _PLAIN_DOWNSTREAM).split()),
        *(f"UPSTREAM_{name}" for name in (_PLAIN_OF_BOTH_SIDES + _PLAIN_UPSTREAM).split()),
    ]
)
_COMMAND = re.compile(r"%(?:%|([A-Z0-9_]+)(?:\(([^)]*)\))?(:\d+)?%)?")


def format_mistakes(value: str) -> Iterator[str]:
    """Yield what Envoy could not parse in a header's value, as the end of a sentence."""
    if re.search(r"[\x00\r\n]", value):
        yield "it has a line break or a NUL character; write one line"
    for found in _COMMAND.finditer(value):
        if found[0] == "%":
            yield "write %% for a percent sign (%NAME% inserts a value)"
            return
        if found[1] is None:
            continue
        if found[1] not in _PLAIN_COMMANDS | _NEED_ARGUMENT | _TAKE_ARGUMENT:
            yield f"it knows no {shown(found[0])}; write %% for a percent sign"
        elif found[1] in _NEED_ARGUMENT and not found[2]:
            yield f"%{found[1]}% needs an argument, as in %{found[1]}(x-name)%"
        elif found[1] in _PLAIN_COMMANDS and (found[2] is not None or found[3]):
            yield f"%{found[1]}% takes neither parentheses nor a length"
