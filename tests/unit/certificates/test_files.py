"""Certificates in files: read again when they change, and kept while they do not fit."""

from __future__ import annotations

import pytest
import structlog

from straightway.certificates import (
    CertificateFileError,
    InvalidPairError,
    followed_authorities,
    followed_pair,
    read_authorities,
    read_pair,
)
from tests.support.certificates import AUTHORITY, server_pair, write_pair

A, B = server_pair(), server_pair()


async def test_a_changed_pair_is_used_once(tmp_path):
    used: list[object] = []
    followed = followed_pair(*write_pair(tmp_path, A), used.append)
    await followed.look()
    await followed.look()
    assert used == [A]
    write_pair(tmp_path, B)
    await followed.look()
    assert used == [A, B]


async def test_a_mounted_secret_is_followed_through_its_links(tmp_path):
    for name, pair in (("1", A), ("2", B)):
        (tmp_path / name).mkdir()
        write_pair(tmp_path / name, pair)
    (tmp_path / "..data").symlink_to("1")
    files = tmp_path / "tls.crt", tmp_path / "tls.key"
    for file in files:
        file.symlink_to(f"..data/{file.name}")
    used: list[object] = []
    followed = followed_pair(*files, used.append)
    await followed.look()
    (tmp_path / "next").symlink_to("2")
    (tmp_path / "next").rename(tmp_path / "..data")
    await followed.look()
    assert used == [A, B]


async def test_half_a_pair_is_not_used_and_said_once(tmp_path):
    certificate, key = write_pair(tmp_path, A)
    used: list[object] = []
    followed = followed_pair(certificate, key, used.append)
    with structlog.testing.capture_logs() as logs:
        await followed.look()
        certificate.write_bytes(B.certificate)
        await followed.look()
        await followed.look()
        assert used == [A]
        key.write_bytes(B.key)
        await followed.look()
    assert used == [A, B]
    assert [each["event"] for each in logs] == [
        "certificate not renewed, the one before stays",
        "certificate renewed",
    ]


async def test_a_pair_that_cannot_be_served_is_said_once_and_tried_again(tmp_path):
    is_refused = True
    used: list[object] = []

    def use(pair):
        if is_refused:
            raise InvalidPairError("too weak")
        used.append(pair)

    followed = followed_pair(*write_pair(tmp_path, A), use)
    with structlog.testing.capture_logs() as logs:
        await followed.look()
        await followed.look()
        is_refused = False
        await followed.look()
    assert used == [A]
    assert [line["reason"] for line in logs] == ["too weak"]


async def test_files_that_vanish_for_a_moment_change_nothing(tmp_path):
    certificate, key = write_pair(tmp_path, A)
    used: list[object] = []
    followed = followed_pair(certificate, key, used.append)
    await followed.look()
    key.unlink()
    await followed.look()
    write_pair(tmp_path, A)
    await followed.look()
    assert used == [A]


async def test_authorities_are_followed_too(tmp_path):
    file = tmp_path / "ca.crt"
    file.write_bytes(AUTHORITY.certificate)
    used: list[object] = []
    followed = followed_authorities(file, used.append)
    await followed.look()
    both = AUTHORITY.certificate + A.certificate
    file.write_bytes(both)
    await followed.look()
    assert used == [AUTHORITY.certificate, both]


def test_files_that_cannot_be_used_are_named_with_the_reason(tmp_path):
    certificate, key = write_pair(tmp_path, A)
    with pytest.raises(CertificateFileError, match=r"absent.*No such file"):
        read_pair(certificate, tmp_path / "absent")
    key.write_bytes(B.key)
    with pytest.raises(CertificateFileError, match=r"tls\.crt.*another certificate"):
        read_pair(certificate, key)
    with pytest.raises(CertificateFileError, match=r"tls\.key.*no certificate"):
        read_authorities(key)
