import { dropBytes } from '../objects/drop-bytes.ts';
import type { StoredObject } from '../objects/object-store.ts';
import type { Services } from '../services.ts';
import type { Swept } from './sweep-objects.ts';
import type { SweepTimes } from './sweep-parts.ts';

/** Bytes of one look into the database. */
const BATCH = 500;

/** Bytes without a row: a crash came between storing and recording them. */
export async function sweepOrphans(
  { store, objects }: Pick<Services, 'store' | 'objects'>,
  times: SweepTimes,
  dryRun: boolean,
): Promise<Swept> {
  let swept: Swept = { count: 0, bytes: 0 };
  const look = async (batch: readonly StoredObject[]) => {
    for (const { sha256, sizeBytes } of await withoutRow(batch)) {
      const storedAt = await objects.storedAt(sha256);
      if (storedAt === null || storedAt >= times.objects) continue;
      if (dryRun || (await dropBytes(store.db, objects, sha256, times.objects))) {
        swept = { count: swept.count + 1, bytes: swept.bytes + sizeBytes };
      }
    }
  };
  const withoutRow = async (batch: readonly StoredObject[]) => {
    if (batch.length === 0) return [];
    const rows = await store.db
      .selectFrom('objects')
      .select('sha256')
      .where(
        'sha256',
        'in',
        batch.map(({ sha256 }) => sha256),
      )
      .execute();
    const known = new Set(rows.map(({ sha256 }) => sha256));
    return batch.filter(({ sha256 }) => !known.has(sha256));
  };

  let batch: StoredObject[] = [];
  for await (const object of objects.list()) {
    batch.push(object);
    if (batch.length < BATCH) continue;
    await look(batch);
    batch = [];
  }
  await look(batch);
  return swept;
}
