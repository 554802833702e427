import { type ImportFinding, isDataUri, LIMITS } from '@kiln/shared';
import { PAGE_LIMITS } from '../limits.ts';
import { isGlb, readContainer } from '../scene/container.ts';
import type { Gltf } from '../scene/gltf-json.ts';
import { variantNamesOf } from '../scene/gltf-names.ts';
import type { SceneFiles } from '../scene/scene-files.ts';
import { type Buffers, checkBufferBounds, readBuffers } from './check-buffers.ts';
import { type CheckedEnvironment, checkEnvironment } from './check-environment.ts';
import { checkExtensions } from './check-extensions.ts';
import { checkImages } from './check-images.ts';
import { checkReferences } from './check-references.ts';
import { checkTree } from './check-tree.ts';
import { readGltf } from './read-gltf.ts';
import { recogniseGltf } from './recognise.ts';
import { refuse } from './refuse.ts';
import type { SceneFacts } from './scene-facts.ts';
import { placingAccessors, type Validation, validate } from './validate.ts';

/**
 * Checks a scene that is not trusted, cheapest and most telling things first: nothing is decoded or allocated before
 * what it would take is known.
 *
 * @param onFraction told how far the checks are.
 * @throws KilnError `scene.…`: why it is refused.
 */
export async function checkScene(files: SceneFiles, onFraction: (fraction: number) => void): Promise<SceneFacts> {
  const { entry } = files.scene;
  checkFileSet(files);
  const bytes = await files.fetch(entry);
  onFraction(0.2);
  recogniseGltf(bytes, entry);
  const { json, bin } = readContainer(bytes, entry);
  const gltf = readGltf(json, entry);
  const extensionFindings = checkExtensions(gltf);
  checkUris(gltf, files);
  checkReferences(gltf);
  onFraction(0.3);
  const buffers = await readBuffers(gltf, bin, files);
  onFraction(0.5);
  checkBufferBounds(gltf, buffers);
  const tree = checkTree(gltf);
  const textures = await checkImages(gltf, buffers, files);
  const environment = checkEnvironment(gltf, buffers, textures);
  onFraction(0.6);
  const validation = withoutUsed(await validateWithin(bytes, gltf, buffers, files), environment);
  const { findings, findingCounts } = validation;
  const own = [...extensionFindings, ...environment.findings];
  onFraction(1);
  return {
    generator: gltf.asset.generator ?? null,
    triangles: tree.triangles,
    nodes: gltf.nodes?.length ?? 0,
    meshes: gltf.meshes?.length ?? 0,
    materials: gltf.materials?.length ?? 0,
    lights: tree.lights,
    skins: gltf.skins?.length ?? 0,
    morphTargets: (gltf.meshes ?? []).reduce((sum, { primitives }) => sum + (primitives[0]?.targets?.length ?? 0), 0),
    textures,
    variants: variantNamesOf(gltf),
    extensionsUsed: gltf.extensionsUsed ?? [],
    ...(environment.size ? { environment: environment.size } : {}),
    usesStudioLight: tree.lights === 0,
    findings: [...own, ...findings].slice(0, PAGE_LIMITS.reportedFindings),
    findingCounts: { ...findingCounts, warning: findingCounts.warning + own.length },
  };
}

/** @throws KilnError `scene.over_limit`, `scene.missing_resource`, `scene.empty_file`. */
function checkFileSet({ scene: { entry, files } }: SceneFiles): void {
  if (files.length > LIMITS.sceneFiles) {
    throw refuse('scene.over_limit', `The scene has ${files.length} files, at most ${LIMITS.sceneFiles} are taken.`);
  }
  let sizeBytes = 0;
  for (const file of files) {
    sizeBytes += file.sizeBytes;
    if (file.sizeBytes > LIMITS.fileBytes) {
      throw refuse(
        'scene.over_limit',
        `${file.path} has more than ${LIMITS.fileBytes.toLocaleString('en')} bytes: divide it.`,
        file.path,
      );
    }
  }
  if (sizeBytes > LIMITS.sceneBytes) {
    throw refuse(
      'scene.over_limit',
      `The scene has more than ${LIMITS.sceneBytes.toLocaleString('en')} bytes: divide it.`,
    );
  }
  const main = files.find(({ path }) => path === entry);
  if (!main) throw refuse('scene.missing_resource', `The file ${entry} was not uploaded: upload it.`, entry);
  if (main.sizeBytes === 0)
    throw refuse('scene.empty_file', `${entry} has no bytes: export or upload it again.`, entry);
}

/** Everything that the scene refers to is there and not empty. @throws KilnError as `SceneFiles.resolve`, `scene.empty_file`. */
function checkUris(gltf: Gltf, files: SceneFiles): void {
  for (const kind of ['buffers', 'images'] as const) {
    for (const [index, { uri }] of (gltf[kind] ?? []).entries()) {
      if (uri === undefined || isDataUri(uri)) continue;
      const path = files.resolve(uri, `/${kind}/${index}/uri`);
      if (files.sizeOf(path) === 0)
        throw refuse('scene.empty_file', `${path} has no bytes: export or upload it again.`, path);
    }
  }
}

async function validateWithin(bytes: Uint8Array, gltf: Gltf, buffers: Buffers, files: SceneFiles): Promise<Validation> {
  const sizeBytes = buffers.reduce((sum, { length }) => sum + length, bytes.length);
  if (sizeBytes > PAGE_LIMITS.validatedBytes) {
    const limit = PAGE_LIMITS.validatedBytes.toLocaleString('en');
    const message = `The buffers have more than ${limit} bytes: their elements were not validated one by one.`;
    const finding: ImportFinding = { severity: 'information', code: 'NOT_VALIDATED', message, pointer: null };
    return { findings: [finding], findingCounts: { error: 0, warning: 0, information: 1, hint: 0 } };
  }
  const read = async (uri: string) => {
    const index = (gltf.buffers ?? []).findIndex((buffer) => buffer.uri === uri);
    return buffers[index] ?? files.fetch(files.resolve(uri, ''));
  };
  return validate(withoutByteOrderMark(bytes), isGlb(bytes), read, placingAccessors(gltf));
}

/** The validator does not know what uses the images of an environment. */
function withoutUsed({ findings, findingCounts }: Validation, { uses }: CheckedEnvironment): Validation {
  const isUsed = ({ code, pointer }: ImportFinding) =>
    code === 'UNUSED_OBJECT' && pointer !== null && uses.has(pointer);
  const left = findings.filter((finding) => !isUsed(finding));
  const information = findingCounts.information - (findings.length - left.length);
  return { findings: left, findingCounts: { ...findingCounts, information } };
}

/** The validator takes none; every reader of JSON here passes over it. */
const withoutByteOrderMark = (bytes: Uint8Array) =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
