import {
  CONVERTED_ENTRY,
  formatOf,
  type ImportFinding,
  type ImportSource,
  isErrorCode,
  KilnError,
  SCENE_FORMATS,
} from '@kiln/shared';
import { checkOnce } from '../import/check-client.ts';
import { refuse } from '../import/refuse.ts';
import { PAGE_LIMITS } from '../limits.ts';
import { plainText } from '../plain-text.ts';
import { isGlb } from '../scene/container.ts';
import { type SceneContent, SceneFiles } from '../scene/scene-files.ts';
import { exportGlb } from './export-glb.ts';
import { Findings } from './findings.ts';
import { makeGltfScene } from './gltf-scene.ts';
import { ImageRequests } from './image-requests.ts';
import { collectWarnings } from './loader-warnings.ts';
import { packGltf } from './pack-gltf.ts';
import type { SceneReader } from './read-scene.ts';
import { read3mf } from './readers/3mf.ts';
import { readCollada } from './readers/collada.ts';
import { readFbx } from './readers/fbx.ts';
import { readObj } from './readers/obj.ts';
import { readPly } from './readers/ply.ts';
import { readStl } from './readers/stl.ts';
import { readThreeJson } from './readers/three-json.ts';
import { readUsd } from './readers/usd.ts';
import { SceneImages } from './scene-images.ts';
import { takeLight } from './scene-light.ts';
import { unpackScene } from './unpack-scene.ts';
import { isZip } from './zip-entries.ts';

export interface Converted {
  /** The scene as one GLB in this page's memory. */
  readonly scene: SceneContent;
  readonly glb: Blob;
  readonly source: ImportSource;
  readonly findings: readonly ImportFinding[];
  readonly generator: string | null;
}

type ConvertedFormat = keyof typeof READERS;

const READERS = {
  fbx: readFbx,
  obj: readObj,
  usd: readUsd,
  stl: readStl,
  ply: readPly,
  collada: readCollada,
  '3mf': read3mf,
  three: readThreeJson,
} as const satisfies Record<string, SceneReader>;

const isConverted = (format: string | null): format is ConvertedFormat =>
  format !== null && Object.hasOwn(READERS, format);

/**
 * Makes a GLB of a scene that is not glTF, or comes in a ZIP.
 *
 * @returns null for glTF, and for what is no scene: the checks say why.
 * @throws KilnError `scene.…`: why it is refused.
 */
export async function convertScene(content: SceneContent): Promise<Converted | null> {
  const files = new SceneFiles(content, location.origin);
  const path = content.entry;
  const format = formatOf(path);
  const isPackage = format === 'usd' || format === '3mf';
  const start = await files.start(path);
  // A GLB under another name is one.
  if (start.length === 0 || isGlb(start)) return null;
  if (isZip(start) && !isPackage) return convertZip(content, await readWhole(files, path));
  if (!isConverted(format)) return null;
  return convertFile(files, format, await readWhole(files, path));
}

/** @throws KilnError `scene.over_limit`. */
function readWhole(files: SceneFiles, path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (files.sizeOf(path) <= PAGE_LIMITS.convertedBytes) return files.fetch(path);
  const limit = PAGE_LIMITS.convertedBytes.toLocaleString('en');
  throw refuse(
    'scene.over_limit',
    `${path} has more than ${limit} bytes: export the scene as GLB, or divide it.`,
    path,
  );
}

async function convertZip({ sceneHash, entry }: SceneContent, bytes: Uint8Array<ArrayBuffer>): Promise<Converted> {
  const inner = unpackScene(sceneHash, bytes, entry);
  const converted = await convertScene(inner);
  if (converted) return converted;
  const checked = await checkOnce(inner, () => {});
  if ('refusal' in checked) {
    const { code, message, pointer } = checked.refusal;
    throw refuse(isErrorCode(code) ? code : 'scene.invalid', message, pointer);
  }
  const glb = await packGltf(new SceneFiles(inner, location.origin));
  const source = {
    format: 'gltf',
    path: inner.entry,
    metresPerUnit: 1,
    unitSaidBy: 'format',
    upAxis: 'y',
    upAxisSaidBy: 'format',
    convertedBytes: glb.size,
  } as const;
  return { scene: contentOf(sceneHash, glb), glb, source, findings: [], generator: checked.facts.generator };
}

async function convertFile(
  files: SceneFiles,
  format: ConvertedFormat,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Converted> {
  const { sceneHash, entry: path } = files.scene;
  const findings = new Findings();
  const warnings = collectWarnings();
  try {
    const images = new ImageRequests(files, path, findings);
    const read = await READERS[format]({ files, path, bytes, images, findings });
    await images.settled();
    const environment = await takeLight(read.root, images, findings);
    const sceneImages = new SceneImages(images, findings);
    const { scene, clips } = await makeGltfScene(read, sceneImages, findings, path);
    const glb = await exportGlb(scene, clips, sceneImages, environment);
    for (const message of warnings.end()) findings.add('information', 'LOADER_WARNING', message);
    const { metresPerUnit, unitSaidBy, upAxis, upAxisSaidBy, generator } = read;
    const source = { format, path, metresPerUnit, unitSaidBy, upAxis, upAxisSaidBy, convertedBytes: glb.size };
    return { scene: contentOf(sceneHash, glb), glb, source, findings: findings.all, generator };
  } catch (error) {
    throw asRefusal(error, format, path);
  } finally {
    warnings.end();
  }
}

const contentOf = (sceneHash: string, glb: Blob): SceneContent => ({
  sceneHash,
  entry: CONVERTED_ENTRY,
  files: [{ path: CONVERTED_ENTRY, sizeBytes: glb.size }],
  contents: new Map([[CONVERTED_ENTRY, glb]]),
});

/** Whatever a loader throws at a file, the file made it. */
function asRefusal(error: unknown, format: ConvertedFormat, path: string): KilnError {
  if (error instanceof KilnError) return error;
  const why = plainText(error instanceof Error ? error.message : String(error), 300).replace(/\.$/, '');
  const message = `${path} cannot be read as ${SCENE_FORMATS[format].name}: ${why}. Export it again, or as GLB.`;
  return new KilnError('scene.invalid', message, { field: path, cause: error });
}
