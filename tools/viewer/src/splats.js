/**
 * A scene of Gaussians as a three.js mesh, drawn as in part 7.1 of the specification: one polygon
 * a Gaussian, blended back to front.
 */

import {
  AddEquation, BufferAttribute, BufferGeometry, CustomBlending, DataTexture, DoubleSide, FloatType,
  GLSL3, InstancedBufferGeometry, Matrix4, Mesh, NearestFilter, NoBlending, OneFactor,
  OneMinusSrcAlphaFactor, RawShaderMaterial, RedIntegerFormat, RGBAFormat, Scene, Sphere,
  UnsignedIntType, Vector2, Vector3, Vector4, WebGLRenderTarget,
} from "three";

import { sorterMain } from "./sorter.js";

const STRIDE = 1024; // splats a row of the textures, and a batch
const SIDES = 3;

/** First pass, one fragment a splat: place, axes and opacity in the image, or opacity 0. */
const PROJECT_VERTEX = `
in vec3 position;
void main() { gl_Position = vec4(position.xy, 0.0, 1.0); }`;

const PROJECT = `
precision highp float;
precision highp int;
uniform highp sampler2D geometryTexture;
uniform mat4 worldToCamera;      // camera axes x right, y down, z forward
uniform vec4 intrinsics;         // fx, fy, cx, cy in pixels
uniform vec2 imageSize;
uniform bool antialiased;
uniform float rim;               // smaller opacities are not drawn
layout(location = 0) out vec4 middle_;   // x, y in -1..1, opacity, reach in standard deviations
layout(location = 1) out vec4 axes;

void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  middle_ = vec4(0.0);
  axes = vec4(0.0);
  at.x *= 3;
  vec4 g0 = texelFetch(geometryTexture, at, 0);
  vec3 t = (worldToCamera * vec4(g0.xyz, 1.0)).xyz;
  if (!(t.z >= 0.01)) return;
  vec4 g1 = texelFetch(geometryTexture, at + ivec2(1, 0), 0);
  vec4 g2 = texelFetch(geometryTexture, at + ivec2(2, 0), 0);
  mat3 world = mat3(g1.x, g1.y, g1.z, g1.y, g1.w, g2.x, g1.z, g2.x, g2.y);
  mat3 turn = mat3(worldToCamera);
  mat3 covariance = turn * world * transpose(turn);
  vec2 focal = intrinsics.xy;
  vec2 slack = 0.15 * imageSize / focal;
  vec2 slope = clamp(t.xy / t.z, -intrinsics.zw / focal - slack,
                     (imageSize - intrinsics.zw) / focal + slack);
  vec3 j0 = vec3(focal.x, 0.0, -focal.x * slope.x) / t.z;
  vec3 j1 = vec3(0.0, focal.y, -focal.y * slope.y) / t.z;
  vec3 c0 = covariance * j0;
  float a = dot(j0, c0);
  float b = dot(j1, c0);
  float c = dot(j1, covariance * j1);
  float before = a * c - b * b;
  a += 0.3;
  c += 0.3;
  float after = a * c - b * b;
  float opacity = g0.w;
  if (antialiased) opacity *= sqrt(max(0.0, before / after));
  if (!(opacity >= rim)) return;
  float mean = 0.5 * (a + c);
  float major = mean + sqrt(max(mean * mean - after, 1e-12));
  float minor = max(after / major, 0.0);
  vec2 axis = abs(b) > 1e-9 ? normalize(vec2(b, major - a)) : (a >= c ? vec2(1.0, 0.0) : vec2(0.0, 1.0));
  float reach = sqrt(2.0 * log(opacity / rim));
  vec2 pixel = focal * t.xy / t.z + intrinsics.zw;
  vec2 extent = reach * sqrt(vec2(a, c));        // half the box around the ellipse
  if (!all(lessThan(abs(pixel - 0.5 * imageSize), 0.5 * imageSize + extent))) return;
  vec2 scale = vec2(2.0, -2.0) / imageSize;
  middle_ = vec4(scale * pixel + vec2(-1.0, 1.0), opacity, reach);
  axes = vec4(scale * axis * sqrt(major), scale * vec2(-axis.y, axis.x) * sqrt(minor)) * reach;
}`;

