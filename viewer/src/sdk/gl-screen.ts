/** `WebGLRenderer`: the warp's targets on a triangle over all of the view. */
import { Color, ShaderMaterial, Vector2, type WebGLRenderer } from 'three';
import { GlPasses } from '../live/warp/gl-passes.ts';
import { mostQuads } from '../live/warp/most-quads.ts';
import { LAYER_COUNT } from '../live/warp/picture-warp.ts';
import type { ScreenRenderer } from './remote-screen.ts';

const VERTEX = /* glsl */ `
attribute vec2 corner;
// Whether it is the camera for which the picture is warped.
uniform bool isSeen;
varying vec2 at;
// How a reciprocal distance becomes a depth of the host's camera: the first and the second of a line.
flat varying vec2 line;
void main() {
  at = corner * 0.5 + 0.5;
  line = vec2(-projectionMatrix[2][2], projectionMatrix[3][2]);
  gl_Position = isSeen ? vec4(corner, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}
`;

const FRAGMENT = /* glsl */ `
uniform sampler2D older;
uniform sampler2D newer;
uniform highp sampler2D depths;
uniform float share;
uniform vec2 nears;
uniform float scale;
varying vec2 at;
flat varying vec2 line;
#ifdef USE_LOGARITHMIC_DEPTH_BUFFER
uniform float logDepthBufFC;
#endif
// Above rounding, below what is as far away as anybody looks.
const float SLACK = 1e-5;

// 1/units of the host's world along its line of sight; 0 where it is infinitely far.
float reciprocalAt(vec2 place) {
  float depth = texture2D(depths, place).r;
  #ifdef USE_REVERSED_DEPTH_BUFFER
  depth = 1.0 - depth;
  #endif
  float layered = depth * ${LAYER_COUNT.toFixed(1)};
  float end = ceil(layered - SLACK);
  return max(0.0, end - layered) / (abs(end - 2.0) < 0.5 ? nears.y : nears.x) / scale;
}

void main() {
  vec4 seen = mix(texture2D(older, at), texture2D(newer, at), share);
  if (seen.a < 0.5 / 255.0) discard;
  float reciprocal = reciprocalAt(at);
  #if defined(USE_LOGARITHMIC_DEPTH_BUFFER)
  float depth = reciprocal > 0.0 ? log2(1.0 + 1.0 / reciprocal) * logDepthBufFC * 0.5 : 1.0;
  #elif defined(USE_REVERSED_DEPTH_BUFFER)
  float depth = line.x + line.y * reciprocal;
  #else
  float depth = (line.x + line.y * reciprocal) * 0.5 + 0.5;
  #endif
  gl_FragDepth = clamp(depth, 0.0, 1.0);
  // The worker's pixels are display-referred: no tone mapping, only what the target wants.
  gl_FragColor = vec4(sRGBTransferEOTF(seen).rgb, seen.a);
  #include <colorspace_fragment>
}
`;

export function glScreen(renderer: WebGLRenderer): ScreenRenderer {
  const passes = new GlPasses(renderer, true);
  const { older, newer } = passes.targets;
  const material = new ShaderMaterial({
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    toneMapped: false,
    uniforms: {
      older: { value: older.texture },
      newer: { value: newer.texture },
      depths: { value: newer.depthTexture },
      isSeen: { value: true },
      share: { value: 1 },
      nears: { value: new Vector2(1, 1) },
      scale: { value: 1 },
    },
  });
  return {
    textures: renderer,
    passes,
    material,
    mostQuads: mostQuads(renderer.getContext()),
    show({ share, nears, scale }) {
      const { uniforms } = material;
      Object.assign(uniforms, { share: { value: share }, nears: { value: nears }, scale: { value: scale } });
      // What was drawn before has nothing to be mixed in.
      Object.assign(uniforms, { older: { value: (share < 1 ? older : newer).texture } });
    },
    seenBy(isSeen) {
      Object.assign(material.uniforms, { isSeen: { value: isSeen } });
      material.uniformsNeedUpdate = true;
    },
    apart(work) {
      const target = renderer.getRenderTarget();
      const [face, level] = [renderer.getActiveCubeFace(), renderer.getActiveMipmapLevel()];
      const [clearColor, clearAlpha] = [renderer.getClearColor(new Color()), renderer.getClearAlpha()];
      const { autoClear } = renderer;
      const isXr = renderer.xr.enabled;
      const { autoUpdate } = renderer.shadowMap;
      renderer.setClearColor(0x000000, 0);
      renderer.autoClear = false;
      renderer.xr.enabled = false;
      renderer.shadowMap.autoUpdate = false;
      try {
        work();
      } finally {
        renderer.setRenderTarget(target, face, level);
        renderer.setClearColor(clearColor, clearAlpha);
        renderer.autoClear = autoClear;
        renderer.xr.enabled = isXr;
        renderer.shadowMap.autoUpdate = autoUpdate;
      }
    },
    watch({ restored }) {
      const { domElement } = renderer;
      // After the renderer itself, which has listened to it for longer.
      domElement.addEventListener('webglcontextrestored', restored);
      return () => domElement.removeEventListener('webglcontextrestored', restored);
    },
    dispose: () => material.dispose(),
  };
}
