/**
 * NFX decoder: bytes of an NFX stream to typed arrays. Format version 0.4.
 *
 * One ES module without dependencies, for browsers, workers and Node. Written from `bitstream_spec/`
 * alone; the parts below follow its parts, and names are its names.
 *
 *     const scene = decode(bytes);                         // whole stream, at once
 *     for await (const step of decodeProgressive(new HttpSource(url))) show(step.scene);
 *     for await (const step of decodeInWorker(url)) show(step.scene);          // off the main thread
 *     const coarse = decode(bytes, { tiers: 1 });              // the first tier alone
 *
 * Integers of more than 32 bits are kept as binary64 numbers, exact below 2^53; the few products
 * that can pass that bound are split (`floorShift`, `floorDivide`).
 */

export const VERSION = { major: 0, minor: 4 };

/** Error of a stream. `kind` is "format", "unsupported" or "limit" (part 1.2). */
export class NfxError extends Error {
  constructor(kind, message) {
    super(message);
    this.name = "NfxError";
    this.kind = kind;
  }
}

const formatError = (message) => new NfxError("format", message);
const unsupported = (message) => new NfxError("unsupported", message);

/**
 * Bounds a caller sets before memory is taken (4.3): `maxMemory` and `maxExpansion`, bytes for each
 * byte of the stream beyond the first 128 MiB (0: any), bound the estimate of memory. `wholeOnly`
 * refuses cut streams (5.9); `views` reads VIEW, which plain decoding ignores (4.8).
 */
export const DEFAULT_LIMITS = Object.freeze({
  maxGaussians: 67108864,
  maxMemory: 16 * 2 ** 30,
  maxExpansion: 4096,
  wholeOnly: false,
  views: false,
});

// -- 2 Conventions -------------------------------------------------------------------------------

const TWO32 = 2 ** 32;
const TOTAL = 2 ** 24; // sum of the frequencies of a table

/** Reader of fields, bounded by its bytes (R-CON-04). */
class Reader {
  constructor(bytes, what) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.what = what;
  }

  take(n) {
    if (n > this.bytes.length - this.at) {
      throw formatError(`${this.what}: a field reaches past the end of the payload`);
    }
    const at = this.at;
    this.at += n;
    return at;
  }

  u8() { return this.bytes[this.take(1)]; }
  i8() { return this.view.getInt8(this.take(1)); }
  u16() { return this.view.getUint16(this.take(2), true); }
  i16() { return this.view.getInt16(this.take(2), true); }
  u32() { return this.view.getUint32(this.take(4), true); }
  f64() { return this.view.getFloat64(this.take(8), true); }

  /** Signed 64 bits as a number; beyond 2^53 rounded, which only range checks then see. */
  i64() {
    const at = this.take(8);
    return this.view.getInt32(at + 4, true) * TWO32 + this.view.getUint32(at, true);
  }

  u64() {
    const at = this.take(8);
    return this.view.getUint32(at + 4, true) * TWO32 + this.view.getUint32(at, true);
  }

  /** 2.3: LEB128, at most 9 bytes, shortest form. Above 2^53 rounded (all bounds are lower). */
  varint() {
    let value = 0;
    let unit = 1;
    for (let i = 0; i < 9; i++) {
      const byte = this.u8();
      value += (byte & 127) * unit;
      unit *= 128;
      if (byte < 128) {
        if (byte === 0 && i > 0) throw formatError(`${this.what}: a varint is not in shortest form`);
        return value;
      }
    }
    throw formatError(`${this.what}: a varint has more than 9 bytes`);
  }

  svarint() {
    const v = this.varint();
    return v % 2 === 1 ? -(v + 1) / 2 : v / 2;
  }

  raw(n) {
    const at = this.take(n);
    return this.bytes.subarray(at, at + n);
  }

  text() {
    const bytes = this.raw(this.varint());
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw formatError(`${this.what}: a text is not UTF-8`);
    }
  }

  end() {
    if (this.at !== this.bytes.length) throw formatError(`${this.what}: bytes left over`);
  }
}

/** 2.4, eight bytes a step: table k gives the CRC of a byte followed by k zero bytes. */
const CRC_TABLES = (() => {
  const tables = new Int32Array(8 * 256);
  for (let i = 0; i < 256; i++) {
    let c = i;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    tables[i] = c;
  }
  for (let i = 256; i < 8 * 256; i++) {
    const before = tables[i - 256];
    tables[i] = (before >>> 8) ^ tables[before & 255];
  }
  return tables;
})();

/** CRC-32C of `bytes`; `crc` is that of the bytes before them. Unsigned. */
export function crc32c(bytes, crc = 0) {
  const t = CRC_TABLES;
  const n = bytes.length;
  let c = ~crc;
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    c = t[1792 + ((c ^ bytes[i]) & 255)] ^ t[1536 + (((c >>> 8) ^ bytes[i + 1]) & 255)]
      ^ t[1280 + (((c >>> 16) ^ bytes[i + 2]) & 255)] ^ t[1024 + (((c >>> 24) ^ bytes[i + 3]) & 255)]
      ^ t[768 + bytes[i + 4]] ^ t[512 + bytes[i + 5]] ^ t[256 + bytes[i + 6]] ^ t[bytes[i + 7]];
  }
  for (; i < n; i++) c = (c >>> 8) ^ t[(c ^ bytes[i]) & 255];
  return ~c >>> 0;
}

const clip = (a, lo, hi) => (a < lo ? lo : a > hi ? hi : a);

/** floor(x * y / 2^n) for |x| < 2^63 / |y|: exact where x * y alone would pass 2^53. */
function floorShift(x, y, n) {
  const unit = 2 ** n;
  const high = Math.floor(x / unit);
  return high * y + Math.floor(((x - high * unit) * y) / unit);
}

/** floor(w * m / d) for w, d < 2^32, m <= 2^24, quotient < 2^24. */
function floorDivide(w, m, d) {
  const high = Math.floor(w / 65536) * m;
  const quotient = Math.floor(high / d);
  const rest = (high - quotient * d) * 65536 + (w % 65536) * m; // < 2^48 + 2^40
  return quotient * 65536 + Math.floor(rest / d);
}

/** 2.5: 256 * log2(v) by table, 1 <= v < 2^53. */
function log2q8(v) {
  let e;
  if (v < TWO32) {
    e = 31 - Math.clz32(v);
  } else {
    e = 63 - Math.clz32(Math.floor(v / TWO32));
  }
  const m = e <= 8 ? v << (8 - e) : e < 32 ? v >>> (e - 8) : Math.floor(v / 2 ** (e - 8));
  return 256 * e + LOG2_MANTISSAS[m - 256];
}

// -- Annex C: tables -----------------------------------------------------------------------------

const TABLES = (() => {
  const text = atob(tablesInBase64());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
})();
const OPACITY_LOGITS = new Float32Array(TABLES, 0, 4096);
const LOG2_ALPHAS = new Int16Array(TABLES, 16384, 4096);
const LOGISTIC_CDF = new Uint32Array(TABLES, 24576, 4097);
const INVERSE_SCALES = new Uint32Array(TABLES, 40964, 64);
const ROTATION_BITS = new Int16Array(TABLES, 41220, 128);
const LOG2_MANTISSAS = new Int16Array(TABLES, 41476, 256);
const THRESHOLDS = new Uint32Array(TABLES, 41988, 64);

// -- Annexes A and B -----------------------------------------------------------------------------

const LOSSY = 0;
const LOSSLESS = 1;
const REPLACES = 255; // R-DEC-05
export const PROFILES = ["lossy", "lossless"];

const LEVELS = {
  1: { gaussians: 131072, tiles: 64, tileGaussians: 131072, bytes: 67108864 },
  2: { gaussians: 1048576, tiles: 1024, tileGaussians: 1048576, bytes: 536870912 },
  3: { gaussians: 8388608, tiles: 8192, tileGaussians: 1048576, bytes: 4294967296 },
  4: { gaussians: 268435456, tiles: 65535, tileGaussians: 1048576, bytes: 137438953472 },
};

const CRITICAL = ["HEAD", "MODL", "INDX", "TILE", "END "];
const ANCILLARY = ["VIEW", "META", "EXTR", "REST", "MLRA"];
export const FRAMES = ["unspecified", "x right, y down, z forward", "x right, y up, z backward"];
export const COLOUR_SPACES = ["unspecified", "sRGB as displayed", "linear Rec. 709"];

/** B.4: types of extra columns; all typed arrays are little-endian on supported machines. */
const COLUMN_TYPES = [
  Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array,
  Float64Array,
];

// -- 3, 4 Syntax and semantics -------------------------------------------------------------------

const MAGIC = [0x89, 0x4e, 0x46, 0x58, 0x0d, 0x0a, 0x1a, 0x0a];
const FILE_HEADER_BYTES = 20;
const BOX_HEADER_BYTES = 12;

/** 3.2, 4.1. Returns {profile, level, bounds}. */
function parseFileHeader(bytes) {
  for (let i = 0; i < 8; i++) {
    if (bytes[i] !== MAGIC[i]) throw formatError("not an NFX stream: the first 8 bytes are others");
  }
  if (bytes.length < FILE_HEADER_BYTES) throw formatError("the stream ends in its file header");
  const r = new Reader(bytes.subarray(0, FILE_HEADER_BYTES), "file header");
  r.take(8);
  const [major, minor, profile, level] = [r.u8(), r.u8(), r.u8(), r.u8()];
  const reserved = r.u32();
  if (r.u32() !== crc32c(bytes.subarray(0, 16))) throw formatError("file header: wrong checksum");
  if (major !== VERSION.major || minor !== VERSION.minor) {
    const known = `${VERSION.major}.${VERSION.minor}`;
    throw unsupported(`format version ${major}.${minor}; this decoder knows ${known}`);
  }
  if (profile > LOSSLESS) throw unsupported(`profile ${profile} is unknown`);
  if (!(level in LEVELS)) throw unsupported(`level ${level} is unknown`);
  if (reserved !== 0) throw formatError("file header: reserved bytes are not 0");
  return { profile, level, bounds: LEVELS[level] };
}

/** 3.3 without payload. */
function parseBoxHeader(bytes) {
  const r = new Reader(bytes, "box header");
  const type = String.fromCharCode(...r.raw(4));
  return { type, flags: r.u8(), layer: r.u8(), tile: r.u16(), length: r.u32() };
}

/** R-BOX-02 to R-BOX-06. */
function checkBoxHeader(box) {
  if (box.flags > 1) throw formatError(`box ${box.type}: reserved flags are set`);
  const critical = box.flags === 1;
  if (CRITICAL.includes(box.type) !== critical) {
    if (CRITICAL.includes(box.type)) throw formatError(`box ${box.type} is not marked critical`);
    if (ANCILLARY.includes(box.type)) throw formatError(`box ${box.type} is marked critical`);
    throw unsupported(`critical box ${JSON.stringify(box.type)} is unknown`);
  }
  if (box.type !== "TILE" && (box.layer !== 0 || box.tile !== 0)) {
    throw formatError(`box ${box.type}: layer and tile are not 0`);
  }
}

/** 3.4, 4.3. `memory`: the Memory that the stream may take. */
function parseHead(bytes, bounds, limits, profile, memory) {
  const r = new Reader(bytes, "HEAD");
  const head = {
    nGaussians: r.varint(), shDegree: r.u8(), sceneFlags: r.u8(), frame: r.u8(), colourSpace: r.u8(),
    unit: r.f64(), nTiers: r.u8(),
  };
  r.end();
  if (head.shDegree > 3) throw formatError("HEAD: SH degree above 3");
  if (head.sceneFlags > 3) throw formatError("HEAD: reserved scene flags are set");
  if (head.frame > 2) throw formatError("HEAD: the frame is not registered");
  if (head.colourSpace > 2) throw formatError("HEAD: the colour space is not registered");
  if (!Number.isFinite(head.unit) || head.unit < 0) throw formatError("HEAD: bad unit");
  if (head.nTiers < 1 || head.nTiers > 16) throw formatError("HEAD: n_tiers not in 1..16");
  if (head.nGaussians > bounds.gaussians) throw unsupported("more Gaussians than the level allows");
  if (head.nGaussians > limits.maxGaussians) {
    throw new NfxError("limit", `${head.nGaussians} Gaussians; the limit is ${limits.maxGaussians}`);
  }
  head.antialiased = (head.sceneFlags & 1) === 1;
  head.orderKept = (head.sceneFlags & 2) === 2;
  head.nRest = (head.shDegree + 1) ** 2 - 1;
  const nCoefficients = head.nRest + 1;
  memory.take(head.nGaussians * (profile === LOSSY ? 512 + 12 * nCoefficients : 256 + 56 * nCoefficients));
  return head;
}

/** Estimate of the memory that decoding takes (4.3). length: of the stream, or null when unknown. */
class Memory {
  constructor({ maxMemory, maxExpansion }, length) {
    const byLength = maxExpansion > 0 && length !== null ? 2 ** 27 + maxExpansion * length : Infinity;
    Object.assign(this, { taken: 0, most: Math.min(maxMemory, byLength) });
  }

  take(bytes) {
    this.taken += bytes;
    if (this.taken > this.most) {
      throw new NfxError("limit", `decoding may take ${this.taken} bytes; the limit is ${this.most}`);
    }
  }
}

const times = (n, read) => Array.from({ length: n }, read);

/** 3.5 field_model, 4.4. */
function parseFieldModel(r, nCross) {
  const f = { halfAlphabet: r.u8(), escapeBits: r.u8(), near: r.i16(), far: r.i16(), mean: r.i16() };
  f.cross = times(nCross, () => r.i16());
  [f.spread, f.size, f.energy] = [r.u8(), r.u8(), r.u8()];
  f.thresholds = times(7, () => r.u8());
  f.scales = times(8, () => r.u8());
  if (f.halfAlphabet < 1 || f.halfAlphabet > 127) throw formatError("MODL: half_alphabet not in 1..127");
  if (f.escapeBits > 31) throw formatError("MODL: escape_bits above 31");
  if (f.thresholds.some((t) => t >= 64)) throw formatError("MODL: a threshold index above 63");
  if (f.thresholds.some((t, i) => i > 0 && t < f.thresholds[i - 1])) {
    throw formatError("MODL: threshold indices descend");
  }
  if (f.scales.some((k) => k >= 64)) throw formatError("MODL: a scale index above 63");
  f.limits = f.thresholds.map((t) => THRESHOLDS[t]);
  f.predicts = f.near !== 0 || f.far !== 0 || f.cross.some((c) => c !== 0);
  return f;
}

/** Cross sources of the fields of the base layer (table of 3.5). */
const CROSS_SOURCES = {
  opacity: [], scale0: ["opacity"], scale1: ["scale0", "opacity"], scale2: ["scale0", "scale1"],
  dc0: ["opacity", "scale0"], dc1: ["dc0"], dc2: ["dc0", "dc1"],
};

function parseModl(bytes, head, first) {
  const r = new Reader(bytes, "MODL");
  const m = { shrink: r.u8(), gridExponent: r.i8(), centre: times(3, () => r.i64()) };
  [m.radiusShift, m.radiusFloor, m.opacityLevels] = [r.u8(), r.i16(), r.u16()];
  [m.scaleStep, m.dcStep, m.shStep, m.rotationCap] = [r.u16(), r.u16(), r.u16(), r.u8()];
  m.rules = {};
  for (const name of ["position", "scale", "rotation", "dc", "sh"]) {
    m.rules[name] = { offset: r.i16(), alpha: r.i8(), footprint: r.i8() };
  }
  m.fields = {};
  for (const [name, sources] of Object.entries(CROSS_SOURCES)) {
    m.fields[name] = parseFieldModel(r, sources.length);
  }
  m.shLayers = times(r.u8(), () => r.u8());
  m.nRows = m.shLayers.reduce((a, b) => a + b, 0);
  checkModl(m, head, first);
  if (m.shLayers.length > 0) {
    m.fields.sh = parseFieldModel(r, 0);
    m.fields.length = parseFieldModel(r, 0);
    m.basis = new Int8Array(r.raw(m.nRows * 3 * head.nRest)); // the bytes modulo 256, signed
  }
  r.end();
  const p = m.rules.position;
  m.hasPosition = p.alpha !== 0 || p.footprint !== 0 || p.offset >= 128;
  m.layers = ["base", ...(m.hasPosition ? ["position"] : []), ...m.shLayers.map((_, i) => `sh-${i + 1}`)];
  return m;
}

function checkModl(m, head, first) {
  if (first && m.shrink !== 0) throw formatError("MODL: the first tier shrinks others");
  if (m.centre.some((c) => Math.abs(c) >= 2 ** 31)) throw formatError("MODL: centre out of range");
  if (m.radiusShift > 32) throw formatError("MODL: radius_shift above 32");
  if (m.opacityLevels < 2 || m.opacityLevels > 4096) {
    throw formatError("MODL: opacity_levels not in 2..4096");
  }
  if (m.scaleStep === 0 || m.dcStep === 0) throw formatError("MODL: a step is 0");
  if (m.shLayers.length > 0 && m.shStep === 0) throw formatError("MODL: sh_step is 0");
  if (m.rotationCap > 127) throw formatError("MODL: rotation_cap above 127");
  if (m.shLayers.length > 3) throw formatError("MODL: more than 3 SH layers");
  if (m.shLayers.includes(0)) throw formatError("MODL: an SH layer without rows");
  if (m.nRows > 3 * head.nRest) throw formatError("MODL: more SH rows than coefficients");
}

const upTo = (n) => Array.from({ length: n }, (_, i) => i);

/** Groups of lossless columns in coding order (5.10): [name, array, components]. */
function losslessGroups(head, orderKept, derived) {
  return [
    ...(orderKept ? [["mean", "means", upTo(3)]] : []), ["opacity", "opacityLogits", upTo(1)],
    ["scale", "logScales", upTo(3)], ["quat", "quats", upTo(4).filter((i) => i !== derived)],
    ["dc", "sh0", upTo(3)], ["rest", "shN", upTo(3 * head.nRest)],
  ].filter(([, , components]) => components.length > 0);
}

/** 3.5.1, 4.4.1. `derived` is null when `unit_quats` is 0, `axes` when the order is kept. */
function parseModlLossless(bytes, head) {
  const r = new Reader(bytes, "MODL");
  const flags = r.u8();
  if (flags > 7) throw formatError("MODL: reserved flags are set");
  const orderKept = (flags & 1) !== 0;
  const repeats = (flags & 4) !== 0;
  const derived = (flags & 2) !== 0 ? r.u8() : null;
  if (derived !== null && derived > 3) throw formatError("MODL: derived above 3");
  const axes = orderKept ? null : times(3, () => parseDictionary(r));
  const groups = losslessGroups(head, orderKept, derived).map(([name, array, components]) => {
    const g = { name, array, components, exponent: r.i8(), near: r.i16(), far: r.i16() };
    g.widths = times(4, () => r.i8());
    if (g.exponent < -100 || g.exponent > 126) throw formatError("MODL: exponent not in -100..126");
    g.dictionary = parseDictionary(r);
    return g;
  });
  const columns = [];
  for (const group of groups) {
    for (const component of group.components) columns.push(parseColumn(r, group, component, columns.length));
  }
  r.end();
  return { shrink: 0, orderKept, repeats, derived, axes, groups, columns, layers: ["base"] };
}

/** 3.5.1, R-LL-10. Null when it has no entries. */
function parseDictionary(r) {
  const size = r.varint();
  if (size > TWO32) throw formatError("MODL: a dictionary of more than 2^32 entries");
  const [ranks, values, steps] = [[], [], []];
  let n = 0;
  let v = -1;
  while (n < size) {
    const step = r.varint();
    const run = r.varint();
    if (step === 0 || run === 0) throw formatError("MODL: a step or a run of a dictionary is 0");
    if (run > size - n) throw formatError("MODL: runs of a dictionary pass its number of entries");
    ranks.push(n);
    values.push(v + step);
    steps.push(step);
    n += run;
    v += step * run; // rounded only where it is far above the bound
    if (v >= TWO32) throw formatError("MODL: an entry of a dictionary above 2^32 - 1");
  }
  return size > 0 ? new Dictionary(size, ranks, values, steps) : null;
}

/** Ascending values of float_order (5.10) as runs, since few bytes can say 2^32 of them. */
class Dictionary {
  /** Run k begins with the entry `values[k]` of rank `ranks[k]`; further ones are `steps[k]` apart. */
  constructor(size, ranks, values, steps) {
    this.size = size;
    this.ranks = Float64Array.from([...ranks, size]);
    this.values = Float64Array.from(values);
    this.steps = Float64Array.from(steps);
  }

  /** Entry of a rank below `size`. */
  entry(rank) {
    const k = lastAtMost(this.ranks, this.steps.length, rank);
    return this.values[k] + (rank - this.ranks[k]) * this.steps[k];
  }

  /** Number of entries below v. */
  below(v) {
    if (v <= this.values[0]) return 0;
    const k = lastAtMost(this.values, this.steps.length, v - 1);
    const inRun = Math.floor((v - 1 - this.values[k]) / this.steps[k]) + 1;
    return Math.min(this.ranks[k] + inRun, this.ranks[k + 1]);
  }
}

/** Largest k < n with list[k] <= x, by halving; list ascends and list[0] <= x. */
function lastAtMost(list, n, x) {
  let low = 0;
  let high = n;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (list[middle] <= x) low = middle;
    else high = middle;
  }
  return low;
}

function parseColumn(r, group, component, index) {
  const hasCommon = r.u8();
  if (hasCommon > 1) throw formatError("MODL: has_common is neither 0 nor 1");
  const c = { group, component, hasCommon: hasCommon === 1, common: hasCommon ? r.u32() : 0 };
  const mean = r.varint();
  if (mean >= 2 ** 31) throw formatError("MODL: a mean out of range");
  c.mean = mean % 2 === 1 ? -(mean + 1) / 2 : mean / 2;
  c.logWidth = r.i16();
  c.sources = times(r.u8(), () => ({ source: r.u8(), weight: r.i8() }));
  c.sources.forEach(({ source }, i) => {
    if (source >= index || (i > 0 && source <= c.sources[i - 1].source)) {
      throw formatError("MODL: sources of a column do not ascend below it");
    }
  });
  return c;
}

/**
 * 3.6, 4.5. Of the tier that `model` begins, after `before` = {nTiles, n, replaced} of the earlier
 * tiers, whose first `replaced` Gaussians are no part of the scene any more.
 */
function parseIndx(bytes, head, model, bounds, before, last) {
  const r = new Reader(bytes, "INDX");
  const nTiles = r.varint();
  const nLayers = r.u8();
  if (before.nTiles + nTiles > bounds.tiles) throw unsupported("more tiles than the level allows");
  if (nLayers !== (nTiles === 0 ? 0 : model.layers.length)) {
    throw formatError("INDX: the number of layers is not that of MODL");
  }
  if (nTiles === 0 && head.nTiers > 1) throw formatError("INDX: a tier without tiles");
  const tiles = [];
  let first = before.n; // place of the tile's first Gaussian in the stream
  for (let t = 0; t < nTiles; t++) {
    const n = r.varint();
    const origin = times(3, () => r.svarint());
    const bits = times(3, () => r.u8());
    const sizes = times(nLayers, () => r.varint());
    if (n < 1 || n > bounds.tileGaussians) throw formatError("INDX: a tile's count is out of range");
    if (bits.some((b) => b > 21)) throw formatError("INDX: a tree deeper than 21 bits");
    if (origin.some((o) => Math.abs(o) >= 2 ** 31)) throw formatError("INDX: an origin out of range");
    tiles.push({ n, first: first - before.replaced, origin, bits, sizes });
    first += n;
  }
  r.end();
  if (first > head.nGaussians || (last && first !== head.nGaussians)) {
    throw formatError("INDX: the tiles do not add up to n_gaussians");
  }
  return { tiles, nLayers, n: first - before.n, replaced: before.replaced };
}

/** 3.9, 4.8. */
function parseView(bytes) {
  const r = new Reader(bytes, "VIEW");
  const n = r.varint();
  if (n > 1024) throw formatError("VIEW: more than 1024 views");
  const views = times(n, () => {
    const v = { name: r.text(), width: r.varint(), height: r.varint() };
    [v.fx, v.fy, v.cx, v.cy] = times(4, () => r.f64());
    v.worldToCamera = times(12, () => r.f64());
    if ([v.width, v.height].some((s) => s < 1 || s > 16384)) throw formatError("VIEW: bad size");
    if (![v.fx, v.fy, v.cx, v.cy, ...v.worldToCamera].every(Number.isFinite)) {
      throw formatError("VIEW: a number is not finite");
    }
    if (!(v.fx > 0 && v.fy > 0)) throw formatError("VIEW: a focal length is not positive");
    return v;
  });
  r.end();
  return views;
}

/** 3.10, 4.9. Returns {name: typed array}. */
function parseExtr(bytes, head, memory) {
  const r = new Reader(bytes, "EXTR");
  const columns = {};
  const names = new Set();
  const n = r.varint();
  if (n > 255) throw formatError("EXTR: more than 255 columns");
  for (let c = 0; c < n; c++) {
    const name = r.text();
    const dtype = r.u8();
    if (dtype >= COLUMN_TYPES.length) throw unsupported(`EXTR: column type ${dtype} is unknown`);
    const packed = r.raw(r.varint());
    if (names.has(name)) throw formatError(`EXTR: two columns are named ${name}`);
    names.add(name);
    const Type = COLUMN_TYPES[dtype];
    const size = head.nGaussians * Type.BYTES_PER_ELEMENT;
    memory.take(size);
    columns[name] = new Type(unpackZstandard(packed, size).buffer);
  }
  r.end();
  return columns;
}

/** B.6: families of restorers, by code. */
const RESTORER_KINDS = { 1: "small", 2: "nifi", 3: "gausspainter", 4: "gfix", 5: "img2img" };

/** REST and MLRA are ignored (R-REST-01), but a player can say that they are there. */
function describeRestorer(box, payload) {
  if (box === "MLRA") return { box, kind: "maps" };
  const known = payload.length > 1 && payload[0] === 1; // record 1, then the kind
  return { box, kind: known ? RESTORER_KINDS[payload[1]] ?? "unknown" : "unknown" };
}

/** 4.10: ignored unless it is a JSON object. */
function parseMeta(bytes) {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

// -- 6 Parsing -----------------------------------------------------------------------------------

/** Scratch: first symbol of each range of 2^14 quantiles, for long runs. */
const LOOKUP = new Uint16Array(1024);
/** Scratch: cdf of the table in use; cdf[s + 1] - cdf[s] is the frequency of s. */
const CDF = new Int32Array(260);
const MANY = 400; // symbols of one table from which LOOKUP pays

/** Entropy decoder and raw bits of one TILE payload (3.7, 6.1 to 6.3). */
class Coder {
  constructor(payload) {
    const r = new Reader(payload, "TILE");
    const nWords = r.varint();
    const bytes = r.raw(nWords * 4);
    this.words = new Uint32Array(bytes.slice().buffer);
    this.left = nWords;
    this.bytes = payload;
    this.at = r.at;
    // 64-bit state as two unsigned halves
    this.high = 0;
    this.low = 0;
    if (nWords > 0 && this.words[nWords - 1] === 0) throw formatError("TILE: the last word is 0");
    while (this.high === 0 && this.left > 0) {
      this.high = this.low;
      this.low = this.words[--this.left];
    }
  }

  /** symbols(table, m) of 6.1: table CDF[0..size]; out[order[k]] = symbol, counts[base + s] += 1. */
  symbols(size, order, from, to, out, counts, base) {
    const words = this.words;
    let { high, low, left } = this;
    const many = to - from >= MANY;
    if (many) fillLookup(size);
    for (let k = from; k < to; k++) {
      const quantile = low & 0xffffff;
      let s = many ? LOOKUP[quantile >>> 14] : search(size, quantile);
      while (CDF[s + 1] <= quantile) s++;
      const cdf = CDF[s];
      const freq = CDF[s + 1] - cdf;
      // state >> 24 = a * 2^24 + b. The low half of the product with freq in integers; the high half
      // from a sum that binary64 rounds by less than 2^12, which less than half of 2^32 makes exact.
      const a = high >>> 16;
      const b = ((high & 0xffff) << 8) | (low >>> 24);
      const d = quantile - cdf;
      low = (Math.imul(freq, b) + (Math.imul(freq, a) << 24) + d) >>> 0;
      high = ((freq * a * TOTAL + (freq * b + d) - low) / TWO32 + 0.5) >>> 0;
      if (high === 0 && left > 0) {
        high = low;
        low = words[--left];
      }
      out[order[k]] = s;
      counts[base + s]++;
    }
    this.high = high;
    this.low = low;
    this.left = left;
  }

  /** 6.2. */
  uniform(size) {
    const p = Math.floor(TOTAL / size);
    const quantile = this.low & 0xffffff;
    const s = Math.min(Math.floor(quantile / p), size - 1);
    const cdf = p * s;
    const freq = s < size - 1 ? p : TOTAL - cdf;
    const a = this.high >>> 8;
    const b = ((this.high & 255) << 8) | (this.low >>> 24);
    const product = a * freq;
    const pLow = product % 65536;
    const t = pLow * 65536 + b * freq + (quantile - cdf);
    this.low = t >>> 0;
    this.high = ((product - pLow) / 65536 + (t - this.low) / TWO32) >>> 0;
    if (this.high === 0 && this.left > 0) {
      this.high = this.low;
      this.low = this.words[--this.left];
    }
    return s;
  }

  /** 6.3: m values of nBits each into out[0..m-1]. */
  raw(nBits, m, out) {
    if (nBits === 0 || m === 0) {
      out.fill(0, 0, m);
      return;
    }
    const size = Math.ceil((nBits * m) / 8);
    if (size > this.bytes.length - this.at) throw formatError("TILE: raw bytes run out");
    const bytes = this.bytes;
    const wide = nBits > 24 ? nBits - 24 : 0; // read in two parts, so that 32 bits hold the rest
    const narrow = nBits - wide;
    const mask = (1 << narrow) - 1;
    let at = this.at;
    let held = 0;
    let have = 0;
    for (let i = 0; i < m; i++) {
      let upper = 0;
      if (wide > 0) {
        if (have < wide) {
          held = (held << 8) | bytes[at++];
          have += 8;
        }
        have -= wide;
        upper = ((held >>> have) & ((1 << wide) - 1)) * TOTAL;
      }
      while (have < narrow) {
        held = (held << 8) | bytes[at++];
        have += 8;
      }
      have -= narrow;
      out[i] = upper + ((held >>> have) & mask);
    }
    if (have > 0 && (held & ((1 << have) - 1)) !== 0) {
      throw formatError("TILE: padding bits are not 0");
    }
    this.at += size;
  }

  /** R-TILE-04. */
  end() {
    if (this.high !== 0 || this.low !== 0) throw formatError("TILE: the entropy coder is not at rest");
    if (this.left > 0) throw formatError("TILE: words left over");
    if (this.at !== this.bytes.length) throw formatError("TILE: raw bytes left over");
  }
}

/** Largest s with CDF[s] <= quantile, by halving. */
function search(size, quantile) {
  let low = 0;
  let high = size;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (CDF[middle] <= quantile) low = middle;
    else high = middle;
  }
  return low;
}