/** Second pass: the polygons, far to near. */
const VERTEX = `
precision highp float;
precision highp int;
uniform highp sampler2D middleTexture;
uniform highp sampler2D axesTexture;
uniform highp sampler2D colourTexture;
uniform highp usampler2D orderTexture;
uniform int shown;
in vec3 position;                // corner, and which splat of the batch
out vec2 place;
flat out vec4 colour;

void main() {
  gl_Position = vec4(0.0, 0.0, 2.0, 1.0);
  int within = int(position.z);
  if (gl_InstanceID * ${STRIDE} + within >= shown) return;
  int splat = int(texelFetch(orderTexture, ivec2(within, gl_InstanceID), 0).r);
  int row = splat / ${STRIDE};
  ivec2 at = ivec2(splat - row * ${STRIDE}, row);
  vec4 middle_ = texelFetch(middleTexture, at, 0);
  if (middle_.z == 0.0) return;
  vec4 axes = texelFetch(axesTexture, at, 0);
  place = position.xy * middle_.w;
  gl_Position.xy = middle_.xy + position.x * axes.xy + position.y * axes.zw;
  gl_Position.z = 0.0;
  colour = vec4(texelFetch(colourTexture, at, 0).rgb, middle_.z);
}`;

const FRAGMENT = `
precision highp float;
uniform float rim;
in vec2 place;
flat in vec4 colour;
out vec4 pixel;

void main() {
  float alpha = min(0.999, colour.a * exp(-0.5 * dot(place, place)));
  if (alpha < rim) discard;
  pixel = vec4(colour.rgb * alpha, alpha);
}`;

function texture(data, width, height) {
  const made = new DataTexture(data, width, height, RGBAFormat, FloatType);
  made.needsUpdate = true;
  return made;
}

/**
 * A batch of STRIDE regular polygons around the unit circle: fewer pixels to fill than squares. One
 * instance a batch, not a splat: software WebGL draws each instance on its own.
 */
function batch(sides) {
  const radius = 1 / Math.cos(Math.PI / sides);
  const corners = new Float32Array(STRIDE * sides * 3);
  const faces = new Uint16Array(STRIDE * (sides - 2) * 3);
  for (let i = 0, v = 0, f = 0; i < STRIDE; i++) {
    const first = i * sides;
    for (let k = 0; k < sides; k++) {
      const angle = ((2 * k + 1) * Math.PI) / sides;
      corners[v++] = radius * Math.cos(angle);
      corners[v++] = radius * Math.sin(angle);
      corners[v++] = i;
    }
    for (let k = 2; k < sides; k++) {
      faces[f++] = first;
      faces[f++] = first + k - 1;
      faces[f++] = first + k;
    }
  }
  return { corners, faces };
}

