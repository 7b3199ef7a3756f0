"""What a stream says about restoring its images: REST and MLRA read, nothing applied (spec 4.11).

Plain decoding never looks at either box: the scene is whole without them.
"""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass, replace

from codec.core.mlra import MapGroup, read_maps
from codec.decoder.parse import Stream, memory_bound, parse
from codec.errors import BadValue, UnsupportedError
from codec.options import DecoderLimits
from codec.wire.restorer import RestorerParams, read_restorer
from codec.wire.tables import MLRA, REST

_DEFAULT = DecoderLimits()


@dataclass(frozen=True, slots=True)
class SignalledRestorer:
    """A stream's REST box, and the groups of its MLRA box (empty when there is none)."""

    params: RestorerParams
    maps: tuple[MapGroup, ...] = ()


def read_signalled(data: bytes, limits: DecoderLimits = _DEFAULT) -> SignalledRestorer | None:
    """The restorer a stream signals, or None.

    Raises FormatError kinds for broken boxes, UnsupportedError for a record of a later version.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = parse(data, replace(limits, allow_partial=True))
    return signalled_in(stream, limits)


def signalled_in(stream: Stream, limits: DecoderLimits = _DEFAULT) -> SignalledRestorer | None:
    """As `read_signalled`, of a stream already parsed."""
    rest, maps = stream.ancillary.get(REST), stream.ancillary.get(MLRA)
    if rest is None:
        if maps is not None:
            raise BadValue("maps without a restorer (R-MLRA-01)", where=maps.where)
        return None
    params = read_restorer(rest.payload)
    groups = () if maps is None else tuple(read_maps(maps.payload, memory_bound(stream, limits)))
    return SignalledRestorer(params, groups)


def check_restorer(stream: Stream, limits: DecoderLimits = _DEFAULT) -> None:
    """Raise FormatError kinds when REST or MLRA is broken; a later record may be anything."""
    with contextlib.suppress(UnsupportedError):
        signalled_in(stream, limits)


def restorer_facts(stream: Stream) -> dict | None:
    """What `--info` says about the restorer; None when none is signalled."""
    try:
        found = signalled_in(stream)
    except UnsupportedError as unknown:
        return {"kind": "unknown", "note": str(unknown)}
    if found is None:
        return None
    facts = found.params.describe()
    if found.maps:
        facts["maps"] = [group.describe() for group in found.maps]
    return facts
