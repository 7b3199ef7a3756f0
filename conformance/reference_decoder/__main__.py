"""1.2: python -m conformance.reference_decoder IN.nfx OUT.ply; exit codes of R-DEC-02."""

import sys
from pathlib import Path

from .conventions import EXIT_CODES, StreamError
from .scene import decode, ply


def main(source, target):
    """R-DEC-01, R-DEC-02: write the scene, or say what is wrong and give no scene."""
    try:
        scene = decode(Path(source).read_bytes())
    except StreamError as error:
        print(error, file=sys.stderr)
        return EXIT_CODES[error.kind]
    if not scene.complete:  # R-CUT-01
        print("the stream is incomplete", file=sys.stderr)
    Path(target).write_bytes(ply(scene))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
