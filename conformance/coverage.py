"""Which stream exercises which coding tool, and what checks which requirement.

    python -m conformance.coverage [--write]    # COVERAGE.md; exit code 1 when there is a hole

Tools are seen at work, not declared: the decoder is watched while it decodes each valid stream.
"""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np

from codec.core import fields, geometry, lossless, lossless_values, tile
from codec.decoder import decode as decoding
from codec.decoder.parse import Stream, parse
from codec.options import DecoderLimits
from codec.wire import tables
from conformance.judge import HERE, Case, load_cases

TOOLS = (
    "no Gaussians", "one tile", "several tiles", "several tiers",
    "tiers of other layers", "cut stream", "order kept",
    "tree: split tables", "tree: uniform counts", "tree: raw tails", "tree: shared cells",
    "fields: prediction", "fields: no prediction", "fields: cross terms", "fields: escapes",
    "fields: 64-bit values", "fields: several levels", "fields: steps by class",
    "rotation: raw low bits", "rotation: no raw bits", "position layer", "no position layer",
    "position: differing bits", "SH degree 0", "SH degree 1", "SH degree 2", "SH degree 3",
    "SH: 0 layers", "SH: 1 layer", "SH: 2 layers", "SH: 3 layers", "SH: prior carried on",
    "SH: lengths differ",
    "lossless: normal", "lossless: common", "lossless: raw", "lossless: copy left",
    "lossless: copy right", "lossless: cut values", "lossless: exponent drops",
    "lossless: far drops", "lossless: cross columns", "lossless: tree positions",
    "lossless: dictionary of an axis", "lossless: raw tails of ranks",
    "lossless: dictionary of a group", "lossless: unit quaternions", "lossless: repeated rows",
    "EXTR", "META", "VIEW", "REST", "MLRA", "unknown ancillary box",
)
_KINDS = ("normal", "common", "raw", "copy left", "copy right")


@contextlib.contextmanager
def watched(seen: set[str]) -> Iterator[None]:
    """Everything that decodes inside adds the tools it uses to `seen`."""
    with contextlib.ExitStack() as stack:
        for owner, name, spy in _spies(seen):
            stack.enter_context(mock.patch.object(owner, name, spy(getattr(owner, name))))
        yield


def _spies(seen: set[str]):
    def before(look):
        """A spy that calls `look` with the arguments, then the function."""
        def wrap(function):
            def spied(*args, **given):
                look(*args, **given)
                return function(*args, **given)
            return spied
        return wrap

    def after(look):
        def wrap(function):
            def spied(*args, **given):
                out = function(*args, **given)
                look(out, *args, **given)
                return out
            return spied
        return wrap

    def note(condition, name: str) -> None:
        if condition:
            seen.add(name)

    def tree_counts(self, coder, counts, kinds, upper):
        note((counts <= geometry.MAX_MODELLED).any(), "tree: split tables")
        note((counts > geometry.MAX_MODELLED).any(), "tree: uniform counts")

    def field(coder, model, shifts, *, cross=(), prior=None, **given):
        note(model.predicts, "fields: prediction")
        note(not model.predicts, "fields: no prediction")
        note(any(model.cross), "fields: cross terms")
        note(len(shifts) > fields.BASE_COUNT, "fields: several levels")
        note(len(set(np.asarray(shifts).tolist())) > 1, "fields: steps by class")
        note(prior is not None, "SH: prior carried on")

    def lengths(out, *args, **given):
        note(len(out) and out.min() != out.max(), "SH: lengths differ")

    def rotation_low(out, coder, low, given):
        note((low > 0).any(), "rotation: raw low bits")
        note((low == 0).any(), "rotation: no raw bits")

    def kinds(out, self, index):
        for kind in set(self._kinds[index].tolist()):
            seen.add(f"lossless: {_KINDS[kind]}")

    def drops(out, coder, tables_, n, given):
        note(n, "lossless: exponent drops")
        note((out >= lossless_values.DROP_SYMBOLS - 1).any(), "lossless: far drops")

    def positions(coder, params, *rest):
        seen.add("lossless: tree positions")
        ranked = [d for d in params.axes if len(d)]
        note(ranked, "lossless: dictionary of an axis")
        note(any(lossless.tail_bits(d) for d in ranked), "lossless: raw tails of ranks")

    return [
        (geometry._SplitTables, "code", before(tree_counts)),
        (geometry, "_code_tails", before(lambda coder, out, rank, left: note(
            len(rank) and any(left), "tree: raw tails"))),
        (geometry, "_fill_shared", before(lambda keys, start, count, prefix: note(
            len(start), "tree: shared cells"))),
        (fields, "_code_differences", after(lambda out, coder, model, *rest: note(
            len(out) and np.abs(out).max() > model.half_alphabet, "fields: escapes"))),
        (tile, "code_field", before(field)),
        (tile, "code_field", after(lambda out, *args, **given: note(
            out[0].dtype == np.int64, "fields: 64-bit values"))),
        (tile, "_code_lengths", after(lengths)),
        (tile, "_code_low", after(rotation_low)),
        (tile, "code_position", before(lambda coder, bits, refinement: note(
            len(set(bits.tolist())) > 1, "position: differing bits"))),
        (lossless._PlainCoder, "_code_kinds", after(kinds)),
        (lossless_values, "_code_drops", after(drops)),
        (lossless._PlainCoder, "_code_patterns", before(lambda self, columns: note(
            self._shift.any(), "lossless: cut values"))),
        (lossless._PlainCoder, "_code_ranks", before(
            lambda *args: seen.add("lossless: dictionary of a group"))),
        (lossless, "_code_positions", before(positions)),
        (lossless, "code_unit", before(lambda *args: seen.add("lossless: unit quaternions"))),
        (lossless, "code_repeats", before(lambda *args: seen.add("lossless: repeated rows"))),
    ]


