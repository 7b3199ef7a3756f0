"""Compare what a decoder did with what a case expects.

A decoder is anything that turns the path of a stream into an `Outcome`: this repository's own
(`OwnDecoder`), or a command line that writes a graphdeco PLY (`CommandDecoder`).
"""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codec.errors import FormatError, LimitExceeded, NfxError, UnsupportedError
from codec.scene import Splats

HERE = Path(__file__).resolve().parent
FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
ERROR_CODES = {4: "format", 5: "unsupported", 6: "limit"}
_ERROR_CLASSES = ((FormatError, "format"), (UnsupportedError, "unsupported"),
                  (LimitExceeded, "limit"))


@dataclass(frozen=True, slots=True)
class Case:
    """One stream and what must come of it; `expect` as in case.json (README)."""

    name: str
    stream: Path
    exercises: str
    profile: str
    level: int
    expect: dict


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decoder did. Exactly one of `error` and `sha256` is set.

    error: "format", "unsupported", "limit", or a text for anything else.
    code: short identifier of our own errors, "" when unknown.   complete: None when unknown.
    """

    error: str | None = None
    code: str = ""
    sha256: str | None = None
    n_gaussians: int = 0
    sh_degree: int = 0
    complete: bool | None = None
    extra: dict[str, str] | None = None


def scene_hash(splats: Splats) -> str:
    """SHA-256 of the arrays of FIELDS in that order, each C-order little-endian float32.

    shN is [N, K-1, 3]: coefficient, then channel.
    """
    digest = hashlib.sha256()
    for name in FIELDS:
        digest.update(np.ascontiguousarray(getattr(splats, name), dtype="<f4").tobytes())
    return digest.hexdigest()


def extra_hashes(splats: Splats) -> dict[str, str]:
    """SHA-256 of each extra column, little-endian in its own type."""
    return {
        name: hashlib.sha256(v.astype(v.dtype.newbyteorder("<")).tobytes()).hexdigest()
        for name, v in splats.extra.items()
    }


def outcome_of(splats: Splats, complete: bool | None = None) -> Outcome:
    return Outcome(
        sha256=scene_hash(splats), n_gaussians=splats.n_gaussians, sh_degree=splats.sh_degree,
        complete=complete, extra=extra_hashes(splats),
    )


class OwnDecoder:
    """`codec.decode` in this process."""

    def __call__(self, stream: Path) -> Outcome:
        from codec.decoder.decode import decode

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                splats = decode(stream.read_bytes())
            except NfxError as error:
                kinds = [name for kind, name in _ERROR_CLASSES if isinstance(error, kind)]
                return Outcome(error=kinds[0] if kinds else repr(error), code=error.code)
        return outcome_of(splats, complete=not any("cut short" in str(w.message) for w in caught))


class CommandDecoder:
    """A command line with {in} and {out}; {out} is a PLY in graphdeco's layout."""

    def __init__(self, command: str, timeout: float = 60.0) -> None:
        self._words = shlex.split(command)
        self._timeout = timeout

    def __call__(self, stream: Path) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.ply"
            words = [w.replace("{in}", str(stream)).replace("{out}", str(out)) for w in self._words]
            try:
                done = subprocess.run(words, capture_output=True, timeout=self._timeout)
            except subprocess.TimeoutExpired:
                return Outcome(error=f"no answer within {self._timeout} s")
            except OSError as error:
                return Outcome(error=f"the decoder does not start: {error}")
            if done.returncode:
                code = done.returncode
                return Outcome(error=ERROR_CODES.get(code, f"exit code {code}"))
            return _read_back(out)


def _read_back(path: Path) -> Outcome:
    from codec.io.ply import read_ply

    if not path.exists():
        return Outcome(error="exit code 0, but no output file")
    try:
        return outcome_of(read_ply(path))
    except NfxError as error:
        return Outcome(error=f"the output cannot be read: {error}")


def judge(case: Case, outcome: Outcome) -> str | None:
    """None when the outcome is what the case expects, else one line that says what differs."""
    expect = case.expect
    if "error" in expect:
        return _judge_error(expect, outcome)
    if outcome.error is not None:
        return f"error '{outcome.error}' on a valid stream"
    for name in ("n_gaussians", "sh_degree"):
        if getattr(outcome, name) != expect[name]:
            return f"{name} is {getattr(outcome, name)}, expected {expect[name]}"
    if outcome.sha256 != expect["sha256"]:
        return f"the arrays differ: SHA-256 {outcome.sha256}, expected {expect['sha256']}"
    if outcome.complete not in (None, expect["complete"]):
        return f"complete is {outcome.complete}, expected {expect['complete']}"
    if outcome.extra and outcome.extra != expect.get("extra", {}):
        return "the extra columns differ"
    return None


def _judge_error(expect: dict, outcome: Outcome) -> str | None:
    if outcome.error is None:
        return f"accepted, expected an error of class {' or '.join(expect['error'])}"
    if outcome.error not in expect["error"]:
        return f"error '{outcome.error}', expected class {' or '.join(expect['error'])}"
    if outcome.code and expect.get("code") and outcome.code != expect["code"]:
        return f"error code '{outcome.code}', expected '{expect['code']}'"
    return None


def load_cases(root: Path = HERE) -> list[Case]:
    """All cases under root/streams and root/bad, by name."""
    cases = []
    for path in sorted([*root.glob("streams/*/case.json"), *root.glob("bad/*/case.json")]):
        facts = json.loads(path.read_text("utf-8"))
        cases.append(Case(
            path.parent.name, path.parent / "in.nfx", facts["exercises"], facts["profile"],
            facts["level"], facts["expect"],
        ))
    return cases


def run(decoder: Callable[[Path], Outcome], cases: list[Case]) -> dict[str, str]:
    """Problems by case name; empty when the decoder conforms."""
    found = {case.name: judge(case, decoder(case.stream)) for case in cases}
    return {name: problem for name, problem in found.items() if problem is not None}
