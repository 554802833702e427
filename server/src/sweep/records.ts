import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { SweepTimes } from './sweep-parts.ts';

/** Events of one statement: nobody waits long for it. */
const BATCH = 1_000;

/** Rows that have had their time. @returns how many events went, or would go. */
export async function sweepRecords(db: Kysely<Database>, times: SweepTimes, dryRun: boolean): Promise<number> {
  if (dryRun) {
    const old = await db
      .selectFrom('events')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('at', '<', times.events)
      .executeTakeFirstOrThrow();
    return Number(old.count);
  }
  const events = await sweepEvents(db, times.events);
  await db.deleteFrom('sessions').where('state', '=', 'ended').where('ended_at', '<', times.records).execute();
  await db.deleteFrom('sign_in_codes').where('expires_at', '<', times.records).execute();
  await db.deleteFrom('view_tokens').where('expires_at', '<', times.records).execute();
  await db.deleteFrom('webhook_deliveries').where('created_at', '<', times.deliveries).execute();
  await db.deleteFrom('web_sessions').where('expires_at', '<', times.now).execute();
  await db
    .deleteFrom('estimates as e')
    .where('e.created_at', '<', times.estimates)
    .where('e.state', '<>', 'measuring')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('job_costs as c')
            .innerJoin('jobs as j', 'j.id', 'c.job_id')
            .select('j.id')
            .where('c.hold', '=', 'estimate')
            .where('j.ended_at', 'is', null)
            .whereRef('c.estimate_id', '=', 'e.id'),
        ),
      ),
    )
    .execute();
  await db
    .updateTable('scenes')
    .set({ deleted_at: times.now })
    .where('state', '=', 'uploading')
    .where('deleted_at', 'is', null)
    .where('created_at', '<', times.records)
    .execute();
  await db
    .deleteFrom('scenes')
    .where('deleted_at', '<', times.objects)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('jobs').select('jobs.id').whereRef('jobs.scene_id', '=', 'scenes.id'))),
    )
    .execute();
  return events;
}

/** Ids grow with time, so the oldest are read by id and nothing else is looked at. */
async function sweepEvents(db: Kysely<Database>, before: Date): Promise<number> {
  for (let swept = 0; ; ) {
    const oldest = await db.selectFrom('events').select(['id', 'at']).orderBy('id').limit(BATCH).execute();
    const old = oldest.filter(({ at }) => at < before);
    const last = old.at(-1);
    if (last === undefined) return swept;
    await db.deleteFrom('events').where('id', '<=', last.id).where('at', '<', before).execute();
    swept += old.length;
    if (old.length < BATCH) return swept;
  }
}