function fillLookup(size) {
  let s = 0;
  for (let i = 0; i < 1024; i++) {
    const quantile = i << 14;
    while (s + 1 < size && CDF[s + 1] <= quantile) s++;
    LOOKUP[i] = s;
  }
}

/** 6.4, into CDF: weights counts[base + s] * 64 + prior[priorBase + s]. */
function fillTable(size, counts, base, prior, priorBase) {
  let sum = 0;
  for (let s = 0; s < size; s++) sum += counts[base + s] * 64 + prior[priorBase + s];
  const scale = TOTAL - size;
  // below 2^29 the product is exact and the quotient far enough from the next integer
  const small = sum < 2 ** 29;
  let total = 0;
  let largest = 0;
  let top = 0;
  for (let s = 0; s < size; s++) {
    const weight = counts[base + s] * 64 + prior[priorBase + s];
    const f = 1 + (small ? Math.floor((weight * scale) / sum) : floorDivide(weight, scale, sum));
    if (f > top) {
      top = f;
      largest = s;
    }
    CDF[s] = total;
    total += f;
  }
  CDF[size] = total;
  const rest = TOTAL - total;
  for (let s = largest + 1; s <= size; s++) CDF[s] += rest;
}

/** Members of one level sorted by context; scratch shared by all fields of a tile. */
class Grouping {
  constructor(n) {
    this.order = new Int32Array(n);
    this.start = new Int32Array(130);
  }

  /** order[start[c]..start[c+1]-1] are the members with context c, in member order. */
  sort(contexts, m, nContexts) {
    const { order, start } = this;
    start.fill(0, 0, nContexts + 2);
    for (let k = 0; k < m; k++) start[contexts[k] + 2]++;
    for (let c = 2; c < nContexts + 2; c++) start[c] += start[c - 1];
    for (let k = 0; k < m; k++) order[start[contexts[k] + 1]++] = k;
  }
}

/** 6.5. `prior` has one row of `size` weights a context; `split` contexts share each row. */
class Adaptive {
  constructor(nContexts, size, prior, split = 1) {
    this.nContexts = nContexts;
    this.size = size;
    this.prior = prior;
    this.split = split;
    this.counts = new Uint32Array(nContexts * size);
  }

  /** One level: out[k] = symbol of member k, contexts[k] its context, k < m. */
  level(coder, contexts, m, out, grouping) {
    grouping.sort(contexts, m, this.nContexts);
    const { order, start } = grouping;
    const { size, counts } = this;
    for (let c = 0; c < this.nContexts; c++) {
      const from = start[c];
      const to = start[c + 1];
      if (from === to) continue;
      const row = this.split === 1 ? c : Math.floor(c / this.split);
      fillTable(size, counts, c * size, this.prior, row * size);
      coder.symbols(size, order, from, to, out, counts, c * size);
    }
  }

  /** Weights for another field (R-ADP-03). */
  carried() {
    const { size, counts, prior } = this;
    const weights = new Float64Array(this.nContexts * size);
    for (let c = 0; c < this.nContexts; c++) {
      const row = Math.floor(c / this.split) * size;
      let sum = 0;
      for (let s = 0; s < size; s++) sum += counts[c * size + s] * 64 + prior[row + s];
      for (let s = 0; s < size; s++) {
        const l = counts[c * size + s] * 64 + prior[row + s];
        weights[c * size + s] = Math.floor((l * 1024) / sum) + 1;
      }
    }
    return weights;
  }
}

/** 6.6 into weights[at..at + 2h + 2]. */
function logisticPrior(k, phase, h, weights, at) {
  let before = 0;
  for (let j = 0; j <= 2 * h + 1; j++) {
    const edge = 4 * (j - h - 1) + 2;
    const x = Math.floor(((edge - phase) * INVERSE_SCALES[k] * 32) / 2 ** 20);
    const cdf = LOGISTIC_CDF[clip(2048 + x, 0, 4096)];
    weights[at + j] = ((cdf - before) >> 10) + 1;
    before = cdf;
  }
  weights[at + 2 * h + 2] = ((2 ** 20 - before) >> 10) + 1;
}

/** Prior rows of a field: a row a context, bucket by bucket, with phases when the field predicts. */
function fieldPrior(f) {
  const phases = f.predicts ? [-2, -1, 0, 1] : [0];
  const size = 2 * f.halfAlphabet + 3;
  const weights = new Float64Array(8 * phases.length * size);
  for (let context = 0; context < 8 * phases.length; context++) {
    const bucket = Math.floor(context / phases.length);
    logisticPrior(f.scales[bucket], phases[context % phases.length], f.halfAlphabet, weights, context * size);
  }
  return weights;
}

// -- 5.2 Tree ------------------------------------------------------------------------------------

/** Split axes of 5.2. */
function splitAxes(bits) {
  const left = bits.slice();
  const axes = [];
  for (let i = bits[0] + bits[1] + bits[2]; i > 0; i--) {
    const most = Math.max(...left);
    const axis = left.indexOf(most);
    left[axis] -= 1;
    axes.push(axis);
  }
  return axes;
}

/** Boxes of one depth, in order: arrays of count, kind, first rank and prefix. */
class TreeDepth {
  constructor(capacity) {
    this.n = 0;
    this.count = new Int32Array(capacity);
    this.kind = new Uint8Array(capacity);
    this.rank = new Int32Array(capacity);
    this.prefix = [0, 1, 2].map(() => new Int32Array(capacity));
  }

  copyFrom(other, i, count, kind, rank) {
    const at = this.n++;
    this.count[at] = count;
    this.kind[at] = kind;
    this.rank[at] = rank;
    for (let a = 0; a < 3; a++) this.prefix[a][at] = other.prefix[a][i];
    return at;
  }
}

/** 5.2. Returns three Int32Array of n cells, relative to the tile's origin. */
function decodeTree(coder, n, bits) {
  const cells = [0, 1, 2].map(() => new Int32Array(n));
  const tables = new TreeTables(n);
  const left = bits.slice();
  let boxes = new TreeDepth(n);
  let children = new TreeDepth(n);
  boxes.n = 1;
  boxes.count[0] = n;
  for (const axis of [...splitAxes(bits), null]) {
    takeSingles(coder, boxes, left, cells, tables.scratch, tables.upper);
    if (axis === null || boxes.n === 0) break;
    left[axis] -= 1;
    tables.upperCounts(coder, boxes);
    splitBoxes(boxes, children, axis, tables.upper);
    [boxes, children] = [children, boxes];
  }
  for (let i = 0; i < boxes.n; i++) {
    for (let a = 0; a < 3; a++) {
      cells[a].fill(boxes.prefix[a][i], boxes.rank[i], boxes.rank[i] + boxes.count[i]);
    }
  }
  return cells;
}

/** Cells of the boxes that hold one Gaussian; removes them from `boxes`. */
function takeSingles(coder, boxes, left, cells, scratch, singles) {
  const { count, kind, rank, prefix } = boxes;
  const [px, py, pz] = prefix;
  let m = 0;
  for (let i = 0; i < boxes.n; i++) if (count[i] === 1) singles[m++] = i;
  for (let a = 0; a < 3; a++) {
    coder.raw(left[a], m, scratch);
    const [cell, start, bits] = [cells[a], prefix[a], left[a]];
    for (let k = 0; k < m; k++) cell[rank[singles[k]]] = (start[singles[k]] << bits) | scratch[k];
  }
  if (m === 0) return;
  let kept = singles[0];
  for (let i = kept; i < boxes.n; i++) {
    if (count[i] === 1) continue;
    count[kept] = count[i];
    kind[kept] = kind[i];
    rank[kept] = rank[i];
    px[kept] = px[i];
    py[kept] = py[i];
    pz[kept++] = pz[i];
  }
  boxes.n = kept;
}

/** `seen` tables and upper counts of the boxes of one depth. */
class TreeTables {
  constructor(n) {
    this.upper = new Int32Array(n);
    this.scratch = new Int32Array(n);
    this.contexts = new Uint8Array(n);
    this.grouping = new Grouping(n);
    this.seen = new Uint32Array(30 * 17);
    this.weights = new Float64Array(17).fill(256);
  }

  upperCounts(coder, boxes) {
    const { contexts, grouping, upper, seen } = this;
    for (let i = 0; i < boxes.n; i++) {
      contexts[i] = boxes.count[i] > 16 ? 30 : 15 * boxes.kind[i] + boxes.count[i] - 2;
    }
    grouping.sort(contexts, boxes.n, 31);
    const { order, start } = grouping;
    for (let c = 0; c < 30; c++) {
      if (start[c] === start[c + 1]) continue;
      const size = (c % 15) + 3; // alphabet 0..count
      fillTable(size, seen, c * 17, this.weights, 0);
      coder.symbols(size, order, start[c], start[c + 1], upper, seen, c * 17);
    }
    for (let k = start[30]; k < start[31]; k++) {
      upper[order[k]] = coder.uniform(boxes.count[order[k]] + 1);
    }
  }
}

function splitBoxes(boxes, children, axis, upper) {
  children.n = 0;
  const prefix = children.prefix[axis];
  for (let i = 0; i < boxes.n; i++) {
    const count = boxes.count[i];
    const u = upper[i];
    const kind = u === 0 || u === count ? 1 : 0;
    if (u < count) {
      const at = children.copyFrom(boxes, i, count - u, kind, boxes.rank[i]);
      prefix[at] = prefix[at] * 2;
    }
    if (u > 0) {
      const at = children.copyFrom(boxes, i, u, kind, boxes.rank[i] + count - u);
      prefix[at] = prefix[at] * 2 + 1;
    }
  }
}

// -- 5.3 Fields ----------------------------------------------------------------------------------

/** Levels over n ranks: [{start, step, stride}], stride 0 on the first. */
function levels(n) {
  let top = 0;
  while (n >> top > 256) top++;
  const list = [{ start: 0, step: 2 ** top, stride: 0 }];
  for (let l = top - 1; l >= 0; l--) list.push({ start: 2 ** l, step: 2 ** (l + 1), stride: 2 ** l });
  for (const level of list) level.m = Math.max(0, Math.ceil((n - level.start) / level.step));
  return list;
}

/** Scratch arrays for up to n members of a level. */
class Scratch {
  constructor(n) {
    this.contexts = new Uint8Array(n);
    this.symbols = new Uint16Array(n);
    this.prediction = new Float64Array(n);
    this.centre = new Float64Array(n);
    this.list = new Int32Array(n);
    this.raw = new Float64Array(n);
    this.grouping = new Grouping(n);
    // of the members of a row of SH
    this.shift = new Uint8Array(n);
    this.energy = new Float64Array(n);
    this.last = new Uint8Array(n);
  }
}

const HALVES = Float64Array.from({ length: 9 }, (_, i) => 2 ** -i);
const EXACT = 2 ** 52;

/** floor((a + b + c) / 4096) where each term is exact but their sum may not be. */
function floorSum(a, b, c) {
  const [x, y, z] = [a, b, c].map((v) => Math.floor(v / 4096));
  return x + y + z + Math.floor((a - x * 4096 + (b - y * 4096) + (c - z * 4096)) / 4096);
}

/**
 * One field of n Gaussians (5.3). shift: Uint8Array; cross: residual arrays in the model's order;
 * energy, last: arrays or null. Returns {value, residual}, Float64Array in fine units; residual is
 * null where `isSource` says that no other field needs it. `value`: zeros to decode into.
 */
function decodeField(coder, f, n, shift, cross, energy, adaptive, last, scratch, isSource = false,
  value = new Float64Array(n)) {
  const residual = isSource ? new Float64Array(n) : null;
  const { contexts, symbols, prediction, centre, list, raw, grouping } = scratch;
  const h = f.halfAlphabet;
  const buckets = bucketTable(f.limits);
  const flat = isFlat(f, cross) && !isSource;
  if (flat) centre.fill(0, 0, n);
  for (const level of levels(n)) {
    const { start, step, m } = level;
    if (m === 0) continue;
    if (flat) measureLevel(f, buckets, level, n, value, shift, energy, scratch);
    else predictLevel(f, buckets, level, n, value, shift, cross, energy, scratch);
    if (last) for (let k = 0; k < m; k++) contexts[k] = 2 * contexts[k] + last[start + k * step];
    adaptive.level(coder, contexts, m, symbols, grouping);
    let nEscapes = 0;
    for (let k = 0; k < m; k++) {
      if (symbols[k] === 0 || symbols[k] === 2 * h + 2) list[nEscapes++] = k;
    }
    if (nEscapes > 0) coder.raw(f.escapeBits, nEscapes, raw);
    let outside = false;
    for (let k = 0, e = 0; k < m; k++) {
      let d = symbols[k] - h - 1;
      if (e < nEscapes && list[e] === k) d += d < 0 ? -raw[e++] : raw[e++];
      const i = start + k * step;
      const v = (centre[k] + d) * (1 << shift[i]);
      value[i] = v;
      if (isSource) residual[i] = v - prediction[k];
      if (v >= 2 ** 36 || v <= -(2 ** 36)) outside = true;
    }
    if (outside) throw formatError("TILE: a field's value is out of range");
  }
  return { value, residual };
}

/** Bucket of each measure below the last limit, the number of limits that it reaches; above it is 7. */
function bucketTable(limits) {
  const table = new Uint8Array(Math.min(limits[6], 65536));
  for (let i = 0, bucket = 0; i < table.length; i++) {
    while (bucket < 7 && i >= limits[bucket]) bucket++;
    table[i] = bucket;
  }
  return table;
}

function bucketOf(measure, limits, buckets) {
  if (measure < buckets.length) return buckets[measure | 0];
  let bucket = 0;
  while (bucket < 7 && measure >= limits[bucket]) bucket++;
  return bucket;
}

/** Is every prediction 0, and the context one of the two nearest neighbours and the energy? */
function isFlat(f, cross) {
  return f.near === 0 && f.far === 0 && f.mean === 0 && f.spread === 0 && cross.length === 0;
}

/** `predictLevel` of a flat field: contexts alone. */
function measureLevel(f, buckets, level, n, value, shift, energy, scratch) {
  const { contexts } = scratch;
  const { start, step, stride, m } = level;
  const { size, limits } = f;
  const weight = f.energy;
  const [scale, phase] = f.predicts ? [4, 2] : [1, 0];
  for (let k = 0, i = start; k < m; k++, i += step) {
    let measure = 0;
    if (stride > 0) {
      const left = value[i - stride];
      const right = i + stride < n ? value[i + stride] : left;
      measure = size * (Math.abs(left) + Math.abs(right));
    }
    if (energy !== null) measure += weight * energy[i];
    contexts[k] = scale * bucketOf(measure * HALVES[shift[i]], limits, buckets) + phase;
  }
}

/** Prediction, centre and context of a level's members, into scratch. */
function predictLevel(f, buckets, level, n, value, shift, cross, energy, scratch) {
  const { contexts, prediction, centre } = scratch;
  const { start, step, stride, m } = level;
  const { near, far, mean, spread, size, predicts, limits } = f;
  const rest = (4096 - 2 * (near + far)) * mean;
  const reach = 3 * stride;
  for (let k = 0, i = start; k < m; k++, i += step) {
    let p = mean;
    let measure = 0;
    if (stride > 0) {
      const left = value[i - stride];
      const right = i + stride < n ? value[i + stride] : left;
      const farRight = i + reach < n ? value[i + reach] : right;
      const farLeft = i >= reach ? value[i - reach] : left;
      const a = near * (left + right);
      const b = far * (farLeft + farRight);
      p = a < EXACT / 4 && a > -EXACT / 4 && b < EXACT / 4 && b > -EXACT / 4
        ? Math.floor((a + b + rest) / 4096) : floorSum(a, b, rest);
      measure = spread * (Math.abs(left - right) + Math.floor(Math.abs(farLeft - farRight) / 2))
        + size * (Math.abs(left) + Math.abs(right));
    }
    if (energy !== null) measure += f.energy * energy[i];
    const half = HALVES[shift[i]];
    for (let j = 0; j < cross.length; j++) {
      const r = cross[j][i];
      const product = f.cross[j] * r;
      p += product < EXACT && product > -EXACT
        ? Math.floor(product / 4096) : floorShift(r, f.cross[j], 12);
    }
    prediction[k] = p;
    const quarter = Math.floor(4 * p * half) + 2;
    const c = Math.floor(quarter / 4);
    centre[k] = c;
    const bucket = bucketOf(measure * half, limits, buckets);
    contexts[k] = predicts ? 4 * bucket + (quarter - 4 * c) : bucket;
  }
}

// -- 5.1, 5.4 to 5.7 Tiles of profile lossy ------------------------------------------------------

/** bits() of 5.4. */
function ruleBits(rule, alpha, footprint, low, high, extra) {
  const weighted = Math.floor((rule.alpha * alpha + rule.footprint * footprint) / 16);
  return clip(Math.floor((rule.offset + weighted + extra + 128) / 256), low, high);
}

/** `offset` of 5.6 by b. */
const ROTATION_OFFSETS = Int32Array.from({ length: 21 },
  (_, b) => Math.floor((92683 * 2 ** b) / 131072) + 1);

/** One tile; its layers are decoded in order, each from its own payload. */
class LossyTile {
  constructor(model, head, row) {
    this.model = model;
    this.head = head;
    this.row = row;
    this.n = row.n;
    this.shrunk = 0; // S of 5.8
    this.refinementBits = null;
    this.refinement = null;
    this.shLayers = []; // of each SH layer decoded: lengths [n], rows [values of its members]
  }

  decodeLayer(layer, payload) {
    const coder = new Coder(payload);
    const name = this.model.layers[layer];
    if (name === "base") this.decodeBase(coder);
    else if (name === "position") this.decodePosition(coder);
    else this.decodeSh(coder, layer - (this.model.hasPosition ? 2 : 1));
    coder.end();
  }

  /** 5.5. */
  decodeBase(coder) {
    const { model, n } = this;
    const scratch = new Scratch(n);
    this.cells = decodeTree(coder, n, this.row.bits);
    const residuals = {};
    const field = (name, shift) => {
      const f = model.fields[name];
      const prior = fieldPrior(f);
      const size = 2 * f.halfAlphabet + 3;
      const adaptive = new Adaptive(prior.length / size, size, prior);
      const cross = CROSS_SOURCES[name].map((source) => residuals[source]);
      const out = decodeField(coder, f, n, shift, cross, null, adaptive, null, scratch, true);
      residuals[name] = out.residual;
      return out.value;
    };
    const opacity = field("opacity", new Uint8Array(n).fill(4));
    const levelsOfOpacity = model.opacityLevels;
    this.entry = new Uint16Array(n);
    for (let i = 0; i < n; i++) {
      const k = clip(Math.floor(opacity[i] / 16), 0, levelsOfOpacity - 1);
      this.entry[i] = Math.floor(((2 * k + 1) * 4096) / (2 * levelsOfOpacity));
    }
    const scaleShift = this.shifts(model.rules.scale, null);
    this.scales = this.decodeScales(field, scaleShift);
    this.footprint = this.footprints();
    const dcShift = this.shifts(model.rules.dc, this.footprint);
    this.dc = ["dc0", "dc1", "dc2"].map((name) => field(name, dcShift));
    this.decodeRotation(coder, scratch);
  }

  /** v0, v1, v2 of 5.5. */
  decodeScales(field, shift) {
    const v0 = field("scale0", shift);
    const v1 = field("scale1", shift);
    const v2 = field("scale2", shift);
    for (let i = 0; i < this.n; i++) {
      v1[i] = v0[i] - v1[i];
      v2[i] = v1[i] - v2[i];
    }
    return [v0, v1, v2];
  }

  /** 4 - bits(rule, -4, 4) of each Gaussian; without footprints, F = 0. */
  shifts(rule, footprint) {
    const out = new Uint8Array(this.n);
    for (let i = 0; i < this.n; i++) {
      const f = footprint === null ? 0 : footprint[i];
      out[i] = 4 - ruleBits(rule, LOG2_ALPHAS[this.entry[i]], f, -4, 4, 0);
    }
    return out;
  }

  /** F of 5.4. */
  footprints() {
    const { scaleStep, centre, radiusShift, radiusFloor } = this.model;
    const [v0, v1] = this.scales;
    const out = new Float64Array(this.n);
    const radius = 2 ** radiusShift;
    const base = this.row.origin.map((o, a) => o - centre[a]);
    const [cx, cy, cz] = this.cells;
    for (let i = 0; i < this.n; i++) {
      const size = floorShift(v0[i] + v1[i], scaleStep * 369, 19);
      const x = clip(Math.floor((cx[i] + base[0]) / radius), -TOTAL, TOTAL);
      const y = clip(Math.floor((cy[i] + base[1]) / radius), -TOTAL, TOTAL);
      const z = clip(Math.floor((cz[i] + base[2]) / radius), -TOTAL, TOTAL);
      out[i] = size - (Math.max(log2q8(x * x + y * y + z * z + 1), radiusFloor) >> 1);
    }
    return out;
  }

  /** 5.6. */
  decodeRotation(coder, scratch) {
    const { n, model } = this;
    const bits = new Uint8Array(n);
    const [v0, , v2] = this.scales;
    for (let i = 0; i < n; i++) {
      const e = clip(Math.floor(((v0[i] - v2[i]) * model.scaleStep) / 16384), 0, model.rotationCap);
      bits[i] = ruleBits(model.rules.rotation, LOG2_ALPHAS[this.entry[i]], this.footprint[i], 0, 20,
        ROTATION_BITS[e]);
    }
    this.rotationBits = bits;
    const low = bits.map((b) => Math.max(b - 4, 0));
    const byLow = groupsOf(low, n);
    const largest = new Int32Array(n);
    this.rotation = [0, 1, 2].map(() => this.decodeAxis(coder, scratch, low, byLow, largest));
  }

  decodeAxis(coder, scratch, low, byLow, largest) {
    const { n, rotationBits: bits } = this;
    const { contexts, symbols, raw, grouping } = scratch;
    const q = new Int32Array(n);
    const adaptive = new Adaptive(18, 26, new Float64Array(18 * 26).fill(40));
    for (const { start, step, m } of levels(n)) {
      for (let k = 0, i = start; k < m; k++, i += step) {
        contexts[k] = 3 * Math.min(bits[i], 5) + (largest[i] >= 8 ? 2 : largest[i] >= 4 ? 1 : 0);
      }
      adaptive.level(coder, contexts, m, symbols, grouping);
      for (let k = 0, i = start; k < m; k++, i += step) q[i] = symbols[k] << low[i];
    }
    for (const [m, members] of byLow) {
      coder.raw(m, members.length, raw);
      for (let k = 0; k < members.length; k++) q[members[k]] += raw[k];
    }
    for (let i = 0; i < n; i++) {
      q[i] -= ROTATION_OFFSETS[bits[i]];
      largest[i] = Math.max(largest[i], (Math.abs(q[i]) * 16) >> bits[i]);
    }
    return q;
  }

  /** 5.7, position. */
  decodePosition(coder) {
    const { n, model } = this;
    this.refinementBits = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      this.refinementBits[i] = ruleBits(model.rules.position, LOG2_ALPHAS[this.entry[i]],
        this.footprint[i], 0, 20, 0);
    }
    const groups = groupsOf(this.refinementBits, n);
    const raw = new Float64Array(n);
    this.refinement = [0, 1, 2].map(() => {
      const out = new Int32Array(n);
      for (const [m, members] of groups) {
        coder.raw(m, members.length, raw);
        for (let k = 0; k < members.length; k++) out[members[k]] = raw[k];
      }
      return out;
    });
  }

  /** 5.7, sh-1 to sh-3. */
  decodeSh(coder, index) {
    const { n, model } = this;
    if (index === 0) {
      this.shShift = this.shifts(model.rules.sh, this.footprint);
      this.activity = new Float64Array(n);
      for (let i = 0; i < n; i++) this.activity[i] = (8 - this.shShift[i]) * 16;
      this.energy = new Float64Array(n);
    }
    const scratch = new Scratch(n);
    const lengths = this.decodeLengths(coder, model.shLayers[index], scratch);
    const rows = [];
    let members = new Int32Array(n);
    let nValues = 0;
    for (let i = 0; i < n; i++) {
      members[i] = i;
      nValues += lengths[i];
    }
    const values = new Float64Array(nValues); // of all rows
    let adaptive = null;
    for (let j = 0, at = 0; j < model.shLayers[index]; j++) {
      members = keepAbove(members, lengths, j);
      if (members.length === 0) break;
      rows.push(values.subarray(at, at + members.length));
      at += members.length;
      adaptive = this.decodeRow(coder, members, lengths, j, adaptive, scratch, rows[j]);
    }
    this.shLayers.push({ lengths, rows });
  }

  decodeLengths(coder, nRows, scratch) {
    const { n, model, activity } = this;
    const f = model.fields.length;
    const prior = fieldPrior(f);
    const size = 2 * f.halfAlphabet + 3;
    const adaptive = new Adaptive(prior.length / size, size, prior);
    const { value } = decodeField(coder, f, n, new Uint8Array(n).fill(4), [], activity, adaptive, null,
      scratch);
    const lengths = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      const length = Math.floor(value[i] / 16);
      if (length < 0 || length > nRows) throw formatError("TILE: a number of SH rows is out of range");
      lengths[i] = length;
      activity[i] += length * 16;
    }
    return lengths;
  }

  /** Row j of the layer over its members; returns its adaptive tables. */
  decodeRow(coder, members, lengths, j, before, scratch, value) {
    const { model, energy } = this;
    const f = model.fields.sh;
    const size = 2 * f.halfAlphabet + 3;
    const nContexts = f.predicts ? 64 : 16;
    const adaptive = before === null ? new Adaptive(nContexts, size, fieldPrior(f), 2)
      : new Adaptive(nContexts, size, before.carried());
    const m = members.length;
    const { shift, energy: energies, last } = scratch;
    for (let k = 0; k < m; k++) {
      const i = members[k];
      shift[k] = this.shShift[i];
      energies[k] = energy[i];
      last[k] = lengths[i] === j + 1 ? 1 : 0;
    }
    decodeField(coder, f, m, shift, [], energies, adaptive, last, scratch, false, value);
    for (let k = 0; k < m; k++) {
      energy[members[k]] = energies[k] - Math.floor(energies[k] / 4) + Math.abs(value[k]);
    }
    return adaptive;
  }

  // -- 5.8 Reconstruction ------------------------------------------------------------------------

  /** Writes what `layer` determined into the scene's arrays. */
  write(layer, scene) {
    const name = this.model.layers[layer];
    if (name === "base") {
      this.writeBase(scene);
      this.writeScales(scene);
      this.writeMeans(scene);
    } else if (name === "position") this.writeMeans(scene);
    else this.writeSh(scene);
  }

  writeMeans(scene) {
    const { n, row, cells, refinementBits } = this;
    const g = this.model.gridExponent;
    const unit = Float64Array.from({ length: 21 }, (_, r) => 2 ** -(r + 1 + g));
    for (let a = 0; a < 3; a++) {
      const refinement = refinementBits === null ? null : this.refinement[a];
      const origin = row.origin[a];
      const cell = cells[a];
      for (let i = 0, o = 3 * row.first + a; i < n; i++, o += 3) {
        const c = cell[i] + origin;
        const r = refinement === null ? 0 : refinementBits[i];
        const m = 2 * (refinement === null ? c : c * (1 << r) + refinement[i]) + 1;
        const x = Math.fround(m * unit[r]);
        if (x - x !== 0) throw formatError("a position is not finite in binary32");
        scene.means[o] = x;
      }
    }
  }

  writeBase(scene) {
    const { n, row, model } = this;
    const [qx, qy, qz] = this.rotation;
    const [y0, y1, y2] = this.dc;
    const dcUnit = model.dcStep * 2 ** -32;
    const { quats, opacityLogits, sh0 } = scene;
    for (let i = 0, o = row.first; i < n; i++, o++) {
      const unit = 1 / (1 << this.rotationBits[i]);
      const x = qx[i] * unit;
      const y = qy[i] * unit;
      const z = qz[i] * unit;
      quats[4 * o] = Math.sqrt(Math.max(0, 1 - (x * x + y * y + z * z)));
      quats[4 * o + 1] = x;
      quats[4 * o + 2] = y;
      quats[4 * o + 3] = z;
      opacityLogits[o] = OPACITY_LOGITS[this.entry[i]];
      const t = y0[i] * 9459;
      sh0[3 * o] = (t + y1[i] * 11585 - y2[i] * 6689) * dcUnit;
      sh0[3 * o + 1] = (t + y2[i] * 13377) * dcUnit;
      sh0[3 * o + 2] = (t - y1[i] * 11585 - y2[i] * 6689) * dcUnit;
    }
  }

  writeScales(scene) {
    const { n, row } = this;
    const unit = this.model.scaleStep * 2 ** -18;
    const less = this.shrunk * 2 ** -6;
    for (let a = 0; a < 3; a++) {
      const v = this.scales[a];
      for (let i = 0, o = 3 * row.first + a; i < n; i++, o += 3) scene.logScales[o] = v[i] * unit - less;
    }
  }

  /** A later tier makes the Gaussians smaller by `step`. */
  shrink(step, scene) {
    this.shrunk += step;
    this.writeScales(scene);
  }

  /** The tile without what no later tier needs: a later one shrinks it, from its integers. */
  written() {
    const { shrunk, scales } = this;
    return Object.assign(new LossyTile(this.model, this.head, this.row), { shrunk, scales });
  }

  writeSh(scene) {
    const { n, row, model, shLayers } = this;
    const width = 3 * this.head.nRest;
    const unit = model.shStep * 2 ** -25;
    const basis = new Float64Array((model.nRows + 3) * width); // three rows of zeros at the end
    basis.set(model.basis);
    const cursors = shLayers.map(({ rows }) => new Int32Array(rows.length));
    const values = new Float64Array(model.nRows + 3);
    const starts = new Int32Array(model.nRows + 3);
    const out = scene.shN;
    for (let i = 0, o = row.first * width; i < n; i++, o += width) {
      let m = 0; // rows that are not 0
      let first = 0;
      for (let l = 0; l < shLayers.length; l++) {
        const { lengths, rows } = shLayers[l];
        for (let j = 0; j < lengths[i]; j++) {
          const value = rows[j][cursors[l][j]++];
          if (value === 0) continue;
          values[m] = value;
          starts[m++] = (first + j) * width;
        }
        first += model.shLayers[l];
      }
      if (m === 0) continue; // the arrays are made of zeros
      for (let pad = 0; pad < 3; pad++) {
        values[m + pad] = 0;
        starts[m + pad] = model.nRows * width;
      }
      sumRows(out, o, width, unit, basis, values, starts, m);
    }
  }
}

