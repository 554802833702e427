import {
  assetKindOf,
  GLB_MEDIA_TYPE,
  IMAGE_FORMATS,
  type ImportReport,
  KilnError,
  type Refusal,
  SCENE_ENVIRONMENT,
} from '@kiln/shared';
import { importAsset } from '../assets/import-asset.ts';
import { CONVERTED_ROUTE, type ImportOutcome, type PageCall } from '../contract.ts';
import { type Converted, convertScene } from '../convert/convert-scene.ts';
import { drawPicture } from '../engine/draw-picture.ts';
import type { PageServices } from '../page-services.ts';
import { describeLoaded } from '../scene/describe-loaded.ts';
import type { LoadedScene } from '../scene/loaded-scene.ts';
import { plainShot } from '../shots.ts';
import { boundedReport } from './bounded-report.ts';
import { checkOnce } from './check-client.ts';
import { unusableEnvironment } from './check-environment.ts';
import { engineGaps } from './engine-gaps.ts';
import { refusalOf } from './refuse.ts';
import type { SceneFacts } from './scene-facts.ts';

const THUMBNAIL_SAMPLES = 4;
const THUMBNAIL = { format: 'webp', bitDepth: 8, quality: 85 } as const;
/** Metres. Matrices of a camera that sees more than this overflow in the GPU's 32-bit floats. */
const LARGEST_RADIUS = 1e15;
/** Part of an import's progress that the checks are; loading is the rest. */
const CHECKS_SHARE = 0.5;

export interface ImportAnswer {
  readonly result: ImportOutcome;
  readonly bytes?: ArrayBuffer;
}

/** Checks a scene that is not trusted, converts it to glTF where it is none, loads it, describes it and draws its thumbnail. It stays loaded. */
export async function importScene(
  services: PageServices,
  { scene: own, thumbnail }: Extract<PageCall, { call: 'import' }>,
  onFraction: (fraction: number) => void,
): Promise<ImportAnswer> {
  const startedAt = performance.now();
  const { room, queue, encoder, scenes, environments } = services;
  try {
    const kind = assetKindOf(own.entry);
    if (kind !== null) {
      const { bytes, ...asset } = await importAsset(services, { scene: own, kind, thumbnail });
      return { result: { outcome: 'ready', ...asset, isConverted: false }, bytes };
    }
    const converted = await convertScene(own);
    const files = converted?.scene ?? own;
    const checked = await checkOnce(files, (fraction) => onFraction(fraction * CHECKS_SHARE));
    if ('refusal' in checked)
      return refused(converted ? refusalOfConverted(checked.refusal, converted) : checked.refusal, null);
    await scenes.load(files, (fraction) => onFraction(CHECKS_SHARE + fraction * (1 - CHECKS_SHARE)));
    const studio = await environments.get('studio');
    const { scene, release } = scenes.use(files.sceneHash);
    try {
      const { pixels } = await queue.run('import', (giveWay) =>
        drawPicture(room, { ...plainShot(scene, studio), size: thumbnail, samples: THUMBNAIL_SAMPLES }, giveWay),
      );
      const order = {
        pixels,
        planes: [],
        mattes: null,
        size: thumbnail,
        ...THUMBNAIL,
        hasAlpha: false,
        areSums: false,
        origin: null,
      };
      const { bytes } = await encoder.encode(order);
      if (converted) await sendConverted(converted);
      const own = converted ? factsOfConverted(checked.facts, converted) : checked.facts;
      const facts = await withUsableEnvironment(own, scene, environments);
      const report = reportOf(scene, facts, performance.now() - startedAt);
      const thumbnailMediaType = IMAGE_FORMATS[THUMBNAIL.format].mediaType;
      return { result: { outcome: 'ready', report, thumbnailMediaType, isConverted: converted !== null }, bytes };
    } finally {
      release();
    }
  } catch (error) {
    const refusal = refusalOf(error) ?? shaderRefusal(error);
    if (!refusal) throw error;
    return refused(refusal, null);
  }
}

