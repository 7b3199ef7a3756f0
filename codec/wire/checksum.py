"""CRC-32C (Castagnoli), the checksum of every box (spec 02, "CRC-32C").

Polynomial 0x1EDC6F41 reflected (0x82F63B78), initial value and final XOR 0xFFFFFFFF.
CRC is linear, so long inputs are cut into lanes that NumPy advances in lockstep; the lanes'
remainders are then joined by the "append zero bytes" operator.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78
_LANES = 1024
_SHORT = 4096


@lru_cache(maxsize=1)
def _byte_table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table.astype(np.uint32)


@lru_cache(maxsize=1)
def _byte_list() -> list[int]:
    return _byte_table().tolist()


def _advance(state: int, data: bytes) -> int:
    table = _byte_list()
    for byte in data:
        state = (state >> 8) ^ table[(state ^ byte) & 0xFF]
    return state


@lru_cache(maxsize=64)
def _zeros_operator(n_bytes: int) -> tuple[list[int], ...]:
    """Four 256-entry tables that carry a state over `n_bytes` zero bytes."""
    columns = np.uint32(1) << np.arange(32, dtype=np.uint32)  # images of the unit states
    square, result, n = _zero_byte(columns), columns, n_bytes
    while n:
        if n & 1:
            result = _apply(square, result)
        square = _apply(square, square)
        n >>= 1
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    return tuple(
        np.bitwise_xor.reduce(np.where(bits, result[8 * k : 8 * k + 8], 0), axis=1).tolist()
        for k in range(4)
    )


def _zero_byte(states: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (states >> np.uint32(8)) ^ _byte_table()[states & np.uint32(0xFF)]


def _apply(operator: NDArray[np.uint32], states: NDArray[np.uint32]) -> NDArray[np.uint32]:
    bits = (states[:, None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
    return np.bitwise_xor.reduce(np.where(bits, operator[None, :], 0), axis=1).astype(np.uint32)


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """CRC-32C of `data` as an unsigned 32-bit integer."""
    view = memoryview(data).cast("B")
    lane = len(view) // _LANES
    if len(view) < _SHORT:
        return _advance(0xFFFFFFFF, bytes(view)) ^ 0xFFFFFFFF
    lanes = np.frombuffer(view[: lane * _LANES], dtype=np.uint8).reshape(_LANES, lane)
    states = np.zeros(_LANES, dtype=np.uint32)
    states[0] = 0xFFFFFFFF
    table = _byte_table()
    for column in np.ascontiguousarray(lanes.T):
        states = (states >> np.uint32(8)) ^ table[(states ^ column) & np.uint32(0xFF)]
    t0, t1, t2, t3 = _zeros_operator(lane)
    total = 0
    for state in states.tolist():
        carried = t0[total & 255] ^ t1[(total >> 8) & 255] ^ t2[(total >> 16) & 255]
        total = carried ^ t3[total >> 24] ^ state
    return _advance(total, bytes(view[lane * _LANES :])) ^ 0xFFFFFFFF
