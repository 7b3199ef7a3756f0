"""Rate-distortion report of one or several scenes: one command, see `python -m tools.rd_report -h`.

`scenes` what is measured against what, `run` the points (cached, resumable, on one core, several or
a Ray cluster), `summary` averages and BD-rates, `html` and `svg` the page, `files` CSV and JSON.
"""
