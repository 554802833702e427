/** One contract for both stores: PGlite in a folder, and a PostgreSQL that this file starts. */
import { newId } from '@kiln/shared';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { up as addBitDepth } from '../../src/store/migrations/0004-bit-depth.ts';
import { up as addRequires } from '../../src/store/migrations/0028-requires.ts';
import { openStore } from '../../src/store/open-store.ts';
import { PREPARED } from '../../src/store/prepared.ts';
import { isUniqueViolation, sqlState } from '../../src/store/sql-state.ts';
import { addJobRows, addSceneRow } from '../job-rows.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { openTestStore, placeEmptyPglite, quietLog, type TestStore, temporaryFolder } from '../store-fixture.ts';

const bin = await findPostgres();
const tenant = () => newId('tenant', (bytes) => crypto.getRandomValues(bytes));

describe('PGlite', () => {
  storeContract(() => openTestStore(null));

  test('tables are made in an empty one', async () => {
    const folder = await temporaryFolder();
    await placeEmptyPglite(folder.path);
    const store = await openStore({ home: folder.path, databaseUrl: null }, quietLog);
    expect(await store.db.selectFrom('tenants').select('id').execute()).toEqual([]);
    await store.close();
    await folder.remove();
  });

  test('a second opener of the folder is refused and loses nothing', async () => {
    const { store, config, dispose } = await openTestStore(null);
    await store.db.insertInto('tenants').values({ id: tenant(), name: 'kept' }).execute();
    await expect(openStore(config, quietLog)).rejects.toThrow(/in use by another Kiln process \(process \d+\)/);
    expect(await store.db.selectFrom('tenants').select('name').execute()).toEqual([{ name: 'kept' }]);
    await store.close();
    const again = await openStore(config, quietLog);
    expect(await again.db.selectFrom('tenants').select('name').execute()).toEqual([{ name: 'kept' }]);
    await again.close();
    await dispose();
  });

  test('the event loop turns while a thousand rows are awaited one by one', async () => {
    const { store, dispose } = await openTestStore(null);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    for (let i = 0; i < 1_000; i++) {
      await store.db
        .insertInto('tenants')
        .values({ id: `ten_${i}`, name: 'x' })
        .execute();
    }
    clearInterval(timer);
    expect(turns).toBeGreaterThan(100);
    await dispose();
  });
});

if (bin === null) {
  test.skip('PostgreSQL: not run, because /usr/lib/postgresql has none; install the package postgresql', () => {});
} else {
  describe('PostgreSQL', () => {
    let postgres: TestPostgres;
    beforeAll(async () => {
      postgres = await startPostgres(bin);
    });
    afterAll(() => postgres?.stop());

    storeContract(async () => openTestStore(await postgres.createDatabase()));

    test('two servers that start at once both find the tables made', async () => {
      const databaseUrl = await postgres.createDatabase();
      const config = { home: '/nowhere', databaseUrl };
      const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(config, quietLog)));
      for (const store of stores) {
        expect(await store.db.selectFrom('tenants').select('id').execute()).toEqual([]);
        await store.close();
      }
    });

    test('one of two servers leads, and the other once it lets go, with a larger epoch', async () => {
      const one = await openTestStore(await postgres.createDatabase());
      const other = await openStore(one.config, quietLog);
      const first = await one.store.leaderLock.tryLead();
      expect(first?.epoch).toBe(1);
      expect(await other.leaderLock.tryLead()).toBeNull();
      await first?.release();
      expect(first?.lost.aborted).toBe(true);
      const second = await other.leaderLock.tryLead();
      expect(second?.epoch).toBe(2);
      await other.close();
      expect(second?.lost.aborted).toBe(true);
      await one.dispose();
    });

    test('a server that does not lead asks again and again by one connection, and by a new one when it broke', async () => {
      const one = await openTestStore(await postgres.createDatabase());
      const other = await openStore(one.config, quietLog);
      const leadership = await one.store.leaderLock.tryLead();
      const connections = async () => {
        const { rows } = await sql<{ pid: number }>`
          select pid from pg_stat_activity where application_name = 'kiln-leader' and datname = current_database()
          order by pid`.execute(one.store.db);
        return rows.map(({ pid }) => pid);
      };
      expect(await other.leaderLock.tryLead()).toBeNull();
      const asked = await connections();
      expect(asked).toHaveLength(2);
      expect(await other.leaderLock.tryLead()).toBeNull();
      expect(await connections()).toEqual(asked);
      await postgres.cutConnections('kiln-leader');
      await expect(other.leaderLock.tryLead()).rejects.toThrow();
      expect((await other.leaderLock.tryLead())?.epoch).toBe((leadership?.epoch ?? 0) + 1);
      await other.close();
      await one.dispose();
    });

    test('a leader whose connection breaks hears of it, and another may lead', async () => {
      const one = await openTestStore(await postgres.createDatabase());
      const leader = await one.store.leaderLock.tryLead();
      const lost = new Promise((resolve) => leader?.lost.addEventListener('abort', resolve));
      await postgres.cutConnections('kiln-leader');
      if (leader?.lost.aborted === false) await lost;
      expect((await one.store.leaderLock.tryLead())?.epoch).toBe(2);
      await one.dispose();
    });

    test('a statement that says so is planned once per connection, also where tables change meanwhile', async () => {
      const one = await openTestStore(await postgres.createDatabase());
      await one.store.db.connection().execute(async (db) => {
        const ask = (text: string) =>
          sql<{ name: string; n: number }>`
          ${PREPARED} select name, ${2}::int as n from (select * from tenants) t where name = ${text}`.execute(db);
        await db.insertInto('tenants').values({ id: tenant(), name: 'kept' }).execute();
        expect((await ask('kept')).rows).toEqual([{ name: 'kept', n: 2 }]);
        await sql`alter table tenants add column later int`.execute(db);
        expect((await ask('other')).rows).toEqual([]);
        expect((await ask('kept')).rows).toEqual([{ name: 'kept', n: 2 }]);
        const { rows } = await sql`select statement from pg_prepared_statements`.execute(db);
        expect(rows).toEqual([{ statement: expect.stringContaining('from (select * from tenants)') }]);
      });
      await one.dispose();
    });

    test('connections that break while nobody uses them harm nobody', async () => {
      const one = await openTestStore(await postgres.createDatabase());
      await Promise.all(Array.from({ length: 5 }, () => one.store.ping()));
      await postgres.cutConnections('kiln-server');
      await new Promise((resolve) => setTimeout(resolve, 100));
      await one.store.ping();
      await one.dispose();
    });
  });
}

