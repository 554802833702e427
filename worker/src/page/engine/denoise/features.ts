import type { Size } from '@kiln/shared';
import {
  AddEquation,
  CustomBlending,
  FloatType,
  GLSL3,
  NearestFilter,
  OneFactor,
  OrthographicCamera,
  PerspectiveCamera,
  RawShaderMaterial,
  type Texture,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { COVER_VERTEX } from '../cover.ts';
import type { Rest, Shot } from '../engine.ts';
import { subPixelOffset } from '../jitter.ts';
import type { DataPasses } from '../passes/data-passes.ts';
import { PLANES } from '../passes/planes.ts';
import { placeCamera, setCamera } from '../shot-camera.ts';
import { shutterMoment } from '../shutter.ts';
import { lookThrough } from '../thin-lens.ts';

/** Views whose mean is as smooth as the picture's edges; and where a lens or the open shutter blurs more than edges. */
const SHARP_VIEWS = 16;
const BLURRED_VIEWS = 64;

/** Targets of features: normal and share of the pixel that is covered; albedo and depth; emission. Means. */
const FEATURES = 3;

const add = new RawShaderMaterial({
  name: 'add-features',
  glslVersion: GLSL3,
  uniforms: { planes: { value: [] }, share: { value: 1 } },
  vertexShader: COVER_VERTEX,
  fragmentShader: /* glsl */ `
precision highp float;
uniform highp sampler2D planes[4];
uniform float share;
layout(location = 0) out vec4 normal;
layout(location = 1) out vec4 albedo;
layout(location = 2) out vec4 emission;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  float depth = texelFetch(planes[0], at, 0).a;
  normal = share * vec4(texelFetch(planes[1], at, 0).rgb, depth > 0.0 ? 1.0 : 0.0);
  albedo = share * vec4(texelFetch(planes[2], at, 0).rgb, depth);
  emission = share * vec4(texelFetch(planes[3], at, 0).rgb, 1.0);
}
`,
  blending: CustomBlending,
  blendEquation: AddEquation,
  blendSrc: OneFactor,
  blendDst: OneFactor,
  depthTest: false,
  depthWrite: false,
});
const quad = new FullScreenQuad(add);

export interface Features {
  readonly normal: Texture;
  readonly albedo: Texture;
  readonly emission: Texture;
  dispose(): void;
}

/**
 * What stands at each pixel, seen as the picture sees it: the mean over the pixel, the lens and the time that the shutter
 * is open. Through the middle of pixels alone, an edge of the picture would be divided by the albedo of one side.
 */
export async function drawFeatures(
  renderer: WebGLRenderer,
  passes: DataPasses,
  shot: Shot,
  rest: Rest,
): Promise<Features> {
  const { scene, staging, size, timeSec, shutterSec = 0 } = shot;
  const view = floatTargets(size, PLANES.length, true);
  const means = floatTargets(size, FEATURES, false);
  const cameras = { perspective: new PerspectiveCamera(), orthographic: new OrthographicCamera() };
  renderer.setRenderTarget(means);
  renderer.setClearColor(0, 0);
  renderer.clear(true, false, false);
  try {
    for (let index = 0, views = 1; index < views; index += 1) {
      const now = timeSec + shutterSec * shutterMoment(index);
      scene.pose(staging, now);
      const placement = placeCamera(shot.camera, scene, size.widthPx / size.heightPx, now);
      views = placement.aperture || shutterSec > 0 ? BLURRED_VIEWS : SHARP_VIEWS;
      const camera = setCamera(cameras, placement, { size }, subPixelOffset(index));
      if (placement.aperture && camera instanceof PerspectiveCamera) lookThrough(camera, placement.aperture, index);
      passes.drawSurfaces(view, PLANES, scene, camera);
      add.uniforms.planes = { value: view.textures };
      add.uniforms.share = { value: 1 / views };
      renderer.setRenderTarget(means);
      quad.render(renderer);
      await rest();
    }
  } catch (error) {
    means.dispose();
    throw error;
  } finally {
    view.dispose();
  }
  const [normal, albedo, emission] = means.textures;
  if (!normal || !albedo || !emission) throw new Error('three makes as many textures as it is asked for');
  return { normal, albedo, emission, dispose: () => means.dispose() };
}

const floatTargets = ({ widthPx, heightPx }: Size, count: number, depthBuffer: boolean) =>
  new WebGLRenderTarget(widthPx, heightPx, {
    count,
    type: FloatType,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    depthBuffer,
  });
