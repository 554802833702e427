/** What a scene takes of a worker. */
import type { Engine, ImportReport, SceneNeeds } from '@kiln/shared';

/** Any worker has so much. */
const LEAST_BYTES = 268_435_456;
const LEAST_TEXTURE_PX = 2_048;

/**
 * Rounded up, so that the dispatcher has few kinds of scenes to look at: memory to a quarter of a power of two, edges to a power
 * of two, as GPUs have them. A texture that is larger than a GPU takes is made smaller there: the picture is less sharp, and
 * nothing fails. Path tracing makes them small everywhere.
 *
 * @returns null where any worker will do.
 */
export function sceneNeedsOf({ gpuBytes, textures }: ImportReport, engine: Engine): SceneNeeds | null {
  const edgePx = textures.reduce((most, { widthPx, heightPx }) => Math.max(most, widthPx, heightPx), 0);
  const needs = {
    gpuBytes: gpuBytes <= LEAST_BYTES ? 0 : roundedBytes(gpuBytes),
    texturePx: edgePx <= LEAST_TEXTURE_PX || engine === 'pathtrace' ? 0 : 2 ** Math.ceil(Math.log2(edgePx)),
  };
  return needs.gpuBytes === 0 && needs.texturePx === 0 ? null : needs;
}

function roundedBytes(bytes: number): number {
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}
