"""CRC-32C (Castagnoli), the checksum of every box (spec 02, "CRC-32C").

Polynomial 0x1EDC6F41 reflected (0x82F63B78), initial value and final XOR 0xFFFFFFFF.
CRC is linear, so long inputs are cut into lanes that NumPy advances in lockstep, two bytes a step;
neighbouring lanes are then joined by the "append zero bytes" operator until one is left.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78
_MOST_LANES = 4096
_SHORT = 4096
_BLOCK = 1 << 22  # bounds the memory taken
_BITS = np.arange(32, dtype=np.uint32)


@lru_cache(maxsize=1)
def _byte_table() -> NDArray[np.uint32]:
    """State after one zero byte of each state below 2^8."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table.astype(np.uint32)


@lru_cache(maxsize=1)
def _byte_list() -> list[int]:
    return _byte_table().tolist()


@lru_cache(maxsize=1)
def _word_table() -> NDArray[np.uint32]:
    """State after two zero bytes of each state below 2^16."""
    one = _byte_table()
    half = one[None, :] ^ np.arange(256, dtype=np.uint32)[:, None]  # state >> 8 is the row
    return ((half >> np.uint32(8)) ^ one[half & np.uint32(0xFF)]).reshape(-1)


def _advance(state: int, data: bytes) -> int:
    table = _byte_list()
    for byte in data:
        state = (state >> 8) ^ table[(state ^ byte) & 0xFF]
    return state


def _apply(operator: NDArray[np.uint32], states: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """operator: images of the 32 unit states."""
    bits = (states[:, None] >> _BITS) & np.uint32(1)
    return np.bitwise_xor.reduce(bits * operator, axis=1)


def _zeros_operator(n_bytes: int) -> NDArray[np.uint32]:
    """What `n_bytes` zero bytes make of the 32 unit states."""
    result = np.uint32(1) << _BITS
    square = (result >> np.uint32(8)) ^ _byte_table()[result & np.uint32(0xFF)]
    while n_bytes:
        if n_bytes & 1:
            result = _apply(square, result)
        square = _apply(square, square)
        n_bytes >>= 1
    return result


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """CRC-32C of `data` as an unsigned 32-bit integer."""
    view, state = memoryview(data).cast("B"), 0xFFFFFFFF
    for start in range(0, len(view), _BLOCK):
        block = view[start : start + _BLOCK]
        if len(block) < _SHORT:
            state = _advance(state, bytes(block))
        else:
            state = _advance_block(state, block)
    return state ^ 0xFFFFFFFF


def _advance_block(state: int, block: memoryview) -> int:
    states, lane = _lane_states(state, block)
    operator = _zeros_operator(lane)
    while len(states) > 1:
        states = _apply(operator, states[::2]) ^ states[1::2]
        operator = _apply(operator, operator)
    return int(states[0])


def _lane_states(state: int, block: memoryview) -> tuple[NDArray[np.uint32], int]:
    """Final state of each lane as if it stood alone, and bytes in a lane.

    Zero bytes in front leave state 0 as it is, and any other first state is the same as XORing it
    to the first four bytes: so lanes are all of one length and all begin at 0.
    """
    n_lanes = min(_MOST_LANES, 1 << (len(block).bit_length() // 2))
    words = -(-len(block) // (2 * n_lanes))
    padded = np.zeros(n_lanes * 2 * words, np.uint8)
    start = len(padded) - len(block)
    padded[start:] = np.frombuffer(block, np.uint8)
    padded[start : start + 4] ^= np.frombuffer(state.to_bytes(4, "little"), np.uint8)
    lanes = padded.view("<u2").reshape(n_lanes, words)
    states, table = np.zeros(n_lanes, np.uint32), _word_table()
    for column in np.ascontiguousarray(lanes.T):
        index = (states & np.uint32(0xFFFF)) ^ column
        states >>= np.uint32(16)
        states ^= table.take(index)
    return states, 2 * words
