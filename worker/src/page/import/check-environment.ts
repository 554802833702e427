import { type ImportFinding, type ImportReport, LIMITS, panoramaHeader } from '@kiln/shared';
import { paintedSize } from '../assets/painted-size.ts';
import { type EnvironmentDef, environmentDefOf } from '../scene/environment-def.ts';
import type { Gltf } from '../scene/gltf-json.ts';
import type { Buffers } from './check-buffers.ts';
import { refusalOf } from './refuse.ts';

export interface CheckedEnvironment {
  /** Of its panorama. */
  readonly size: { readonly widthPx: number; readonly heightPx: number } | null;
  /** Why it cannot be used. */
  readonly findings: readonly ImportFinding[];
  /** JSON Pointers of what only it uses. */
  readonly uses: ReadonlySet<string>;
}

const NONE: CheckedEnvironment = { size: null, findings: [], uses: new Set() };

/**
 * The environment of a glTF by the headers of its files. A scene can be drawn without it: nothing is refused.
 *
 * @param images sizes of all of them.
 */
export function checkEnvironment(gltf: Gltf, buffers: Buffers, images: ImportReport['textures']): CheckedEnvironment {
  const def = environmentDefOf(gltf);
  if (def === null) return NONE;
  const uses = new Set(imagesOfLights(gltf).map((index) => `/images/${index}`));
  const measured = measure(def, gltf, buffers, images);
  if (typeof measured === 'object') return { size: measured, findings: [], uses };
  return { size: null, findings: [unusableEnvironment(measured, def.pointer)], uses };
}

export const unusableEnvironment = (why: string, pointer: string | null): ImportFinding => ({
  severity: 'warning',
  code: 'ENVIRONMENT_UNUSABLE',
  message: `The scene's own environment cannot be used: ${why}.`,
  pointer,
});

/** @returns what is wrong with it, or its size. */
function measure(def: EnvironmentDef, gltf: Gltf, buffers: Buffers, images: ImportReport['textures']) {
  if (def.kind === 'wrong') return def.why;
  if (def.kind === 'panorama') return measurePanorama(gltf, buffers, def.bufferView);
  const faces = def.images.map((index) => images[index]);
  const edge = faces[0]?.widthPx ?? 0;
  if (faces.some((face) => face?.widthPx !== edge || face.heightPx !== edge)) return 'its images are not equal squares';
  if (faces.some((face) => face?.mediaType === 'image/ktx2')) return 'its images are KTX2, not PNG or JPEG';
  const most = LIMITS.environmentEdgePx / 4;
  if (edge > most) return `its images are larger than ${most} × ${most} pixels`;
  return paintedSize(edge * 2);
}

function measurePanorama({ bufferViews = [] }: Gltf, buffers: Buffers, index: number) {
  const { buffer = 0, byteOffset = 0, byteLength = 0 } = bufferViews[index] ?? {};
  try {
    const bytes = (buffers[buffer] ?? new Uint8Array()).subarray(byteOffset, byteOffset + byteLength);
    const { widthPx, heightPx } = panoramaHeader(bytes, 'its file');
    return { widthPx, heightPx };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) return refusal.message.replace(/\.$/, '');
    throw error;
  }
}

function imagesOfLights({ extensions }: Gltf): unknown[] {
  const { lights } = Object(extensions?.EXT_lights_image_based);
  return Array.isArray(lights) ? lights.flatMap((light) => [Object(light).specularImages].flat(2)) : [];
}
