"""A second decoder, written from bitstream_spec/ in its order: slow, plain, and sharing no code.

``python -m conformance.refdec IN.nfx OUT.ply``; exit codes 4 format, 5 unsupported, 6 limit.
"""
