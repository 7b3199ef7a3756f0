"""One harness under libFuzzer: `python -m tools.fuzz.child HARNESS COUNTER [libFuzzer options]`.

COUNTER is a file of 8 bytes in which the number of executions stands at every moment, so that a
killed run is counted too.
"""

from __future__ import annotations

import importlib
import mmap
import operator
import pkgutil
import random
import struct
import sys
from pathlib import Path

import atheris

# Checksums are byte loops that say nothing about the input; heavy packages are not in the way of a
# hostile file.
_INSTRUMENTED = ["codec", "conformance.reference_decoder"]
_PLAIN = ["codec.wire.checksum", "conformance.reference_decoder.conventions.crc32c"]
_LIGHT = ("codec.wire", "codec.core", "codec.decoder", "codec.io", "conformance.reference_decoder")


_OPERATORS = (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge)


def free_comparisons() -> None:
    """Take array comparisons away from atheris 3.0.0, which never frees their results.

    To be called once fuzzing runs: `atheris.Fuzz` puts its own function in place.
    """
    native = atheris._trace_cmp

    def trace_cmp(left, right, op: int, index: int, left_is_constant: bool):
        if isinstance(left, (int, str, bytes)) and isinstance(right, (int, str, bytes)):
            return native(left, right, op, index, left_is_constant)
        return _OPERATORS[op](left, right)

    atheris._trace_cmp = trace_cmp


def load_instrumented():
    """tools.fuzz.harnesses, with coverage counters in all that it calls."""
    with atheris.instrument_imports(include=_INSTRUMENTED, exclude=_PLAIN):
        for name in _LIGHT:
            package = importlib.import_module(name)
            for module in pkgutil.iter_modules(package.__path__, name + "."):
                if not module.name.endswith("__main__"):
                    importlib.import_module(module.name)
        import codec.encoder.encode  # noqa: F401
    from tools.fuzz import harnesses

    return harnesses


def counted(harness, path: Path):
    """The harness with its executions counted in the file `path`."""
    if not path.exists():
        path.write_bytes(bytes(8))
    with path.open("r+b") as stream:
        memory = mmap.mmap(stream.fileno(), 8)
    number, started = struct.unpack("<Q", memory[:])[0], False

    def run(data: bytes) -> None:
        nonlocal number, started
        if not started:
            free_comparisons()
            started = True
        number += 1
        memory[:] = struct.pack("<Q", number)
        harness(data)

    return run


def stream_mutator(data: bytes, max_size: int, seed: int) -> bytes:
    from tools.fuzz.mutators import mutate_stream

    def mutate(part: bytes, room: int) -> bytes:
        return atheris.Mutate(bytes(part), max(room, 1))

    return mutate_stream(bytes(data), max_size, random.Random(seed), mutate)


def main() -> None:
    name, counter, *options = sys.argv[1:]
    harnesses = load_instrumented()
    mutator = {"custom_mutator": stream_mutator} if name in harnesses.OF_STREAMS else {}
    atheris.Setup([sys.argv[0], *options], counted(harnesses.HARNESSES[name], Path(counter)),
                  internal_libfuzzer=True, **mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
