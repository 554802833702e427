import {
  frameFileName,
  IMAGE_FORMATS,
  KilnError,
  PREVIEW_MEDIA_TYPE,
  passFilesOf,
  type RenderSettings,
} from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';
import { storedFiles } from './stored-files.ts';

export interface FoundFrame {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

export interface FrameName {
  readonly jobId: string;
  readonly layer: string;
  /** Of the pass that a file is of; the frame's first file without it. */
  readonly pass?: string;
  readonly fileName: string;
}

/** @throws KilnError `resource.not_found`, also for another tenant's job. */
export async function findFrame(
  db: Kysely<Database>,
  tenantId: string,
  { jobId, layer, pass, fileName }: FrameName,
): Promise<FoundFrame> {
  const named = frameNumberOf(fileName);
  const row =
    named === null
      ? undefined
      : await db
          .selectFrom('frames')
          .innerJoin('layers', 'layers.id', 'frames.layer_id')
          .select([
            'frames.layer_id',
            'frames.frame_number',
            'frames.sha256',
            'frames.size_bytes',
            'frames.media_type',
            'layers.settings',
          ])
          .where('layers.job_id', '=', jobId)
          .where('layers.name', '=', layer)
          .where('frames.tenant_id', '=', tenantId)
          .where('frames.frame_number', '=', named)
          .executeTakeFirst();
  // The name has one spelling: `1.png` or another format's ending is another file, which is not here.
  const isNamed = row !== undefined && named !== null && frameFileName(named, row.settings.format) === fileName;
  const file = isNamed ? await fileOf(db, row, pass) : undefined;
  if (row === undefined || file === undefined) {
    const path = pass === undefined ? fileName : `${pass}/${fileName}`;
    throw new KilnError('resource.not_found', `there is no finished frame ${path} in layer ${layer} of job ${jobId}`);
  }
  return { ...file, mediaType: row.media_type };
}

/** @throws KilnError `resource.not_found`, also of a frame that browsers show as it is. */
export async function findPreview(
  db: Kysely<Database>,
  tenantId: string,
  { jobId, layer, frameNumber }: Pick<FrameName, 'jobId' | 'layer'> & { readonly frameNumber: number },
): Promise<FoundFrame> {
  const row = await db
    .selectFrom('frames')
    .innerJoin('layers', 'layers.id', 'frames.layer_id')
    .select(['frames.layer_id', 'frames.frame_number'])
    .where('layers.job_id', '=', jobId)
    .where('layers.name', '=', layer)
    .where('frames.tenant_id', '=', tenantId)
    .where('frames.frame_number', '=', frameNumber)
    .executeTakeFirst();
  const preview = row && (await storedFiles(db, [row]))(row).preview;
  if (preview) return { ...preview, mediaType: PREVIEW_MEDIA_TYPE };
  const message = `there is no small picture of frame ${frameNumber} in layer ${layer} of job ${jobId}`;
  throw new KilnError('resource.not_found', message);
}

interface FoundRow {
  readonly layer_id: string;
  readonly frame_number: number;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly settings: RenderSettings;
}

async function fileOf(
  db: Kysely<Database>,
  row: FoundRow,
  pass: string | undefined,
): Promise<Omit<FoundFrame, 'mediaType'> | undefined> {
  const passes = passFilesOf(row.settings);
  if (pass === undefined || pass === passes[0]) return { sha256: row.sha256, sizeBytes: row.size_bytes };
  const others = (await storedFiles(db, [row]))(row);
  return others.passes.find((other) => other.pass === pass);
}

const EXTENSIONS = Object.values(IMAGE_FORMATS).map(({ extension }) => extension);
const NAME = new RegExp(`^(-?\\d{4,9})\\.(?:${EXTENSIONS.join('|')})$`);

function frameNumberOf(fileName: string): number | null {
  const [, digits] = NAME.exec(fileName) ?? [];
  return digits === undefined ? null : Number(digits);
}
