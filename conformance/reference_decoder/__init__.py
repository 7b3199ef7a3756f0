"""The reference decoder: the specification of the NFX bitstream as readable Python and NumPy.

It was written from `bitstream_spec/` alone and shares nothing with `codec/` but tables.bin of
annex C. Each function names the section it reads; plain comes before fast.

| file | part of the specification |
|---|---|
| conventions.py | 2 conventions, errors of 1.2 |
| tables.py | annexes A, B, C |
| container.py | file header, boxes, their order; cut streams |
| syntax.py | fields of the boxes and their legal values |
| entropy.py | 6 parsing |
| fields.py | 5.3 |
| tiles.py | 5.2, 5.4 to 5.7 |
| dictionaries.py | 5.10: dictionaries of bit patterns |
| lossless.py | 5.10 but for the next line |
| patterns.py | 5.10.5, 5.10.7 |
| reconstruct.py | 5.8 |
| restorer.py | REST and MLRA: 3.12, 3.13, 4.11, 4.12, 5.11 |
| scene.py | 5.1, EXTR, the PLY |
"""

from .conventions import StreamError
from .restorer import decode_restorer
from .scene import decode, decode_views, ply
from .syntax import Limits

__all__ = ["Limits", "StreamError", "decode", "decode_restorer", "decode_views", "ply"]