function storeContract(open: () => Promise<TestStore>): void {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.dispose());

  test('layers from before there were bit depths have 8 bits', async () => {
    const { db } = opened.store;
    const [tenantId, scene, job] = [tenant(), `scn_${tenant()}`, `job_${tenant()}`];
    await db.insertInto('tenants').values({ id: tenantId, name: 'x' }).execute();
    await sql`insert into scenes (id, tenant_id, name, state, scene_hash, entry, size_bytes)
      values (${scene}, ${tenantId}, 'x', 'ready', ${scene}, 'x.glb', 1)`.execute(db);
    await sql`insert into jobs (id, tenant_id, scene_id, name, state, priority, max_attempts, frame_timeout_ms, frame_count,
        class_policy)
      values (${job}, ${tenantId}, ${scene}, 'x', 'queued', 50, 3, 1000, 1, 'prefer')`.execute(db);
    for (const [name, settings] of [
      ['old', { format: 'png' }],
      ['new', { format: 'png', bitDepth: 16 }],
    ] as const) {
      await sql`insert into layers (id, job_id, position, name, frames, frame_count, chunk, task_count, settings)
        values (${`lay_${name}_${job}`}, ${job}, 0, ${name}, '1', 1, 1, 1, ${JSON.stringify(settings)}::jsonb)`.execute(
        db,
      );
    }
    await addBitDepth(db);
    const layers = await db.selectFrom('layers').select(['name', 'settings']).where('job_id', '=', job).execute();
    expect(Object.fromEntries(layers.map(({ name, settings }) => [name, settings.bitDepth]))).toEqual({
      old: 8,
      new: 16,
    });
  });

  test('layers from before work could require something require nothing', async () => {
    const { db } = opened.store;
    const { jobId } = await addJobRows(db, await addSceneRow(db));
    await sql`alter table layers drop column requires, drop column scene_needs`.execute(db);
    await addRequires(db);
    const read = () =>
      db.selectFrom('layers').select(['requires', 'scene_needs']).where('job_id', '=', jobId).executeTakeFirst();
    expect(await read()).toEqual({ requires: null, scene_needs: null });
    await sql`update layers set requires = '{"tags":["fast"]}', scene_needs = '{"gpuBytes":1,"texturePx":2}'
      where job_id = ${jobId}`.execute(db);
    expect(await read()).toEqual({ requires: { tags: ['fast'] }, scene_needs: { gpuBytes: 1, texturePx: 2 } });
  });

  test('gives numbers, dates, JSON and nulls as they went in', async () => {
    const { db } = opened.store;
    const id = tenant();
    const at = new Date('2026-01-02T03:04:05.678Z');
    await db.insertInto('tenants').values({ id, name: 'ä “quoted” \\ name', created_at: at }).execute();
    const sha256 = 'a'.repeat(64);
    await db
      .insertInto('objects')
      .values({ sha256, size_bytes: 2 ** 40, unreferenced_at: null })
      .execute();
    const event = {
      tenant_id: id,
      type: 'scene',
      job_id: null,
      scene_id: null,
      data: JSON.stringify({ a: [1, 'x', null] }),
    };
    const { id: eventId } = await db.insertInto('events').values(event).returning('id').executeTakeFirstOrThrow();

    const columns = ['id', 'name', 'max_open_tasks', 'created_at'] as const;
    expect(await db.selectFrom('tenants').select(columns).where('id', '=', id).executeTakeFirst()).toEqual({
      id,
      name: 'ä “quoted” \\ name',
      max_open_tasks: null,
      created_at: at,
    });
    expect(await db.selectFrom('objects').select(['size_bytes', 'unreferenced_at']).executeTakeFirst()).toEqual({
      size_bytes: 2 ** 40,
      unreferenced_at: null,
    });
    const row = await db.selectFrom('events').select(['id', 'data']).where('id', '=', eventId).executeTakeFirst();
    expect(row).toEqual({ id: eventId, data: { a: [1, 'x', null] } });
    expect(typeof eventId).toBe('number');
    const { rows } = await sql<{ n: unknown }>`select count(*) as n from tenants`.execute(db);
    expect(typeof rows[0]?.n).toBe('number');
  });

  test('a transaction that fails leaves nothing', async () => {
    const { db } = opened.store;
    const id = tenant();
    const failing = db.transaction().execute(async (tx) => {
      await tx.insertInto('tenants').values({ id, name: 'gone' }).execute();
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await db.selectFrom('tenants').select('id').where('id', '=', id).execute()).toEqual([]);
  });

  test('transactions that run at once do not mix, and queries beside them see only what is committed', async () => {
    const { db } = opened.store;
    const ids = Array.from({ length: 20 }, tenant);
    const seen: number[] = [];
    await Promise.all([
      ...ids.map((id, index) =>
        db
          .transaction()
          .execute(async (tx) => {
            await tx.insertInto('tenants').values({ id, name: 'mixed' }).execute();
            await tx
              .updateTable('tenants')
              .set({ name: `mixed ${index}` })
              .where('id', '=', id)
              .execute();
            if (index % 2 === 1) throw new Error('on purpose');
          })
          .catch(() => {}),
      ),
      ...ids.map(async () => {
        seen.push((await db.selectFrom('tenants').select('id').where('name', '=', 'mixed').execute()).length);
      }),
    ]);
    expect(seen.every((count) => count === 0)).toBe(true);
    const kept = await db.selectFrom('tenants').select('name').where('name', 'like', 'mixed %').execute();
    expect(kept).toHaveLength(10);
  });

  test('an error of the database has its SQLSTATE and constraint, and the next statement works', async () => {
    const { db } = opened.store;
    const id = tenant();
    await db.insertInto('tenants').values({ id, name: 'one' }).execute();
    const error: unknown = await db
      .insertInto('tenants')
      .values({ id, name: 'two' })
      .execute()
      .catch((cause: unknown) => cause);
    expect(sqlState(error)).toBe('23505');
    expect(isUniqueViolation(error, 'tenants_pkey')).toBe(true);
    expect(isUniqueViolation(error, 'another')).toBe(false);
    await opened.store.ping();
  });

  test('says how many rows a statement changed', async () => {
    const { db } = opened.store;
    await db
      .insertInto('tenants')
      .values([
        { id: tenant(), name: 'counted' },
        { id: tenant(), name: 'counted' },
      ])
      .execute();
    const updated = await db.updateTable('tenants').set({ name: 'x' }).where('name', '=', 'counted').executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(2n);
    const deleted = await db.deleteFrom('tenants').where('name', '=', 'nobody').executeTakeFirst();
    expect(deleted.numDeletedRows).toBe(0n);
  });

  test('each leadership has a larger epoch', async () => {
    const first = await opened.store.leaderLock.tryLead();
    expect(await opened.store.leaderLock.tryLead()).toBeNull();
    await first?.release();
    expect(first?.lost.aborted).toBe(true);
    const second = await opened.store.leaderLock.tryLead();
    expect(second?.epoch).toBe((first?.epoch ?? 0) + 1);
    await second?.release();
  });

  test('what was written is there after closing and opening again', async () => {
    const one = await open();
    const id = tenant();
    await one.store.db.insertInto('tenants').values({ id, name: 'kept' }).execute();
    await one.store.close();
    const again = await openStore(one.config, quietLog);
    expect(await again.db.selectFrom('tenants').select('id').execute()).toEqual([{ id }]);
    await again.close();
    await one.dispose();
  });
}