/** out[o + c] = unit * sum over rows k < m of values[k] * basis[starts[k] + c], three at a time. */
function sumRows(out, o, width, unit, basis, values, starts, m) {
  let sums = ZEROS; // 0 + -0 is +0, as 5.8 wants it
  let k = 0;
  for (; k + 3 < m; k += 3) {
    const v0 = values[k], v1 = values[k + 1], v2 = values[k + 2];
    const b0 = starts[k], b1 = starts[k + 1], b2 = starts[k + 2];
    for (let c = 0; c < width; c++) {
      SUMS[c] = sums[c] + v0 * basis[b0 + c] + v1 * basis[b1 + c] + v2 * basis[b2 + c];
    }
    sums = SUMS;
  }
  const v0 = values[k], v1 = values[k + 1], v2 = values[k + 2];
  const b0 = starts[k], b1 = starts[k + 1], b2 = starts[k + 2];
  for (let c = 0; c < width; c++) {
    out[o + c] = (sums[c] + v0 * basis[b0 + c] + v1 * basis[b1 + c] + v2 * basis[b2 + c]) * unit;
  }
}
const ZEROS = new Float64Array(45);
const SUMS = new Float64Array(45);

/** [[m, members with values[i] === m in order], ...] for m >= 1 ascending, none empty. */
function groupsOf(values, n) {
  const counts = new Int32Array(34);
  for (let i = 0; i < n; i++) counts[values[i]]++;
  const lists = Array.from(counts, (count, m) => new Int32Array(m === 0 ? 0 : count));
  counts.fill(0);
  for (let i = 0; i < n; i++) if (values[i] > 0) lists[values[i]][counts[values[i]]++] = i;
  return lists.map((list, m) => [m, list]).filter(([, list]) => list.length > 0);
}

/** Those of `members` that have row j, in the same memory. */
function keepAbove(members, lengths, j) {
  let m = 0;
  for (let k = 0; k < members.length; k++) {
    const i = members[k];
    members[m] = i;
    m += lengths[i] > j ? 1 : 0;
  }
  return members.subarray(0, m);
}

// -- 5.10 Tiles of profile lossless --------------------------------------------------------------

const LIMIT = 2 ** 30;
const [NORMAL, COMMON, RAW, COPY_LEFT, COPY_RIGHT] = [0, 1, 2, 3, 4];

/** float_order and pattern_of of 5.10. */
const floatOrder = (pattern) => (pattern >= 2 ** 31 ? TWO32 - 1 - pattern : pattern + 2 ** 31);
const patternOf = (v) => (v >= 2 ** 31 ? v - 2 ** 31 : TWO32 - 1 - v);

/** fixed(pattern) of 5.10.4 without a dictionary. */
function fixedPoint(pattern, exponent) {
  const f = (pattern >>> 23) & 255;
  const significand = (pattern & 0x7fffff) + (f > 0 ? 2 ** 23 : 0);
  const e = Math.max(f, 1) - 150 + exponent;
  const m = e > 6 || f === 255 ? 0 : Math.floor(significand * 2 ** e);
  return pattern >>> 31 ? -m - 1 : m;
}

/** Everything of one column that later steps need. */
class Column {
  constructor(n) {
    this.kind = new Uint8Array(n);
    this.shift = new Uint8Array(n);
    this.cut = new Int32Array(n);
    this.innovation = new Float64Array(n);
    this.pattern = new Uint32Array(n);
  }
}

class LosslessTile {
  constructor(model, head, row) {
    this.model = model;
    this.head = head;
    this.row = row;
    this.n = row.n;
  }

  /** 5.10.2. */
  decodeLayer(_layer, payload) {
    const { n, model } = this;
    const coder = new Coder(payload);
    const scratch = new Scratch(n);
    this.positions = model.orderKept ? null : this.decodePositions(coder);
    const rest = model.columns.findIndex(({ group }) => group.name === "rest");
    const end = model.repeats && rest >= 0 ? rest : model.columns.length;
    const part = new LosslessColumns(model.columns, 0, end, n, scratch);
    part.decode(coder);
    this.columns = part.columns;
    this.rowOf = model.repeats ? this.decodeRepeated(coder, part, scratch) : null;
    this.derived = model.derived !== null ? this.decodeDerived(coder, scratch) : null;
    coder.end();
  }

  /** 5.10.1. */
  decodePositions(coder) {
    const { n, row, model } = this;
    const cells = decodeTree(coder, n, row.bits);
    const low = new Float64Array(n);
    return cells.map((cell, axis) => {
      const origin = row.origin[axis];
      const dictionary = model.axes[axis];
      if (dictionary !== null) return this.dictionaryPositions(coder, dictionary, cell, origin, low);
      coder.raw(11, n, low);
      const out = new Uint32Array(n);
      for (let i = 0; i < n; i++) {
        const v = (((cell[i] + origin) | 0) << 11) | low[i];
        out[i] = v < 0 ? v & 0x7fffffff : ~v;
      }
      return out;
    });
  }

  /** Patterns of an axis whose integers are ranks. */
  dictionaryPositions(coder, dictionary, cell, origin, low) {
    const { n } = this;
    const tail = Math.max(32 - Math.clz32(dictionary.size - 1) - 21, 0);
    coder.raw(tail, n, low);
    const out = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      const v = (cell[i] + origin) * 2 ** tail + low[i]; // below 2^43
      if (v < 0 || v >= dictionary.size) throw formatError("TILE: a position is not in its dictionary");
      out[i] = patternOf(dictionary.entry(v));
    }
    return out;
  }

  /** 5.10.6; columns of shN are of the Gaussians whose rows are new. Returns the row of each Gaussian. */
  decodeRepeated(coder, before, scratch) {
    const { n, model } = this;
    const fresh = levelSymbols(coder, n, new Adaptive(1, 2, Float64Array.of(512, 512)));
    const firsts = new Int32Array(fresh.reduce((sum, one) => sum + one, 0)); // Gaussians of the rows
    const rows = firsts.length;
    const again = new Float64Array(n - rows);
    coder.raw(rows > 1 ? 32 - Math.clz32(rows - 1) : 0, n - rows, again);
    const row = new Int32Array(n);
    for (let i = 0, k = 0, e = 0; i < n; i++) {
      if (fresh[i] === 1) {
        firsts[k] = i;
        row[i] = k++;
      } else {
        row[i] = again[e++];
        if (row[i] >= rows) throw formatError("TILE: a repeated row is not there");
      }
    }
    const { length } = model.columns;
    const part = new LosslessColumns(model.columns, before.end, length, rows, scratch, before.of(firsts));
    part.decode(coder);
    this.columns = [...before.columns, ...part.columns.slice(before.end)];
    return row;
  }

  /** 5.10.7: patterns of the component of the quaternions that follows from the other three. */
  decodeDerived(coder, scratch) {
    const { n, model } = this;
    const others = this.columns.filter((_, at) => model.columns[at].group.name === "quat")
      .map(({ pattern }) => pattern);
    const expected = new Uint32Array(n); // P
    const zeros = new Uint8Array(n); // z
    const shift = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      let remaining = 2 ** 52;
      for (const pattern of others) {
        const g = fixedPoint(pattern[i], 26);
        remaining -= Math.min(g < 0 ? -g - 1 : g, 2 ** 26) ** 2; // above -2^53
      }
      const root = floorRoot(Math.max(remaining, 0));
      const b = 32 - Math.clz32(root);
      const top = b > 24 ? root >> (b - 24) : root << (24 - b);
      expected[i] = b === 0 ? 0 : ((100 + b) << 23) | (top & 0x7fffff);
      zeros[i] = 27 - b;
      shift[i] = clip(2 * zeros[i] - 6, 0, 23);
    }
    const negative = decodeSigns(coder, n, scratch);
    const difference = decodeDifferences(coder, n, zeros, scratch);
    const low = new Int32Array(n);
    for (const [k, members] of groupsOf(shift, n)) {
      coder.raw(k, members.length, scratch.raw);
      for (let j = 0; j < members.length; j++) low[members[j]] = scratch.raw[j];
    }
    const out = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      const m = ((expected[i] >>> shift[i]) + difference[i]) * 2 ** shift[i] + low[i];
      if (m < 0 || m >= 2 ** 31) throw formatError("TILE: a derived component is out of range");
      out[i] = negative[i] * 2 ** 31 + m;
    }
    return out;
  }

  write(_layer, scene) {
    const { n, row, model, rowOf } = this;
    const put = (array, component, pattern, from) => {
      const target = scene[array];
      const width = target.length / scene.n;
      const words = new Uint32Array(target.buffer, target.byteOffset, target.length);
      for (let i = 0, o = row.first * width + component; i < n; i++, o += width) {
        words[o] = pattern[from === null ? i : from[i]];
      }
    };
    if (this.positions) this.positions.forEach((pattern, axis) => put("means", axis, pattern, null));
    this.columns.forEach((c, at) => {
      const { group, component } = model.columns[at];
      put(group.array, component, c.pattern, group.name === "rest" ? rowOf : null);
    });
    if (this.derived) put("quats", model.derived, this.derived, null);
  }
}

/** Columns first..end-1 of `models`, of n Gaussians (5.10.2 to 5.10.5). */
class LosslessColumns {
  /** `before`: columns, `fast` and `slow` of these Gaussians when columns were decoded before (5.10.6). */
  constructor(models, first, end, n, scratch, before = null) {
    Object.assign(this, { models, first, end, n, scratch });
    this.levels = levels(n);
    this.fast = before?.fast ?? new Int32Array(n);
    this.slow = before?.slow ?? new Int32Array(n);
    this.columns = before?.columns ?? [];
  }

  decode(coder) {
    const { models, first, end } = this;
    const tables = new Map();
    for (const model of models.slice(first, end)) {
      if (!tables.has(model.group)) tables.set(model.group, losslessTables());
      this.decodeColumn(coder, model, tables.get(model.group));
    }
    this.decodePatterns(coder);
  }

  /** What these columns leave to later ones of some of the Gaussians. */
  of(rows) {
    const take = (list) => {
      const some = new list.constructor(rows.length);
      for (let k = 0; k < rows.length; k++) some[k] = list[rows[k]];
      return some;
    };
    const sources = new Set(this.models.slice(this.end).flatMap((m) => m.sources.map((s) => s.source)));
    const columns = this.columns.map(({ kind, innovation }, at) => ({
      kind: at === this.end - 1 ? take(kind) : null, innovation: sources.has(at) ? take(innovation) : null,
    }));
    return { columns, fast: take(this.fast), slow: take(this.slow) };
  }

  /** 5.10.3 and 5.10.4 for one column. */
  decodeColumn(coder, model, tables) {
    const { n } = this;
    const c = new Column(n);
    const before = this.columns.length > 0 ? this.columns[this.columns.length - 1].kind : null;
    this.decodeKinds(coder, c, before, tables.kinds);
    const cross = this.crossOf(model);
    const value = new Float64Array(n);
    const residual = new Float64Array(n);
    for (const level of this.levels) {
      if (level.m === 0) continue;
      const centres = this.predict(model, level, value, residual, cross);
      this.decodeNormal(coder, level, c, centres, value, tables.values);
      this.otherKinds(model, level, c, value);
      for (let k = 0, i = level.start; k < level.m; k++, i += level.step) {
        residual[i] = value[i] - centres.centre[k];
        c.innovation[i] = value[i] - centres.prediction[k];
      }
    }
    for (let i = 0; i < n; i++) {
      if (c.kind[i] !== NORMAL) continue;
      const surprise = log2q8(1 + Math.abs(residual[i])) - model.logWidth;
      this.fast[i] += (surprise - this.fast[i]) >> 1;
      this.slow[i] += (surprise - this.slow[i]) >> 3;
    }
    this.columns.push(c);
  }

  decodeKinds(coder, c, before, adaptive) {
    const { contexts, symbols, grouping } = this.scratch;
    for (const { start, step, stride, m } of this.levels) {
      const finest = stride === 1 ? 1 : 0;
      for (let k = 0, i = start; k < m; k++, i += step) {
        contexts[k] = 2 * (before === null ? 0 : before[i]) + finest;
      }
      adaptive.level(coder, contexts, m, symbols, grouping);
      for (let k = 0, i = start; k < m; k++, i += step) c.kind[i] = symbols[k];
    }
  }

  crossOf(model) {
    const { n } = this;
    const cross = new Float64Array(n);
    for (const { source, weight } of model.sources) {
      const innovation = this.columns[source].innovation;
      for (let i = 0; i < n; i++) cross[i] += weight * innovation[i];
    }
    for (let i = 0; i < n; i++) cross[i] = clip(Math.floor(cross[i] / 64), -LIMIT, LIMIT);
    return cross;
  }

  /** prediction, centre and, as contexts, clipped quarter widths of a level's members. */
  predict(model, level, value, residual, cross) {
    const { n, fast, slow, scratch } = this;
    const { near, far, widths } = model.group;
    const { start, step, stride, m } = level;
    const { prediction, centre } = scratch;
    const quarters = scratch.list;
    const rest = (4096 - 2 * (near + far)) * model.mean;
    for (let k = 0, i = start; k < m; k++, i += step) {
      let p = model.mean;
      let around = 0;
      if (stride > 0) {
        const [l, right] = [i - stride, i + stride < n ? i + stride : i - stride];
        const farRight = i + 3 * stride < n ? i + 3 * stride : right;
        const farLeft = i - 3 * stride >= 0 ? i - 3 * stride : l;
        p = Math.floor((near * (value[l] + value[right]) + far * (value[farLeft] + value[farRight])
          + rest) / 4096);
        p = clip(p, -LIMIT, LIMIT);
        const spread = Math.abs(value[l] - value[right])
          + Math.floor(Math.abs(value[farLeft] - value[farRight]) / 2);
        const nearResiduals = Math.abs(residual[l]) + Math.abs(residual[right]);
        around = widths[0] * (log2q8(1 + spread) - model.logWidth)
          + widths[1] * (log2q8(1 + nearResiduals) - model.logWidth);
      }
      prediction[k] = p;
      centre[k] = p + cross[i];
      const width = model.logWidth + ((widths[2] * fast[i] + widths[3] * slow[i] + around) >> 6);
      quarters[k] = clip(width >> 6, 0, 127);
    }
    return { prediction, centre, quarters };
  }

  /** Members of kind normal of one level: cut, shift, value. */
  decodeNormal(coder, level, c, { centre, quarters }, value, adaptive) {
    const { start, step, m } = level;
    const { contexts, symbols, raw, grouping } = this.scratch;
    let nNormal = 0;
    for (let k = 0, i = start; k < m; k++, i += step) {
      if (c.kind[i] !== NORMAL) continue;
      const quarter = quarters[k];
      c.shift[i] = Math.max((quarter >> 2) - 3, 0);
      contexts[nNormal++] = c.shift[i] > 0 ? 12 + (quarter & 3) : quarter;
    }
    adaptive.level(coder, contexts, nNormal, symbols, grouping);
    readExcesses(coder, symbols, nNormal, raw);
    for (let k = 0, j = 0, e = 0, i = start; k < m; k++, i += step) {
      if (c.kind[i] !== NORMAL) continue;
      let d = symbols[j++] - 127;
      if (d === -127) d -= raw[e++];
      else if (d === 127) d += raw[e++];
      const unit = 2 ** c.shift[i];
      const cut = Math.floor(centre[k] / unit) + d;
      if (Math.abs(cut * unit) > LIMIT) throw formatError("TILE: a value is out of range");
      c.cut[i] = cut;
      value[i] = cut * unit + Math.floor(unit / 2);
    }
  }

  otherKinds(model, { start, step, stride }, c, value) {
    const { n } = this;
    const common = model.hasCommon ? commonValue(model) : model.mean;
    for (let i = start; i < n; i += step) {
      const kind = c.kind[i];
      if (kind === NORMAL) continue;
      if (kind === COMMON) value[i] = common;
      else if (kind === RAW || stride === 0) value[i] = model.mean;
      else value[i] = value[this.copySource(i, stride, kind)];
    }
  }

  copySource(i, stride, kind) {
    return kind === COPY_RIGHT && i + stride < this.n ? i + stride : i - stride;
  }

  /** 5.10.5. */
  decodePatterns(coder) {
    const { n, first, end } = this;
    const block = Math.max(1, Math.floor(2 ** 18 / n));
    const drops = new Adaptive(1, 24,
      Float64Array.from({ length: 24 }, (_, j) => (1024 >> Math.min(j + 1, 10)) + 1));
    for (let at = first; at < end; at += block) {
      this.decodeBlock(coder, at, Math.min(at + block, end), drops);
    }
    for (const { start, step, stride } of this.levels.slice(1)) {
      for (const c of this.columns.slice(first)) {
        for (let i = start; i < n; i += step) {
          if (c.kind[i] >= COPY_LEFT) c.pattern[i] = c.pattern[this.copySource(i, stride, c.kind[i])];
        }
      }
    }
  }

  decodeBlock(coder, from, to, drops) {
    const list = normalValues(this.columns, this.models, from, to, this.n);
    this.plainKinds(coder, from, to);
    const { total, column, rank, bits, magnitude, field } = list;
    dropLeadingZeros(coder, list, drops);
    const missing = new Uint8Array(total);
    for (let k = 0; k < total; k++) {
      if (field[k] < 0 || field[k] > 254) throw formatError("TILE: a float's exponent is out of range");
      missing[k] = bits[k] > 0 ? Math.max(24 - bits[k], 0) : 23;
    }
    const low = new Int32Array(total);
    const raw = new Float64Array(total);
    for (const [k, members] of groupsOf(missing, total)) {
      coder.raw(k, members.length, raw);
      for (let j = 0; j < members.length; j++) low[members[j]] = raw[j];
    }
    for (let k = 0; k < total; k++) {
      const top = bits[k] > 24 ? magnitude[k] >>> (bits[k] - 24) : magnitude[k] << missing[k];
      const c = this.columns[column[k]];
      const sign = c.cut[rank[k]] < 0 ? 0x80000000 : 0;
      c.pattern[rank[k]] = sign | (field[k] << 23) | ((top & 0x7fffff) | low[k]);
    }
    for (let at = from; at < to; at++) {
      const { dictionary } = this.models[at].group;
      if (dictionary !== null) this.decodeRanks(coder, this.columns[at], dictionary);
    }
  }

  /** Step 7 for one column; kinds other than normal have no shift. */
  decodeRanks(coder, { kind, shift, cut, pattern }, dictionary) {
    const { n } = this;
    const { raw } = this.scratch;
    const low = new Int32Array(n);
    for (const [k, members] of groupsOf(shift, n)) {
      coder.raw(k, members.length, raw);
      for (let j = 0; j < members.length; j++) low[members[j]] = raw[j];
    }
    for (let i = 0; i < n; i++) {
      if (kind[i] !== NORMAL) continue;
      const v = (cut[i] << shift[i]) | low[i]; // R-LL-07
      if (v < 0 || v >= dictionary.size) throw formatError("TILE: a value is not in its dictionary");
      pattern[i] = patternOf(dictionary.entry(v));
    }
  }

  /** Steps 1 and 2: kinds common and raw. */
  plainKinds(coder, from, to) {
    const { n } = this;
    let nRaw = 0;
    for (let at = from; at < to; at++) {
      const { kind, pattern } = this.columns[at];
      for (let i = 0; i < n; i++) {
        if (kind[i] === COMMON) pattern[i] = this.models[at].common;
        else if (kind[i] === RAW) nRaw++;
      }
    }
    const raw = new Float64Array(nRaw);
    coder.raw(32, nRaw, raw);
    for (let at = from, k = 0; at < to; at++) {
      const { kind, pattern } = this.columns[at];
      for (let i = 0; i < n; i++) if (kind[i] === RAW) pattern[i] = raw[k++];
    }
  }
}

function losslessTables() {
  const values = new Float64Array(16 * 255);
  for (let c = 0; c < 16; c++) logisticPrior(c + 6, 0, 126, values, c * 255);
  const kinds = new Float64Array(10 * 5);
  for (let c = 0; c < 10; c++) kinds.set([900, 80, 4, 20, 20], 5 * c);
  return { kinds: new Adaptive(10, 5, kinds), values: new Adaptive(16, 255, values) };
}

/** Value of kind common. */
function commonValue({ common, group: { dictionary, exponent } }) {
  return dictionary !== null ? dictionary.below(floatOrder(common)) : fixedPoint(common, exponent);
}

/** raw[e]: excess of the e-th of m symbols that stand for abs(d) > 126. */
function readExcesses(coder, symbols, m, raw) {
  let n = 0;
  for (let k = 0; k < m; k++) if (symbols[k] === 0 || symbols[k] === 254) n++;
  coder.raw(32, n, raw);
}

/** n symbols of one context, over the levels of their number. */
function levelSymbols(coder, n, adaptive) {
  const out = new Uint8Array(n);
  const contexts = new Uint8Array(n);
  const symbols = new Uint16Array(n);
  const grouping = new Grouping(n);
  for (const { start, step, m } of levels(n)) {
    adaptive.level(coder, contexts, m, symbols, grouping);
    for (let k = 0; k < m; k++) out[start + k * step] = symbols[k];
  }
  return out;
}

/** 5.10.7: negative[n]. */
function decodeSigns(coder, n, { contexts, symbols, grouping }) {
  const negative = new Uint8Array(n);
  const adaptive = new Adaptive(4, 2, new Float64Array(8).fill(512));
  for (const { start, step, stride, m } of levels(n)) {
    for (let k = 0, i = start; k < m; k++, i += step) {
      const right = i + stride < n ? i + stride : i - stride;
      contexts[k] = stride === 0 ? 3 : negative[i - stride] + negative[right];
    }
    adaptive.level(coder, contexts, m, symbols, grouping);
    for (let k = 0, i = start; k < m; k++, i += step) negative[i] = symbols[k];
  }
  return negative;
}

/** 5.10.7: d[n]. */
function decodeDifferences(coder, n, zeros, { contexts, symbols, raw, grouping }) {
  const difference = new Float64Array(n);
  const prior = new Float64Array(16 * 255);
  for (let c = 0; c < 16; c++) logisticPrior(c + 8, 0, 126, prior, c * 255);
  const adaptive = new Adaptive(16, 255, prior);
  for (const { start, step, m } of levels(n)) {
    for (let k = 0, i = start; k < m; k++, i += step) contexts[k] = Math.min(zeros[i], 15);
    adaptive.level(coder, contexts, m, symbols, grouping);
    readExcesses(coder, symbols, m, raw);
    for (let k = 0, e = 0, i = start; k < m; k++, i += step) {
      const d = symbols[k] - 127;
      difference[i] = d === -127 ? d - raw[e++] : d === 127 ? d + raw[e++] : d;
    }
  }
  return difference;
}

/** floor(sqrt(x)) of an integer below 2^53. */
function floorRoot(x) {
  const root = Math.floor(Math.sqrt(x));
  return root * root > x ? root - 1 : (root + 1) ** 2 <= x ? root + 1 : root;
}

/** Step 3: values of kind normal, by column, then by Gaussian; none of groups with a dictionary. */
function normalValues(columns, models, from, to, n) {
  const fixed = upTo(to - from).map((k) => from + k).filter((at) => models[at].group.dictionary === null);
  let total = 0;
  for (const at of fixed) {
    for (let i = 0; i < n; i++) if (columns[at].kind[i] === NORMAL) total++;
  }
  const list = {
    total, column: new Uint8Array(total), rank: new Int32Array(total), bits: new Uint8Array(total),
    magnitude: new Int32Array(total), field: new Int32Array(total),
  };
  let k = 0;
  for (const at of fixed) {
    const { kind, cut, shift } = columns[at];
    const exponent = models[at].group.exponent;
    for (let i = 0; i < n; i++) {
      if (kind[i] !== NORMAL) continue;
      const m = cut[i] < 0 ? -cut[i] - 1 : cut[i];
      const bits = 32 - Math.clz32(m);
      list.column[k] = at;
      list.rank[k] = i;
      list.bits[k] = bits;
      list.magnitude[k] = m;
      list.field[k++] = 126 - (exponent - shift[i]) + bits;
    }
  }
  return list;
}

/** Step 4: exponents of values whose fixed-point magnitude is 0. */
function dropLeadingZeros(coder, list, adaptive) {
  const members = [];
  for (let k = 0; k < list.total; k++) if (list.bits[k] === 0) members.push(k);
  const n = members.length;
  if (n === 0) return;
  const drop = levelSymbols(coder, n, adaptive);
  const long = members.filter((_, k) => drop[k] === 23);
  const raw = new Float64Array(long.length);
  coder.raw(8, long.length, raw);
  for (let k = 0, e = 0; k < n; k++) {
    list.field[members[k]] -= drop[k] === 23 ? raw[e++] : drop[k];
  }
}

// -- RFC 8878: one Zstandard frame (4.9) ----------------------------------------------------------

const corrupt = (why) => formatError(`EXTR: not a valid Zstandard frame (${why})`);

/** Bits from the end of `bytes` backwards; below bit 0 they are zeros, `left` then is negative. */
class BackwardBits {
  constructor(bytes) {
    const last = bytes.length > 0 ? bytes[bytes.length - 1] : 0;
    if (last === 0) throw corrupt("a bit stream without end mark");
    this.bytes = bytes;
    this.left = 8 * bytes.length - 8 + (31 - Math.clz32(last));
  }

  take(n) {
    if (n > 24) return this.take(n - 16) * 65536 + this.take(16);
    this.left -= n;
    return this.look(this.left, n);
  }

  look(at, n) {
    const b = this.bytes;
    const i = at >> 3;
    const word = b[i] | (b[i + 1] << 8) | (b[i + 2] << 16) | (b[i + 3] << 24);
    return (word >>> (at & 7)) & ((1 << n) - 1);
  }
}

/** RFC 8878, 4.1.1: probabilities of an FSE table. Returns {log, counts, size in bytes}. */
function readFseCounts(bytes, maxLog, maxSymbol) {
  let at = 0;
  const look = (n) => {
    const i = at >> 3;
    const word = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16);
    return (word >>> (at & 7)) & ((1 << n) - 1);
  };
  const log = look(4) + 5;
  at = 4;
  if (log > maxLog) throw corrupt("an FSE table too fine");
  const counts = [];
  let remaining = 1 << log;
  while (remaining > 0) {
    if (counts.length > maxSymbol) throw corrupt("too many FSE symbols");
    const n = 32 - Math.clz32(remaining + 1);
    const low = look(n - 1);
    const threshold = (1 << n) - 2 - remaining;
    let value = low;
    if (low < threshold) at += n - 1;
    else {
      value = look(n);
      if (value >= 1 << (n - 1)) value -= threshold;
      at += n;
    }
    counts.push(value - 1);
    remaining -= value === 0 ? 1 : value - 1;
    for (let more = value === 1; more;) {
      const zeros = look(2);
      at += 2;
      for (let i = 0; i < zeros; i++) counts.push(0);
      more = zeros === 3 && counts.length <= maxSymbol;
    }
  }
  const size = (at + 7) >> 3;
  if (remaining !== 0 || counts.length > maxSymbol + 1 || size > bytes.length) {
    throw corrupt("a damaged FSE table");
  }
  return { log, counts, size };
}

/** RFC 8878, 4.1.1: decoding table of an FSE code. */
function buildFse(counts, log) {
  const size = 1 << log;
  const table = { log, symbol: new Uint8Array(size), bits: new Uint8Array(size), base: new Uint16Array(size) };
  const next = counts.slice();
  let high = size;
  counts.forEach((count, s) => {
    if (count !== -1) return;
    table.symbol[--high] = s;
    next[s] = 1;
  });
  let at = 0;
  counts.forEach((count, s) => {
    for (let i = 0; i < count; i++) {
      table.symbol[at] = s;
      do at = (at + (size >> 1) + (size >> 3) + 3) & (size - 1); while (at >= high);
    }
  });
  for (let i = 0; i < size; i++) {
    const state = next[table.symbol[i]]++;
    table.bits[i] = log - (31 - Math.clz32(state));
    table.base[i] = (state << table.bits[i]) - size;
  }
  return table;
}

/** RFC 8878, 4.2.1: Huffman tree description. Returns {table, size in bytes}. */
function readHuffman(bytes) {
  if (bytes.length === 0) throw corrupt("no Huffman tree");
  const head = bytes[0];
  const weights = [];
  let size = 1 + head;
  if (head >= 128) {
    size = 1 + ((head - 126) >> 1);
    for (let i = 0; i < head - 127; i++) {
      const byte = bytes[1 + (i >> 1)];
      weights.push(i & 1 ? byte & 15 : byte >> 4);
    }
  }
  if (size > bytes.length) throw corrupt("a Huffman tree is cut short");
  if (head < 128) readWeights(bytes.subarray(1, size), weights);
  return { table: buildHuffman(weights), size };
}

/** Weights by two FSE states that take turns until the bits are used up. */
function readWeights(bytes, weights) {
  const { log, counts, size } = readFseCounts(bytes, 6, 255);
  const fse = buildFse(counts, log);
  const bits = new BackwardBits(bytes.subarray(size));
  const states = [bits.take(log), bits.take(log)];
  if (bits.left < 0) throw corrupt("Huffman weights are cut short");
  for (let turn = 0; ; turn ^= 1) {
    const state = states[turn];
    weights.push(fse.symbol[state]);
    if (weights.length > 254) throw corrupt("too many Huffman weights");
    states[turn] = fse.base[state] + bits.take(fse.bits[state]);
    if (bits.left < 0) {
      weights.push(fse.symbol[states[turn ^ 1]]);
      return;
    }
  }
}

function buildHuffman(weights) {
  const sum = weights.reduce((total, w) => total + (w > 0 ? 2 ** (w - 1) : 0), 0);
  const log = sum > 0 ? 32 - Math.clz32(sum) : 0;
  const left = 2 ** log - sum;
  if (sum === 0 || log > 11 || (left & (left - 1)) !== 0) throw corrupt("impossible Huffman weights");
  const all = [...weights, 32 - Math.clz32(left)];
  const table = { log, symbol: new Uint8Array(1 << log), bits: new Uint8Array(1 << log) };
  let at = 0;
  for (let w = 1; w <= log; w++) {
    all.forEach((weight, s) => {
      if (weight !== w) return;
      table.symbol.fill(s, at, at + (1 << (w - 1)));
      table.bits.fill(log + 1 - w, at, at + (1 << (w - 1)));
      at += 1 << (w - 1);
    });
  }
  return table;
}

