/**
 * Worker of the renderer: holds one scene, makes its geometry texture, and for a camera gives the
 * back-to-front order and the colours. `sorterMain` is turned into text and run in a Worker, so it
 * may use nothing outside itself.
 */

export function sorterMain() {
  const STRIDE = 1024; // splats a row of the textures
  let scene = { n: 0 };
  let lastColours = null; // {position, m} of the last colours
  let rank = new Uint32Array(0); // index in the scene of the i-th most important splat
  let placed = new Float32Array(0); // means in that order

  const rows = () => Math.max(1, Math.ceil(scene.n / STRIDE));

  /**
   * Splats by opacity times area, the largest first, in 2^16 classes: what is left out while the camera
   * moves on a slow machine is at the end.
   */
  function byImportance() {
    const { n, logScales, opacityLogits } = scene;
    const key = new Uint16Array(n);
    const counts = new Uint32Array(65537);
    for (let i = 0; i < n; i++) {
      const a = logScales[3 * i], b = logScales[3 * i + 1], c = logScales[3 * i + 2];
      const area = a + b + c - Math.min(a, b, c);
      const value = area - Math.log1p(Math.exp(-opacityLogits[i]));
      key[i] = Math.max(0, Math.min(65535, 32768 - 800 * value)) || 0;
      counts[key[i] + 1]++;
    }
    for (let k = 1; k < 65537; k++) counts[k] += counts[k - 1];
    const out = new Uint32Array(n);
    for (let i = 0; i < n; i++) out[counts[key[i]]++] = i;
    return out;
  }

  /** Three RGBA texels a splat: mean and opacity; covariance xx xy xz yy; yz zz, unused. */
  function geometry() {
    const out = new Float32Array(rows() * STRIDE * 12);
    const { means, logScales, quats, opacityLogits } = scene;
    rank = byImportance();
    placed = new Float32Array(3 * scene.n);
    for (let k = 0, o = 0; k < scene.n; k++, o += 12) {
      const i = rank[k];
      for (let a = 0; a < 3; a++) placed[3 * k + a] = means[3 * i + a];
      let w = quats[4 * i], x = quats[4 * i + 1], y = quats[4 * i + 2], z = quats[4 * i + 3];
      const norm = 1 / Math.sqrt(w * w + x * x + y * y + z * z);
      w *= norm; x *= norm; y *= norm; z *= norm;
      const s0 = Math.exp(logScales[3 * i]);
      const s1 = Math.exp(logScales[3 * i + 1]);
      const s2 = Math.exp(logScales[3 * i + 2]);
      const a0 = (1 - 2 * (y * y + z * z)) * s0, a1 = 2 * (x * y - w * z) * s1, a2 = 2 * (x * z + w * y) * s2;
      const b0 = 2 * (x * y + w * z) * s0, b1 = (1 - 2 * (x * x + z * z)) * s1, b2 = 2 * (y * z - w * x) * s2;
      const c0 = 2 * (x * z - w * y) * s0, c1 = 2 * (y * z + w * x) * s1, c2 = (1 - 2 * (x * x + y * y)) * s2;
      out[o] = means[3 * i];
      out[o + 1] = means[3 * i + 1];
      out[o + 2] = means[3 * i + 2];
      out[o + 3] = 1 / (1 + Math.exp(-opacityLogits[i]));
      out[o + 4] = a0 * a0 + a1 * a1 + a2 * a2;
      out[o + 5] = a0 * b0 + a1 * b1 + a2 * b2;
      out[o + 6] = a0 * c0 + a1 * c1 + a2 * c2;
      out[o + 7] = b0 * b0 + b1 * b1 + b2 * b2;
      out[o + 8] = b0 * c0 + b1 * c1 + b2 * c2;
      out[o + 9] = c0 * c0 + c1 * c1 + c2 * c2;
    }
    return out;
  }

  /** Those of the first n splats that are in front of the camera, far to near, in 2^16 classes. */
  function order(view, n) {
    const means = placed;
    const depth = new Float32Array(n);
    let near = Infinity;
    let far = -Infinity;
    for (let i = 0; i < n; i++) {
      const z = view[8] * means[3 * i] + view[9] * means[3 * i + 1] + view[10] * means[3 * i + 2] + view[11];
      depth[i] = z;
      if (!(z >= 0.01)) continue;
      if (z < near) near = z;
      if (z > far) far = z;
    }
    const scale = far > near ? 65535 / (far - near) : 0;
    const counts = new Uint32Array(65537);
    const key = new Uint16Array(n);
    let shown = 0;
    for (let i = 0; i < n; i++) {
      if (!(depth[i] >= 0.01)) continue;
      key[i] = (far - depth[i]) * scale;
      counts[key[i] + 1]++;
      shown++;
    }
    for (let k = 1; k < 65537; k++) counts[k] += counts[k - 1];
    const out = new Uint32Array(rows() * STRIDE);
    for (let i = 0; i < n; i++) if (depth[i] >= 0.01) out[counts[key[i]]++] = i;
    return { order: out, shown };
  }

  /** max(0, SH(direction) + 1/2), RGBA a splat; real SH in graphdeco's sign convention. */
  function colours(position, m) {
    const { means, sh0, shN, nRest } = scene;
    const out = new Float32Array(rows() * STRIDE * 4);
    const f = new Float64Array(16);
    for (let place = 0; place < m; place++) {
      const i = rank[place];
      let x = means[3 * i] - position[0];
      let y = means[3 * i + 1] - position[1];
      let z = means[3 * i + 2] - position[2];
      const norm = 1 / (Math.sqrt(x * x + y * y + z * z) || 1);
      x *= norm; y *= norm; z *= norm;
      if (nRest > 0) {
        f[0] = -0.4886025119029199 * y; f[1] = 0.4886025119029199 * z; f[2] = -0.4886025119029199 * x;
      }
      const xx = x * x, yy = y * y, zz = z * z;
      if (nRest > 3) {
        f[3] = 1.0925484305920792 * x * y; f[4] = -1.0925484305920792 * y * z;
        f[5] = 0.31539156525252005 * (2 * zz - xx - yy);
        f[6] = -1.0925484305920792 * x * z; f[7] = 0.5462742152960396 * (xx - yy);
      }
      if (nRest > 8) {
        f[8] = -0.5900435899266435 * y * (3 * xx - yy); f[9] = 2.890611442640554 * x * y * z;
        f[10] = -0.4570457994644658 * y * (4 * zz - xx - yy);
        f[11] = 0.3731763325901154 * z * (2 * zz - 3 * xx - 3 * yy);
        f[12] = -0.4570457994644658 * x * (4 * zz - xx - yy);
        f[13] = 1.445305721320277 * z * (xx - yy); f[14] = -0.5900435899266435 * x * (xx - 3 * yy);
      }
      let r = 0.5 + 0.28209479177387814 * sh0[3 * i];
      let g = 0.5 + 0.28209479177387814 * sh0[3 * i + 1];
      let b = 0.5 + 0.28209479177387814 * sh0[3 * i + 2];
      for (let k = 0, o = 3 * nRest * i; k < nRest; k++, o += 3) {
        r += f[k] * shN[o];
        g += f[k] * shN[o + 1];
        b += f[k] * shN[o + 2];
      }
      out[4 * place] = r > 0 ? r : 0;
      out[4 * place + 1] = g > 0 ? g : 0;
      out[4 * place + 2] = b > 0 ? b : 0;
    }
    return out;
  }

  /** Middle of the scene and the distance within which nine tenths of it lie. */
  function extent() {
    const { n, means } = scene;
    if (n === 0) return { centre: [0, 0, 0], radius: 1 };
    const step = Math.max(1, Math.floor(n / 20000));
    const m = Math.ceil(n / step);
    const centre = [0, 1, 2].map((a) => {
      const values = Float32Array.from({ length: m }, (_, k) => means[3 * k * step + a]);
      return values.sort()[m >> 1];
    });
    const distances = Float32Array.from({ length: m }, (_, k) => {
      const o = 3 * k * step;
      return Math.hypot(means[o] - centre[0], means[o + 1] - centre[1], means[o + 2] - centre[2]);
    }).sort();
    return { centre, radius: distances[Math.floor(distances.length * 0.9)] || 1 };
  }

  self.onmessage = ({ data }) => {
    if (data.scene) {
      Object.assign(scene, data.scene);
      scene.nRest = scene.n > 0 ? (scene.shN?.length ?? 0) / (3 * scene.n) : 0;
      lastColours = null;
      if (data.scene.shN && !data.geometry) return;
      const made = geometry();
      self.postMessage({ geometry: made, rows: rows(), extent: extent() }, [made.buffer]);
      return;
    }
    const { view, position, ticket, share } = data;
    const m = Math.ceil(scene.n * share);
    const result = { ...order(view, m), ticket, share };
    const transfer = [result.order.buffer];
    const moved = lastColours === null || lastColours.m < m
      || (scene.nRest > 0 && position.some((p, a) => p !== lastColours.position[a]));
    if (moved) {
      lastColours = { position: position.slice(), m };
      result.colours = colours(position, m);
      transfer.push(result.colours.buffer);
    }
    self.postMessage(result, transfer);
  };
}
