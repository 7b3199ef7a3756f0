"""``python -m conformance [--decoder 'CMD {in} {out}'] [CASE ...]``: judge a decoder."""

from __future__ import annotations

import argparse
import sys

from conformance.judge import CommandDecoder, OwnDecoder, judge, load_cases


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when every case passes, 1 when one fails, 2 when there is none."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("--decoder", metavar="CMD",
                        help="command line with {in} and {out}; default: this repository's decoder")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds a case may take")
    parser.add_argument("--quiet", action="store_true", help="print failures only")
    parser.add_argument("case", nargs="*", help="names of cases; default: all")
    given = parser.parse_args(arguments)
    decoder = OwnDecoder()
    if given.decoder:
        decoder = CommandDecoder(given.decoder, given.timeout)
    cases = [c for c in load_cases() if not given.case or c.name in given.case]
    failures = 0
    for case in cases:
        problem = judge(case, decoder(case.stream))
        failures += problem is not None
        if problem or not given.quiet:
            print(f"{'FAIL' if problem else 'pass'}  {case.name:28} {problem or case.exercises}")
    print(f"{len(cases) - failures} of {len(cases)} cases pass")
    return 2 if not cases else int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
