"""Restoring rendered images: one interface, several one-step diffusion back ends.

`base` holds the interface and the exact inputs, `noise` and `schedule` the numbers both sides
share, `tiling` the seams, `registry` what is known and where its weights are looked for, `mlora`
the per-scene modulation. Importing this package loads nothing heavy.
"""

from __future__ import annotations
