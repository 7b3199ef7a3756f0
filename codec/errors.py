"""Typed errors of NFX and the exit codes of its command line tools.

The class says who can put it right: ``FormatError`` the file, ``SceneError`` the scene given
to the encoder, ``LimitExceeded`` the caller's limits, ``BackendError`` the installation.
"""

from __future__ import annotations


class NfxError(Exception):
    """Base of every error NFX raises on purpose.

    message: one line that says what is wrong and what to do.
    code: short stable identifier (tests and foreign decoders compare it).
    where: place in the file, e.g. ``"tile 3 / sh / byte 4112"``; empty when there is none.
    """

    exit_code = 1
    default_code = "error"

    def __init__(self, message: str, *, code: str | None = None, where: str = "") -> None:
        super().__init__(f"{message} [{where}]" if where else message)
        self.code = code or self.default_code
        self.where = where


class UsageError(NfxError):
    """Impossible combination of options."""

    exit_code = 2
    default_code = "usage"


class SceneError(NfxError):
    """The scene or camera file given as input cannot be used.

    code "size": a target size that cannot be met.
    """

    exit_code = 3
    default_code = "scene"


class FormatError(NfxError):
    """The NFX stream is broken."""

    exit_code = 4
    default_code = "format"


class BadMagic(FormatError):
    """The bytes are not an NFX stream, or were damaged by a text transfer."""

    default_code = "bad-magic"


class Truncated(FormatError):
    """The stream ends before its own structure says it may."""

    default_code = "truncated"


class BadChecksum(FormatError):
    """A CRC-32C does not match."""

    default_code = "bad-checksum"


class BadValue(FormatError):
    """A field holds a value the specification forbids."""

    default_code = "bad-value"


class UnsupportedError(NfxError):
    """Valid, but needs a version, profile or tool this decoder lacks."""

    exit_code = 5
    default_code = "unsupported"


class LimitExceeded(NfxError):
    """Larger than the decoder limits allow; raised before memory is taken."""

    exit_code = 6
    default_code = "limit"


class BackendError(NfxError):
    """A renderer, device or weight file is missing; the message says what to install."""

    exit_code = 7
    default_code = "backend"
