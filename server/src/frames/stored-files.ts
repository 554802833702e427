/** Files of frames beside the first, which the frames' own rows have. */
import { isGridded, type PassFile, type PassResult, passFilesOf, type RenderSettings } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';

interface FrameKey {
  readonly layer_id: string;
  readonly frame_number: number;
}

export interface OtherFiles {
  readonly passes: readonly PassFile[];
  /** A small picture of a frame that browsers do not show. */
  readonly preview: PassResult | null;
}

export const NO_OTHERS: OtherFiles = { passes: [], preview: null };

/** Whether frames of such a layer may have files beside the first. */
export const hasOthers = (settings: RenderSettings): boolean => passFilesOf(settings).length > 0 || isGridded(settings);

/** @returns of a frame, its other files. */
export async function storedFiles(
  db: Kysely<Database>,
  frames: readonly FrameKey[],
): Promise<(frame: FrameKey) => OtherFiles> {
  const byFrame = new Map<string, OtherFiles>();
  const keyOf = ({ layer_id, frame_number }: FrameKey) => `${layer_id}/${frame_number}`;
  if (frames.length === 0) return () => NO_OTHERS;
  const rows = await db
    .selectFrom('frame_files')
    .selectAll()
    .where('layer_id', 'in', [...new Set(frames.map(({ layer_id }) => layer_id))])
    .where('frame_number', 'in', [...new Set(frames.map(({ frame_number }) => frame_number))])
    .execute();
  for (const row of rows) {
    const { passes, preview } = byFrame.get(keyOf(row)) ?? NO_OTHERS;
    const file = { sha256: row.sha256, sizeBytes: row.size_bytes };
    const others =
      row.pass === 'preview'
        ? { passes, preview: file }
        : { passes: [...passes, { pass: row.pass, ...file }], preview };
    byFrame.set(keyOf(row), others);
  }
  return (frame) => byFrame.get(keyOf(frame)) ?? NO_OTHERS;
}
