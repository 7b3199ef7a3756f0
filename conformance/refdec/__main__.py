"""``python -m conformance.refdec IN.nfx OUT.ply``"""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.refdec.container import Broken, Limit, Unsupported
from conformance.refdec.scene import decode, ply


def main(arguments: list[str]) -> int:
    source, target = arguments
    try:
        arrays, extra, complete = decode(Path(source).read_bytes())
    except (Broken, Unsupported, Limit) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return {Broken: 4, Unsupported: 5, Limit: 6}[type(error)]
    if not complete:
        print("the stream is cut: a coarser scene", file=sys.stderr)
    Path(target).write_bytes(ply(arrays, extra))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
