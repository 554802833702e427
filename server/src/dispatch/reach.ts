/** What of all that is asked for no worker that is here could do. */
import type { RenderSettings, Requires } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { isAble, type ReadyWorker } from '../jobs/able-workers.ts';
import type { Database } from '../store/tables.ts';

export interface Asked extends Pick<RenderSettings, 'engine' | 'backend'> {
  readonly requires: Requires | null;
}

export interface Reach {
  /** Adapter classes of the workers that are here. */
  readonly classes: readonly string[];
  /** What none of them has; it need not be known where few different things are asked for. */
  readonly unmet: readonly Asked[];
}

/** What layers of these tenants ask for that none of the workers has. */
export async function readUnmet(
  db: Kysely<Database>,
  tenants: readonly string[],
  workers: readonly ReadyWorker[],
): Promise<Asked[]> {
  const { rows } = await sql<Asked>`
    select distinct l.settings->>'engine' as engine, l.settings->>'backend' as backend, l.requires
    from jobs j join layers l on l.job_id = j.id
    where j.state in ('queued', 'running')
      and j.tenant_id in (select jsonb_array_elements_text(${JSON.stringify(tenants)}::jsonb))`.execute(db);
  return rows.filter(
    ({ requires, ...settings }) => !workers.some(({ identity }) => isAble(identity, { settings, requires })),
  );
}
