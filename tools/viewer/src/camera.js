/**
 * The camera and what moves it: orbit and fly, by mouse, touch and keyboard. Axes as in part 4.8:
 * x right, y down, z forward.
 */

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const add = (a, b, s = 1) => [a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const unit = (a) => {
  const n = Math.hypot(...a) || 1;
  return [a[0] / n, a[1] / n, a[2] / n];
};
/** `v` turned by `angle` about the unit vector `axis` (Rodrigues). */
function turn(v, axis, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return add(add([v[0] * c, v[1] * c, v[2] * c], cross(axis, v), s), axis, dot(axis, v) * (1 - c));
}

let tickets = 0;

export class Camera {
  constructor() {
    this.up = [0, -1, 0];
    this.position = [0, 0, -3];
    this.right = [1, 0, 0];
    this.down = [0, 1, 0];
    this.forward = [0, 0, 1];
    this.distance = 3; // to the point it turns about
    this.lens = { width: 0, height: 0, fx: 0, fy: 0, cx: 0, cy: 0 };
    this.changed();
  }

  changed() {
    this.ticket = ++tickets;
  }

  get view() {
    return [this.right, this.down, this.forward].flatMap((row) => [...row, -dot(row, this.position)]);
  }

  get target() {
    return add(this.position, this.forward, this.distance);
  }

  /** A view of the VIEW box; `extent` sets what the camera turns about. */
  setView(view, extent) {
    const m = view.worldToCamera;
    [this.right, this.down, this.forward] = [0, 4, 8].map((o) => [m[o], m[o + 1], m[o + 2]]);
    const t = [m[3], m[7], m[11]];
    this.position = [0, 1, 2].map((a) => -(this.right[a] * t[0] + this.down[a] * t[1] + this.forward[a] * t[2]));
    const depth = dot(add(extent.centre, this.position, -1), this.forward);
    this.distance = Math.max(depth, 0.2 * extent.radius);
    this.lens = { width: view.width, height: view.height, fx: view.fx, fy: view.fy, cx: view.cx, cy: view.cy };
    this.changed();
  }

  /** The whole scene from the front; `frame` as in annex B.2. */
  setOverview(extent, frame) {
    const yUp = frame === 2;
    this.up = yUp ? [0, 1, 0] : [0, -1, 0];
    this.forward = yUp ? [0, 0, -1] : [0, 0, 1];
    this.down = this.up.map((v) => -v);
    this.right = cross(this.down, this.forward);
    this.distance = 2.2 * extent.radius;
    this.position = add(extent.centre, this.forward, -this.distance);
    this.lens = { width: 0, height: 0, fx: 0, fy: 0, cx: 0, cy: 0 };
    this.changed();
  }

  /** Pixels of an image of width x height: the view's own lens fitted into it, or 50 degrees. */
  intrinsics(width, height) {
    const { width: w, height: h, fx, fy, cx, cy } = this.lens;
    if (w === 0) {
      const f = (0.5 * Math.min(width, height)) / Math.tan((25 * Math.PI) / 180);
      return { fx: f, fy: f, cx: width / 2, cy: height / 2 };
    }
    const s = Math.min(width / w, height / h);
    return { fx: fx * s, fy: fy * s, cx: width / 2 + (cx - w / 2) * s, cy: height / 2 + (cy - h / 2) * s };
  }

  turnAll(axis, angle) {
    this.right = unit(turn(this.right, axis, angle));
    this.down = unit(turn(this.down, axis, angle));
    this.forward = unit(cross(this.right, this.down));
    this.down = cross(this.forward, this.right);
  }

  /** Turns by yaw and pitch, about the target when orbiting, else about the camera. */
  rotate(yaw, pitch, orbit) {
    const target = this.target;
    this.turnAll(this.up, yaw);
    const height = dot(this.forward, this.up);
    const next = Math.asin(Math.max(-1, Math.min(1, height))) + pitch;
    if (Math.abs(next) < 1.55) this.turnAll(this.right, pitch);
    if (orbit) this.position = add(target, this.forward, -this.distance);
    this.changed();
  }

  /** Moves by fractions of the distance to the target. */
  move(right, down, forward) {
    for (const [axis, amount] of [[this.right, right], [this.down, down], [this.forward, forward]]) {
      this.position = add(this.position, axis, amount * this.distance);
    }
    this.changed();
  }

  zoom(factor) {
    const target = this.target;
    this.distance = Math.min(Math.max(this.distance * factor, 1e-4), 1e7);
    this.position = add(target, this.forward, -this.distance);
    this.changed();
  }
}

const KEYS_HELD = {
  KeyW: [0, 0, 1], KeyS: [0, 0, -1], KeyA: [-1, 0, 0], KeyD: [1, 0, 0], KeyQ: [0, 1, 0], KeyE: [0, -1, 0],
};
const KEYS_TURN = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** Listens on an element and moves the camera. `state.fly` chooses between orbit and fly. */
export class Controls {
  constructor(element, camera, state, onMove) {
    Object.assign(this, { element, camera, state, onMove });
    this.pointers = new Map();
    this.held = new Set();
    const on = (target, type, listener) => target.addEventListener(type, listener, { passive: false });
    on(element, "pointerdown", (e) => this.down(e));
    on(element, "pointermove", (e) => this.dragged(e));
    on(element, "pointerup", (e) => this.pointers.delete(e.pointerId));
    on(element, "pointercancel", (e) => this.pointers.delete(e.pointerId));
    on(element, "contextmenu", (e) => e.preventDefault());
    on(element, "wheel", (e) => this.wheel(e));
    on(element, "keydown", (e) => this.key(e));
    on(element, "keyup", (e) => this.held.delete(e.code));
    on(element, "blur", () => this.held.clear());
  }

  down(e) {
    this.element.setPointerCapture(e.pointerId);
    this.element.focus({ preventScroll: true });
    this.pointers.set(e.pointerId, { x: e.clientX, y: e.clientY });
  }

  dragged(e) {
    const before = this.pointers.get(e.pointerId);
    if (!before) return;
    const here = { x: e.clientX, y: e.clientY };
    const size = Math.min(this.element.clientWidth, this.element.clientHeight) || 1;
    const [dx, dy] = [(here.x - before.x) / size, (here.y - before.y) / size];
    if (this.pointers.size === 2) this.pinch(e.pointerId, before, here, size);
    else if (this.pointers.size === 1) {
      if (e.buttons & 2 || e.shiftKey) this.camera.move(-dx, -dy, 0);
      else if (this.state.fly) this.camera.rotate(-1.2 * dx, -1.2 * dy, false);
      else this.camera.rotate(-3 * dx, -3 * dy, true);
      this.onMove();
    }
    this.pointers.set(e.pointerId, here);
  }

  /** Two fingers: their distance zooms, their middle moves the scene. */
  pinch(id, before, here, size) {
    const other = [...this.pointers].find(([key]) => key !== id)[1];
    const old = Math.hypot(before.x - other.x, before.y - other.y);
    const now = Math.hypot(here.x - other.x, here.y - other.y);
    if (old > 0 && now > 0) this.camera.zoom(old / now);
    this.camera.move(-(here.x - before.x) / (2 * size), -(here.y - before.y) / (2 * size), 0);
    this.onMove();
  }

  wheel(e) {
    e.preventDefault();
    const step = Math.exp(Math.max(-0.5, Math.min(0.5, e.deltaY * 0.0015)));
    if (this.state.fly) this.camera.move(0, 0, 1 - step);
    else this.camera.zoom(step);
    this.onMove();
  }

  key(e) {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    const turnBy = KEYS_TURN[e.code];
    const step = this.state.fly ? 0.06 : -0.06; // flying the head turns, orbiting the camera moves
    if (turnBy) this.camera.rotate(step * turnBy[0], step * turnBy[1], !this.state.fly);
    else if (e.code in KEYS_HELD) this.held.add(e.code);
    else if (e.key === "+" || e.key === "=") this.camera.zoom(0.92);
    else if (e.key === "-") this.camera.zoom(1 / 0.92);
    else return;
    e.preventDefault();
    this.onMove();
  }

  /** Moves by the keys held down; seconds since the last frame. True when something moved. */
  tick(seconds) {
    if (this.held.size === 0) return false;
    const by = [0, 0, 0];
    for (const code of this.held) KEYS_HELD[code].forEach((v, a) => { by[a] += v * seconds * 0.7; });
    this.camera.move(...by);
    return true;
  }
}