function decodeHuffman(table, bytes, out) {
  const bits = new BackwardBits(bytes);
  for (let i = 0; i < out.length; i++) {
    const code = bits.look(bits.left - table.log, table.log);
    out[i] = table.symbol[code];
    bits.left -= table.bits[code];
    if (bits.left < 0) throw corrupt("literals are cut short");
  }
  if (bits.left !== 0) throw corrupt("literals leave bits over");
}

/** Symbol tables of sequences: [extra bits, base] of each code; RFC 8878, 3.1.1.3.2.1. */
const codes = (first, plain, extra) => {
  const list = Array.from({ length: plain }, (_, i) => [0, first + i]);
  let base = first + plain;
  for (const bits of extra) {
    list.push([bits, base]);
    base += 2 ** bits;
  }
  return list;
};
const LITERAL_CODES = codes(0, 16, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const MATCH_CODES = codes(3, 32,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
/** Predefined tables: maximal log, default log, default counts, largest symbol. */
const SEQUENCE_TABLES = {
  literals: { maxLog: 9, log: 6, largest: 35,
    counts: [4, 3, ...Array(11).fill(2), 1, 1, 1, ...Array(9).fill(2), 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1] },
  offsets: { maxLog: 8, log: 5, largest: 31,
    counts: [1, 1, 1, 1, 1, 1, 2, 2, 2, ...Array(15).fill(1), -1, -1, -1, -1, -1] },
  matches: { maxLog: 9, log: 6, largest: 52,
    counts: [1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array(37).fill(1), ...Array(7).fill(-1)] },
};

/** State of one frame: tables and offsets that later blocks may use again, and the output. */
class ZstandardFrame {
  constructor(size) {
    this.out = new Uint8Array(size);
    this.n = 0;
    this.huffman = null;
    this.tables = {};
    this.offsets = [1, 4, 8];
  }

  append(bytes) {
    if (bytes.length > this.out.length - this.n) throw corrupt("more content than expected");
    this.out.set(bytes, this.n);
    this.n += bytes.length;
  }

  copy(offset, length) {
    if (offset > this.n || offset < 1) throw corrupt("an offset before the content");
    if (length > this.out.length - this.n) throw corrupt("more content than expected");
    for (let i = 0; i < length; i++, this.n++) this.out[this.n] = this.out[this.n - offset];
  }

  compressedBlock(bytes) {
    const { literals, size } = this.literals(bytes);
    const r = new Reader(bytes.subarray(size), "EXTR");
    let n = r.u8();
    if (n > 127) n = n < 255 ? ((n - 128) << 8) + r.u8() : r.u16() + 0x7f00;
    if (n === 0) {
      r.end();
      this.append(literals);
      return;
    }
    const modes = r.u8();
    if (modes & 3) throw corrupt("reserved modes");
    this.sequenceTable(r, "literals", modes >> 6);
    this.sequenceTable(r, "offsets", (modes >> 4) & 3);
    this.sequenceTable(r, "matches", (modes >> 2) & 3);
    this.sequences(r.bytes.subarray(r.at), n, literals);
  }

  /** Literals section, RFC 8878, 3.1.1.3.1. */
  literals(bytes) {
    const r = new Reader(bytes, "EXTR");
    const head = r.u8();
    const type = head & 3;
    const form = (head >> 2) & 3;
    if (type < 2) {
      const n = form === 1 ? (head >> 4) + r.u8() * 16
        : form === 3 ? (head >> 4) + r.u8() * 16 + r.u8() * 4096 : head >> 3;
      if (n > 131072) throw corrupt("too many literals");
      const literals = type === 0 ? r.raw(n) : new Uint8Array(n).fill(r.u8());
      return { literals, size: r.at };
    }
    const width = form < 2 ? 10 : form === 2 ? 14 : 18;
    let fields = head >> 4;
    for (let i = 0, unit = 16; i < (2 * width + 4) / 8 - 1; i++, unit *= 256) fields += r.u8() * unit;
    const n = fields % 2 ** width;
    const packed = r.raw(Math.floor(fields / 2 ** width));
    if (n > 131072) throw corrupt("too many literals");
    return { literals: this.huffmanLiterals(packed, n, type === 2, form === 0 ? 1 : 4), size: r.at };
  }

  huffmanLiterals(packed, n, withTree, nStreams) {
    let at = 0;
    if (withTree) {
      const tree = readHuffman(packed);
      this.huffman = tree.table;
      at = tree.size;
    }
    if (this.huffman === null) throw corrupt("no Huffman tree to use again");
    const literals = new Uint8Array(n);
    const streams = packed.subarray(at);
    if (nStreams === 1) {
      decodeHuffman(this.huffman, streams, literals);
      return literals;
    }
    const r = new Reader(streams, "EXTR");
    const sizes = [r.u16(), r.u16(), r.u16()];
    sizes.push(streams.length - 6 - sizes[0] - sizes[1] - sizes[2]);
    const quarter = (n + 3) >> 2;
    if (sizes[3] < 0 || 3 * quarter > n) throw corrupt("impossible literal streams");
    sizes.forEach((size, i) => {
      const part = literals.subarray(i * quarter, i < 3 ? (i + 1) * quarter : n);
      decodeHuffman(this.huffman, r.raw(size), part);
    });
    return literals;
  }

  sequenceTable(r, name, mode) {
    const { maxLog, log, largest, counts } = SEQUENCE_TABLES[name];
    if (mode === 0) this.tables[name] = buildFse(counts, log);
    else if (mode === 1) {
      const symbol = r.u8();
      if (symbol > largest) throw corrupt("an unknown sequence code");
      this.tables[name] = { log: 0, symbol: [symbol], bits: [0], base: [0] };
    } else if (mode === 2) {
      const read = readFseCounts(r.bytes.subarray(r.at), maxLog, largest);
      r.take(read.size);
      this.tables[name] = buildFse(read.counts, read.log);
    } else if (!this.tables[name]) throw corrupt("no sequence table to use again");
  }

  /** RFC 8878, 3.1.1.3.2.1.2 and 3.1.1.4. */
  sequences(bytes, n, literals) {
    const bits = new BackwardBits(bytes);
    const order = ["literals", "offsets", "matches"].map((name) => this.tables[name]);
    const states = order.map((table) => bits.take(table.log));
    let at = 0;
    for (let i = 0; i < n; i++) {
      const [literalCode, offsetCode, matchCode] = order.map((t, j) => t.symbol[states[j]]);
      const offsetValue = 2 ** offsetCode + bits.take(offsetCode);
      const match = MATCH_CODES[matchCode][1] + bits.take(MATCH_CODES[matchCode][0]);
      const length = LITERAL_CODES[literalCode][1] + bits.take(LITERAL_CODES[literalCode][0]);
      if (i < n - 1) {
        for (const j of [0, 2, 1]) {
          states[j] = order[j].base[states[j]] + bits.take(order[j].bits[states[j]]);
        }
      }
      if (bits.left < 0) throw corrupt("sequences are cut short");
      if (length > literals.length - at) throw corrupt("literals run out");
      this.append(literals.subarray(at, at + length));
      at += length;
      this.copy(this.offset(offsetValue, length), match);
    }
    if (bits.left !== 0) throw corrupt("sequences leave bits over");
    this.append(literals.subarray(at));
  }

  /** RFC 8878, 3.1.1.5: offsets used before. */
  offset(value, length) {
    const used = this.offsets;
    if (value > 3) {
      this.offsets = [value - 3, used[0], used[1]];
      return value - 3;
    }
    const which = value - 1 + (length === 0 ? 1 : 0);
    const offset = which < 3 ? used[which] : used[0] - 1;
    if (which > 0) this.offsets = which === 1 ? [offset, used[0], used[2]] : [offset, used[0], used[1]];
    return offset;
  }
}

/** Low 32 bits of XXH64, seed 0: the content checksum of a frame. */
function xxh64Low(bytes) {
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n,
    0x27d4eb2f165667c5n,
  ];
  const cut = (x) => BigInt.asUintN(64, x);
  const turn = (x, n) => cut(x << n) | (x >> (64n - n));
  const round = (acc, lane) => cut(turn(cut(acc + lane * p2), 31n) * p1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let h = p5;
  if (bytes.length >= 32) {
    const v = [cut(p1 + p2), p2, 0n, cut(-p1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) v[i] = round(v[i], view.getBigUint64(at + 8 * i, true));
    }
    h = cut(turn(v[0], 1n) + turn(v[1], 7n) + turn(v[2], 12n) + turn(v[3], 18n));
    for (const lane of v) h = cut((h ^ round(0n, lane)) * p1 + p4);
  }
  h = cut(h + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    h = cut(turn(h ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  }
  if (at + 4 <= bytes.length) {
    h = cut(turn(h ^ cut(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < bytes.length; at++) h = cut(turn(h ^ cut(BigInt(bytes[at]) * p5), 11n) * p1);
  h = cut((h ^ (h >> 33n)) * p2);
  h = cut((h ^ (h >> 29n)) * p3);
  return Number((h ^ (h >> 32n)) & 0xffffffffn);
}

/** Bytes of window that a window descriptor stands for (RFC 8878, 3.1.1.1.2). */
const zstandardWindow = (byte) => 2 ** (10 + (byte >> 3)) * (1 + (byte & 7) / 8);

/** Content of one frame of `size` bytes, as a fresh Uint8Array (R-EXTR-02). */
function unpackZstandard(packed, size) {
  const r = new Reader(packed, "EXTR");
  if (r.u32() !== 0xfd2fb528) throw corrupt("wrong magic number");
  const head = r.u8();
  if (head & 8) throw corrupt("a reserved bit is set");
  const single = (head & 32) !== 0;
  if (!single && zstandardWindow(r.u8()) > 2 ** 27) throw corrupt("the window is too large");
  const dictionary = r.raw([0, 1, 2, 4][head & 3]);
  if (dictionary.some((byte) => byte !== 0)) throw corrupt("a dictionary is needed");
  const form = head >> 6;
  const announced = form === 0 ? (single ? r.u8() : size) : form === 1 ? r.u16() + 256
    : form === 2 ? r.u32() : r.u64();
  if (announced !== size) throw corrupt("the content has another length");
  const frame = new ZstandardFrame(size);
  for (let last = false; !last;) {
    const block = r.u8() + r.u8() * 256 + r.u8() * 65536;
    last = (block & 1) === 1;
    const type = (block >> 1) & 3;
    const length = block >> 3;
    if (length > 131072) throw corrupt("a block is too large");
    if (type === 0) frame.append(r.raw(length));
    else if (type === 1) frame.append(new Uint8Array(length).fill(r.u8()));
    else if (type === 2) frame.compressedBlock(r.raw(length));
    else throw corrupt("a reserved block type");
  }
  if (frame.n !== size) throw corrupt("the content has another length");
  if (head & 4 && r.u32() !== xxh64Low(frame.out)) throw corrupt("wrong checksum");
  r.end();
  return frame.out;
}

// -- 5.1, 5.9 The stream -------------------------------------------------------------------------

/** A plain Uint8Array over the same memory (the slices of a Node Buffer are no copies). */
function plainBytes(bytes) {
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
}

/** Where the bytes come from: memory. */
export class BytesSource {
  constructor(bytes) {
    this.bytes = plainBytes(bytes);
    this.bytesRead = 0;
  }

  get size() {
    return this.bytes.length;
  }

  /** The bytes from `at` on, `n` of them or as many as there are. */
  async read(at, n) {
    const found = this.bytes.subarray(at, at + n);
    this.bytesRead += found.length;
    return found;
  }
}

/** Where the bytes come from: HTTP range requests, each at least `chunk` bytes. */
export class HttpSource {
  constructor(url, { chunk = 65536, headers = {} } = {}) {
    Object.assign(this, { url, chunk, headers, bytesRead: 0, requests: 0, size: null });
    this.at = 0; // what is held: bytes [at, at + held.length)
    this.held = new Uint8Array(0);
  }

  async read(at, n) {
    if (at < this.at || at + n > this.at + this.held.length) await this.fetch(at, n);
    return this.held.subarray(at - this.at, at - this.at + n);
  }

  async fetch(at, n) {
    const kept = at >= this.at && at < this.at + this.held.length
      ? this.held.subarray(at - this.at) : new Uint8Array(0);
    const from = at + kept.length;
    let got = new Uint8Array(0);
    if (this.size === null || from < this.size) {
      got = await this.request(from, from + Math.max(this.chunk, n - kept.length) - 1);
    }
    const held = new Uint8Array(kept.length + got.length);
    held.set(kept);
    held.set(got, kept.length);
    Object.assign(this, { held, at });
  }

  async request(from, to) {
    const headers = { ...this.headers, Range: `bytes=${from}-${to}` };
    const answer = await fetch(this.url, { headers });
    this.requests += 1;
    if (answer.status === 416) {
      this.size = from;
      return new Uint8Array(0);
    }
    if (!answer.ok) throw new Error(`HTTP status ${answer.status} for ${this.url}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    this.bytesRead += bytes.length;
    const total = /\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "");
    if (answer.status === 206) {
      if (total) this.size = Number(total[1]);
      return bytes;
    }
    this.size = bytes.length; // no ranges here: the whole came, and it serves from now on
    return bytes.subarray(from);
  }
}

/** One tier: its MODL, then its INDX, and how many of its TILE boxes are there. */
class Tier {
  constructor(number, model) {
    Object.assign(this, { number, model, tiles: [], nLayers: 0, n: 0, replaced: 0, tileBoxes: 0 });
  }

  /** Stands for all tiers before it (R-DEC-05). */
  get replaces() {
    return this.model.shrink === REPLACES;
  }

  get nTileBoxes() {
    return this.tiles.length * this.nLayers;
  }

  /** Layers that are whole for all tiles. */
  get wholeLayers() {
    return this.tiles.length === 0 ? 0 : Math.floor(this.tileBoxes / this.tiles.length);
  }

  /** Layer, tile and length that the next TILE box shall have. */
  expectedTile() {
    const layer = this.wholeLayers;
    const tile = this.tileBoxes % this.tiles.length;
    return { layer, tile, length: this.tiles[tile].sizes[layer] };
  }
}

/** Checks the order of boxes (R-BOX-07 to 09) and collects what they hold. */
class Stream {
  constructor(limits) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.size = null; // of the stream, when known
    this.stage = "HEAD"; // the critical box that must come next
    this.seen = new Set();
    this.crcOfCrcs = 0;
    this.length = FILE_HEADER_BYTES;
    this.tiers = []; // as far as their MODL is there
    Object.assign(this, { views: [], meta: {}, packedExtra: null, restorers: [], head: null });
  }

  start(bytes) {
    Object.assign(this, parseFileHeader(bytes));
  }

  /** Takes a whole box: `header` parsed, `bytes` header and payload, `crc` as stored. */
  accept(header, bytes, crc) {
    if (crc32c(bytes) !== crc) throw formatError(`box ${header.type}: wrong checksum`);
    checkBoxHeader(header);
    this.length += bytes.length + 4;
    this.checkLength(this.length);
    const payload = bytes.subarray(BOX_HEADER_BYTES);
    if (header.flags === 1) this.critical(header, payload);
    else this.ancillary(header, payload);
    if (header.type !== "END ") {
      const stored = new Uint8Array([crc, crc >>> 8, crc >>> 16, crc >>> 24]);
      this.crcOfCrcs = crc32c(stored, this.crcOfCrcs);
    }
    return payload;
  }

  /** R-LVL-01. */
  checkLength(n) {
    if (n > this.bounds.bytes) throw unsupported("the stream is longer than its level allows");
  }

  /** The tier whose boxes come, or came last. */
  get tier() {
    return this.tiers[this.tiers.length - 1];
  }

  critical(header, payload) {
    if (header.type !== this.stage) {
      throw formatError(`box ${header.type} where ${this.stage.trim()} belongs`);
    }
    if (header.type === "HEAD") {
      this.memory = new Memory(this.limits, this.size);
      this.head = parseHead(payload, this.bounds, this.limits, this.profile, this.memory);
      this.stage = "MODL";
    } else if (header.type === "MODL") {
      const number = this.tiers.length;
      const model = this.profile === LOSSY ? parseModl(payload, this.head, number === 0)
        : parseModlLossless(payload, this.head);
      this.tiers.push(new Tier(number, model));
      this.stage = "INDX";
    } else if (header.type === "INDX") {
      this.index(payload);
    } else if (header.type === "TILE") {
      this.tile(header);
    } else {
      this.end(payload);
    }
  }

  index(payload) {
    const { tier, tiers, head } = this;
    const before = { nTiles: 0, n: 0, replaced: 0 };
    for (const { tiles, n, replaced } of tiers) {
      before.nTiles += tiles.length;
      before.n += n;
      before.replaced = Math.max(before.replaced, replaced);
    }
    if (tier.replaces) before.replaced = before.n;
    const last = tiers.length === head.nTiers;
    Object.assign(tier, parseIndx(payload, head, tier.model, this.bounds, before, last));
    this.stage = tier.nTileBoxes > 0 ? "TILE" : "END ";
  }

  tile(header) {
    const { tier } = this;
    const expected = tier.expectedTile();
    if (header.layer !== expected.layer || header.tile !== expected.tile) {
      throw formatError("TILE boxes are out of order");
    }
    if (header.length !== expected.length) throw formatError("a TILE box has not the size INDX gives");
    tier.tileBoxes += 1;
    if (tier.tileBoxes < tier.nTileBoxes) return;
    this.stage = this.tiers.length < this.head.nTiers ? "MODL" : "END ";
  }

  end(payload) {
    const r = new Reader(payload, "END");
    const total = r.u64();
    const crc = r.u32();
    r.end();
    if (total !== this.length) throw formatError("END: the length of the stream is another");
    if (crc !== this.crcOfCrcs) throw formatError("END: wrong checksum of checksums");
    this.stage = null;
  }

  /** True between two TILE boxes of a tier. */
  get insideTiles() {
    return this.stage === "TILE" && this.tier.tileBoxes > 0;
  }

  ancillary(header, payload) {
    if (this.stage === "HEAD") throw formatError(`box ${header.type} before HEAD`);
    if (this.insideTiles) throw formatError(`box ${header.type} between TILE boxes`);
    if (!ANCILLARY.includes(header.type)) return;
    if (this.seen.has(header.type)) throw formatError(`box ${header.type} stands twice`);
    this.seen.add(header.type);
    if (header.type === "VIEW") this.views = this.limits.views ? parseView(payload) : [];
    else if (header.type === "META") this.meta = parseMeta(payload);
    else if (header.type === "EXTR") this.packedExtra = payload;
    else this.restorers.push(describeRestorer(header.type, payload));
  }

  /** 5.9: is the stream usable although it ends in a box of which `bytes` are there? */
  cut(bytes) {
    if (this.limits.wholeOnly) throw formatError("the stream is cut short");
    if (this.tiers.length === 0 || this.tiers[0].wholeLayers === 0) {
      throw formatError("the stream ends before its base layer does");
    }
    if (!this.insideTiles && this.beginsAncillary(bytes)) return;
    if (this.stage === "TILE") {
      const { layer, tile, length } = this.tier.expectedTile();
      // No box can have so many bytes, so that no length of its header fits (4.5).
      if (length > 0xffffffff && bytes.length > 8) throw formatError("no box is that long");
      matchHeader(bytes, ["TILE", 1, layer, tile & 255, tile >> 8, ...lengthBytes(length)]);
    } else {
      const end = this.stage === "END " ? lengthBytes(12) : [];
      matchHeader(bytes, [this.stage, 1, 0, 0, 0, ...end]);
    }
  }

  /** Whether `bytes` begin the header of an ancillary box that may still come (5.9). */
  beginsAncillary(bytes) {
    const type = String.fromCharCode(...bytes.subarray(0, 4));
    if (CRITICAL.includes(type) || this.seen.has(type)) return false;
    return bytes.subarray(4, 8).every((byte) => byte === 0);
  }

  /** Columns of EXTR for `n` Gaussians from `first` on: those of the tiers in the scene (4.9). */
  extra(first, n) {
    if (this.packedExtra === null) return {};
    const columns = parseExtr(this.packedExtra, this.head, this.memory);
    if (n < this.head.nGaussians) {
      for (const name of Object.keys(columns)) columns[name] = columns[name].slice(first, first + n);
    }
    return columns;
  }
}

const lengthBytes = (n) => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24];

function matchHeader(bytes, [type, ...rest]) {
  const expected = [...type].map((c) => c.charCodeAt(0)).concat(rest);
  for (let i = 0; i < Math.min(bytes.length, expected.length); i++) {
    if (bytes[i] !== expected[i]) throw formatError("the stream ends in a damaged box header");
  }
}

/** Values a Gaussian in each array of a scene. */
const arrayWidths = (head) => ({
  means: 3, logScales: 3, quats: 4, opacityLogits: 1, sh0: 3, shN: 3 * head.nRest,
});

/**
 * A scene without Gaussians; `tiers` will say of each tier that is there {n, layers, layersDecoded,
 * replaced}; of replaced tiers the scene has nothing.
 */
function emptyScene(stream) {
  const { head } = stream;
  const scene = {
    n: 0, shDegree: head.shDegree, antialiased: head.antialiased, orderKept: head.orderKept,
    frame: head.frame, colourSpace: head.colourSpace, unit: head.unit,
    profile: PROFILES[stream.profile], level: stream.level, nTiers: head.nTiers, tiers: [],
    complete: false, views: stream.views, meta: stream.meta, extra: {}, restorers: stream.restorers,
  };
  for (const name of ARRAYS) scene[name] = new Float32Array(0);
  return scene;
}

/** Makes room for `n` Gaussians, new ones after the old; `shN` stays zero until an SH layer is decoded. */
function grow(scene, head, n) {
  try {
    for (const [name, width] of Object.entries(arrayWidths(head))) {
      const array = new Float32Array(width * n);
      array.set(scene[name]);
      scene[name] = array;
    }
  } catch (error) {
    if (error instanceof RangeError) throw new NfxError("limit", `no memory for ${n} Gaussians`);
    throw error;
  }
  scene.n = n;
}

/** Decodes TILE payloads into a scene, tier by tier and layer by layer. */
class SceneBuilder {
  constructor(stream) {
    this.stream = stream;
    this.tier = null;
    this.tiles = []; // of the tier
    this.earlier = []; // tiles of the tiers before, when these can shrink
    this.scene = emptyScene(stream);
  }

  /** The tier to which the next payloads belong. */
  begin(tier) {
    const { head, profile } = this.stream;
    const Tile = profile === LOSSY ? LossyTile : LosslessTile;
    if (profile === LOSSY) this.earlier = this.earlier.concat(this.tiles.map((tile) => tile.written()));
    this.tier = tier;
    this.tiles = tier.tiles.map((row) => new Tile(tier.model, head, row));
  }

  decode(layer, tile, payload) {
    this.tiles[tile].decodeLayer(layer, payload);
  }

  /** The arrays after `layer` is decoded for all tiles of the tier. Memory is taken only here. */
  write(layer) {
    const { scene, tier } = this;
    const { first, n } = this.tiles[this.tiles.length - 1].row;
    if (layer === 0 && tier.replaces && scene.tiers.length > 0) this.clear();
    if (scene.n < first + n) grow(scene, this.stream.head, first + n);
    for (const tile of this.tiles) tile.write(layer, scene);
    if (layer === 0 && tier.model.shrink > 0) {
      for (const tile of this.earlier) tile.shrink(tier.model.shrink, scene);
    }
    const { layers } = tier.model;
    scene.tiers[tier.number] = { n: tier.n, layers, layersDecoded: layer + 1, replaced: false };
    return scene;
  }

  /** Nothing is left of the tiers before (R-DEC-05). */
  clear() {
    const { scene } = this;
    this.earlier = [];
    scene.n = 0;
    for (const name of ARRAYS) scene[name] = new Float32Array(0);
    for (const tier of scene.tiers) tier.replaced = true;
  }

  /** The scene at its end; `whole`: END is there. */
  finish(whole) {
    const { scene, stream } = this;
    const { views, meta } = stream;
    const { nTiers, nGaussians } = stream.head;
    const finest = scene.tiers.every(({ layers, layersDecoded, replaced }) => (
      replaced || layersDecoded === layers.length));
    const all = nGaussians === 0 || scene.tiers.length === nTiers;
    const first = Math.max(0, ...stream.tiers.slice(0, scene.tiers.length).map((t) => t.replaced));
    const extra = stream.extra(first, scene.n);
    return Object.assign(scene, { complete: whole && finest && all, views, meta, extra });
  }
}

/** Reads the file header and the boxes of a source one after the other. */
class BoxReader {
  constructor(source, limits) {
    this.source = source;
    this.stream = new Stream(limits);
    this.at = 0;
  }

  /** Next box as {header, payload}, or null when the file ends in it (5.9) or before it. */
  async next() {
    const { stream, source } = this;
    if (this.at === 0) {
      stream.start(await source.read(0, FILE_HEADER_BYTES));
      this.at = FILE_HEADER_BYTES;
    }
    const start = await source.read(this.at, BOX_HEADER_BYTES);
    if (start.length < BOX_HEADER_BYTES) return this.cut(start);
    const header = parseBoxHeader(start);
    this.checkSize(header);
    stream.size = source.size ?? null;
    const size = BOX_HEADER_BYTES + header.length;
    const bytes = await source.read(this.at, size + 4);
    if (bytes.length < size + 4) return this.cut(bytes);
    const crc = new DataView(bytes.buffer, bytes.byteOffset + size, 4).getUint32(0, true);
    const payload = stream.accept(header, bytes.subarray(0, size), crc);
    this.at += size + 4;
    return { header, payload };
  }

  /** A box header that cannot be right is not worth a large request. */
  checkSize(header) {
    if (this.stream.stage === "TILE" && header.type === "TILE"
        && header.length !== this.stream.tier.expectedTile().length) {
      throw formatError("a TILE box has not the size INDX gives");
    }
  }

  cut(bytes) {
    this.stream.cut(bytes);
    return null;
  }

  async noMore() {
    if ((await this.source.read(this.at, 1)).length > 0) throw formatError("bytes follow the END box");
  }
}

/**
 * Decodes a stream step by step. source: BytesSource, HttpSource or anything with their `read`.
 * Yields {tier, layer, name, scene, bytes} after each layer of each tier, scene with all arrays at that
 * quality (the same object each time, refined; a tier's first layer makes the arrays longer), and at the
 * end {tier: null, layer: null, scene} with `complete` and `extra` set. onHead(info) is called when the
 * header boxes are read, and again with those of each further tier, which stand later in the file.
 * `tiers` and `maxLayers` (of each tier), both at least 1, stop early.
 * @throws NfxError for an invalid stream, possibly after layers were given.
 */
export async function* decodeProgressive(source, options = {}) {
  const { limits = {}, tiers = Infinity, maxLayers = Infinity, onHead } = options;
  const reader = new BoxReader(source, limits);
  const { stream } = reader;
  let builder = null;
  let failure = null;
  while (stream.stage !== null) {
    const box = await reader.next();
    if (box === null) break;
    const { tier } = stream;
    if (box.header.type === "INDX") {
      builder ??= new SceneBuilder(stream);
      builder.begin(tier);
      onHead?.(describe(stream));
    }
    if (box.header.type !== "TILE") continue;
    const { layer, tile } = box.header;
    if (layer >= maxLayers) continue;
    // An error counts when its layer is whole: layers cut short are ignored (R-CUT-01).
    try {
      if (failure === null) builder.decode(layer, tile, box.payload);
    } catch (error) {
      failure = error;
    }
    if (tile < tier.tiles.length - 1) continue;
    if (failure !== null) throw failure;
    const scene = builder.write(layer);
    yield { tier: tier.number, layer, name: tier.model.layers[layer], scene, bytes: reader.at };
    const lastTier = tier.number + 1 >= Math.min(tiers, stream.head.nTiers);
    const lastLayer = layer + 1 >= maxLayers || stream.stage === "MODL";
    if (lastTier && lastLayer && stream.stage !== "END ") break;
  }
  if (stream.stage === null) await reader.noMore();
  const scene = builder.finish(stream.stage === null);
  yield { tier: null, layer: null, name: "end", scene, bytes: reader.at };
}

/** What is known of a stream from its header boxes so far; `layers` are those of all tiers in a row. */
function describe(stream) {
  const { head, tiers } = stream;
  const known = tiers.map(({ n, model, tiles }) => ({
    nGaussians: n, layers: model.layers, nTiles: tiles.length,
    layerBytes: model.layers.map((_, l) => tiles.reduce((sum, t) => sum + (t.sizes[l] ?? 0), 0)),
  }));
  return {
    profile: PROFILES[stream.profile], level: stream.level, nGaussians: head.nGaussians,
    shDegree: head.shDegree, antialiased: head.antialiased, frame: FRAMES[head.frame],
    colourSpace: COLOUR_SPACES[head.colourSpace], unit: head.unit, nTiers: head.nTiers, tiers: known,
    layers: known.flatMap((t) => t.layers), layerBytes: known.flatMap((t) => t.layerBytes),
    nTiles: known.reduce((sum, t) => sum + t.nTiles, 0), views: stream.views,
    restorers: stream.restorers,
  };
}

/**
 * All boxes of a stream in memory are checked first, then its whole layers are decoded: of the first
 * `tiers` tiers, the first `maxLayers` layers of each (both at least 1).
 */
export function decode(bytes, { limits = {}, tiers = Infinity, maxLayers = Infinity } = {}) {
  const { stream, payloads, complete } = readBoxes(plainBytes(bytes), limits);
  const builder = new SceneBuilder(stream);
  const asked = stream.tiers.filter((tier) => tier.number < tiers && tier.wholeLayers > 0);
  const start = asked.findLastIndex((tier) => tier.replaces);
  const shown = asked.slice(Math.max(start, 0));
  grow(builder.scene, stream.head, shown.reduce((sum, { n }) => sum + n, 0)); // once for all tiers
  for (const tier of shown) {
    const nLayers = Math.min(tier.wholeLayers, maxLayers);
    builder.begin(tier);
    for (const { header, payload } of payloads[tier.number]) {
      if (header.layer < nLayers) builder.decode(header.layer, header.tile, payload);
    }
    const written = stream.profile === LOSSY ? finalLayers(tier.model, nLayers) : [0];
    for (const layer of written) builder.write(layer);
    builder.scene.tiers[tier.number].layersDecoded = nLayers;
  }
  for (const { n, model: { layers }, number } of asked.slice(0, Math.max(start, 0))) {
    builder.scene.tiers[number] = { n, layers, layersDecoded: 0, replaced: true };
  }
  return builder.finish(complete);
}

/** Layers whose `write` leaves all arrays final: base, and the last of the SH layers. */
function finalLayers(model, nLayers) {
  const firstSh = model.hasPosition ? 2 : 1;
  return nLayers > firstSh ? [0, nLayers - 1] : [0];
}

function readBoxes(data, limits) {
  const stream = new Stream(limits);
  stream.start(data);
  stream.size = data.length;
  stream.checkLength(data.length);
  const payloads = []; // of each tier
  let at = FILE_HEADER_BYTES;
  while (stream.stage !== null) {
    const whole = at + BOX_HEADER_BYTES <= data.length;
    const header = whole ? parseBoxHeader(data.subarray(at, at + BOX_HEADER_BYTES)) : null;
    const size = whole ? BOX_HEADER_BYTES + header.length : 0;
    if (!whole || at + size + 4 > data.length) {
      stream.cut(data.subarray(at));
      return { stream, payloads, complete: false };
    }
    const crc = new DataView(data.buffer, data.byteOffset + at + size, 4).getUint32(0, true);
    const payload = stream.accept(header, data.subarray(at, at + size), crc);
    if (header.type === "INDX") payloads.push([]);
    if (header.type === "TILE") payloads[payloads.length - 1].push({ header, payload });
    at += size + 4;
  }
  if (at !== data.length) throw formatError("bytes follow the END box");
  return { stream, payloads, complete: true };
}

// -- Decoding in a Worker ------------------------------------------------------------------------

const WORKER_NAME = "nfx-decoder";
const ARRAYS = ["means", "logScales", "quats", "opacityLogits", "sh0", "shN"];

/** Arrays that a layer changes: a tier's first makes all of them longer. */
function changedBy(name) {
  if (name === "position") return ["means"];
  return name.startsWith("sh-") ? ["shN"] : ARRAYS;
}

/**
 * `decodeProgressive` in a Worker of its own: the page stays responsive. source: bytes (moved to the
 * worker) or the URL of a stream that is read by range requests. Yields what `decodeProgressive`
 * yields; each step has fresh arrays for what the layer changed. The worker decodes on when the next
 * step is asked for. options.script: URL of this module for the worker, where its own cannot serve
 * (pages opened from disk need a data: URL).
 * @throws NfxError as `decodeProgressive`; Error for trouble with the network.
 */
export async function* decodeInWorker(source, options = {}) {
  const { limits, tiers, maxLayers, onHead, script = import.meta.url } = options;
  const worker = new Worker(script, { type: "module", name: WORKER_NAME });
  const waiting = [];
  let wake = () => {};
  worker.onmessage = ({ data }) => {
    waiting.push(data);
    wake();
  };
  worker.onerror = (event) => {
    waiting.push({ error: { message: event.message ?? "the decoding worker does not start" } });
    wake();
  };
  const byUrl = typeof source === "string" || source instanceof URL;
  const given = byUrl ? String(new URL(source, globalThis.location?.href)) : plainBytes(source).slice();
  worker.postMessage({ source: given, options: { limits, tiers, maxLayers } }, byUrl ? [] : [given.buffer]);
  try {
    let scene = {};
    for (;;) {
      if (waiting.length === 0) await new Promise((resolve) => { wake = resolve; });
      const message = waiting.shift();
      if (message.error) throw rebuiltError(message.error);
      if (message.head) {
        onHead?.(message.head);
        continue;
      }
      scene = withZeroSh(Object.assign(scene, message.step.scene));
      yield { ...message.step, scene };
      if (message.step.layer === null) return;
      worker.postMessage({ next: true });
    }
  } finally {
    worker.terminate();
  }
}

/** The worker sends no `shN` as long as it holds zeros. */
function withZeroSh(scene) {
  const length = 3 * scene.n * ((scene.shDegree + 1) ** 2 - 1);
  if (scene.shN?.length !== length) scene.shN = new Float32Array(length);
  return scene;
}

function rebuiltError({ kind, message }) {
  return kind ? new NfxError(kind, message) : new Error(message);
}

/** The worker's side; `asked` waits for the page to want more. */
async function answer(data, asked) {
  try {
    const source = typeof data.source === "string" ? new HttpSource(data.source)
      : new BytesSource(data.source);
    const options = { ...data.options, onHead: (head) => postMessage({ head }) };
    let known = false;
    let hasSh = false;
    for await (const step of decodeProgressive(source, options)) {
      const scene = { ...step.scene };
      const last = step.layer === null;
      hasSh ||= step.name.startsWith("sh-") || scene.profile === PROFILES[LOSSLESS];
      const all = hasSh ? ARRAYS : ARRAYS.filter((name) => name !== "shN");
      const changed = known ? (last ? [] : changedBy(step.name).filter((a) => all.includes(a))) : all;
      for (const name of ARRAYS) {
        if (changed.includes(name)) scene[name] = scene[name].slice();
        else delete scene[name];
      }
      known = true;
      postMessage({ step: { ...step, scene } }, changed.map((name) => scene[name].buffer));
      if (!last) await asked();
    }
  } catch (error) {
    postMessage({ error: { kind: error.kind, message: error.message } });
  }
}

if (typeof WorkerGlobalScope !== "undefined" && globalThis instanceof WorkerGlobalScope
    && globalThis.name === WORKER_NAME) {
  let goOn = () => {};
  const asked = () => new Promise((resolve) => { goOn = resolve; });
  globalThis.onmessage = ({ data }) => (data.next ? goOn() : answer(data, asked));
}

/** The file `tables.bin` of annex C (R-TAB-01); last, because the line is long. */
function tablesInBase64() {
  return "BfOIwTS+bsGFZV7BI6FTwV2WS8F3KkXB9NE/was9O8FTPDfBKK0zwUR5MMEEkC3B8eQqwXhuKMERJSbBuAIkwYoCIsGBICDBQlkewf2pHMFJEBvBGooZwacVGMFosRbBAVwVwUMUFMEg2RLBqakRwQmFEMGAag/BYlkOwRRRDcEIUQzBvlgLwcJnCsGofQnBD5oIwZy8B8H95AbB5RIGwQ1GBcE0fgTBHbsDwY/8AsFVQgLBPowBwR3aAMHFKwDBHgL/wKmz/cDka/zAiyr7wF/v+cAluvjApYr3wKhg9sD9O/XAcxz0wN4B88AS7PHA59rwwDXO78DYxe7ArMHtwJHB7MBlxevACs3qwGTY6cBW5+jAxvnnwJkP58C4KObADEXlwHxk5MD1huPAYqziwK3U4cDF/+DAly3gwBJe38Ajkd7AvMbdwMv+3MBDOdzAFHbbwC+12sCI9tnAEjrZwL5/2MCCx9fAURHXwCBd1sDkqtXAkfrUwB5M1MB/n9PArfTSwJxL0sBFpNHAnf7QwJxa0MA7uM/AcBfPwDR4zsB/2s3AST7NwI2jzMBBCszAYHLLwOPbysDERsrA+7LJwIQgycBXj8jAcP/HwMhwx8Ba48bAIVfGwBjMxcA4QsXAfrnEwOQxxMBmq8PA/yXDwKuhwsBlHsLAKZzBwPIawcC+msDAhhvAwEmdv8ABIL/ArKO+wEUovsDIrb3ANDS9wIO7vMCzQ7zAwcy7wKlWu8Bo4brA+2y6wF/5ucCRhrnAjhS5wFSjuMDgMrjALsO3wD5Ut8AK5rbAkni2wNMLtsDKn7XAdjS1wNLJtMDeX7TAl/azwPuNs8AIJrPAu76ywBNYssAN8rHAp4yxwOAnscC1w7DAJWCwwC79r8DNmq/AAjmvwMrXrsAjd67ADReuwIS3rcCIWK3AGPqswDCcrMDQPqzA9uGrwKGFq8DQKavAgM6qwLBzqsBgGarAjL+pwDVmqcBZDanA9rSowAxdqMCYBajAmq6nwBBYp8D6AafAVaymwCJXpsBdAqbACK6lwB9apcCjBqXAkrOkwOtgpMCtDqTA17yjwGhro8BeGqPAusmiwHl5osCcKaLAINqhwAWLocBKPKHA7+2gwPKfoMBSUqDADgWgwCa4n8CZa5/AZh+fwIzTnsAKiJ7A3zyewAzyncCOp53AZV2dwJATncAPypzA4YCcwAU4nMB675vAQKebwFVfm8C6F5vAbtCawG+JmsC+QprAWfyZwEC2mcBycJnA7iqZwLXlmMDFoJjAHVyYwL4XmMCm05fA1Y+XwEtMl8AGCZfABsaWwEuDlsDUQJbAof6VwLG8lcACe5XAljmVwGz4lMCCt5TA2HaUwG42lMBE9pPAWLaTwKt2k8A8N5PACviSwBS5ksBcepLA3zuSwJ79kcCYv5HAzYGRwDxEkcDkBpHAxsmQwOGMkMA0UJDAwBOQwIPXj8B9m4/Arl+PwBYkj8Cz6I7Ah62OwI9yjsDNN47AP/2NwOXCjcC/iI3AzE6NwAwVjcB/24zAJaKMwPxojMAFMIzAP/eLwKq+i8BGhovAEk6LwA4Wi8A53orAlKaKwB5visDXN4rAvQCKwNLJicAVk4nAhVyJwCImicDs74jA4rmIwAWEiMBUTojAzhiIwHTjh8BErofAQHmHwGZEh8C2D4fAMduGwNWmhsCicobAmT6GwLgKhsAB14XAcaOFwApwhcDLPIXAswmFwMPWhMD6o4TAWHGEwN0+hMCIDITAWdqDwFCog8BtdoPAsESDwBcTg8Ck4YLAVrCCwCx/gsAnToLARh2CwInsgcDvu4HAeYuBwCdbgcD4KoHA6/qAwAHLgMA6m4DAlWuAwBI8gMCyDIDA5bp/wKpcf8Cx/n7A+6B+wIZDfsBT5n3AYol9wLEsfcBA0HzAEHR8wB8YfMBuvHvA+2B7wMcFe8DSqnrAGlB6wKH1ecBkm3nAZEF5wKHneMAajnjAzzR4wMDbd8DsgnfAUyp3wPTRdsDQeXbA5iF2wDbKdcC/cnXAgRt1wHzEdMCvbXTAGxd0wL/Ac8CaanPArBRzwPW+csB2aXLALBRywBm/ccA8anHAlBVxwCHBcMDkbHDA2xhwwAfFb8BncW/A/B1vwMPKbsC/d27A7SRuwE/SbcDjf23AqS1twKLbbMDMiWzAKThswLbma8B1lWvAZURrwIXzasDWomrAV1JqwAgCasDpsWnA+WFpwDkSacCowmjARXNowBEkaMAM1WfANIZnwIs3Z8AP6WbAwJpmwJ9MZsCr/mXA5LBlwEljZcDbFWXAmchkwIN7ZMCZLmTA2uFjwEeVY8DfSGPAovxiwJCwYsCoZGLA6hhiwFfNYcDugWHArjZhwJnrYMCsoGDA6VVgwE8LYMDdwF/AlXZfwHUsX8B94l7ArZhewAVPXsCFBV7ALLxdwPtyXcDxKV3ADuFcwFKYXMC9T1zATgdcwAa/W8DkdlvA5y5bwBHnWsBgn1rA1VdawG8QWsAvyVnAE4JZwBw7WcBK9FjAna1YwBRnWMCvIFjAbtpXwFKUV8BZTlfAgwhXwNHCVsBDfVbA1zdWwI/yVcBprVXAZ2hVwIYjVcDI3lTALZpUwLRVVMBcEVTAJ81TwBOJU8AhRVPAUAFTwKG9UsASelLApTZSwFnzUcAtsFHAIm1RwDcqUcBt51DAw6RQwDpiUMDQH1DAht1PwFubT8BQWU/AZRdPwJnVTsDsk07AX1JOwPAQTsCgz03Ab45NwFxNTcBoDE3AkstMwNqKTMBASkzAxQlMwGfJS8AniUvABUlLwAAJS8AYyUrATolKwKFJSsARCkrAnspJwEeLScAOTEnA8QxJwPDNSMAMj0jARVBIwJkRSMAJ00fAlpRHwD5WR8ACGEfA4dlGwNybRsDzXUbAJSBGwHLiRcDapEXAXWdFwPspRcC07ETAiK9EwHZyRMB+NUTAofhDwN+7Q8A2f0PAqEJDwDQGQ8DayULAmY1CwHJRQsBlFULAcdlBwJedQcDWYUHALyZBwKDqQMArr0DAz3NAwIs4QMBh/T/AT8I/wFWHP8B1TD/ArBE/wPzWPsBlnD7A5WE+wH4nPsAu7T3A97I9wNd4PcDQPj3A3wQ9wAfLPMBGkTzAnFc8wAoePMCP5DvAK6s7wN5xO8CoODvAif86wIHGOsCQjTrAtVQ6wPEbOsBE4znArao5wCxyOcDCOTnAbgE5wDDJOMAIkTjA9lg4wPogOMAU6TfARLE3wIl5N8DkQTfAVQo3wNvSNsB2mzbAJ2Q2wO0sNsDI9TXAuL41wL6HNcDYUDXABxo1wEvjNMCkrDTAEXY0wJM/NMAqCTTA1dIzwJWcM8BoZjPAUDAzwE36MsBdxDLAgo4ywLpYMsAHIzLAZ+0xwNu3McBjgjHA/0wxwK4XMcBx4jDAR60wwDF4MMAuQzDAPg4wwGLZL8CZpC/A428vwEA7L8CwBi/AMtIuwMidLsBxaS7ALDUuwPoALsDazC3AzpgtwNNkLcDrMC3AFv0swFPJLMCilSzAA2IswHYuLMD8+ivAlMcrwD2UK8D5YCvAxi0rwKX6KsCWxyrAmZQqwK1hKsDTLirACvwpwFPJKcCtlinAGWQpwJYxKcAk/yjAxMwowHSaKMA2aCjACTYowO0DKMDh0SfA558nwP5tJ8AlPCfAXQonwKXYJsD/pibAaXUmwONDJsBuEibACeElwLWvJcBxfiXAPU0lwBocJcAH6yTABLokwBGJJMAuWCTAWyckwJj2I8DlxSPAQZUjwK5kI8AqNCPAtgMjwFLTIsD9oiLAuHIiwIJCIsBcEiLAReIhwD2yIcBFgiHAXVIhwIMiIcC58iDA/cIgwFGTIMC0YyDAJjQgwKcEIMA31R/A1qUfwIR2H8BARx/ACxgfwOXoHsDOuR7AxYoewMtbHsDfLB7AAv4dwDPPHcBzoB3AwXEdwB5DHcCIFB3AAeYcwIm3HMAeiRzAwlocwHMsHMAz/hvAAdAbwNyhG8DGcxvAvUUbwMIXG8DW6RrA9rsawCWOGsBhYBrAqzIawAMFGsBo1xnA26kZwFt8GcDpThnAhCEZwCz0GMDixhjApZkYwHZsGMBTPxjAPhIYwDblF8A7uBfATYsXwG1eF8CZMRfA0gQXwBnYFsBsqxbAzH4WwDlSFsCyJRbAOfkVwMzMFcBsoBXAGHQVwNFHFcCXGxXAae8UwEjDFMAzlxTAK2sUwC8/FMBAExTAXecTwIa7E8C8jxPA/WMTwEs4E8ClDBPADOESwH61EsD9iRLAh14SwB4zEsDBBxLAb9wRwCqxEcDwhRHAwloRwKAvEcCKBBHAgNkQwIGuEMCOgxDAp1gQwMstEMD7AhDAN9gPwH6tD8DQgg/ALlgPwJgtD8ANAw/AjdgOwBmuDsCwgw7AUlkOwAAvDsC5BA7AfdoNwEywDcAnhg3ADFwNwP0xDcD5Bw3A/90MwBG0DMAuigzAVmAMwIg2DMDGDAzADuMLwGG5C8DAjwvAKGYLwJw8C8AaEwvAo+kKwDfACsDVlgrAfm0KwDJECsDwGgrAuPEJwIvICcBpnwnAUXYJwENNCcBAJAnAR/sIwFnSCMB1qQjAm4AIwMxXCMAGLwjASwYIwJrdB8DztAfAV4wHwMRjB8A8OwfAvRIHwEnqBsDfwQbAfpkGwChxBsDcSAbAmSAGwGD4BcAx0AXADKgFwPF/BcDgVwXA2C8FwNoHBcDm3wTA/LcEwBuQBMBDaATAdkAEwLIYBMD38APARskDwJ+hA8ABegPAbFIDwOEqA8BgAwPA6NsCwHm0AsATjQLAt2UCwGQ+AsAbFwLA2u8BwKPIAcB1oQHAUXoBwDVTAcAjLAHAGQUBwBneAMAitwDANJAAwE9pAMBzQgDAoBsAwKzp/78qnP+/uU7/v1sB/78OtP6/02b+v6kZ/r+SzP2/i3/9v5cy/b+z5fy/4pj8vyFM/L9y//u/1bL7v0hm+7/NGfu/Y836vwqB+r/DNPq/jOj5v2ec+b9SUPm/TwT5v1y4+L96bPi/qSD4v+nU9785ife/mz33vw3y9r+Ppva/Ilv2v8YP9r96xPW/P3n1vxQu9b/64vS/75f0v/ZM9L8MAvS/M7fzv2ps87+xIfO/CNfyv2+M8r/mQfK/bffxvwWt8b+sYvG/YxjxvyrO8L8AhPC/5znwv93v77/jpe+/+Vvvvx4S779TyO6/l37uv+s07r9O6+2/waHtv0RY7b/VDu2/dsXsvyZ87L/mMuy/tenrv5Og67+AV+u/fA7rv4fF6r+hfOq/yzPqvwPr6b9Koum/oVnpvwYR6b96yOi//H/ov4436L8u7+e/3abnv5te579nFue/Qs7mvyuG5r8jPua/Kvblvz+u5b9iZuW/lB7lv9TW5L8ij+S/f0fkv+r/479juOO/63Djv4Ap478k4uK/1priv5ZT4r9kDOK/QMXhvyp+4b8iN+G/J/Dgvzup4L9dYuC/jBvgv8nU378Ujt+/bUffv9MA379Hut6/yHPev1gt3r/05t2/nqDdv1Za3b8bFN2/7s3cv86H3L+8Qdy/tvvbv7+127/Ub9u/9ynbvyfk2r9kntq/rljavwUT2r9qzdm/24fZv1pC2b/m/Ni/frfYvyRy2L/WLNi/lufXv2Ki1787Xde/IRjXvxTT1r8Tjta/IEnWvzkE1r9ev9W/kHrVv8811b8b8dS/c6zUv9dn1L9II9S/xt7Tv1Ca07/mVdO/iRHTvzjN0r/ziNK/u0TSv48A0r9vvNG/XHjRv1Q00b9Z8NC/aqzQv4do0L+wJNC/5uDPvyedz790Wc+/zRXPvzPSzr+kjs6/IUvOv6oHzr8+xM2/34DNv4s9zb9E+sy/B7fMv9dzzL+yMMy/me3Lv4yqy7+KZ8u/lCTLv6nhyr/Knsq/9lvKvy4Zyr9x1sm/wJPJvxpRyb+ADsm/8cvIv22JyL/0Rsi/hwTIvyXCx7/Pf8e/gz3Hv0P7xr8Ouca/5HbGv8U0xr+x8sW/qLDFv6puxb+3LMW/0OrEv/OoxL8hZ8S/WiXEv57jw7/tocO/R2DDv6sew78a3cK/lJvCvxlawr+pGMK/Q9fBv+iVwb+XVMG/URPBvxbSwL/lkMC/v0/Av6QOwL+Tzb+/jIy/v5BLv7+eCr+/t8m+v9qIvr8ISL6/QAe+v4LGvb/Phb2/JUW9v4YEvb/yw7y/Z4O8v+dCvL9xAry/BcK7v6OBu79MQbu//gC7v7rAur+BgLq/UUC6vywAur8QwLm//3+5v/c/ub/5/7i/BcC4vxyAuL87QLi/ZQC4v5nAt7/WgLe/HUG3v24Bt7/Iwba/LIK2v5pCtr8SA7a/k8O1vx6Etb+yRLW/UAW1v/fFtL+ohrS/Y0e0vycItL/0yLO/y4mzv6tKs7+VC7O/iMyyv4WNsr+LTrK/mg+yv7LQsb/UkbG//1KxvzMUsb9x1bC/t5awvwdYsL9gGbC/wtqvvy6cr7+iXa+/Hx+vv6bgrr82oq6/zmOuv3Alrr8a562/zqitv4pqrb9QLK2/Hu6sv/WvrL/Wcay/vjOsv7D1q7+rt6u/rnmrv7o7q7/P/aq/7b+qvxOCqr9CRKq/egaqv7rIqb8Di6m/VU2pv68Pqb8S0qi/fpSov/JWqL9uGai/89unv4Gep78XYae/tSOnv1zmpr8Lqaa/w2umv4Mupr9L8aW/HLSlv/V2pb/XOaW/wPykv7K/pL+tgqS/r0Wkv7oIpL/Ny6O/6I6jvwtSo782FaO/atiiv6abor/pXqK/NSKiv4nlob/lqKG/SWyhv7Uvob8p86C/pbagvyl6oL+1PaC/SAGgv+TEn7+IiJ+/M0yfv+YPn7+h056/ZJeevy9bnr8BH56/3OKdv76mnb+oap2/mS6dv5LynL+Ttpy/nHqcv6w+nL/EApy/48abvwqLm785T5u/bxObv63Xmr/ym5q/P2Cav5Mkmr/v6Jm/Uq2Zv71xmb8vNpm/qfqYvyq/mL+yg5i/QkiYv9kMmL940Ze/HZaXv8tal79/H5e/O+SWv/6olr/IbZa/mTKWv3L3lb9SvJW/OYGVvydGlb8cC5W/GNCUvxyVlL8nWpS/OR+Uv1Hkk79xqZO/mG6Tv8Yzk7/7+JK/N76Sv3qDkr/ESJK/FQ6Sv23Tkb/LmJG/MV6Rv54jkb8R6ZC/i66Qvwx0kL+UOZC/I/+Pv7jEj79Vio+/+E+Pv6IVj79S246/CqGOv8hmjr+MLI6/WPKNvyq4jb8Cfo2/4kONv8gJjb+0z4y/p5WMv6FbjL+iIYy/qOeLv7ati7/Kc4u/5DmLvwUAi78sxoq/WoyKv45Sir/JGIq/Ct+Jv1Klib+ga4m/9DGJv0/4iL+wvoi/F4WIv4VLiL/5EYi/c9iHv/Seh796ZYe/ByyHv5vyhr80uYa/1H+Gv3pGhr8mDYa/2NOFv5Gahb9PYYW/FCiFv9/uhL+vtYS/hnyEv2NDhL9HCoS/MNGDvx+Yg78UX4O/DyaDvxDtgr8YtIK/JXuCvzhCgr9RCYK/cNCBv5SXgb+/XoG/8CWBvybtgL9jtIC/pXuAv+1CgL86CoC/HKN/v88xf7+NwH6/V09+vyzefb8NbX2/+vt8v/GKfL/0GXy/A6l7vx04e79Cx3q/clZ6v67leb/1dHm/RwR5v6STeL8NI3i/gLJ3v/9Bd7+J0Xa/HmF2v73wdb9ogHW/HhB1v9+fdL+rL3S/gr9zv2NPc79Q33K/R29yv0n/cb9Wj3G/bR9xv5CvcL+9P3C/9c9vvzdgb7+E8G6/3IBuvz4Rbr+roW2/IjJtv6TCbL8wU2y/x+Nrv2h0a78UBWu/ypVqv4omar9Vt2m/KkhpvwnZaL/zaWi/5/pnv+WLZ7/tHGe//61mvxw/Zr9D0GW/c2Flv67yZL/zg2S/QhVkv5umY7/+N2O/a8liv+JaYr9i7GG/7X1hv4EPYb8goWC/yDJgv3rEX781Vl+/++dev8p5Xr+jC16/hZ1dv3IvXb9nwVy/Z1Ncv3DlW7+Cd1u/nglbv8SbWr/zLVq/LMBZv25SWb+55Fi/DndYv2wJWL/Um1e/RS5Xv7/AVr9CU1a/z+VVv2V4Vb8EC1W/rJ1Uv14wVL8Zw1O/3VVTv6roUr+Ae1K/Xw5Sv0ehUb84NFG/MsdQvzVaUL9B7U+/VoBPv3QTT7+bpk6/yjlOvwPNTb9EYE2/jvNMv+GGTL89Gky/oa1Lvw5BS7+E1Eq/AmhKv4n7Sb8Zj0m/sSJJv1K2SL/7SUi/rd1Hv2hxR78rBUe/9phGv8osRr+mwEW/i1RFv3joRL9tfES/axBEv3GkQ7+AOEO/lsxCv7VgQr/c9EG/DIlBv0MdQb+DsUC/y0VAvxvaP79zbj+/0wI/vzuXPr+sKz6/JMA9v6RUPb8t6Ty/vX08v1USPL/1pju/njs7v03QOr8FZTq/xfk5v4yOOb9cIzm/M7g4vxFNOL/44Te/5nY3v9wLN7/aoDa/3zU2v+zKNb8AYDW/HPU0v0CKNL9rHzS/nrQzv9hJM78a3zK/Y3Qyv7QJMr8MnzG/azQxv9LJML9BXzC/tvQvvzOKL7+3Hy+/Q7Uuv9ZKLr9w4C2/EXYtv7oLLb9poSy/IDcsv97MK7+jYiu/cPgqv0OOKr8eJCq//7kpv+hPKb/X5Si/znsov8sRKL/Qpye/2z0nv+3TJr8Gaia/JwAmv06WJb97LCW/sMIkv+tYJL8t7yO/doUjv8YbI78dsiK/ekgiv93eIb9IdSG/uQshvzGiIL+vOCC/NM8fv8BlH79S/B6/6pIev4kpHr8vwB2/21Ydv43tHL9GhBy/Bhscv8uxG7+YSBu/at8av0N2Gr8iDRq/CKQZv/M6Gb/l0Ri/3mgYv9z/F7/hlhe/7C0Xv/3EFr8UXBa/MfMVv1WKFb9/IRW/rrgUv+RPFL8g5xO/Yn4Tv6kVE7/3rBK/S0QSv6XbEb8EcxG/agoRv9WhEL9HORC/vtAPvztoD7++/w6/RpcOv9UuDr9pxg2/A14Nv6P1DL9IjQy/8yQMv6S8C79aVAu/FuwKv9iDCr+fGwq/bLMJvz9LCb8X4wi/9HoIv9cSCL/Aqge/rkIHv6HaBr+acga/mQoGv5yiBb+mOgW/tNIEv8hqBL/hAgS/AJsDvyQzA79NywK/e2MCv6/7Ab/okwG/JiwBv2nEAL+xXAC//un/vqMa/75TS/6+DXz9vtGs/L6g3fu+eA77vlo/+r5HcPm+PaH4vj7S975IA/e+XDT2vntl9b6ilvS+1MfzvhD58r5VKvK+pFvxvvyM8L5fvu++yu/uvkAh7r6/Uu2+R4Tsvtm167505+q+GBnqvsZK6b5+fOi+Pq7nvgjg5r7bEea+t0Plvpx15L6Kp+O+gtnivoIL4r6MPeG+nm/gvrmh377e096+CwbevkE43b5/aty+x5zbvhfP2r5wAdq+0jPZvjxm2L6vmNe+KsvWvq791b46MNW+z2LUvmyV074SyNK+wPrRvnYt0b41YNC+/JLPvsvFzr6i+M2+givNvmlezL5Zkcu+UcTKvlH3yb5YKsm+aF3IvoCQx76fw8a+x/bFvvYpxb4tXcS+a5DDvrLDwr4A98G+VirBvrNdwL4Ykb++hcS+vvn3vb51K72++F68voKSu74Uxrq+rfm5vk4tub72YLi+pZS3vlvItr4Z/LW+3i+1vqpjtL58l7O+V8uyvjj/sb4gM7G+D2ewvgWbr74Cz66+BQOuvhA3rb4ha6y+OZ+rvljTqr5+B6q+qjupvt1vqL4XpKe+V9imvp4Mpr7rQKW+PnWkvpipo7753aK+YBKivs1Gob5Be6C+u6+fvjvknr7BGJ6+Tk2dvuCBnL55tpu+GOuavr0fmr5oVJm+GYmYvtC9l76N8pa+UCeWvhlclb7nkJS+vMWTvpb6kr52L5K+W2SRvkeZkL44zo++LgOPvio4jr4sbY2+M6KMvkDXi75SDIu+akGKvod2ib6pq4i+0eCHvv4Vh74wS4a+Z4CFvqS1hL7m6oO+LSCDvnlVgr7KioG+IcCAvvjqf764VX6+gsB8vlcre741lnm+HAF4vg5sdr4J13S+DUJzvhutcb4zGHC+U4Nuvn3ubL6xWWu+7cRpvjIwaL6Bm2a+2AZlvjlyY76i3WG+FElgvo+0Xr4SIF2+notbvjL3Wb7PYli+dc5WviI6Vb7YpVO+lxFSvl19UL4r6U6+AlVNvuDAS77HLEq+tZhIvqsER76ocEW+rtxDvrtIQr7PtEC+6yA/vg+NPb45+Tu+a2U6vqXROL7lPTe+LKo1vnsWNL7QgjK+Le8wvpBbL776xy2+azQsvuOgKr5hDSm+5XknvnDmJb4CUyS+mr8ivjgsIb7dmB++hwUevjhyHL7v3hq+rEsZvm64F743JRa+BZIUvtr+Er6zaxG+k9gPvnhFDr5isgy+Uh8LvkiMCb5C+Qe+QmYGvkfTBL5SQAO+Ya0BvnUaAL4dD/29Wun5vaDD9r3wnfO9SXjwvatS7b0WLeq9iwfnvQji472OvOC9HZfdvbVx2r1VTNe9/SbUva0B0b1m3M29JrfKve+Rx72/bMS9lkfBvXUivr1c/bq9Sdi3vT6ztL06jrG9PGmuvUVEq71VH6i9bPqkvYjVob2rsJ691IubvQNnmL04QpW9cx2SvbP4jr3504u9Ra+IvZWKhb3rZYK9i4J+vUs5eL0T8HG95qZrvcFdZb2lFF+9kstYvYeCUr2EOUy9ifBFvZanP72qXjm9xRUzvejMLL0QhCa9QDsgvXXyGb2xqRO98mANvTgYB72EzwC9qQ31vFR86LwI69u8xFnPvIjIwrxUN7a8J6apvAEVnbzgg5C8xfKDvF7Dbrw7oVW8IX88vA5dI7wBOwq88zHiu+3tr7vbU3u75ssWu9sPSbrbD0k65ssWO9tTezvt7a878zHiOwE7CjwOXSM8IX88PDuhVTxew248xfKDPOCDkDwBFZ08J6apPFQ3tjyIyMI8xFnPPAjr2zxUfOg8qQ31PITPAD04GAc98mANPbGpEz118hk9QDsgPRCEJj3ozCw9xRUzPapeOT2Wpz89ifBFPYQ5TD2HglI9kstYPaUUXz3BXWU95qZrPRPwcT1LOXg9i4J+Petlgj2VioU9Ra+IPfnTiz2z+I49cx2SPThClT0DZ5g91IubPauwnj2I1aE9bPqkPVUfqD1FRKs9PGmuPTqOsT0+s7Q9Sdi3PVz9uj11Ir49lkfBPb9sxD3vkcc9JrfKPWbczT2tAdE9/SbUPVVM1z21cdo9HZfdPY684D0I4uM9iwfnPRYt6j2rUu09SXjwPfCd8z2gw/Y9Wun5PR0P/T11GgA+Ya0BPlJAAz5H0wQ+QmYGPkL5Bz5IjAk+Uh8LPmKyDD54RQ4+k9gPPrNrET7a/hI+BZIUPjclFj5uuBc+rEsZPu/eGj44chw+hwUePt2YHz44LCE+mr8iPgJTJD5w5iU+5XknPmENKT7joCo+azQsPvrHLT6QWy8+Le8wPtCCMj57FjQ+LKo1PuU9Nz6l0Tg+a2U6Pjn5Oz4PjT0+6yA/Ps+0QD67SEI+rtxDPqhwRT6rBEc+tZhIPscsSj7gwEs+AlVNPivpTj5dfVA+lxFSPtilUz4iOlU+dc5WPs9iWD4y91k+notbPhIgXT6PtF4+FElgPqLdYT45cmM+2AZlPoGbZj4yMGg+7cRpPrFZaz597mw+U4NuPjMYcD4brXE+DUJzPgnXdD4ObHY+HAF4PjWWeT5XK3s+gsB8PrhVfj746n8+IcCAPsqKgT55VYI+LSCDPubqgz6ktYQ+Z4CFPjBLhj7+FYc+0eCHPqmriD6Hdok+akGKPlIMiz5A14s+M6KMPixtjT4qOI4+LgOPPjjOjz5HmZA+W2SRPnYvkj6W+pI+vMWTPueQlD4ZXJU+UCeWPo3ylj7QvZc+GYmYPmhUmT69H5o+GOuaPnm2mz7ggZw+Tk2dPsEYnj475J4+u6+fPkF7oD7NRqE+YBKiPvndoj6YqaM+PnWkPutApT6eDKY+V9imPhekpz7db6g+qjupPn4Hqj5Y06o+OZ+rPiFrrD4QN60+BQOuPgLPrj4Fm68+D2ewPiAzsT44/7E+V8uyPnyXsz6qY7Q+3i+1Phn8tT5byLY+pZS3PvZguD5OLbk+rfm5PhTGuj6Ckrs++F68PnUrvT75970+hcS+PhiRvz6zXcA+VirBPgD3wT6yw8I+a5DDPi1dxD72KcU+x/bFPp/Dxj6AkMc+aF3IPlgqyT5R98k+UcTKPlmRyz5pXsw+givNPqL4zT7Lxc4+/JLPPjVg0D52LdE+wPrRPhLI0j5sldM+z2LUPjow1T6u/dU+KsvWPq+Y1z48Ztg+0jPZPnAB2j4Xz9o+x5zbPn9q3D5BON0+CwbePt7T3j65od8+nm/gPow94T6CC+I+gtniPoqn4z6cdeQ+t0PlPtsR5j4I4OY+Pq7nPn586D7GSuk+GBnqPnTn6j7Ztes+R4TsPr9S7T5AIe4+yu/uPl++7z78jPA+pFvxPlUq8j4Q+fI+1MfzPqKW9D57ZfU+XDT2PkgD9z4+0vc+PaH4Pkdw+T5aP/o+eA77PqDd+z7RrPw+DXz9PlNL/j6jGv8+/un/PrFcAD9pxAA/JiwBP+iTAT+v+wE/e2MCP03LAj8kMwM/AJsDP+ECBD/IagQ/tNIEP6Y6BT+cogU/mQoGP5pyBj+h2gY/rkIHP8CqBz/XEgg/9HoIPxfjCD8/Swk/bLMJP58bCj/Ygwo/FuwKP1pUCz+kvAs/8yQMP0iNDD+j9Qw/A14NP2nGDT/VLg4/RpcOP77/Dj87aA8/vtAPP0c5ED/VoRA/agoRPwRzET+l2xE/S0QSP/esEj+pFRM/Yn4TPyDnEz/kTxQ/rrgUP38hFT9VihU/MfMVPxRcFj/9xBY/7C0XP+GWFz/c/xc/3mgYP+XRGD/zOhk/CKQZPyINGj9Ddho/at8aP5hIGz/LsRs/BhscP0aEHD+N7Rw/21YdPy/AHT+JKR4/6pIeP1L8Hj/AZR8/NM8fP684ID8xoiA/uQshP0h1IT/d3iE/ekgiPx2yIj/GGyM/doUjPy3vIz/rWCQ/sMIkP3ssJT9OliU/JwAmPwZqJj/t0yY/2z0nP9CnJz/LESg/znsoP9flKD/oTyk//7kpPx4kKj9Djio/cPgqP6NiKz/ezCs/IDcsP2mhLD+6Cy0/EXYtP3DgLT/WSi4/Q7UuP7cfLz8zii8/tvQvP0FfMD/SyTA/azQxPwyfMT+0CTI/Y3QyPxrfMj/YSTM/nrQzP2sfND9AijQ/HPU0PwBgNT/syjU/3zU2P9qgNj/cCzc/5nY3P/jhNz8RTTg/M7g4P1wjOT+Mjjk/xfk5PwVlOj9N0Do/njs7P/WmOz9VEjw/vX08Py3pPD+kVD0/JMA9P6wrPj87lz4/0wI/P3NuPz8b2j8/y0VAP4OxQD9DHUE/DIlBP9z0QT+1YEI/lsxCP4A4Qz9xpEM/axBEP218RD946EQ/i1RFP6bART/KLEY/9phGPysFRz9ocUc/rd1HP/tJSD9Stkg/sSJJPxmPST+J+0k/AmhKP4TUSj8OQUs/oa1LPz0aTD/hhkw/jvNMP0RgTT8DzU0/yjlOP5umTj90E08/VoBPP0HtTz81WlA/MsdQPzg0UT9HoVE/Xw5SP4B7Uj+q6FI/3VVTPxnDUz9eMFQ/rJ1UPwQLVT9leFU/z+VVP0JTVj+/wFY/RS5XP9SbVz9sCVg/DndYP7nkWD9uUlk/LMBZP/MtWj/Em1o/nglbP4J3Wz9w5Vs/Z1NcP2fBXD9yL10/hZ1dP6MLXj/KeV4/++dePzVWXz96xF8/yDJgPyChYD+BD2E/7X1hP2LsYT/iWmI/a8liP/43Yz+bpmM/QhVkP/ODZD+u8mQ/c2FlP0PQZT8cP2Y//61mP+0cZz/li2c/5/pnP/NpaD8J2Wg/KkhpP1W3aT+KJmo/ypVqPxQFaz9odGs/x+NrPzBTbD+kwmw/IjJtP6uhbT8+EW4/3IBuP4Twbj83YG8/9c9vP70/cD+Qr3A/bR9xP1aPcT9J/3E/R29yP1Dfcj9jT3M/gr9zP6svdD/fn3Q/HhB1P2iAdT+98HU/HmF2P4nRdj//QXc/gLJ3Pw0jeD+kk3g/RwR5P/V0eT+u5Xk/clZ6P0LHej8dOHs/A6l7P/QZfD/xinw/+vt8Pw1tfT8s3n0/V09+P43Afj/PMX8/HKN/PzoKgD/tQoA/pXuAP2O0gD8m7YA/8CWBP79egT+Ul4E/cNCBP1EJgj84QoI/JXuCPxi0gj8Q7YI/DyaDPxRfgz8fmIM/MNGDP0cKhD9jQ4Q/hnyEP6+1hD/f7oQ/FCiFP09hhT+RmoU/2NOFPyYNhj96RoY/1H+GPzS5hj+b8oY/ByyHP3plhz/0noc/c9iHP/kRiD+FS4g/F4WIP7C+iD9P+Ig/9DGJP6BriT9SpYk/Ct+JP8kYij+OUoo/WoyKPyzGij8FAIs/5DmLP8pziz+2rYs/qOeLP6IhjD+hW4w/p5WMP7TPjD/ICY0/4kONPwJ+jT8quI0/WPKNP4wsjj/IZo4/CqGOP1Lbjj+iFY8/+E+PP1WKjz+4xI8/I/+PP5Q5kD8MdJA/i66QPxHpkD+eI5E/MV6RP8uYkT9t05E/FQ6SP8RIkj96g5I/N76SP/v4kj/GM5M/mG6TP3Gpkz9R5JM/OR+UPydalD8clZQ/GNCUPxwLlT8nRpU/OYGVP1K8lT9y95U/mTKWP8htlj/+qJY/O+SWP38flz/LWpc/HZaXP3jRlz/ZDJg/QkiYP7KDmD8qv5g/qfqYPy82mT+9cZk/Uq2ZP+/omT+TJJo/P2CaP/Kbmj+t15o/bxObPzlPmz8Ki5s/48abP8QCnD+sPpw/nHqcP5O2nD+S8pw/mS6dP6hqnT++pp0/3OKdPwEfnj8vW54/ZJeeP6HTnj/mD58/M0yfP4iInz/kxJ8/SAGgP7U9oD8peqA/pbagPynzoD+1L6E/SWyhP+WooT+J5aE/NSKiP+leoj+mm6I/atiiPzYVoz8LUqM/6I6jP83Loz+6CKQ/r0WkP62CpD+yv6Q/wPykP9c5pT/1dqU/HLSlP0vxpT+DLqY/w2umPwuppj9c5qY/tSOnPxdhpz+Bnqc/89unP24ZqD/yVqg/fpSoPxLSqD+vD6k/VU2pPwOLqT+6yKk/egaqP0JEqj8Tgqo/7b+qP8/9qj+6O6s/rnmrP6u3qz+w9as/vjOsP9ZxrD/1r6w/Hu6sP1AsrT+Kaq0/zqitPxrnrT9wJa4/zmOuPzairj+m4K4/Hx+vP6Jdrz8unK8/wtqvP2AZsD8HWLA/t5awP3HVsD8zFLE//1KxP9SRsT+y0LE/mg+yP4tOsj+FjbI/iMyyP5ULsz+rSrM/y4mzP/TIsz8nCLQ/Y0e0P6iGtD/3xbQ/UAW1P7JEtT8ehLU/k8O1PxIDtj+aQrY/LIK2P8jBtj9uAbc/HUG3P9aAtz+ZwLc/ZQC4PztAuD8cgLg/BcC4P/n/uD/3P7k//3+5PxDAuT8sALo/UUC6P4GAuj+6wLo//gC7P0xBuz+jgbs/BcK7P3ECvD/nQrw/Z4O8P/LDvD+GBL0/JUW9P8+FvT+Cxr0/QAe+PwhIvj/aiL4/t8m+P54Kvz+QS78/jIy/P5PNvz+kDsA/v0/AP+WQwD8W0sA/URPBP5dUwT/olcE/Q9fBP6kYwj8ZWsI/lJvCPxrdwj+rHsM/R2DDP+2hwz+e48M/WiXEPyFnxD/zqMQ/0OrEP7csxT+qbsU/qLDFP7HyxT/FNMY/5HbGPw65xj9D+8Y/gz3HP89/xz8lwsc/hwTIP/RGyD9ticg/8cvIP4AOyT8aUck/wJPJP3HWyT8uGco/9lvKP8qeyj+p4co/lCTLP4pnyz+Mqss/me3LP7IwzD/Xc8w/B7fMP0T6zD+LPc0/34DNPz7EzT+qB84/IUvOP6SOzj8z0s4/zRXPP3RZzz8nnc8/5uDPP7Ak0D+HaNA/aqzQP1nw0D9UNNE/XHjRP2+80T+PANI/u0TSP/OI0j84zdI/iRHTP+ZV0z9QmtM/xt7TP0gj1D/XZ9Q/c6zUPxvx1D/PNdU/kHrVP16/1T85BNY/IEnWPxOO1j8U09Y/IRjXPztd1z9iotc/lufXP9Ys2D8kctg/frfYP+b82D9aQtk/24fZP2rN2T8FE9o/rljaP2Se2j8n5No/9ynbP9Rv2z+/tds/tvvbP7xB3D/Oh9w/7s3cPxsU3T9WWt0/nqDdP/Tm3T9YLd4/yHPeP0e63j/TAN8/bUffPxSO3z/J1N8/jBvgP11i4D87qeA/J/DgPyI34T8qfuE/QMXhP2QM4j+WU+I/1priPyTi4j+AKeM/63DjP2O44z/q/+M/f0fkPyKP5D/U1uQ/lB7lP2Jm5T8/ruU/KvblPyM+5j8rhuY/Qs7mP2cW5z+bXuc/3abnPy7v5z+ON+g//H/oP3rI6D8GEek/oVnpP0qi6T8D6+k/yzPqP6F86j+Hxeo/fA7rP4BX6z+ToOs/tenrP+Yy7D8mfOw/dsXsP9UO7T9EWO0/waHtP07r7T/rNO4/l37uP1PI7j8eEu8/+VvvP+Ol7z/d7+8/5znwPwCE8D8qzvA/YxjxP6xi8T8FrfE/bffxP+ZB8j9vjPI/CNfyP7Eh8z9qbPM/M7fzPwwC9D/2TPQ/75f0P/ri9D8ULvU/P3n1P3rE9T/GD/Y/Ilv2P4+m9j8N8vY/mz33PzmJ9z/p1Pc/qSD4P3ps+D9cuPg/TwT5P1JQ+T9nnPk/jOj5P8M0+j8Kgfo/Y836P80Z+z9IZvs/1bL7P3L/+z8hTPw/4pj8P7Pl/D+XMv0/i3/9P5LM/T+pGf4/02b+Pw60/j9bAf8/uU7/Pyqc/z+s6f8/oBsAQHNCAEBPaQBANJAAQCK3AEAZ3gBAGQUBQCMsAUA1UwFAUXoBQHWhAUCjyAFA2u8BQBsXAkBkPgJAt2UCQBONAkB5tAJA6NsCQGADA0DhKgNAbFIDQAF6A0CfoQNARskDQPfwA0CyGARAdkAEQENoBEAbkARA/LcEQObfBEDaBwVA2C8FQOBXBUDxfwVADKgFQDHQBUBg+AVAmSAGQNxIBkAocQZAfpkGQN/BBkBJ6gZAvRIHQDw7B0DEYwdAV4wHQPO0B0Ca3QdASwYIQAYvCEDMVwhAm4AIQHWpCEBZ0ghAR/sIQEAkCUBDTQlAUXYJQGmfCUCLyAlAuPEJQPAaCkAyRApAfm0KQNWWCkA3wApAo+kKQBoTC0CcPAtAKGYLQMCPC0BhuQtADuMLQMYMDECINgxAVmAMQC6KDEARtAxA/90MQPkHDUD9MQ1ADFwNQCeGDUBMsA1AfdoNQLkEDkAALw5AUlkOQLCDDkAZrg5AjdgOQA0DD0CYLQ9ALlgPQNCCD0B+rQ9AN9gPQPsCEEDLLRBAp1gQQI6DEECBrhBAgNkQQIoEEUCgLxFAwloRQPCFEUAqsRFAb9wRQMEHEkAeMxJAh14SQP2JEkB+tRJADOESQKUME0BLOBNA/WMTQLyPE0CGuxNAXecTQEATFEAvPxRAK2sUQDOXFEBIwxRAae8UQJcbFUDRRxVAGHQVQGygFUDMzBVAOfkVQLIlFkA5UhZAzH4WQGyrFkAZ2BZA0gQXQJkxF0BtXhdATYsXQDu4F0A25RdAPhIYQFM/GEB2bBhApZkYQOLGGEAs9BhAhCEZQOlOGUBbfBlA26kZQGjXGUADBRpAqzIaQGFgGkAljhpA9rsaQNbpGkDCFxtAvUUbQMZzG0DcoRtAAdAbQDP+G0BzLBxAwlocQB6JHECJtxxAAeYcQIgUHUAeQx1AwXEdQHOgHUAzzx1AAv4dQN8sHkDLWx5AxYoeQM65HkDl6B5ACxgfQEBHH0CEdh9A1qUfQDfVH0CnBCBAJjQgQLRjIEBRkyBA/cIgQLnyIECDIiFAXVIhQEWCIUA9siFAReIhQFwSIkCCQiJAuHIiQP2iIkBS0yJAtgMjQCo0I0CuZCNAQZUjQOXFI0CY9iNAWyckQC5YJEARiSRABLokQAfrJEAaHCVAPU0lQHF+JUC1ryVACeElQG4SJkDjQyZAaXUmQP+mJkCl2CZAXQonQCU8J0D+bSdA558nQOHRJ0DtAyhACTYoQDZoKEB0mihAxMwoQCT/KECWMSlAGWQpQK2WKUBTySlACvwpQNMuKkCtYSpAmZQqQJbHKkCl+ipAxi0rQPlgK0A9lCtAlMcrQPz6K0B2LixAA2IsQKKVLEBTySxAFv0sQOswLUDTZC1AzpgtQNrMLUD6AC5ALDUuQHFpLkDInS5AMtIuQLAGL0BAOy9A428vQJmkL0Bi2S9APg4wQC5DMEAxeDBAR60wQHHiMECuFzFA/0wxQGOCMUDbtzFAZ+0xQAcjMkC6WDJAgo4yQF3EMkBN+jJAUDAzQGhmM0CVnDNA1dIzQCoJNECTPzRAEXY0QKSsNEBL4zRABxo1QNhQNUC+hzVAuL41QMj1NUDtLDZAJ2Q2QHabNkDb0jZAVQo3QORBN0CJeTdARLE3QBTpN0D6IDhA9lg4QAiROEAwyThAbgE5QMI5OUAscjlArao5QETjOUDxGzpAtVQ6QJCNOkCBxjpAif86QKg4O0DecTtAK6s7QI/kO0AKHjxAnFc8QEaRPEAHyzxA3wQ9QNA+PUDXeD1A97I9QC7tPUB+Jz5A5WE+QGWcPkD81j5ArBE/QHVMP0BVhz9AT8I/QGH9P0CLOEBAz3NAQCuvQECg6kBALyZBQNZhQUCXnUFAcdlBQGUVQkByUUJAmY1CQNrJQkA0BkNAqEJDQDZ/Q0Dfu0NAofhDQH41REB2ckRAiK9EQLTsRED7KUVAXWdFQNqkRUBy4kVAJSBGQPNdRkDcm0ZA4dlGQAIYR0A+VkdAlpRHQAnTR0CZEUhARVBIQAyPSEDwzUhA8QxJQA5MSUBHi0lAnspJQBEKSkChSUpATolKQBjJSkAACUtABUlLQCeJS0BnyUtAxQlMQEBKTEDaikxAkstMQGgMTUBcTU1Ab45NQKDPTUDwEE5AX1JOQOyTTkCZ1U5AZRdPQFBZT0Bbm09Aht1PQNAfUEA6YlBAw6RQQG3nUEA3KlFAIm1RQC2wUUBZ81FApTZSQBJ6UkChvVJAUAFTQCFFU0ATiVNAJ81TQFwRVEC0VVRALZpUQMjeVECGI1VAZ2hVQGmtVUCP8lVA1zdWQEN9VkDRwlZAgwhXQFlOV0BSlFdAbtpXQK8gWEAUZ1hAna1YQEr0WEAcO1lAE4JZQC/JWUBvEFpA1VdaQGCfWkAR51pA5y5bQOR2W0AGv1tATgdcQL1PXEBSmFxADuFcQPEpXUD7cl1ALLxdQIUFXkAFT15ArZheQH3iXkB1LF9AlXZfQN3AX0BPC2BA6VVgQKygYECZ62BArjZhQO6BYUBXzWFA6hhiQKhkYkCQsGJAovxiQN9IY0BHlWNA2uFjQJkuZECDe2RAmchkQNsVZUBJY2VA5LBlQKv+ZUCfTGZAwJpmQA/pZkCLN2dANIZnQAzVZ0ARJGhARXNoQKjCaEA5EmlA+WFpQOmxaUAIAmpAV1JqQNaiakCF82pAZURrQHWVa0C25mtAKThsQMyJbECi22xAqS1tQON/bUBP0m1A7SRuQL93bkDDym5A/B1vQGdxb0AHxW9A2xhwQORscEAhwXBAlBVxQDxqcUAZv3FALBRyQHZpckD1vnJArBRzQJpqc0C/wHNAGxd0QK9tdEB8xHRAgRt1QL9ydUA2ynVA5iF2QNB5dkD00XZAUyp3QOyCd0DA23dAzzR4QBqOeECh53hAZEF5QGSbeUCh9XlAGlB6QNKqekDHBXtA+2B7QG68e0AfGHxAEHR8QEDQfECxLH1AYol9QFPmfUCGQ35A+6B+QLH+fkCqXH9A5bp/QLIMgEASPIBAlWuAQDqbgEABy4BA6/qAQPgqgUAnW4FAeYuBQO+7gUCJ7IFARh2CQCdOgkAsf4JAVrCCQKThgkAXE4NAsESDQG12g0BQqINAWdqDQIgMhEDdPoRAWHGEQPqjhEDD1oRAswmFQMs8hUAKcIVAcaOFQAHXhUC4CoZAmT6GQKJyhkDVpoZAMduGQLYPh0BmRIdAQHmHQESuh0B044dAzhiIQFROiEAFhIhA4rmIQOzviEAiJolAhVyJQBWTiUDSyYlAvQCKQNc3ikAeb4pAlKaKQDneikAOFotAEk6LQEaGi0CqvotAP/eLQAUwjED8aIxAJaKMQH/bjEAMFY1AzE6NQL+IjUDlwo1AP/2NQM03jkCPco5Ah62OQLPojkAWJI9Arl+PQH2bj0CD149AwBOQQDRQkEDhjJBAxsmQQOQGkUA8RJFAzYGRQJi/kUCe/ZFA3zuSQFx6kkAUuZJACviSQDw3k0CrdpNAWLaTQET2k0BuNpRA2HaUQIK3lEBs+JRAljmVQAJ7lUCxvJVAof6VQNRAlkBLg5ZABsaWQAYJl0BLTJdA1Y+XQKbTl0C+F5hAHVyYQMWgmEC15ZhA7iqZQHJwmUBAtplAWfyZQL5CmkBviZpAbtCaQLoXm0BVX5tAQKebQHrvm0AFOJxA4YCcQA/KnECQE51AZV2dQI6nnUAM8p1A3zyeQAqInkCM055AZh+fQJlrn0AmuJ9ADgWgQFJSoEDyn6BA7+2gQEo8oUAFi6FAINqhQJwpokB5eaJAusmiQF4ao0Boa6NA17yjQK0OpEDrYKRAkrOkQKMGpUAfWqVACK6lQF0CpkAiV6ZAVaymQPoBp0AQWKdAmq6nQJgFqEAMXahA9rSoQFkNqUA1ZqlAjL+pQGAZqkCwc6pAgM6qQNApq0ChhatA9uGrQNA+rEAwnKxAGPqsQIhYrUCEt61ADReuQCN3rkDK165AAjmvQM2ar0Au/a9AJWCwQLXDsEDgJ7FAp4yxQA3ysUATWLJAu76yQAgms0D7jbNAl/azQN5ftEDSybRAdjS1QMqftUDTC7ZAkni2QArmtkA+VLdALsO3QOAyuEBUo7hAjhS5QJGGuUBf+blA+2y6QGjhukCpVrtAwcy7QLNDvECDu7xANDS9QMitvUBFKL5ArKO+QAEgv0BJnb9AhhvAQL6awEDyGsFAKZzBQGUewkCrocJA/yXDQGarw0DkMcRAfrnEQDhCxUAYzMVAIVfGQFrjxkDIcMdAcP/HQFePyECEIMlA+7LJQMRGykDj28pAYHLLQEEKzECNo8xAST7NQH/azUA0eM5AcBfPQDu4z0CcWtBAnf7QQEWk0UCcS9JArfTSQH+f00AeTNRAkfrUQOSq1UAgXdZAURHXQILH10C+f9hAEjrZQIj22UAvtdpAFHbbQEM53EDL/txAvMbdQCOR3kASXt9Aly3gQMX/4ECt1OFAYqziQPWG40B8ZORADEXlQLgo5kCZD+dAxvnnQFbn6EBk2OlACs3qQGXF60CRwexArMHtQNjF7kA1zu9A59rwQBLs8UDeAfNAcxz0QP079UCoYPZApYr3QCW6+EBf7/lAiyr7QORr/ECps/1AHgL/QMUrAEEd2gBBPowBQVVCAkGP/AJBHbsDQTR+BEENRgVB5RIGQf3kBkGcvAdBD5oIQah9CUHCZwpBvlgLQQhRDEEUUQ1BYlkOQYBqD0EJhRBBqakRQSDZEkFDFBRBAVwVQWixFkGnFRhBGooZQUkQG0H9qRxBQlkeQYEgIEGKAiJBuAIkQRElJkF4bihB8eQqQQSQLUFEeTBBKK0zQVM8N0GrPTtB9NE/QXcqRUFdlktBI6FTQYVlXkE0vm5BBfOIQU7neery6+vspe057rTuHu96783vFvBa8Jfw0PAF8TbxZPGQ8bnx4PEF8ijySfJq8ojypvLC8t7y+PIR8yrzQvNZ82/zhfOa86/zw/PW8+nz/PMO9B/0MPRB9FL0YvRx9IH0kPSf9K30u/TJ9Nf05PTx9P70C/UY9ST1MPU89Uj1U/Vf9Wr1dfWA9Yr1lfWf9ar1tPW+9cj10fXb9eT17vX39QD2CfYS9hv2I/Ys9jT2PfZF9k32VfZd9mX2bfZ19n32hPaM9pP2m/ai9qn2sPa49r/2xvbM9tP22vbh9uf27vb19vv2AfcI9w73FPcb9yH3J/ct9zP3Ofc/90X3SvdQ91b3XPdh92f3bPdy93f3ffeC94f3jfeS95f3nPei96f3rPex97b3u/fA98X3yvfP99P32Pfd9+L35vfr9/D39Pf59/33AvgG+Av4D/gU+Bj4HPgh+CX4Kfgu+DL4Nvg6+D74Q/hH+Ev4T/hT+Ff4W/hf+GP4Z/hr+G/4c/h2+Hr4fviC+Ib4ifiN+JH4lfiY+Jz4oPij+Kf4qviu+LL4tfi5+Lz4wPjD+Mf4yvjO+NH41PjY+Nv43vji+OX46Pjs+O/48vj1+Pn4/Pj/+AL5BfkJ+Qz5D/kS+RX5GPkb+R75Ifkk+Sj5K/ku+TH5NPk2+Tn5PPk/+UL5RflI+Uv5TvlR+VT5VvlZ+Vz5X/li+WT5Z/lq+W35b/ly+XX5ePl6+X35gPmC+YX5iPmK+Y35kPmS+ZX5l/ma+Z35n/mi+aT5p/mp+az5rvmx+bP5tvm4+bv5vfnA+cL5xfnH+cr5zPnO+dH50/nW+dj52vnd+d/54fnk+eb56Pnr+e357/ny+fT59vn5+fv5/fn/+QL6BPoG+gj6CvoN+g/6EfoT+hX6GPoa+hz6Hvog+iL6Jfon+in6K/ot+i/6Mfoz+jb6OPo6+jz6PvpA+kL6RPpG+kj6SvpM+k76UPpS+lT6VvpY+lr6XPpe+mD6Yvpk+mb6aPpq+mz6bvpw+nL6dPp1+nf6efp7+n36f/qB+oP6hfqG+oj6ivqM+o76kPqS+pP6lfqX+pn6m/qd+p76oPqi+qT6pvqn+qn6q/qt+q76sPqy+rT6tfq3+rn6u/q8+r76wPrC+sP6xfrH+sj6yvrM+s76z/rR+tP61PrW+tj62frb+t363vrg+uL64/rl+ub66Prq+uv67frv+vD68vrz+vX69/r4+vr6+/r9+v/6APsC+wP7BfsG+wj7CvsL+w37DvsQ+xH7E/sU+xb7F/sZ+xr7HPse+x/7Ifsi+yT7Jfsn+yj7Kvsr+yz7Lvsv+zH7Mvs0+zX7N/s4+zr7O/s9+z77P/tB+0L7RPtF+0f7SPtK+0v7TPtO+0/7UftS+1P7VftW+1j7Wfta+1z7Xftf+2D7Yftj+2T7Zftn+2j7avtr+2z7bvtv+3D7cvtz+3T7dvt3+3j7evt7+3z7fvt/+4D7gvuD+4T7hvuH+4j7ifuL+4z7jfuP+5D7kfuS+5T7lfuW+5j7mfua+5v7nfue+5/7oPui+6P7pPul+6f7qPup+6r7rPut+677r/ux+7L7s/u0+7b7t/u4+7n7uvu8+737vvu/+8D7wvvD+8T7xfvG+8j7yfvK+8v7zPvO+8/70PvR+9L70/vV+9b71/vY+9n72vvc+9373vvf++D74fvi++T75fvm++f76Pvp++r77Pvt++777/vw+/H78vvz+/X79vv3+/j7+fv6+/v7/Pv9+/77APwB/AL8A/wE/AX8BvwH/Aj8CfwK/Az8DfwO/A/8EPwR/BL8E/wU/BX8FvwX/Bj8Gfwa/Bz8Hfwe/B/8IPwh/CL8I/wk/CX8Jvwn/Cj8Kfwq/Cv8LPwt/C78L/ww/DH8Mvwz/DT8Nfw2/Df8OPw5/Dr8O/w8/D38Pvw//ED8QfxC/EP8RPxF/Eb8R/xI/En8SvxL/Ez8TfxO/E/8UPxR/FL8U/xU/FX8VvxX/Fj8Wfxa/Fv8XPxd/F78X/xg/GH8Yvxj/GT8ZPxl/Gb8Z/xo/Gn8avxr/Gz8bfxu/G/8cPxx/HL8c/xz/HT8dfx2/Hf8ePx5/Hr8e/x8/H38fvx//H/8gPyB/IL8g/yE/IX8hvyH/Ij8iPyJ/Ir8i/yM/I38jvyP/JD8kPyR/JL8k/yU/JX8lvyX/Jj8mPyZ/Jr8m/yc/J38nvyf/J/8oPyh/KL8o/yk/KX8pfym/Kf8qPyp/Kr8q/yr/Kz8rfyu/K/8sPyx/LH8svyz/LT8tfy2/Lb8t/y4/Ln8uvy7/Lv8vPy9/L78v/zA/MD8wfzC/MP8xPzF/MX8xvzH/Mj8yfzJ/Mr8y/zM/M38zvzO/M/80PzR/NL80vzT/NT81fzW/Nb81/zY/Nn82vza/Nv83Pzd/N783vzf/OD84fzh/OL84/zk/OX85fzm/Of86Pzo/On86vzr/Oz87Pzt/O787/zv/PD88fzy/PP88/z0/PX89vz2/Pf8+Pz5/Pn8+vz7/Pz8/Pz9/P78//z//AD9Af0C/QL9A/0E/QX9Bf0G/Qf9CP0I/Qn9Cv0L/Qv9DP0N/Q39Dv0P/RD9EP0R/RL9E/0T/RT9Ff0W/Rb9F/0Y/Rj9Gf0a/Rv9G/0c/R39Hf0e/R/9IP0g/SH9Iv0i/SP9JP0l/SX9Jv0n/Sf9KP0p/Sr9Kv0r/Sz9LP0t/S79Lv0v/TD9MP0x/TL9M/0z/TT9Nf01/Tb9N/03/Tj9Of05/Tr9O/08/Tz9Pf0+/T79P/1A/UD9Qf1C/UL9Q/1E/UT9Rf1G/Ub9R/1I/Uj9Sf1K/Ur9S/1M/Uz9Tf1O/U79T/1Q/VD9Uf1S/VL9U/1U/VT9Vf1W/Vb9V/1Y/Vj9Wf1a/Vr9W/1b/Vz9Xf1d/V79X/1f/WD9Yf1h/WL9Y/1j/WT9ZP1l/Wb9Zv1n/Wj9aP1p/Wr9av1r/Wv9bP1t/W39bv1v/W/9cP1w/XH9cv1y/XP9dP10/XX9df12/Xf9d/14/Xn9ef16/Xr9e/18/Xz9ff1+/X79f/1//YD9gf2B/YL9gv2D/YT9hP2F/YX9hv2H/Yf9iP2I/Yn9iv2K/Yv9i/2M/Y39jf2O/Y79j/2Q/ZD9kf2R/ZL9k/2T/ZT9lP2V/Zb9lv2X/Zf9mP2Z/Zn9mv2a/Zv9m/2c/Z39nf2e/Z79n/2g/aD9of2h/aL9ov2j/aT9pP2l/aX9pv2m/af9qP2o/an9qf2q/ar9q/2s/az9rf2t/a79rv2v/bD9sP2x/bH9sv2y/bP9tP20/bX9tf22/bb9t/23/bj9uf25/br9uv27/bv9vP28/b39vv2+/b/9v/3A/cD9wf3B/cL9wv3D/cT9xP3F/cX9xv3G/cf9x/3I/cj9yf3K/cr9y/3L/cz9zP3N/c39zv3O/c/9z/3Q/dD90f3S/dL90/3T/dT91P3V/dX91v3W/df91/3Y/dj92f3Z/dr92/3b/dz93P3d/d393v3e/d/93/3g/eD94f3h/eL94v3j/eP95P3k/eX95f3m/eb95/3o/ej96f3p/er96v3r/ev97P3s/e397f3u/e797/3v/fD98P3x/fH98v3y/fP98/30/fT99f31/fb99v33/ff9+P34/fn9+f36/fr9+/37/fz9/P39/f39/v3+/f/9//0A/gD+Af4B/gL+Av4D/gP+BP4E/gT+Bf4F/gb+Bv4H/gf+CP4I/gn+Cf4K/gr+C/4L/gz+DP4N/g3+Dv4O/g/+D/4Q/hD+Ef4R/hH+Ev4S/hP+E/4U/hT+Ff4V/hb+Fv4X/hf+GP4Y/hn+Gf4Z/hr+Gv4b/hv+HP4c/h3+Hf4e/h7+H/4f/iD+IP4g/iH+If4i/iL+I/4j/iT+JP4l/iX+Jv4m/ib+J/4n/ij+KP4p/in+Kv4q/iv+K/4r/iz+LP4t/i3+Lv4u/i/+L/4w/jD+MP4x/jH+Mv4y/jP+M/40/jT+NP41/jX+Nv42/jf+N/44/jj+OP45/jn+Ov46/jv+O/48/jz+PP49/j3+Pv4+/j/+P/4//kD+QP5B/kH+Qv5C/kL+Q/5D/kT+RP5F/kX+Rv5G/kb+R/5H/kj+SP5J/kn+Sf5K/kr+S/5L/kz+TP5M/k3+Tf5O/k7+Tv5P/k/+UP5Q/lH+Uf5R/lL+Uv5T/lP+VP5U/lT+Vf5V/lb+Vv5W/lf+V/5Y/lj+Wf5Z/ln+Wv5a/lv+W/5b/lz+XP5d/l3+Xf5e/l7+X/5f/mD+YP5g/mH+Yf5i/mL+Yv5j/mP+ZP5k/mT+Zf5l/mb+Zv5m/mf+Z/5o/mj+aP5p/mn+av5q/mr+a/5r/mz+bP5s/m3+bf5u/m7+bv5v/m/+cP5w/nD+cf5x/nL+cv5y/nP+c/50/nT+dP51/nX+dv52/nb+d/53/nj+eP54/nn+ef55/nr+ev57/nv+e/58/nz+ff59/n3+fv5+/n7+f/5//oD+gP6A/oH+gf6C/oL+gv6D/oP+g/6E/oT+hf6F/oX+hv6G/ob+h/6H/oj+iP6I/on+if6K/or+iv6L/ov+i/6M/oz+jP6N/o3+jv6O/o7+j/6P/o/+kP6Q/pH+kf6R/pL+kv6S/pP+k/6U/pT+lP6V/pX+lf6W/pb+lv6X/pf+mP6Y/pj+mf6Z/pn+mv6a/pr+m/6b/pz+nP6c/p3+nf6d/p7+nv6e/p/+n/6f/qD+oP6h/qH+of6i/qL+ov6j/qP+o/6k/qT+pP6l/qX+pv6m/qb+p/6n/qf+qP6o/qj+qf6p/qn+qv6q/qr+q/6r/qz+rP6s/q3+rf6t/q7+rv6u/q/+r/6v/rD+sP6w/rH+sf6x/rL+sv6y/rP+s/6z/rT+tP60/rX+tf62/rb+tv63/rf+t/64/rj+uP65/rn+uf66/rr+uv67/rv+u/68/rz+vP69/r3+vf6+/r7+vv6//r/+v/7A/sD+wP7B/sH+wf7C/sL+wv7D/sP+w/7E/sT+xP7F/sX+xf7G/sb+xv7H/sf+x/7I/sj+yP7J/sn+yf7J/sr+yv7K/sv+y/7L/sz+zP7M/s3+zf7N/s7+zv7O/s/+z/7P/tD+0P7Q/tH+0f7R/tL+0v7S/tL+0/7T/tP+1P7U/tT+1f7V/tX+1v7W/tb+1/7X/tf+2P7Y/tj+2P7Z/tn+2f7a/tr+2v7b/tv+2/7c/tz+3P7d/t3+3f7d/t7+3v7e/t/+3/7f/uD+4P7g/uH+4f7h/uH+4v7i/uL+4/7j/uP+5P7k/uT+5f7l/uX+5f7m/ub+5v7n/uf+5/7o/uj+6P7o/un+6f7p/ur+6v7q/uv+6/7r/uv+7P7s/uz+7f7t/u3+7v7u/u7+7v7v/u/+7/7w/vD+8P7x/vH+8f7x/vL+8v7y/vP+8/7z/vP+9P70/vT+9f71/vX+9v72/vb+9v73/vf+9/74/vj++P74/vn++f75/vr++v76/vr++/77/vv+/P78/vz+/P79/v3+/f7+/v7+/v7+/v/+//7//gD/AP8A/wD/Af8B/wH/Av8C/wL/Av8D/wP/A/8E/wT/BP8E/wX/Bf8F/wX/Bv8G/wb/B/8H/wf/B/8I/wj/CP8J/wn/Cf8J/wr/Cv8K/wr/C/8L/wv/DP8M/wz/DP8N/w3/Df8N/w7/Dv8O/w//D/8P/w//EP8Q/xD/EP8R/xH/Ef8S/xL/Ev8S/xP/E/8T/xP/FP8U/xT/Ff8V/xX/Ff8W/xb/Fv8W/xf/F/8X/xf/GP8Y/xj/Gf8Z/xn/Gf8a/xr/Gv8a/xv/G/8b/xv/HP8c/xz/HP8d/x3/Hf8d/x7/Hv8e/x//H/8f/x//IP8g/yD/IP8h/yH/If8h/yL/Iv8i/yL/I/8j/yP/I/8k/yT/JP8k/yX/Jf8l/yX/Jv8m/yb/Jv8n/yf/J/8o/yj/KP8o/yn/Kf8p/yn/Kv8q/yr/Kv8r/yv/K/8r/yz/LP8s/yz/Lf8t/y3/Lf8u/y7/Lv8u/y//L/8v/y//L/8w/zD/MP8w/zH/Mf8x/zH/Mv8y/zL/Mv8z/zP/M/8z/zT/NP80/zT/Nf81/zX/Nf82/zb/Nv82/zf/N/83/zf/OP84/zj/OP84/zn/Of85/zn/Ov86/zr/Ov87/zv/O/87/zz/PP88/zz/Pf89/z3/Pf89/z7/Pv8+/z7/P/8//z//P/9A/0D/QP9A/0H/Qf9B/0H/Qf9C/0L/Qv9C/0P/Q/9D/0P/RP9E/0T/RP9E/0X/Rf9F/0X/Rv9G/0b/Rv9H/0f/R/9H/0f/SP9I/0j/SP9J/0n/Sf9J/0r/Sv9K/0r/Sv9L/0v/S/9L/0z/TP9M/0z/TP9N/03/Tf9N/07/Tv9O/07/Tv9P/0//T/9P/1D/UP9Q/1D/UP9R/1H/Uf9R/1L/Uv9S/1L/Uv9T/1P/U/9T/1T/VP9U/1T/VP9V/1X/Vf9V/1X/Vv9W/1b/Vv9X/1f/V/9X/1f/WP9Y/1j/WP9Z/1n/Wf9Z/1n/Wv9a/1r/Wv9a/1v/W/9b/1v/W/9c/1z/XP9c/13/Xf9d/13/Xf9e/17/Xv9e/17/X/9f/1//X/9f/2D/YP9g/2D/Yf9h/2H/Yf9h/2L/Yv9i/2L/Yv9j/2P/Y/9j/2P/ZP9k/2T/ZP9k/2X/Zf9l/2X/Zf9m/2b/Zv9m/2f/Z/9n/2f/Z/9o/2j/aP9o/2j/af9p/2n/af9p/2r/av9q/2r/av9r/2v/a/9r/2v/bP9s/2z/bP9s/23/bf9t/23/bf9u/27/bv9u/27/b/9v/2//b/9v/2//cP9w/3D/cP9w/3H/cf9x/3H/cf9y/3L/cv9y/3L/c/9z/3P/c/9z/3T/dP90/3T/dP91/3X/df91/3X/df92/3b/dv92/3b/d/93/3f/d/93/3j/eP94/3j/eP95/3n/ef95/3n/ef96/3r/ev96/3r/e/97/3v/e/97/3z/fP98/3z/fP98/33/ff99/33/ff9+/37/fv9+/37/fv9//3//f/9//3//gP+A/4D/gP+A/4D/gf+B/4H/gf+B/4L/gv+C/4L/gv+C/4P/g/+D/4P/g/+E/4T/hP+E/4T/hP+F/4X/hf+F/4X/hv+G/4b/hv+G/4b/h/+H/4f/h/+H/4f/iP+I/4j/iP+I/4n/if+J/4n/if+J/4r/iv+K/4r/iv+K/4v/i/+L/4v/i/+L/4z/jP+M/4z/jP+N/43/jf+N/43/jf+O/47/jv+O/47/jv+P/4//j/+P/4//j/+Q/5D/kP+Q/5D/kP+R/5H/kf+R/5H/kf+S/5L/kv+S/5L/kv+T/5P/k/+T/5P/k/+U/5T/lP+U/5T/lP+V/5X/lf+V/5X/lf+W/5b/lv+W/5b/lv+X/5f/l/+X/5f/l/+Y/5j/mP+Y/5j/mP+Y/5n/mf+Z/5n/mf+Z/5r/mv+a/5r/mv+a/5v/m/+b/5v/m/+b/5z/nP+c/5z/nP+c/5z/nf+d/53/nf+d/53/nv+e/57/nv+e/57/n/+f/5//n/+f/5//n/+g/6D/oP+g/6D/oP+h/6H/of+h/6H/of+h/6L/ov+i/6L/ov+i/6P/o/+j/6P/o/+j/6P/pP+k/6T/pP+k/6T/pP+l/6X/pf+l/6X/pf+m/6b/pv+m/6b/pv+m/6f/p/+n/6f/p/+n/6f/qP+o/6j/qP+o/6j/qP+p/6n/qf+p/6n/qf+p/6r/qv+q/6r/qv+q/6v/q/+r/6v/q/+r/6v/rP+s/6z/rP+s/6z/rP+t/63/rf+t/63/rf+t/67/rv+u/67/rv+u/67/r/+v/6//r/+v/6//r/+v/7D/sP+w/7D/sP+w/7D/sf+x/7H/sf+x/7H/sf+y/7L/sv+y/7L/sv+y/7P/s/+z/7P/s/+z/7P/s/+0/7T/tP+0/7T/tP+0/7X/tf+1/7X/tf+1/7X/tv+2/7b/tv+2/7b/tv+2/7f/t/+3/7f/t/+3/7f/uP+4/7j/uP+4/7j/uP+4/7n/uf+5/7n/uf+5/7n/uf+6/7r/uv+6/7r/uv+6/7v/u/+7/7v/u/+7/7v/u/+8/7z/vP+8/7z/vP+8/7z/vf+9/73/vf+9/73/vf+9/77/vv++/77/vv++/77/vv+//7//v/+//7//v/+//7//wP/A/8D/wP/A/8D/wP/A/8H/wf/B/8H/wf/B/8H/wf/C/8L/wv/C/8L/wv/C/8L/wv/D/8P/w//D/8P/w//D/8P/xP/E/8T/xP/E/8T/xP/E/8X/xf/F/8X/xf/F/8X/xf/F/8b/xv/G/8b/xv/G/8b/xv/H/8f/x//H/8f/x//H/8f/x//I/8j/yP/I/8j/yP/I/8j/yP/J/8n/yf/J/8n/yf/J/8n/yf/K/8r/yv/K/8r/yv/K/8r/y//L/8v/y//L/8v/y//L/8v/zP/M/8z/zP/M/8z/zP/M/8z/zP/N/83/zf/N/83/zf/N/83/zf/O/87/zv/O/87/zv/O/87/zv/P/8//z//P/8//z//P/8//z//Q/9D/0P/Q/9D/0P/Q/9D/0P/Q/9H/0f/R/9H/0f/R/9H/0f/R/9L/0v/S/9L/0v/S/9L/0v/S/9L/0//T/9P/0//T/9P/0//T/9P/0//U/9T/1P/U/9T/1P/U/9T/1P/U/9X/1f/V/9X/1f/V/9X/1f/V/9X/1v/W/9b/1v/W/9b/1v/W/9b/1v/X/9f/1//X/9f/1//X/9f/1//X/9j/2P/Y/9j/2P/Y/9j/2P/Y/9j/2P/Z/9n/2f/Z/9n/2f/Z/9n/2f/Z/9r/2v/a/9r/2v/a/9r/2v/a/9r/2v/b/9v/2//b/9v/2//b/9v/2//b/9v/3P/c/9z/3P/c/9z/3P/c/9z/3P/c/93/3f/d/93/3f/d/93/3f/d/93/3f/e/97/3v/e/97/3v/e/97/3v/e/97/3v/f/9//3//f/9//3//f/9//3//f/9//4P/g/+D/4P/g/+D/4P/g/+D/4P/g/+D/4f/h/+H/4f/h/+H/4f/h/+H/4f/h/+H/4v/i/+L/4v/i/+L/4v/i/+L/4v/i/+L/4//j/+P/4//j/+P/4//j/+P/4//j/+P/5P/k/+T/5P/k/+T/5P/k/+T/5P/k/+T/5P/l/+X/5f/l/+X/5f/l/+X/5f/l/+X/5f/l/+b/5v/m/+b/5v/m/+b/5v/m/+b/5v/m/+b/5//n/+f/5//n/+f/5//n/+f/5//n/+f/5//o/+j/6P/o/+j/6P/o/+j/6P/o/+j/6P/o/+j/6f/p/+n/6f/p/+n/6f/p/+n/6f/p/+n/6f/p/+r/6v/q/+r/6v/q/+r/6v/q/+r/6v/q/+r/6v/r/+v/6//r/+v/6//r/+v/6//r/+v/6//r/+v/7P/s/+z/7P/s/+z/7P/s/+z/7P/s/+z/7P/s/+z/7f/t/+3/7f/t/+3/7f/t/+3/7f/t/+3/7f/t/+3/7f/u/+7/7v/u/+7/7v/u/+7/7v/u/+7/7v/u/+7/7v/u/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//8P/w//D/8P/w//D/8P/w//D/8P/w//D/8P/w//D/8P/w//H/8f/x//H/8f/x//H/8f/x//H/8f/x//H/8f/x//H/8f/y//L/8v/y//L/8v/y//L/8v/y//L/8v/y//L/8v/y//L/8v/z//P/8//z//P/8//z//P/8//z//P/8//z//P/8//z//P/8//z//T/9P/0//T/9P/0//T/9P/0//T/9P/0//T/9P/0//T/9P/0//T/9f/1//X/9f/1//X/9f/1//X/9f/1//X/9f/1//X/9f/1//X/9f/1//b/9v/2//b/9v/2//b/9v/2//b/9v/2//b/9v/2//b/9v/2//b/9v/2//b/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//4//j/+P/4//j/+P/4//j/+P/4//j/+P/4//j/+P/4//j/+P/4//j/+P/4//j/+P/5//n/+f/5//n/+f/5//n/+f/5//n/+f/5//n/+f/5//n/+f/5//n/+f/5//n/+f/5//n/+v/6//r/+v/6//r/+v/6//r/+v/6//r/+v/6//r/+v/6//r/+v/6//r/+v/6//r/+v/6//r/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v//P/8//z//P/8//z//P/8//z//P/8//z//P/8//z//P/8//z//P/8//z//P/8//z//P/8//z//P/8//z//P/8//z//P/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//3//f/9//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAFAAAABQAAAAUAAAAFAAAABQAAAAUAAAAFAAAABQAAAAUAAAAFAAAABQAAAAUAAAAFAAAABQAAAAUAAAAFAAAABQAAAAUAAAAFAAAABQAAAAUAAAAFAAAABQAAAAUAAAAFAAAABgAAAAYAAAAGAAAABgAAAAYAAAAGAAAABgAAAAYAAAAGAAAABgAAAAYAAAAGAAAABgAAAAYAAAAGAAAABgAAAAYAAAAGAAAABgAAAAYAAAAGAAAABgAAAAcAAAAHAAAABwAAAAcAAAAHAAAABwAAAAcAAAAHAAAABwAAAAcAAAAHAAAABwAAAAcAAAAHAAAABwAAAAcAAAAHAAAABwAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAIAAAACAAAAAgAAAAJAAAACQAAAAkAAAAJAAAACQAAAAkAAAAJAAAACQAAAAkAAAAJAAAACQAAAAkAAAAJAAAACQAAAAoAAAAKAAAACgAAAAoAAAAKAAAACgAAAAoAAAAKAAAACgAAAAoAAAAKAAAACgAAAAoAAAALAAAACwAAAAsAAAALAAAACwAAAAsAAAALAAAACwAAAAsAAAALAAAACwAAAAsAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADQAAAA0AAAANAAAADQAAAA0AAAANAAAADQAAAA0AAAANAAAADQAAAA4AAAAOAAAADgAAAA4AAAAOAAAADgAAAA4AAAAOAAAADgAAAA8AAAAPAAAADwAAAA8AAAAPAAAADwAAAA8AAAAPAAAADwAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEQAAABEAAAARAAAAEQAAABEAAAARAAAAEQAAABIAAAASAAAAEgAAABIAAAASAAAAEgAAABIAAAASAAAAEwAAABMAAAATAAAAEwAAABMAAAATAAAAFAAAABQAAAAUAAAAFAAAABQAAAAUAAAAFAAAABUAAAAVAAAAFQAAABUAAAAVAAAAFQAAABYAAAAWAAAAFgAAABYAAAAWAAAAFgAAABcAAAAXAAAAFwAAABcAAAAXAAAAGAAAABgAAAAYAAAAGAAAABgAAAAZAAAAGQAAABkAAAAZAAAAGQAAABkAAAAaAAAAGgAAABoAAAAaAAAAGgAAABsAAAAbAAAAGwAAABsAAAAcAAAAHAAAABwAAAAcAAAAHAAAAB0AAAAdAAAAHQAAAB0AAAAeAAAAHgAAAB4AAAAeAAAAHgAAAB8AAAAfAAAAHwAAAB8AAAAgAAAAIAAAACAAAAAgAAAAIQAAACEAAAAhAAAAIQAAACIAAAAiAAAAIgAAACMAAAAjAAAAIwAAACMAAAAkAAAAJAAAACQAAAAkAAAAJQAAACUAAAAlAAAAJgAAACYAAAAmAAAAJwAAACcAAAAnAAAAJwAAACgAAAAoAAAAKAAAACkAAAApAAAAKQAAACoAAAAqAAAAKgAAACsAAAArAAAAKwAAACwAAAAsAAAALAAAAC0AAAAtAAAALQAAAC4AAAAuAAAALwAAAC8AAAAvAAAAMAAAADAAAAAwAAAAMQAAADEAAAAxAAAAMgAAADIAAAAzAAAAMwAAADMAAAA0AAAANAAAADUAAAA1AAAANgAAADYAAAA2AAAANwAAADcAAAA4AAAAOAAAADkAAAA5AAAAOQAAADoAAAA6AAAAOwAAADsAAAA8AAAAPAAAAD0AAAA9AAAAPgAAAD4AAAA/AAAAPwAAAEAAAABAAAAAQQAAAEEAAABCAAAAQgAAAEMAAABDAAAARAAAAEQAAABFAAAARQAAAEYAAABGAAAARwAAAEcAAABIAAAASQAAAEkAAABKAAAASgAAAEsAAABLAAAATAAAAE0AAABNAAAATgAAAE4AAABPAAAAUAAAAFAAAABRAAAAUgAAAFIAAABTAAAAVAAAAFQAAABVAAAAVgAAAFYAAABXAAAAWAAAAFgAAABZAAAAWgAAAFoAAABbAAAAXAAAAFwAAABdAAAAXgAAAF8AAABfAAAAYAAAAGEAAABiAAAAYgAAAGMAAABkAAAAZQAAAGYAAABmAAAAZwAAAGgAAABpAAAAagAAAGoAAABrAAAAbAAAAG0AAABuAAAAbwAAAHAAAABwAAAAcQAAAHIAAABzAAAAdAAAAHUAAAB2AAAAdwAAAHgAAAB5AAAAegAAAHsAAAB7AAAAfAAAAH0AAAB+AAAAfwAAAIAAAACBAAAAggAAAIMAAACEAAAAhQAAAIcAAACIAAAAiQAAAIoAAACLAAAAjAAAAI0AAACOAAAAjwAAAJAAAACRAAAAkwAAAJQAAACVAAAAlgAAAJcAAACYAAAAmgAAAJsAAACcAAAAnQAAAJ8AAACgAAAAoQAAAKIAAACkAAAApQAAAKYAAACnAAAAqQAAAKoAAACrAAAArQAAAK4AAACvAAAAsQAAALIAAAC0AAAAtQAAALYAAAC4AAAAuQAAALsAAAC8AAAAvgAAAL8AAADBAAAAwgAAAMQAAADFAAAAxwAAAMgAAADKAAAAzAAAAM0AAADPAAAA0AAAANIAAADUAAAA1QAAANcAAADZAAAA2gAAANwAAADeAAAA4AAAAOEAAADjAAAA5QAAAOcAAADoAAAA6gAAAOwAAADuAAAA8AAAAPIAAAD0AAAA9gAAAPcAAAD5AAAA+wAAAP0AAAD/AAAAAQEAAAMBAAAFAQAABwEAAAkBAAAMAQAADgEAABABAAASAQAAFAEAABYBAAAYAQAAGwEAAB0BAAAfAQAAIQEAACQBAAAmAQAAKAEAACoBAAAtAQAALwEAADIBAAA0AQAANgEAADkBAAA7AQAAPgEAAEABAABDAQAARQEAAEgBAABKAQAATQEAAFABAABSAQAAVQEAAFcBAABaAQAAXQEAAGABAABiAQAAZQEAAGgBAABrAQAAbgEAAHEBAABzAQAAdgEAAHkBAAB8AQAAfwEAAIIBAACFAQAAiAEAAIsBAACOAQAAkgEAAJUBAACYAQAAmwEAAJ4BAACiAQAApQEAAKgBAACrAQAArwEAALIBAAC2AQAAuQEAALwBAADAAQAAwwEAAMcBAADLAQAAzgEAANIBAADVAQAA2QEAAN0BAADhAQAA5AEAAOgBAADsAQAA8AEAAPQBAAD4AQAA/AEAAAACAAAEAgAACAIAAAwCAAAQAgAAFAIAABgCAAAcAgAAIQIAACUCAAApAgAALQIAADICAAA2AgAAOwIAAD8CAABEAgAASAIAAE0CAABRAgAAVgIAAFsCAABfAgAAZAIAAGkCAABuAgAAcwIAAHgCAAB9AgAAggIAAIcCAACMAgAAkQIAAJYCAACbAgAAoAIAAKYCAACrAgAAsAIAALYCAAC7AgAAwQIAAMYCAADMAgAA0QIAANcCAADdAgAA4gIAAOgCAADuAgAA9AIAAPoCAAAAAwAABgMAAAwDAAASAwAAGAMAAB4DAAAlAwAAKwMAADEDAAA4AwAAPgMAAEUDAABLAwAAUgMAAFgDAABfAwAAZgMAAG0DAAB0AwAAegMAAIEDAACJAwAAkAMAAJcDAACeAwAApQMAAK0DAAC0AwAAuwMAAMMDAADKAwAA0gMAANoDAADhAwAA6QMAAPEDAAD5AwAAAQQAAAkEAAARBAAAGQQAACEEAAAqBAAAMgQAADoEAABDBAAASwQAAFQEAABdBAAAZQQAAG4EAAB3BAAAgAQAAIkEAACSBAAAmwQAAKUEAACuBAAAtwQAAMEEAADKBAAA1AQAAN4EAADnBAAA8QQAAPsEAAAFBQAADwUAABkFAAAkBQAALgUAADgFAABDBQAATQUAAFgFAABjBQAAbQUAAHgFAACDBQAAjgUAAJkFAAClBQAAsAUAALsFAADHBQAA0gUAAN4FAADqBQAA9gUAAAIGAAAOBgAAGgYAACYGAAAyBgAAPwYAAEsGAABYBgAAZQYAAHIGAAB+BgAAiwYAAJkGAACmBgAAswYAAMEGAADOBgAA3AYAAOkGAAD3BgAABQcAABMHAAAiBwAAMAcAAD4HAABNBwAAWwcAAGoHAAB5BwAAiAcAAJcHAACmBwAAtgcAAMUHAADVBwAA5AcAAPQHAAAECAAAFAgAACQIAAA1CAAARQgAAFYIAABmCAAAdwgAAIgIAACZCAAAqggAALwIAADNCAAA3wgAAPEIAAADCQAAFQkAACcJAAA5CQAATAkAAF4JAABxCQAAhAkAAJcJAACqCQAAvgkAANEJAADlCQAA+QkAAA0KAAAhCgAANQoAAEkKAABeCgAAcwoAAIgKAACdCgAAsgoAAMgKAADdCgAA8woAAAkLAAAfCwAANQsAAEwLAABiCwAAeQsAAJALAACnCwAAvgsAANYLAADuCwAABgwAAB4MAAA2DAAATgwAAGcMAACADAAAmQwAALIMAADLDAAA5QwAAP8MAAAZDQAAMw0AAE0NAABoDQAAgw0AAJ4NAAC5DQAA1Q0AAPANAAAMDgAAKA4AAEUOAABhDgAAfg4AAJsOAAC4DgAA1g4AAPMOAAARDwAALw8AAE4PAABsDwAAiw8AAKoPAADKDwAA6Q8AAAkQAAApEAAASRAAAGoQAACLEAAArBAAAM0QAADvEAAAEREAADMRAABVEQAAeBEAAJsRAAC+EQAA4REAAAUSAAApEgAATRIAAHISAACXEgAAvBIAAOESAAAHEwAALRMAAFQTAAB6EwAAoRMAAMgTAADwEwAAGBQAAEAUAABoFAAAkRQAALoUAADkFAAADRUAADcVAABiFQAAjBUAALcVAADjFQAADxYAADsWAABnFgAAlBYAAMEWAADuFgAAHBcAAEoXAAB5FwAApxcAANcXAAAGGAAANhgAAGcYAACXGAAAyBgAAPoYAAAsGQAAXhkAAJAZAADDGQAA9xkAACsaAABfGgAAkxoAAMgaAAD+GgAANBsAAGobAAChGwAA2BsAAA8cAABHHAAAgBwAALgcAADyHAAAKx0AAGYdAACgHQAA2x0AABceAABTHgAAjx4AAMweAAAJHwAARx8AAIUfAADEHwAABCAAAEMgAACEIAAAxCAAAAYhAABHIQAAiiEAAMwhAAAQIgAAVCIAAJgiAADdIgAAIiMAAGgjAACvIwAA9iMAAD0kAACFJAAAziQAABclAABhJQAAqyUAAPYlAABCJgAAjiYAANomAAAoJwAAdicAAMQnAAATKAAAYygAALMoAAAEKQAAVikAAKgpAAD6KQAATioAAKIqAAD3KgAATCsAAKIrAAD5KwAAUCwAAKgsAAABLQAAWi0AALQtAAAPLgAAai4AAMYuAAAjLwAAgS8AAN8vAAA+MAAAnjAAAP4wAABfMQAAwTEAACQyAACHMgAA7DIAAFAzAAC2MwAAHTQAAIQ0AADsNAAAVTUAAL81AAApNgAAlDYAAAE3AABtNwAA2zcAAEo4AAC5OAAAKjkAAJs5AAANOgAAgDoAAPM6AABoOwAA3jsAAFQ8AADLPAAARD0AAL09AAA3PgAAsj4AAC4/AACrPwAAKUAAAKdAAAAnQQAAqEEAAClCAACsQgAAMEMAALRDAAA6RAAAwUQAAElFAADRRQAAW0YAAOZGAAByRwAA/0cAAI1IAAAcSQAArEkAAD1KAADPSgAAY0sAAPdLAACNTAAAJE0AALxNAABVTgAA704AAItPAAAnUAAAxVAAAGRRAAAEUgAApVIAAEhTAADsUwAAkVQAADdVAADfVQAAh1YAADFXAADdVwAAiVgAADdZAADmWQAAl1oAAElbAAD8WwAAsFwAAGZdAAAeXgAA1l4AAJBfAABLYAAACGEAAMZhAACGYgAAR2MAAAlkAADNZAAAk2UAAFpmAAAiZwAA7GcAALdoAACEaQAAUmoAACJrAAD0awAAx2wAAJttAABxbgAASW8AACJwAAD9cAAA2nEAALhyAACYcwAAeXQAAF11AABBdgAAKHcAABB4AAD6eAAA5nkAANN6AADCewAAs3wAAKZ9AACafgAAkX8AAImAAACDgQAAfoIAAHyDAAB7hAAAfYUAAICGAACFhwAAjIgAAJWJAACgigAArYsAALyMAADMjQAA344AAPSPAAALkQAAJJIAAD+TAABblAAAepUAAJyWAAC/lwAA5JgAAAyaAAA1mwAAYZwAAI+dAAC/ngAA8Z8AACahAABcogAAlaMAANGkAAAOpgAATqcAAJCoAADUqQAAG6sAAGSsAACwrQAA/a4AAE6wAACgsQAA9bIAAE20AACntQAAA7cAAGK4AADEuQAAKLsAAI68AAD3vQAAY78AANHAAABCwgAAtcMAACvFAACkxgAAH8gAAJ3JAAAeywAAocwAACfOAACwzwAAPNEAAMvSAABc1AAA8NUAAIfXAAAh2QAAvdoAAF3cAAD/3QAApd8AAE3hAAD54gAAp+QAAFjmAAAM6AAAxOkAAH7rAAA87QAA/O4AAMDwAACG8gAAUPQAAB32AADu9wAAwfkAAJj7AABy/QAAT/8AAC8BAQATAwEA+gQBAOQGAQDSCAEAwwoBALgMAQCwDgEAqxABAKoSAQCsFAEAshYBALsYAQDIGgEA2BwBAOweAQADIQEAHiMBAD0lAQBfJwEAhSkBAK8rAQDcLQEADTABAEIyAQB7NAEAtzYBAPc4AQA7OwEAgz0BAM8/AQAfQgEAckQBAMpGAQAlSQEAhEsBAOhNAQBPUAEAulIBACpVAQCdVwEAFVoBAJFcAQARXwEAlWEBAB1kAQCpZgEAOmkBAM9rAQBobgEABXEBAKdzAQBNdgEA93gBAKZ7AQBZfgEAEYEBAM2DAQCNhgEAUokBABuMAQDpjgEAvJEBAJOUAQBulwEATpoBADOdAQAcoAEACqMBAP2lAQD0qAEA8KsBAPGuAQD3sQEAAbUBABC4AQAkuwEAPb4BAFvBAQB9xAEApccBANHKAQADzgEAOdEBAHTUAQC01wEA+toBAETeAQCT4QEA6OQBAEHoAQCg6wEABO8BAG3yAQDb9QEATvkBAMf8AQBFAAIAyAMCAFAHAgDdCgIAcA4CAAkSAgCmFQIASRkCAPEcAgCfIAIAUiQCAAsoAgDJKwIAjC8CAFUzAgAkNwIA+DoCANE+AgCwQgIAlUYCAH9KAgBvTgIAZFICAGBWAgBgWgIAZ14CAHNiAgCFZgIAnGoCALluAgDccgIABXcCADR7AgBofwIAooMCAOKHAgAojAIAc5ACAMWUAgAcmQIAeZ0CANyhAgBFpgIAtKoCACmvAgCjswIAJLgCAKu8AgA3wQIAysUCAGLKAgABzwIAptMCAFDYAgAB3QIAuOECAHTmAgA36wIAAPACAM/0AgCk+QIAf/4CAGADAwBHCAMANQ0DACgSAwAiFwMAIRwDACchAwAzJgMARSsDAF4wAwB8NQMAoToDAMs/AwD8RAMAM0oDAHBPAwCzVAMA/VkDAExfAwCiZAMA/mkDAGBvAwDJdAMAN3oDAKt/AwAmhQMAp4oDAC6QAwC7lQMATpsDAOigAwCHpgMALawDANmxAwCLtwMAQ70DAAHDAwDFyAMAkM4DAGDUAwA22gMAE+ADAPblAwDe6wMAzfEDAML3AwC8/QMAvQMEAMQJBADRDwQA4xUEAPwbBAAaIgQAPygEAGkuBACaNAQA0DoEAAxBBABORwQAlk0EAONTBAA2WgQAkGAEAO5mBABTbQQAvXMEAC16BACjgAQAH4cEAKCNBAAmlAQAspoEAEShBADcpwQAeK4EABu1BADDuwQAcMIEACPJBADbzwQAmNYEAFvdBAAj5AQA8OoEAMPxBACb+AQAeP8EAFoGBQBBDQUALhQFAB8bBQAWIgUAESkFABEwBQAXNwUAIT4FADBFBQBETAUAXVMFAHpaBQCdYQUAxGgFAO9vBQAfdwUAVH4FAI2FBQDLjAUADZQFAFObBQCeogUA7qkFAEGxBQCZuAUA9b8FAFXHBQC5zgUAIdYFAI3dBQD95AUAcewFAOnzBQBl+wUA5QIGAGgKBgDvEQYAehkGAAghBgCaKAYALzAGAMg3BgBkPwYAA0cGAKZOBgBMVgYA9V0GAKFlBgBQbQYAA3UGALh8BgBwhAYAK4wGAOmTBgCqmwYAbaMGADOrBgD8sgYAx7oGAJTCBgBkygYAN9IGAAvaBgDi4QYAu+kGAJfxBgB0+QYAUwEHADUJBwAYEQcA/RgHAOQgBwDMKAcAtjAHAKI4BwCPQAcAfkgHAG9QBwBgWAcAU2AHAEdoBwA9cAcAM3gHACuABwAjiAcAHZAHABeYBwASoAcADqgHAAqwBwAIuAcABcAHAATIBwAC0AcAAdgHAAHgBwAA6AcAAPAHAAD4BwAAAAgAAAgIAAAQCAAAGAgA/x8IAP8nCAD+LwgA/DcIAPs/CAD4RwgA9k8IAPJXCADuXwgA6WcIAONvCADddwgA1X8IAM2HCADDjwgAuZcIAK2fCACgpwgAka8IAIK3CABxvwgAXscIAErPCAA01wgAHN8IAAPnCADo7ggAy/YIAK3+CACMBgkAaQ4JAEUWCQAeHgkA9SUJAMktCQCcNQkAbD0JADlFCQAETQkAzVQJAJNcCQBWZAkAF2wJANVzCQCQewkASIMJAP2KCQCwkgkAX5oJAAuiCQC0qQkAWrEJAP24CQCcwAkAOMgJANHPCQBm1wkA+N4JAIbmCQAR7gkAmPUJABv9CQCbBAoAFwwKAI8TCgADGwoAcyIKAN8pCgBHMQoAqzgKAAtACgBnRwoAv04KABJWCgBiXQoArWQKAPNrCgA1cwoAc3oKAKyBCgDhiAoAEZAKADyXCgBjngoAhqUKAKOsCgC8swoA0LoKAN/BCgDpyAoA788KAO/WCgDq3QoA4eQKANLrCgC/8goApvkKAIgACwBlBwsAPQ4LABAVCwDdGwsApSILAGgpCwAlMAsA3TYLAJA9CwA9RAsA5UoLAIhRCwAkWAsAvF4LAE5lCwDaawsAYHILAOF4CwBdfwsA04ULAEOMCwCtkgsAEpkLAHCfCwDKpQsAHawLAGqyCwCyuAsA9L4LADDFCwBmywsAl9ELAMHXCwDm3QsABOQLAB3qCwAv8AsAPPYLAEP8CwBEAgwAPggMADMODAAiFAwAChoMAO0fDADKJQwAoCsMAHAxDAA7NwwA/zwMAL1CDAB1SAwAJ04MANNTDAB5WQwAGF8MALJkDABFagwA0m8MAFl1DADaegwAVYAMAMmFDAA3iwwAoJAMAAKWDABemwwAtKAMAAOmDABNqwwAkLAMAM21DAAEuwwANcAMAF/FDACEygwAos8MALvUDADN2QwA2d4MAN/jDADe6AwA2O0MAMvyDAC59wwAoPwMAIEBDQBcBg0AMQsNAAAQDQDJFA0AjBkNAEgeDQD/Ig0AsCcNAFosDQD/MA0AnjUNADY6DQDJPg0AVUMNANxHDQBdTA0A11ANAExVDQC7WQ0AJF4NAIdiDQDkZg0AO2sNAI1vDQDYcw0AHngNAF58DQCYgA0AzIQNAPuIDQAkjQ0AR5ENAGSVDQB7mQ0AjZ0NAJmhDQCgpQ0AoKkNAJytDQCRsQ0AgbUNAGu5DQBQvQ0AL8ENAAjFDQDcyA0Aq8wNAHTQDQA31A0A9dcNAK7bDQBh3w0AD+MNALfmDQBa6g0A9+0NAJDxDQAj9Q0AsPgNADj8DQC7/w0AOQMOALIGDgAlCg4Akw0OAPwQDgBgFA4AvxcOABgbDgBtHg4AvCEOAAYlDgBMKA4AjCsOAMcuDgD9MQ4ALzUOAFs4DgCDOw4ApT4OAMNBDgDcRA4A8EcOAP9KDgAJTg4AD1EOABBUDgAMVw4AA1oOAPZcDgDkXw4AzWIOALJlDgCSaA4AbWsOAERuDgAXcQ4A5XMOAK52DgBzeQ4AM3wOAO9+DgCngQ4AWoQOAAmHDgCziQ4AWYwOAPuODgCYkQ4AMZQOAMaWDgBXmQ4A45sOAGueDgDvoA4Ab6MOAOulDgBjqA4A1qoOAEatDgCxrw4AGLIOAHy0DgDbtg4ANrkOAI67DgDhvQ4AMcAOAH3CDgDFxA4ACccOAEnJDgCFyw4Avs0OAPPPDgAk0g4AUdQOAHvWDgCh2A4Aw9oOAOLcDgD93g4AFOEOACjjDgA45Q4ARecOAE7pDgBU6w4AVu0OAFXvDgBQ8Q4ASPMOAD31DgAu9w4AHPkOAAb7DgDt/A4A0f4OALEADwCOAg8AaAQPAD8GDwASCA8A4wkPALALDwB6DQ8AQA8PAAQRDwDEEg8AghQPADwWDwD0Fw8AqBkPAFkbDwAHHQ8Asx4PAFsgDwABIg8AoyMPAEMlDwDfJg8AeSgPABAqDwCkKw8ANS0PAMQuDwBQMA8A2TEPAF8zDwDiNA8AYzYPAOE3DwBcOQ8A1ToPAEs8DwC+PQ8ALz8PAJ1ADwAJQg8AckMPANhEDwA8Rg8AnkcPAP1IDwBZSg8As0sPAAtNDwBgTg8Ask8PAANRDwBQUg8AnFMPAOVUDwAsVg8AcFcPALJYDwDyWQ8AL1sPAGtcDwCkXQ8A2l4PAA9gDwBBYQ8AcWIPAJ9jDwDLZA8A9GUPABxnDwBBaA8AZGkPAIZqDwClaw8AwWwPANxtDwD1bg8ADHAPACFxDwA0cg8ARHMPAFN0DwBgdQ8Aa3YPAHR3DwB7eA8AgHkPAIN6DwCFew8AhHwPAIJ9DwB9fg8Ad38PAG+ADwBmgQ8AWoIPAE2DDwA+hA8ALYUPABqGDwAGhw8A8IcPANiIDwC/iQ8Ao4oPAIeLDwBojA8ASI0PACaODwADjw8A3o8PALeQDwCPkQ8AZZIPADmTDwAMlA8A3pQPAK6VDwB8lg8ASZcPABSYDwDemA8AppkPAG2aDwAzmw8A95sPALmcDwB6nQ8AOp4PAPieDwC1nw8AcKAPACqhDwDioQ8AmqIPAFCjDwAEpA8At6QPAGmlDwAapg8AyaYPAHenDwAjqA8Az6gPAHmpDwAhqg8AyaoPAG+rDwAUrA8AuKwPAFutDwD8rQ8AnK4PADuvDwDZrw8AdbAPABGxDwCrsQ8ARLIPANyyDwBzsw8ACbQPAJ20DwAxtQ8Aw7UPAFS2DwDktg8Ac7cPAAG4DwCOuA8AGrkPAKW5DwAvug8At7oPAD+7DwDGuw8ATLwPANC8DwBUvQ8A170PAFi+DwDZvg8AWb8PANe/DwBVwA8A0sAPAE7BDwDJwQ8AQ8IPALzCDwA1ww8ArMMPACLEDwCYxA8ADcUPAIDFDwDzxQ8AZcYPANbGDwBHxw8AtscPACXIDwCTyA8A/8gPAGzJDwDXyQ8AQcoPAKvKDwAUyw8AfMsPAOPLDwBKzA8AsMwPABTNDwB5zQ8A3M0PAD/ODwChzg8AAs8PAGLPDwDCzw8AIdAPAH/QDwDd0A8AOtEPAJbRDwDx0Q8ATNIPAKbSDwD/0g8AWNMPALDTDwAH1A8AXtQPALTUDwAJ1Q8AXtUPALLVDwAG1g8AWNYPAKrWDwD81g8ATdcPAJ3XDwDt1w8APNgPAIrYDwDY2A8AJtkPAHLZDwC+2Q8ACtoPAFXaDwCf2g8A6doPADLbDwB72w8Aw9sPAArcDwBR3A8AmNwPAN7cDwAj3Q8AaN0PAKzdDwDw3Q8ANN4PAHbeDwC53g8A+t4PADzfDwB83w8Avd8PAPzfDwA84A8Ae+APALngDwD34A8ANOEPAHHhDwCt4Q8A6eEPACXiDwBg4g8AmuIPANXiDwAO4w8ASOMPAIDjDwC54w8A8eMPACjkDwBf5A8AluQPAMzkDwAC5Q8AOOUPAG3lDwCh5Q8A1eUPAAnmDwA95g8AcOYPAKLmDwDU5g8ABucPADjnDwBp5w8AmecPAMrnDwD65w8AKegPAFnoDwCH6A8AtugPAOToDwAS6Q8AP+kPAGzpDwCZ6Q8AxekPAPHpDwAd6g8ASeoPAHTqDwCe6g8AyeoPAPPqDwAc6w8ARusPAG/rDwCY6w8AwOsPAOjrDwAQ7A8AOOwPAF/sDwCG7A8ArOwPANPsDwD57A8AH+0PAETtDwBp7Q8Aju0PALPtDwDX7Q8A++0PAB/uDwBC7g8AZe4PAIjuDwCr7g8Aze4PAO/uDwAR7w8AM+8PAFTvDwB17w8Alu8PALfvDwDX7w8A9+8PABfwDwA28A8AVvAPAHXwDwCU8A8AsvAPANHwDwDv8A8ADfEPACrxDwBI8Q8AZfEPAILxDwCf8Q8Au/EPANjxDwD08Q8AEPIPACvyDwBH8g8AYvIPAH3yDwCY8g8As/IPAM3yDwDn8g8AAfMPABvzDwA18w8ATvMPAGfzDwCA8w8AmfMPALLzDwDK8w8A4vMPAPrzDwAS9A8AKvQPAEL0DwBZ9A8AcPQPAIf0DwCe9A8AtPQPAMv0DwDh9A8A9/QPAA31DwAj9Q8AOPUPAE71DwBj9Q8AePUPAI31DwCi9Q8At/UPAMv1DwDf9Q8A8/UPAAf2DwAb9g8AL/YPAEL2DwBW9g8AafYPAHz2DwCP9g8AovYPALT2DwDH9g8A2fYPAOv2DwD99g8AD/cPACH3DwAz9w8ARPcPAFb3DwBn9w8AePcPAIn3DwCa9w8AqvcPALv3DwDL9w8A3PcPAOz3DwD89w8ADPgPABz4DwAr+A8AO/gPAEr4DwBa+A8AafgPAHj4DwCH+A8AlvgPAKX4DwCz+A8AwvgPAND4DwDe+A8A7fgPAPv4DwAJ+Q8AF/kPACT5DwAy+Q8AP/kPAE35DwBa+Q8AZ/kPAHX5DwCC+Q8AjvkPAJv5DwCo+Q8AtfkPAMH5DwDO+Q8A2vkPAOb5DwDy+Q8A/vkPAAr6DwAW+g8AIvoPAC76DwA5+g8ARfoPAFD6DwBb+g8AZ/oPAHL6DwB9+g8AiPoPAJP6DwCd+g8AqPoPALP6DwC9+g8AyPoPANL6DwDc+g8A5/oPAPH6DwD7+g8ABfsPAA/7DwAZ+w8AIvsPACz7DwA2+w8AP/sPAEn7DwBS+w8AW/sPAGX7DwBu+w8Ad/sPAID7DwCJ+w8AkvsPAJv7DwCj+w8ArPsPALX7DwC9+w8AxvsPAM77DwDW+w8A3/sPAOf7DwDv+w8A9/sPAP/7DwAH/A8AD/wPABf8DwAf/A8AJvwPAC78DwA2/A8APfwPAEX8DwBM/A8AU/wPAFv8DwBi/A8AafwPAHD8DwB3/A8Af/wPAIb8DwCM/A8Ak/wPAJr8DwCh/A8AqPwPAK78DwC1/A8Au/wPAML8DwDI/A8Az/wPANX8DwDb/A8A4vwPAOj8DwDu/A8A9PwPAPr8DwAA/Q8ABv0PAAz9DwAS/Q8AGP0PAB79DwAj/Q8AKf0PAC/9DwA0/Q8AOv0PAD/9DwBF/Q8ASv0PAFD9DwBV/Q8AWv0PAGD9DwBl/Q8Aav0PAG/9DwB0/Q8Aef0PAH79DwCD/Q8AiP0PAI39DwCS/Q8Al/0PAJz9DwCh/Q8Apf0PAKr9DwCv/Q8As/0PALj9DwC8/Q8Awf0PAMX9DwDK/Q8Azv0PANP9DwDX/Q8A2/0PAN/9DwDk/Q8A6P0PAOz9DwDw/Q8A9P0PAPj9DwD8/Q8AAP4PAAT+DwAI/g8ADP4PABD+DwAU/g8AGP4PABz+DwAf/g8AI/4PACf+DwAr/g8ALv4PADL+DwA1/g8AOf4PAD3+DwBA/g8ARP4PAEf+DwBK/g8ATv4PAFH+DwBV/g8AWP4PAFv+DwBe/g8AYv4PAGX+DwBo/g8Aa/4PAG7+DwBy/g8Adf4PAHj+DwB7/g8Afv4PAIH+DwCE/g8Ah/4PAIr+DwCN/g8Aj/4PAJL+DwCV/g8AmP4PAJv+DwCe/g8AoP4PAKP+DwCm/g8Aqf4PAKv+DwCu/g8AsP4PALP+DwC2/g8AuP4PALv+DwC9/g8AwP4PAML+DwDF/g8Ax/4PAMr+DwDM/g8Azv4PANH+DwDT/g8A1v4PANj+DwDa/g8A3P4PAN/+DwDh/g8A4/4PAOX+DwDo/g8A6v4PAOz+DwDu/g8A8P4PAPL+DwD0/g8A9/4PAPn+DwD7/g8A/f4PAP/+DwAB/w8AA/8PAAX/DwAH/w8ACf8PAAr/DwAM/w8ADv8PABD/DwAS/w8AFP8PABb/DwAY/w8AGf8PABv/DwAd/w8AH/8PACD/DwAi/w8AJP8PACb/DwAn/w8AKf8PACv/DwAs/w8ALv8PADD/DwAx/w8AM/8PADT/DwA2/w8AOP8PADn/DwA7/w8APP8PAD7/DwA//w8AQf8PAEL/DwBE/w8ARf8PAEf/DwBI/w8ASv8PAEv/DwBM/w8ATv8PAE//DwBR/w8AUv8PAFP/DwBV/w8AVv8PAFf/DwBZ/w8AWv8PAFv/DwBc/w8AXv8PAF//DwBg/w8AYf8PAGP/DwBk/w8AZf8PAGb/DwBo/w8Aaf8PAGr/DwBr/w8AbP8PAG3/DwBv/w8AcP8PAHH/DwBy/w8Ac/8PAHT/DwB1/w8Adv8PAHf/DwB4/w8Aef8PAHv/DwB8/w8Aff8PAH7/DwB//w8AgP8PAIH/DwCC/w8Ag/8PAIT/DwCF/w8Ahf8PAIb/DwCH/w8AiP8PAIn/DwCK/w8Ai/8PAIz/DwCN/w8Ajv8PAI//DwCQ/w8AkP8PAJH/DwCS/w8Ak/8PAJT/DwCV/w8Alv8PAJb/DwCX/w8AmP8PAJn/DwCa/w8Amv8PAJv/DwCc/w8Anf8PAJ7/DwCe/w8An/8PAKD/DwCh/w8Aof8PAKL/DwCj/w8ApP8PAKT/DwCl/w8Apv8PAKb/DwCn/w8AqP8PAKj/DwCp/w8Aqv8PAKr/DwCr/w8ArP8PAKz/DwCt/w8Arv8PAK7/DwCv/w8AsP8PALD/DwCx/w8Asv8PALL/DwCz/w8As/8PALT/DwC1/w8Atf8PALb/DwC2/w8At/8PALf/DwC4/w8Auf8PALn/DwC6/w8Auv8PALv/DwC7/w8AvP8PALz/DwC9/w8Avf8PAL7/DwC+/w8Av/8PAL//DwDA/w8AwP8PAMH/DwDB/w8Awv8PAML/DwDD/w8Aw/8PAMT/DwDE/w8Axf8PAMX/DwDG/w8Axv8PAMf/DwDH/w8Ax/8PAMj/DwDI/w8Ayf8PAMn/DwDK/w8Ayv8PAMr/DwDL/w8Ay/8PAMz/DwDM/w8Azf8PAM3/DwDN/w8Azv8PAM7/DwDP/w8Az/8PAM//DwDQ/w8A0P8PAND/DwDR/w8A0f8PANH/DwDS/w8A0v8PANP/DwDT/w8A0/8PANT/DwDU/w8A1P8PANX/DwDV/w8A1f8PANb/DwDW/w8A1v8PANf/DwDX/w8A1/8PANj/DwDY/w8A2P8PANn/DwDZ/w8A2f8PANn/DwDa/w8A2v8PANr/DwDb/w8A2/8PANv/DwDc/w8A3P8PANz/DwDc/w8A3f8PAN3/DwDd/w8A3f8PAN7/DwDe/w8A3v8PAN//DwDf/w8A3/8PAN//DwDg/w8A4P8PAOD/DwDg/w8A4f8PAOH/DwDh/w8A4f8PAOL/DwDi/w8A4v8PAOL/DwDi/w8A4/8PAOP/DwDj/w8A4/8PAOT/DwDk/w8A5P8PAOT/DwDk/w8A5f8PAOX/DwDl/w8A5f8PAOb/DwDm/w8A5v8PAOb/DwDm/w8A5/8PAOf/DwDn/w8A5/8PAOf/DwDn/w8A6P8PAOj/DwDo/w8A6P8PAOj/DwDp/w8A6f8PAOn/DwDp/w8A6f8PAOr/DwDq/w8A6v8PAOr/DwDq/w8A6v8PAOv/DwDr/w8A6/8PAOv/DwDr/w8A6/8PAOz/DwDs/w8A7P8PAOz/DwDs/w8A7P8PAOz/DwDt/w8A7f8PAO3/DwDt/w8A7f8PAO3/DwDu/w8A7v8PAO7/DwDu/w8A7v8PAO7/DwDu/w8A7v8PAO//DwDv/w8A7/8PAO//DwDv/w8A7/8PAO//DwDw/w8A8P8PAPD/DwDw/w8A8P8PAPD/DwDw/w8A8P8PAPH/DwDx/w8A8f8PAPH/DwDx/w8A8f8PAPH/DwDx/w8A8f8PAPL/DwDy/w8A8v8PAPL/DwDy/w8A8v8PAPL/DwDy/w8A8v8PAPP/DwDz/w8A8/8PAPP/DwDz/w8A8/8PAPP/DwDz/w8A8/8PAPP/DwD0/w8A9P8PAPT/DwD0/w8A9P8PAPT/DwD0/w8A9P8PAPT/DwD0/w8A9f8PAPX/DwD1/w8A9f8PAPX/DwD1/w8A9f8PAPX/DwD1/w8A9f8PAPX/DwD1/w8A9v8PAPb/DwD2/w8A9v8PAPb/DwD2/w8A9v8PAPb/DwD2/w8A9v8PAPb/DwD2/w8A9v8PAPf/DwD3/w8A9/8PAPf/DwD3/w8A9/8PAPf/DwD3/w8A9/8PAPf/DwD3/w8A9/8PAPf/DwD3/w8A+P8PAPj/DwD4/w8A+P8PAPj/DwD4/w8A+P8PAPj/DwD4/w8A+P8PAPj/DwD4/w8A+P8PAPj/DwD4/w8A+P8PAPn/DwD5/w8A+f8PAPn/DwD5/w8A+f8PAPn/DwD5/w8A+f8PAPn/DwD5/w8A+f8PAPn/DwD5/w8A+f8PAPn/DwD5/w8A+f8PAPr/DwD6/w8A+v8PAPr/DwD6/w8A+v8PAPr/DwD6/w8A+v8PAPr/DwD6/w8A+v8PAPr/DwD6/w8A+v8PAPr/DwD6/w8A+v8PAPr/DwD6/w8A+v8PAPr/DwD7/w8A+/8PAPv/DwD7/w8A+/8PAPv/DwD7/w8A+/8PAPv/DwD7/w8A+/8PAPv/DwD7/w8A+/8PAPv/DwD7/w8A+/8PAPv/DwD7/w8A+/8PAPv/DwD7/w8A+/8PAPv/DwD7/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/P8PAPz/DwD8/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP3/DwD9/w8A/f8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A/v8PAP7/DwD+/w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8A//8PAP//DwD//w8AAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAEAAAAAAB/UTXAPMEtQDwN5gAAACAAH6iawB6gloA+BtMAAAAQAA/0TUAPUEtAPwNJgAAACAAoOgaAJ6gFgD+BhMAAAAQAFB0DQBPUAsAf4MJAAAACAAougYAKKgFAMDBBAAAAAQAFF0DABTUAgDgYAIAAAACAIquAQAKagEAcDABAAAAAQBF1wAABbUAADiYAAAAgAAAomsAAIJaAAAcTAAAAEAAANE1AABBLQAADiYAAAAgAADpGgAAoRYAAAcTAAAAEAAAdA0AAFALAACDCQAAAAgAALoGAACoBQAAwgQAAAAEAABdAwAA1AIAAGECAAAAAgAArwEAAGoBAAAwAQAAAP8A/wD/AP8E/1j/nv/a/w8APwBqAJIAuADbAP0AHQE8AVkBdgGTAa4ByQHjAf0BFwIwAkoCYgJ7ApMCrALEAtwC9AIMAyMDOwNSA2oDgQOZA7ADyAPfA/YDDQQlBDwEUwRqBIEEmQSwBMcE3gT1BAwFIwU7BVIFaQWABZcFrgXFBdwF8wUKBiIGOQZQBmcGfgaVBqwGwwbaBvEGCAcgBzcHTgdlB3wHkweqB8EH2AfvBwYIHQg1CEwIYwh6CJEIqAi/CNYI7QgECRsJMglKCWEJeAmPCaYJvQnUCesJAgoZCjAKRwpfCnYKjQqkCrsK0grpCgALFwsuC0ULXAt0CwAAAQADAAQABgAHAAkACgALAA0ADgAQABEAEgAUABUAFgAYABkAGgAcAB0AHgAgACEAIgAkACUAJgAoACkAKgAsAC0ALgAvADEAMgAzADQANgA3ADgAOQA7ADwAPQA+AD8AQQBCAEMARABFAEcASABJAEoASwBNAE4ATwBQAFEAUgBUAFUAVgBXAFgAWQBaAFwAXQBeAF8AYABhAGIAYwBkAGYAZwBoAGkAagBrAGwAbQBuAG8AcABxAHIAdAB1AHYAdwB4AHkAegB7AHwAfQB+AH8AgACBAIIAgwCEAIUAhgCHAIgAiQCKAIsAjACNAI4AjwCQAJEAkgCTAJQAlQCWAJcAmACZAJoAmwCbAJwAnQCeAJ8AoAChAKIAowCkAKUApgCnAKgAqQCpAKoAqwCsAK0ArgCvALAAsQCyALIAswC0ALUAtgC3ALgAuQC5ALoAuwC8AL0AvgC/AMAAwADBAMIAwwDEAMUAxgDGAMcAyADJAMoAywDLAMwAzQDOAM8A0ADQANEA0gDTANQA1ADVANYA1wDYANgA2QDaANsA3ADcAN0A3gDfAOAA4ADhAOIA4wDkAOQA5QDmAOcA5wDoAOkA6gDqAOsA7ADtAO4A7gDvAPAA8QDxAPIA8wD0APQA9QD2APcA9wD4APkA+QD6APsA/AD8AP0A/gD/AP8AAQAAAAEAAAACAAAAAwAAAAQAAAAGAAAACAAAAAsAAAAQAAAAFwAAACAAAAAtAAAAQAAAAFsAAACAAAAAtQAAAAABAABqAQAAAAIAANQCAAAABAAAqAUAAAAIAABQCwAAABAAAKEWAAAAIAAAQS0AAABAAACCWgAAAIAAAAW1AAAAAAEACmoBAAAAAgAU1AIAAAAEACioBQAAAAgAT1ALAAAAEACeoBYAAAAgAD1BLQAAAEAAeoJaAAAAgADzBLUAAAAAAeYJagEAAAACzRPUAgAAAASaJ6gFAAAACDNPUAsAAAAQZp6gFgAAACDNPEEtAAAAQJp5gloAAACANPMEtQ==";
}
