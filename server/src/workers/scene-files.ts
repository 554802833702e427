/** Files of a scene, for a worker that holds a lease or a session of it ([WK11]). */
import type { Readable } from 'node:stream';
import { KilnError } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { Remembered } from '../jobs/remembered.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Clock } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { hashSecret, sameSecret } from './secrets.ts';

/** A token that was good is taken to be good for so long: a scene may have 2,000 files. */
const TRUSTED_MS = 3_000;
const KEPT_TOKENS = 1_000;

export interface SceneFilesParts {
  readonly db: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

interface LeasedScene {
  readonly sceneId: string;
  readonly tenantId: string;
}

export class SceneFiles {
  readonly #parts: SceneFilesParts;
  readonly #scenes = new Remembered<LeasedScene & { untilMs: number }>(KEPT_TOKENS);

  constructor(parts: SceneFilesParts) {
    this.#parts = parts;
  }

  /**
   * @param token of an attempt's lease or of a session, either of this worker.
   * @throws KilnError `resource.not_found` when the token opens no scene with such a file, and its tenant has no such asset.
   */
  async open(workerId: string, token: string, sha256: string): Promise<{ bytes: Readable; sizeBytes: number }> {
    const { db, objects } = this.#parts;
    const { sceneId, tenantId } = await this.#leaseOf(workerId, token);
    const file = await db
      .selectFrom('scene_files')
      .select('size_bytes')
      .where('scene_id', '=', sceneId)
      .where('sha256', '=', sha256)
      .unionAll(
        // What a job or a view names beside its scene: environments and look-up tables of the same tenant.
        db
          .selectFrom('scene_files as f')
          .innerJoin('scenes as s', 's.id', 'f.scene_id')
          .select('f.size_bytes')
          .where('f.sha256', '=', sha256)
          .where('s.tenant_id', '=', tenantId)
          .where('s.kind', '!=', 'scene')
          .where('s.state', '=', 'ready')
          .where('s.deleted_at', 'is', null),
      )
      .unionAll(
        db
          .selectFrom('scenes')
          .select(sql<number>`converted_size_bytes`.as('size_bytes'))
          .where('id', '=', sceneId)
          .where('converted_sha256', '=', sha256),
      )
      .executeTakeFirst();
    if (!file) throw new KilnError('resource.not_found', `the scene of this lease has no file ${sha256}`);
    return { bytes: await objects.get(sha256), sizeBytes: file.size_bytes };
  }

  async #leaseOf(workerId: string, token: string): Promise<LeasedScene> {
    const { db, clock } = this.#parts;
    const key = `${workerId}/${hashSecret(token)}`;
    const known = this.#scenes.get(key);
    if (known && known.untilMs > clock.monotonicMs()) return known;
    const leases = await db
      .selectFrom('attempts as a')
      .innerJoin('tasks as t', 't.id', 'a.task_id')
      .select(['a.lease_token as token', 't.scene_id', 't.tenant_id'])
      .where('a.worker_id', '=', workerId)
      .where('a.state', 'in', ['assigned', 'running'])
      .unionAll(
        db
          .selectFrom('sessions')
          .select(['worker_token as token', 'scene_id', 'tenant_id'])
          .where('worker_id', '=', workerId)
          .where('state', '!=', 'ended'),
      )
      .execute();
    const lease = leases.find((candidate) => sameSecret(token, candidate.token));
    if (!lease) throw new KilnError('resource.not_found', 'this worker holds no lease or session with this token');
    const leased = { sceneId: lease.scene_id, tenantId: lease.tenant_id };
    this.#scenes.set(key, { ...leased, untilMs: clock.monotonicMs() + TRUSTED_MS });
    return leased;
  }
}