def tools_of(data: bytes) -> set[str]:
    """The tools that decoding a valid stream uses."""
    seen: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = parse(data, DecoderLimits())
        _of_structure(stream, seen)
        with watched(seen):
            decoding.decode_stream(stream, DecoderLimits(threads=1))
    return seen


def _of_structure(stream: Stream, seen: set[str]) -> None:
    head = stream.header
    seen.add(("no Gaussians", "one tile", "several tiles")[min(len(stream.places()), 2)])
    if head.n_tiers > 1:
        seen.add("several tiers")
        if any(tier.layers != stream.tiers[0].layers for tier in stream.tiers):
            seen.add("tiers of other layers")
    seen.add(f"SH degree {head.sh_degree}")
    if stream.truncated:
        seen.add("cut stream")
    if head.flags & tables.SCENE_FLAG_ORDER_KEPT:
        seen.add("order kept")
    for tier in stream.tiers:
        _of_params(tier.params, stream.lossless, seen)
    for kind in stream.ancillary:
        known = kind in tables.ANCILLARY_BOXES
        seen.add(kind.decode() if known else "unknown ancillary box")


def _of_params(params, lossless_profile: bool, seen: set[str]) -> None:
    if lossless_profile:
        if any(column.sources for column in params.columns):
            seen.add("lossless: cross columns")
        return
    n_layers = len(params.sh_layers)
    seen.add(f"SH: {n_layers} layer{'s' * (n_layers != 1)}")
    seen.add("position layer" if params.has_position_layer else "no position layer")


def by_tool(cases: list[Case]) -> dict[str, list[str]]:
    """Names of the valid cases that use each tool."""
    found: dict[str, list[str]] = {name: [] for name in TOOLS}
    for case in cases:
        if "error" not in case.expect:
            for name in tools_of(case.stream.read_bytes()):
                found[name].append(case.name)
    return found


def by_requirement(spec: Path = HERE.parent / "bitstream_spec") -> dict[str, list[str]]:
    """What annex D names for each requirement of the text."""
    text = "".join(p.read_text("utf-8") for p in sorted(spec.glob("*.md")))
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(re.findall(r"\*\*(R-[A-Z]+-\d\d)\*\*", text))):
        found[name] = []
    annex = (spec / "annex-d-requirements.md").read_text("utf-8")
    for name, checks in re.findall(r"^\| (R-[A-Z]+-\d\d) \| (.+) \|$", annex, re.M):
        found[name] += re.findall(r"`([^`]+)`", checks)
    return dict(found)


def holes(tools: dict[str, list[str]], requirements: dict[str, list[str]]) -> list[str]:
    return [name for table in (tools, requirements) for name, who in table.items() if not who]


def table(tools: dict[str, list[str]], requirements: dict[str, list[str]]) -> str:
    """COVERAGE.md."""
    lines = ["# Coverage", "", "Made by `python -m conformance.coverage --write`; a test compares.",
             "", "## Coding tools, seen at work while the valid streams are decoded", "",
             "| tool | streams | of them |", "| --- | --- | --- |"]
    lines += [f"| {name} | {len(who)} | {', '.join(sorted(who)[:6])}{', ...' * (len(who) > 6)} |"
              for name, who in tools.items()]
    lines += ["", "## Requirements of the specification", "", "| requirement | checked by |",
              "| --- | --- |"]
    lines += [f"| {name} | {', '.join(f'`{w}`' for w in who)} |"
              for name, who in sorted(requirements.items())]
    missing = holes(tools, requirements)
    lines += ["", f"Holes: {', '.join(missing) or 'none'}.", ""]
    return "\n".join(lines)


def main() -> int:
    tools, requirements = by_tool(load_cases()), by_requirement()
    text = table(tools, requirements)
    if "--write" in sys.argv[1:]:
        (HERE / "COVERAGE.md").write_text(text, "utf-8")
    missing = holes(tools, requirements)
    print(f"{len(tools)} tools, {len(requirements)} requirements, holes: {missing or 'none'}")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
