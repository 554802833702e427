import { frameFileName, IMAGE_FORMATS, KilnError } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';

export interface FoundFrame {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

/** @throws KilnError `resource.not_found`, also for another tenant's job. */
export async function findFrame(
  db: Kysely<Database>,
  tenantId: string,
  { jobId, layer, fileName }: { readonly jobId: string; readonly layer: string; readonly fileName: string },
): Promise<FoundFrame> {
  const named = frameNumberOf(fileName);
  const row =
    named === null
      ? undefined
      : await db
          .selectFrom('frames')
          .innerJoin('layers', 'layers.id', 'frames.layer_id')
          .select(['frames.sha256', 'frames.size_bytes', 'frames.media_type', 'layers.settings'])
          .where('layers.job_id', '=', jobId)
          .where('layers.name', '=', layer)
          .where('frames.tenant_id', '=', tenantId)
          .where('frames.frame_number', '=', named)
          .executeTakeFirst();
  // The name has one spelling: `1.png` or another format's ending is another file, which is not here.
  if (row === undefined || named === null || frameFileName(named, row.settings.format) !== fileName) {
    throw new KilnError(
      'resource.not_found',
      `there is no finished frame ${fileName} in layer ${layer} of job ${jobId}`,
    );
  }
  return { sha256: row.sha256, sizeBytes: row.size_bytes, mediaType: row.media_type };
}

const EXTENSIONS = Object.values(IMAGE_FORMATS).map(({ extension }) => extension);
const NAME = new RegExp(`^(-?\\d{4,9})\\.(?:${EXTENSIONS.join('|')})$`);

function frameNumberOf(fileName: string): number | null {
  const [, digits] = NAME.exec(fileName) ?? [];
  return digits === undefined ? null : Number(digits);
}