export class Splats {
  constructor(onChange) {
    this.onChange = onChange;
    this.extent = null;
    this.busy = false;
    this.wanted = null; // camera to sort for next
    this.sorted = null; // answer of the worker whose order is in use
    this.version = 0; // of the scene; what was asked of an older one does not count
    this.asked = 0; // version of the scene that the request under way is about
    this.coming = null; // geometry that waits for the order and colours that belong to it
    this.share = 1; // of the splats, the most important first, that are drawn
    const url = URL.createObjectURL(
      new Blob([`(${sorterMain})()`], { type: "text/javascript" }));
    this.worker = new Worker(url);
    this.worker.onmessage = ({ data }) => this.receive(data);
    const { corners, faces } = batch(SIDES);
    this.geometry = new InstancedBufferGeometry();
    this.geometry.setAttribute("position", new BufferAttribute(corners, 3));
    this.geometry.setIndex(new BufferAttribute(faces, 1));
    this.geometry.instanceCount = 0;
    this.geometry.boundingSphere = new Sphere(new Vector3(), Infinity);
    this.projection = new RawShaderMaterial({
      glslVersion: GLSL3, vertexShader: PROJECT_VERTEX, fragmentShader: PROJECT, depthTest: false,
      depthWrite: false, blending: NoBlending,
      uniforms: {
        geometryTexture: { value: null }, worldToCamera: { value: new Matrix4() },
        intrinsics: { value: new Vector4() }, imageSize: { value: new Vector2() },
        antialiased: { value: false }, rim: { value: 1 / 255 },
      },
    });
    this.material = new RawShaderMaterial({
      glslVersion: GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, depthTest: false,
      depthWrite: false, side: DoubleSide, transparent: true, premultipliedAlpha: true,
      blending: CustomBlending, blendEquation: AddEquation, blendSrc: OneFactor,
      blendDst: OneMinusSrcAlphaFactor,
      uniforms: {
        middleTexture: { value: null }, axesTexture: { value: null }, colourTexture: { value: null },
        orderTexture: { value: null }, shown: { value: 0 }, rim: { value: 1 / 255 },
      },
    });
    this.passScene = new Scene();
    const triangle = new BufferGeometry();
    triangle.setAttribute("position", new BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
    const pass = new Mesh(triangle, this.projection);
    pass.frustumCulled = false;
    this.passScene.add(pass);
    this.target = null; // [n] places and axes in the image
    this.mesh = new Mesh(this.geometry, this.material);
    this.mesh.frustumCulled = false;
    this.mesh.visible = false;
  }

  /** Takes the arrays that a layer changed; names as in the decoder. */
  update(scene, changed) {
    this.projection.uniforms.antialiased.value = scene.antialiased;
    const part = { n: scene.n, shDegree: scene.shDegree };
    for (const name of changed) part[name] = scene[name];
    this.worker.postMessage({ scene: part, geometry: changed.includes("means") });
    this.version += 1;
    if (this.wanted) this.request();
  }

  receive(data) {
    const { uniforms } = this.material;
    if (data.geometry) {
      this.coming = data;
      this.extent = data.extent;
      this.onChange("geometry");
      return;
    }
    this.busy = false;
    if (this.coming) this.setGeometry();
    if (data.colours) {
      uniforms.colourTexture.value?.dispose();
      uniforms.colourTexture.value = texture(data.colours, STRIDE, this.rows);
    }
    this.setOrder(data);
    this.sorted = { ...data, version: this.asked };
    this.share = data.share;
    this.mesh.visible = true;
    if (!this.matches(this.wanted)) this.request();
    this.onChange("order");
  }

  setGeometry() {
    const { geometry, rows } = this.coming;
    const { geometryTexture } = this.projection.uniforms;
    geometryTexture.value?.dispose();
    geometryTexture.value = texture(geometry, 3 * STRIDE, rows);
    this.rows = rows;
    this.coming = null;
    this.makeTarget();
  }

  setOrder({ order, shown }) {
    const { uniforms } = this.material;
    const old = uniforms.orderTexture.value;
    if (old?.image.height === this.rows) {
      old.image.data = order;
      old.needsUpdate = true;
    } else {
      old?.dispose();
      const made = new DataTexture(order, STRIDE, this.rows, RedIntegerFormat, UnsignedIntType);
      made.internalFormat = "R32UI";
      made.needsUpdate = true;
      uniforms.orderTexture.value = made;
    }
    uniforms.shown.value = shown;
    this.geometry.instanceCount = Math.ceil(shown / STRIDE);
  }

  /** Asks for the order of {view, position, ticket, share}; the newest wins. */
  sortFor(wanted) {
    this.wanted = wanted;
    if (!this.busy && !this.matches(wanted)) this.request();
  }

  matches({ ticket, share }) {
    const { sorted, version } = this;
    return sorted?.version === version && sorted.ticket === ticket && sorted.share === share;
  }

  get settled() {
    return !this.busy && this.wanted !== null && this.matches(this.wanted);
  }

  request() {
    if (this.busy) return;
    this.busy = true;
    this.asked = this.version;
    const { view, position, ticket, share } = this.wanted;
    this.worker.postMessage({ view, position, ticket, share });
  }

  makeTarget() {
    if (this.target?.height === this.rows) return;
    this.target?.dispose();
    this.target = new WebGLRenderTarget(STRIDE, this.rows, {
      count: 2, type: FloatType, format: RGBAFormat, depthBuffer: false, minFilter: NearestFilter,
      magFilter: NearestFilter, generateMipmaps: false,
    });
    const { uniforms } = this.material;
    [uniforms.middleTexture.value, uniforms.axesTexture.value] = this.target.textures;
  }

  /** First pass, for the camera {view: 12 numbers, fx, fy, cx, cy, rim}, an image of width x height. */
  project(renderer, eye, camera, width, height) {
    const { uniforms } = this.projection;
    uniforms.worldToCamera.value.set(...camera.view, 0, 0, 0, 1);
    uniforms.intrinsics.value.set(camera.fx, camera.fy, camera.cx, camera.cy);
    uniforms.imageSize.value.set(width, height);
    uniforms.rim.value = camera.rim;
    this.material.uniforms.rim.value = camera.rim;
    this.target.viewport.set(0, 0, STRIDE, Math.min(this.rows, Math.ceil((this.rows * this.share)) + 1));
    renderer.setRenderTarget(this.target);
    renderer.render(this.passScene, eye);
    renderer.setRenderTarget(null);
  }
}
