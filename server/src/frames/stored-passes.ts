/** Files of frames beside the first, which the frames' own rows have. */
import type { PassFile } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';

interface FrameKey {
  readonly layer_id: string;
  readonly frame_number: number;
}

/** @returns of a frame, its other files. */
export async function storedPasses(
  db: Kysely<Database>,
  frames: readonly FrameKey[],
): Promise<(frame: FrameKey) => readonly PassFile[]> {
  const byFrame = new Map<string, PassFile[]>();
  const keyOf = ({ layer_id, frame_number }: FrameKey) => `${layer_id}/${frame_number}`;
  if (frames.length === 0) return () => [];
  const rows = await db
    .selectFrom('frame_files')
    .selectAll()
    .where('layer_id', 'in', [...new Set(frames.map(({ layer_id }) => layer_id))])
    .where('frame_number', 'in', [...new Set(frames.map(({ frame_number }) => frame_number))])
    .execute();
  for (const row of rows) {
    const files = byFrame.get(keyOf(row)) ?? [];
    files.push({ pass: row.pass, sha256: row.sha256, sizeBytes: row.size_bytes });
    byFrame.set(keyOf(row), files);
  }
  return (frame) => byFrame.get(keyOf(frame)) ?? [];
}
