/** An environment or a look-up table that is not trusted: read whole, described, and pictured. */
import {
  type AssetKind,
  IMAGE_FORMATS,
  type ImportFinding,
  type ImportReport,
  type LookUpTable,
  readCube,
  type Size,
} from '@kiln/shared';
import type { PageScene } from '../contract.ts';
import { boundedReport } from '../import/bounded-report.ts';
import type { PageServices } from '../page-services.ts';
import { SceneFiles } from '../scene/scene-files.ts';
import { nearestEntry } from './nearest-entry.ts';
import { panoramaAside } from './panorama-aside.ts';
import type { FloatPanorama } from './read-panorama.ts';

const THUMBNAIL = { format: 'webp', bitDepth: 8, quality: 85 } as const;

/** sRGB of a point of a picture, 0 to 1 from the left and from the top. */
type Painter = (x: number, y: number) => readonly [number, number, number];

/** @throws KilnError `scene.…` why it is refused. */
export async function importAsset(
  { room, encoder }: Pick<PageServices, 'room' | 'encoder'>,
  { scene, kind, thumbnail: size }: { readonly scene: PageScene; readonly kind: AssetKind; readonly thumbnail: Size },
): Promise<{ report: ImportReport; thumbnailMediaType: string; bytes: ArrayBuffer }> {
  const startedAt = performance.now();
  const bytes = await new SceneFiles(scene, location.origin).fetch(scene.entry);
  const path = scene.entry;
  const { paint, facts } =
    kind === 'lut'
      ? ofTable(readCube(new TextDecoder().decode(bytes), path))
      : ofPanorama(await panoramaAside('read', { bytes, path }, [bytes.buffer]), path);
  const pixels = painted(paint, size, room.buffers.take(size.widthPx * size.heightPx * 4));
  const order = { pixels, planes: [], mattes: null, size, ...THUMBNAIL, hasAlpha: false, areSums: false, origin: null };
  const picture = await encoder.encode(order);
  const report = boundedReport({ ...NOTHING, ...facts, importMs: performance.now() - startedAt });
  return { report, thumbnailMediaType: IMAGE_FORMATS[THUMBNAIL.format].mediaType, bytes: picture.bytes };
}

/** What every report says, of something without a scene. */
const NOTHING = {
  generator: null,
  bounds: { min: [0, 0, 0], max: [0, 0, 0] },
  triangles: 0,
  nodes: 0,
  meshes: 0,
  materials: 0,
  lights: 0,
  skins: 0,
  morphTargets: 0,
  textures: [],
  gpuBytes: 0,
  cameras: [],
  clips: [],
  variants: [],
  extensionsUsed: [],
  usesStudioLight: false,
  findings: [],
  findingCounts: { error: 0, warning: 0, information: 0, hint: 0 },
} satisfies Omit<ImportReport, 'importMs'>;

function ofPanorama(panorama: FloatPanorama, path: string) {
  const { header, widthPx, heightPx, negative, cut, isConverted } = panorama;
  const findings: ImportFinding[] = [];
  const warn = (code: string, message: string) => findings.push({ severity: 'warning', code, message, pointer: path });
  if (negative > 0) warn('NEGATIVE_LIGHT', `${negative} pixels have values below 0: they count as 0.`);
  if (cut > 0) warn('LIGHT_CUT', `${cut} pixels are brighter than 65,504: they are cut to that.`);
  const warning = findings.length;
  if (isConverted) {
    const message = 'Its colours have primaries of their own (chromaticities): they are converted to Rec. 709.';
    findings.push({ severity: 'information', code: 'CHROMATICITIES', message, pointer: path });
  }
  const mediaType = header.format === 'exr' ? 'image/x-exr' : 'image/vnd.radiance';
  const textures = [{ name: `${path} (${header.coding})`, widthPx, heightPx, mediaType }];
  const findingCounts = { ...NOTHING.findingCounts, warning, information: findings.length - warning };
  return { paint: painterOf(panorama), facts: { textures, findings, findingCounts, gpuBytes: widthPx * heightPx * 8 } };
}

/** The middle of the panorama, exposed for its mean. */
function painterOf({ widthPx, heightPx, data, meanLight }: FloatPanorama): Painter {
  const exposure = meanLight > 0 ? 0.8 / meanLight : 1;
  const shown = (light: number) => {
    const exposed = Math.max(0, light) * exposure;
    return (exposed / (1 + exposed)) ** (1 / 2.2);
  };
  return (x, y) => {
    const column = Math.min(widthPx - 1, Math.floor((1 / 6 + (x * 2) / 3) * widthPx));
    const row = Math.min(heightPx - 1, Math.floor((1 - y) * heightPx));
    const at = (row * widthPx + column) * 4;
    return [shown(data[at] ?? 0), shown(data[at + 1] ?? 0), shown(data[at + 2] ?? 0)];
  };
}

function ofTable(table: LookUpTable) {
  const { dimensions, size, entries } = table;
  const generator = `${dimensions}D look-up table, ${dimensions === 3 ? `${size}³` : size} entries`;
  return { paint: paintTable(table), facts: { generator, gpuBytes: (entries.length / 3) * 16 } };
}

/** All hues from left to right, white above, black below. */
const paintTable =
  (table: LookUpTable): Painter =>
  (x, y) => {
    const hue = (offset: number) => {
      const pure = Math.min(1, Math.max(0, Math.abs((((x + offset) * 6) % 6) - 3) - 1));
      return y < 0.5 ? 1 - (1 - pure) * y * 2 : pure * (2 - y * 2);
    };
    return nearestEntry(table, [hue(0), hue(2 / 3), hue(1 / 3)]);
  };

function painted(paint: Painter, { widthPx, heightPx }: Size, pixels: Uint8Array<ArrayBuffer>) {
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      const color = paint((x + 0.5) / widthPx, (y + 0.5) / heightPx);
      const at = (y * widthPx + x) * 4;
      for (const [c, value] of color.entries()) pixels[at + c] = Math.round(Math.min(1, Math.max(0, value)) * 255);
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}
