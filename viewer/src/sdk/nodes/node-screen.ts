/** `WebGPURenderer`: the warp's targets on a triangle over all of the view. */
import { type DepthTexture, Vector2 } from 'three';
import {
  attribute,
  cameraFar,
  cameraNear,
  ceil,
  clamp,
  Discard,
  Fn,
  float,
  floor,
  ivec2,
  max,
  mix,
  select,
  sRGBTransferEOTF,
  texture,
  textureLoad,
  uniform,
  varying,
  vec2,
  vec4,
  viewZToLogarithmicDepth,
} from 'three/tsl';
import { type Node, NodeMaterial, RendererUtils, type WebGPURenderer } from 'three/webgpu';
import { VIEWER_LIMITS } from '../../limits.ts';
import { mostQuads } from '../../live/warp/most-quads.ts';
import { LAYER_COUNT } from '../../live/warp/picture-warp.ts';
import type { ScreenRenderer } from '../remote-screen.ts';
import { NodePasses } from './node-passes.ts';
import { within } from './picture-nodes.ts';

/** Above rounding, below what is as far away as anybody looks. */
const SLACK = 1e-5;
/** Reciprocal distance of what is infinitely far, for formulas that divide by it. */
const NOTHING = 1e-9;

export function nodeScreen(renderer: WebGPURenderer): ScreenRenderer {
  const passes = new NodePasses(renderer);
  const { older, newer } = passes.targets;
  const olderColour = texture(older.texture);
  const newerColour = texture(newer.texture);
  const depths = texture(newer.depthTexture as DepthTexture);
  const isSeen = uniform(1);
  const share = uniform(1);
  const nears = uniform(new Vector2(1, 1));
  const scale = uniform(1);
  const size = uniform(new Vector2(1, 1));
  const corner = attribute<'vec2'>('corner', 'vec2');
  // From the upper left corner.
  const at = varying(vec2(corner.x.mul(0.5).add(0.5), corner.y.mul(-0.5).add(0.5)));

  /** 1/units of the host's world along its line of sight. */
  const reciprocal = () => {
    const last = ivec2(size).sub(1);
    const stored = textureLoad(depths, within(ivec2(floor(at.mul(size))), last)).r;
    const layered = (renderer.reversedDepthBuffer ? float(1).sub(stored) : stored).mul(LAYER_COUNT).toVar();
    const end = ceil(layered.sub(SLACK)).toVar();
    const near = select(end.sub(2).abs().lessThan(0.5), nears.y, nears.x);
    return max(0, end.sub(layered)).div(near).div(scale);
  };
  /** As three has it of what it draws itself: a line of the reciprocal distance, but for the logarithm. */
  const depthOf = (of: Node<'float'>): Node<'float'> => {
    const range = cameraFar.sub(cameraNear);
    if (renderer.reversedDepthBuffer) return cameraNear.mul(cameraFar.mul(of).sub(1)).div(range);
    if (!renderer.logarithmicDepthBuffer) return cameraFar.mul(float(1).sub(cameraNear.mul(of))).div(range);
    return viewZToLogarithmicDepth(float(-1).div(max(of, NOTHING)), cameraNear, cameraFar) as Node<'float'>;
  };

  const material = new NodeMaterial();
  material.fog = false;
  material.vertexNode = select(isSeen.greaterThan(0.5), vec4(corner, 0, 1), vec4(2, 2, 2, 1));
  material.depthNode = Fn(() => clamp(depthOf(reciprocal().toVar()), 0, 1))();
  material.fragmentNode = Fn(() => {
    const seen = mix(olderColour.sample(at), newerColour.sample(at), share).toVar();
    Discard(seen.a.lessThan(0.5 / 255));
    // The worker's pixels are display-referred; the renderer's are linear until the whole frame is shown.
    return vec4(sRGBTransferEOTF(seen.rgb) as Node<'vec3'>, seen.a);
  })();

  return {
    textures: renderer,
    passes,
    material,
    mostQuads: mostQuadsOf(renderer),
    show(shown) {
      share.value = shown.share;
      nears.value.set(...shown.nears);
      scale.value = shown.scale;
      size.value.set(newer.width, newer.height);
      // What was drawn before has nothing to be mixed in.
      olderColour.value = (shown.share < 1 ? older : newer).texture;
    },
    seenBy(is) {
      isSeen.value = is ? 1 : 0;
    },
    apart(work) {
      const state = RendererUtils.resetRendererState(renderer, RendererUtils.saveRendererState(renderer));
      const isXr = renderer.xr.enabled;
      renderer.setClearColor(0x000000, 0);
      renderer.autoClear = false;
      renderer.xr.enabled = false;
      try {
        work();
      } finally {
        renderer.xr.enabled = isXr;
        RendererUtils.restoreRendererState(renderer, state);
      }
    },
    // Three gives a renderer of nodes no other device: the host has to make another one.
    watch({ lost }) {
      const { onDeviceLost } = renderer;
      const told: typeof onDeviceLost = (info) => {
        onDeviceLost.call(renderer, info);
        lost();
      };
      renderer.onDeviceLost = told;
      return () => {
        if (renderer.onDeviceLost === told) renderer.onDeviceLost = onDeviceLost;
      };
    },
    dispose: () => material.dispose(),
  };
}

/** WebGPU does not say whether the CPU draws, but for a few adapters. */
function mostQuadsOf(renderer: WebGPURenderer): number {
  const { backend } = renderer;
  if ('gl' in backend && backend.gl instanceof WebGL2RenderingContext) return mostQuads(backend.gl);
  return VIEWER_LIMITS.warpQuads;
}