/** Its files are decoded once before a job may choose it. */
async function withUsableEnvironment(
  facts: SceneFacts,
  scene: LoadedScene,
  environments: PageServices['environments'],
): Promise<SceneFacts> {
  if (!facts.environment) return facts;
  try {
    const { release } = await environments.use(SCENE_ENVIRONMENT, scene);
    release();
    return facts;
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) throw error;
    const { environment: _, findings, findingCounts, ...rest } = facts;
    return {
      ...rest,
      findings: [unusableEnvironment(refusal.message.replace(/\.$/, ''), refusal.pointer), ...findings],
      findingCounts: { ...findingCounts, warning: findingCounts.warning + 1 },
    };
  }
}

async function sendConverted({ scene, glb }: Converted): Promise<void> {
  const response = await fetch(`${CONVERTED_ROUTE}/${scene.sceneHash}`, {
    method: 'PUT',
    headers: { 'content-type': GLB_MEDIA_TYPE },
    body: glb,
  });
  if (!response.ok) throw new Error(`the converted scene was not taken (status ${response.status})`);
}

/** What is wrong with the GLB is told of the file that it was made of: nobody has seen the GLB. */
const refusalOfConverted = ({ code, message }: Refusal, { source }: Converted): Refusal => ({
  code,
  message: `${source.path} gives a scene that cannot be drawn. ${message}`,
  pointer: source.path,
});

/** The validator's findings are about the GLB; where that was made here, those of the conversion are about the scene. */
function factsOfConverted(facts: SceneFacts, { source, findings, generator }: Converted): SceneFacts {
  if (source.format === 'gltf') return { ...facts, source };
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  const findingCounts = { error: 0, warning: count('warning'), information: count('information'), hint: 0 };
  return { ...facts, source, generator, findings: [...findings], findingCounts };
}

const refused = (refusal: Refusal, report: ImportReport | null): ImportAnswer => ({
  result: { outcome: 'refused', refusal, report },
});

/** A scene whose materials need more than this GPU has draws nothing right. */
function shaderRefusal(error: unknown): Refusal | null {
  if (!(error instanceof KilnError) || error.code !== 'render.failed') return null;
  const why = `The scene cannot be drawn by this worker: ${error.message.replace(/\.?$/, '.')}`;
  const message = `${why} Use fewer lights, or simpler materials.`;
  return { code: 'scene.over_limit', message, pointer: null };
}

function reportOf(scene: LoadedScene, facts: SceneFacts, importMs: number): ImportReport {
  const cameras = scene.cameras.map(({ name, lens }) => ({
    name,
    kind: lens.kind,
    fovDeg: lens.kind === 'perspective' ? lens.fovDeg : null,
  }));
  const findings = [...facts.findings];
  const findingCounts = { ...facts.findingCounts };
  const doubt = doubtOf(scene);
  if (doubt) {
    findings.unshift({ severity: 'warning', pointer: null, ...doubt });
    findingCounts.warning += 1;
  }
  const { bounds } = describeLoaded(scene);
  return boundedReport({
    ...facts,
    findings,
    findingCounts,
    bounds,
    gpuBytes: scene.gpuBytes,
    cameras,
    clips: scene.clips.list,
    editable: scene.editable,
    gaps: engineGaps(scene),
    importMs,
  });
}

/** Why its pictures may be empty. */
function doubtOf({ extent: { isEmpty, sphere } }: LoadedScene): { code: string; message: string } | null {
  if (isEmpty) return { code: 'NOTHING_VISIBLE', message: 'The scene shows nothing.' };
  if (sphere.radius <= LARGEST_RADIUS) return null;
  const size = sphere.radius.toExponential(0);
  return {
    code: 'TOO_LARGE_TO_DRAW',
    message: `The scene spans ${size} m: GPUs cannot draw that. Is a vertex in the wrong place?`,
  };
}
