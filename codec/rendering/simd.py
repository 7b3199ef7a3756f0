"""Vector kernels over one row of 16 pixels, as LLVM vector code inside Numba.

Numba's own vectoriser cannot prove that the planes of a tile do not overlap, so these steps are
written with explicit 16-lane vectors; LLVM lowers them to AVX-512, AVX2, SSE or NEON.

State of a tile: one float32 array of planes of 256 values (16 rows of 16 pixels). Plane 0 is the
transmittance T, negated once a pixel has stopped; the others are sums.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from codec.rendering.base import T_MIN

LANES = 16
PLANE = 256
N_CHANNELS = 4  # r, g, b, camera z
CHANNELS_AT = 8  # place of the channels in a record
GRAD_PLANES = 3 + N_CHANNELS  # T, behind, gradients of the channels and of alpha
GRAD_SUMS = 6 + N_CHANNELS

_F32 = ir.FloatType()
_I32 = ir.IntType(32)
_VF = ir.VectorType(_F32, LANES)
_VI = ir.VectorType(_I32, LANES)
_MASK = ir.IntType(LANES)

# 2**f on -0.5..0.5: minimax, relative error 2.2e-7 in float32.
_EXP2 = (1.326697064e-3, 9.675459936e-3, 5.550742522e-2, 2.402212173e-1, 6.931469440e-1,
         1.000000119)
_ROUND = 12582912.0  # 1.5 * 2**23: adding it leaves the nearest integer in the low bits


class _Vec:
    """A few vector operations on one IR builder."""

    def __init__(self, context, builder, module):
        self.context, self.b = context, builder
        self._fma = cgutils.get_or_insert_function(
            module, ir.FunctionType(_VF, [_VF, _VF, _VF]), f"llvm.fmuladd.v{LANES}f32")

    def const(self, value: float):
        return ir.Constant(_VF, [ir.Constant(_F32, value)] * LANES)

    def iconst(self, value: int):
        return ir.Constant(_VI, [ir.Constant(_I32, value)] * LANES)

    def lanes(self):
        return ir.Constant(_VF, [ir.Constant(_F32, float(i)) for i in range(LANES)])

    def splat(self, scalar):
        undef = ir.Constant(_VF, ir.Undefined)
        one = self.b.insert_element(undef, scalar, ir.Constant(_I32, 0))
        return self.b.shuffle_vector(one, undef, ir.Constant(_VI, [ir.Constant(_I32, 0)] * LANES))

    def fma(self, a, b, c):
        return self.b.call(self._fma, [a, b, c])

    def pointer(self, data, index):
        return self.b.bitcast(self.b.gep(data, [index]), _VF.as_pointer())

    def load(self, data, index):
        return self.b.load(self.pointer(data, index), align=4)

    def store(self, value, data, index):
        self.b.store(value, self.pointer(data, index), align=4)

    def any(self, mask):
        return self.b.icmp_unsigned("!=", self.b.bitcast(mask, _MASK), ir.Constant(_MASK, 0))

    def minimum(self, a, b):
        return self.b.select(self.b.fcmp_ordered("<", a, b), a, b)

    def exp2(self, x):
        shifted = self.b.fadd(x, self.const(_ROUND))
        f = self.b.fsub(x, self.b.fsub(shifted, self.const(_ROUND)))
        y = self.const(_EXP2[0])
        for coefficient in _EXP2[1:]:
            y = self.fma(y, f, self.const(coefficient))
        exponent = self.b.shl(self.b.bitcast(shifted, _VI), self.iconst(23))
        return self.b.bitcast(self.b.add(self.b.bitcast(y, _VI), exponent), _VF)


def _data(context, builder, array_type, value):
    return context.make_array(array_type)(context, builder, value=value).data


def _offset(builder, index, extra: int):
    return builder.add(index, ir.Constant(index.type, extra))


def _row_body(v: _Vec, tile, row, u0, l11, e_row, cut, top, inside):
    """Common part of every row step: alphas, stops and weights where any lane is hit.

    `inside(t, weight, alpha, raw, ok, u)` adds what the caller wants with the weights
    alpha*T (0 in lanes not hit). Returns the IR value 0 = nothing hit, 1 = row goes on,
    2 = every pixel of the row has stopped.
    """
    b = v.b
    u = v.fma(v.splat(l11), v.lanes(), v.splat(u0))
    e = v.fma(b.fneg(u), u, v.splat(e_row))
    hit = b.fcmp_ordered(">=", e, v.splat(cut))
    code = cgutils.alloca_once_value(b, ir.Constant(_I32, 0))
    with b.if_then(v.any(hit)):
        t = v.load(tile, row)
        raw = v.exp2(b.select(hit, e, v.const(-60.0)))
        alpha = b.select(hit, v.minimum(raw, v.splat(top)), v.const(0.0))
        after = b.fsub(t, b.fmul(t, alpha))
        ok = b.fcmp_ordered(">", after, v.const(T_MIN))
        weight = b.select(ok, b.fmul(alpha, t), v.const(0.0))
        stopped = b.select(b.fcmp_ordered(">", t, v.const(0.0)), b.fneg(t), t)
        v.store(b.select(ok, after, stopped), tile, row)
        inside(t, weight, alpha, raw, ok, u)
        b.store(b.select(v.any(ok), ir.Constant(_I32, 1), ir.Constant(_I32, 2)), code)
    return b.load(code)


_ROW_ARGS = (types.float32,) * 5


@intrinsic
def weigh_row(typingctx, tile, row, u0, l11, e_row, cut, top):
    """Replay one Gaussian over one row; add its weights alpha*T to lanes PLANE..PLANE+15.

    tile: float32 plane T, then the lanes; row: index of the row's first pixel.
    exponent of lane i (base 2): e_row - (u0 + i*l11)**2, skipped below `cut`; top: max alpha.
    """
    sig = types.int32(tile, types.intp, *_ROW_ARGS)

    def codegen(context, builder, signature, args):
        v = _Vec(context, builder, builder.module)
        planes = _data(context, builder, signature.args[0], args[0])

        def inside(t, weight, alpha, raw, ok, u):
            place = ir.Constant(args[1].type, PLANE)
            v.store(builder.fadd(v.load(planes, place), weight), planes, place)

        return _row_body(v, planes, args[1], *args[2:], inside)

    return sig, codegen


def _sum_lanes(b, vector):
    """Sum of the lanes in a fixed order: halves are folded until one is left."""
    count = LANES
    while count > 1:
        count //= 2
        undef = ir.Constant(vector.type, ir.Undefined)

        def half(first, vector=vector, undef=undef, count=count):
            lanes = [ir.Constant(_I32, first + i) for i in range(count)]
            mask = ir.Constant(ir.VectorType(_I32, count), lanes)
            return b.shuffle_vector(vector, undef, mask)

        vector = b.fadd(half(0), half(count))
    return b.extract_element(vector, ir.Constant(_I32, 0))


class _GradRows:
    """Code of the backward pass of one Gaussian over the rows of a tile.

    channels: how many of r, g, b, z have gradients. The sums stay in registers over the rows.
    """

    def __init__(self, v: _Vec, planes, source, record, channels: int):
        self.v, self.planes, self.channels = v, planes, channels
        at = (_offset(v.b, record, CHANNELS_AT + c) for c in range(channels))
        self.values = [v.splat(v.b.load(v.b.gep(source, [i]))) for i in at]
        self.sums = [cgutils.alloca_once(v.b, _VF) for _ in range(6 + channels)]
        for total in self.sums:
            v.b.store(v.const(0.0), total)

    def add(self, number: int, a, b):
        total = self.sums[number]
        self.v.b.store(self.v.fma(a, b, self.v.b.load(total)), total)

    def row(self, row_index, offset, dy, row_args, top):
        """One row; row_args as of `_row_body`. Returns its code."""
        v, b = self.v, self.v.b

        def plane(number):
            return _offset(b, row_index, PLANE * number)

        def inside(t, weight, alpha, raw, ok, u):
            toward = v.load(self.planes, plane(2 + N_CHANNELS))
            for channel, value in enumerate(self.values):
                grad = v.load(self.planes, plane(2 + channel))
                toward = v.fma(value, grad, toward)
                self.add(6 + channel, weight, grad)
            behind = b.fsub(v.load(self.planes, plane(1)), b.fmul(weight, toward))
            v.store(behind, self.planes, plane(1))
            rest = b.fdiv(behind, b.fsub(v.const(1.0), alpha))
            grad_alpha = b.fsub(b.fmul(t, toward), rest)
            free = b.and_(ok, b.fcmp_ordered("<=", raw, v.splat(top)))
            g = b.select(free, b.fmul(grad_alpha, raw), v.const(0.0))
            dx = b.fadd(v.lanes(), v.splat(offset))
            self.gather(g, b.fmul(g, dx), dx, v.splat(dy))

        return _row_body(v, self.planes, row_index, *row_args, inside)

    def gather(self, g, gx, dx, dy):
        b = self.v.b
        gy = b.fmul(g, dy)
        b.store(b.fadd(b.load(self.sums[0]), g), self.sums[0])
        b.store(b.fadd(b.load(self.sums[1]), gx), self.sums[1])
        self.add(2, gx, dx)
        b.store(b.fadd(b.load(self.sums[3]), gy), self.sums[3])
        self.add(4, gx, dy)
        self.add(5, gy, dy)

    def write(self, out, place):
        b = self.v.b
        for number in range(GRAD_SUMS):
            at = b.gep(out, [_offset(b, place, number)])
            if number < len(self.sums):
                b.store(_sum_lanes(b, b.load(self.sums[number])), at)
            else:
                b.store(ir.Constant(_F32, 0.0), at)


_ROWS_ARGS = (types.intp, types.intp, types.intp, types.float64, types.float64, types.float32,
              types.float32)  # record, first, last, offset, dy0, cut, top


def _each_row(builder, living, source, record, first, last, offset, dy0, cut, top, body):
    """Code of a loop over the live rows first..last of a tile for one Gaussian.

    body(first pixel of the row in a plane, dy float32, arguments of `_row_body`) gives a code of
    `_row_body`; rows of code 2 are marked dead. Returns the IR value of how many were.
    """
    stopped = cgutils.alloca_once_value(builder, ir.Constant(_I32, 0))
    l11, slope, kyy, level = (
        builder.load(builder.gep(source, [_offset(builder, record, i)])) for i in (2, 3, 4, 5))
    wide = [builder.fpext(x, ir.DoubleType()) for x in (l11, slope, kyy, level)]
    count = builder.add(builder.sub(last, first), ir.Constant(first.type, 1))
    with cgutils.for_range(builder, count, intp=first.type) as loop:
        row = builder.add(loop.index, first)
        flag = builder.gep(living, [row])
        alive = builder.icmp_unsigned("!=", builder.load(flag), ir.Constant(ir.IntType(8), 0))
        with builder.if_then(alive):
            dy = builder.fadd(dy0, builder.sitofp(row, ir.DoubleType()))
            u0 = builder.fmul(wide[0], builder.fsub(offset, builder.fmul(wide[1], dy)))
            e = builder.fsub(wide[3], builder.fmul(builder.fmul(wide[2], dy), dy))
            u0, e = builder.fptrunc(u0, _F32), builder.fptrunc(e, _F32)
            code = body(builder.mul(row, ir.Constant(row.type, LANES)),
                        builder.fptrunc(dy, _F32), (u0, l11, e, cut, top))
            with builder.if_then(builder.icmp_signed("==", code, ir.Constant(_I32, 2))):
                builder.store(ir.Constant(ir.IntType(8), 0), flag)
                builder.store(builder.add(builder.load(stopped), ir.Constant(_I32, 1)), stopped)
    return builder.load(stopped)


def _blend_rows(channels: int):
    @intrinsic
    def blend_rows(typingctx, tile, alive, records, record, first, last, offset, dy0, cut, top):
        """Blend one Gaussian into rows first..last of a tile; arguments as of `grad_rows`.

        tile: planes T, r, g, b, z. Returns how many rows have stopped.
        """
        sig = types.int32(tile, alive, records, *_ROWS_ARGS)

        def codegen(context, builder, signature, args):
            v = _Vec(context, builder, builder.module)
            planes, living, source = (
                _data(context, builder, signature.args[i], args[i]) for i in (0, 1, 2))
            at = (_offset(builder, args[3], CHANNELS_AT + c) for c in range(channels))
            values = [v.splat(builder.load(builder.gep(source, [i]))) for i in at]

            def body(row_index, dy, row_args):
                def inside(t, weight, alpha, raw, ok, u):
                    for channel, value in enumerate(values):
                        place = _offset(builder, row_index, PLANE * (1 + channel))
                        v.store(v.fma(weight, value, v.load(planes, place)), planes, place)

                return _row_body(v, planes, row_index, *row_args, inside)

            return _each_row(builder, living, source, *args[3:], body)

        return sig, codegen

    return blend_rows


def _grad_rows(channels: int):
    @intrinsic
    def grad_rows(typingctx, tile, alive, records, record, first, last, offset, dy0, cut, top,
                  out, place):
        """Replay one Gaussian over rows first..last of a tile and write its gradient sums.

        tile: planes T, behind, and the image gradients of r, g, b, z, alpha. `behind` starts as
        the sum over outputs of value * gradient and ends near 0: what lies behind the Gaussian.
        alive: uint8 per row, cleared when all its pixels have stopped.
        offset, dy0: x of lane 0 and y of row 0 from the Gaussian's centre, float64.
        out[place:place + GRAD_SUMS] receives the sums of G, G dx, G dx^2, G dy, G dx dy, G dy^2
        with G = dL/d(ln alpha), and the gradients of r, g, b, z.
        Returns how many rows have stopped.
        """
        sig = types.int32(tile, alive, records, *_ROWS_ARGS, out, types.intp)

        def codegen(context, builder, signature, args):
            v = _Vec(context, builder, builder.module)
            planes, living, source, target = (
                _data(context, builder, signature.args[i], args[i]) for i in (0, 1, 2, 10))
            rows = _GradRows(v, planes, source, args[3], channels)
            offset = builder.fptrunc(args[6], _F32)

            def body(row_index, dy, row_args):
                return rows.row(row_index, offset, dy, row_args, args[9])

            stopped = _each_row(builder, living, source, *args[3:10], body)
            rows.write(target, args[11])
            return stopped

        return sig, codegen

    return grad_rows


blend_rows_rgb = _blend_rows(3)
blend_rows_rgbz = _blend_rows(4)
grad_rows_rgb = _grad_rows(3)
grad_rows_rgbz = _grad_rows(4)
