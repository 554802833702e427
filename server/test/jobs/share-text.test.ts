/** Turns between tenants and users in words, by what each has had and is promised. */
import { expect, test } from 'vitest';
import { shareText } from '../../src/jobs/share-text.ts';
import { ShareTurns } from '../../src/jobs/share-turns.ts';
import type { SlotWork } from '../../src/jobs/slot-work.ts';
import { IDENTITY } from '../fake-worker.ts';

const worker = { id: 'w1', identity: { ...IDENTITY, slots: 6 } };
const ABLE = new Set(['w1']);

interface Tenant {
  readonly loadSec?: number;
  readonly weight?: number;
  readonly minSlots?: number;
  readonly maxSlots?: number | null;
  readonly held?: number;
  readonly waits?: boolean;
  readonly requires?: { readonly tags: string[] };
}

/** @param users by name: what they have had, and hold, of tenant `a`; the others wait. */
function textOf(tenants: Record<string, Tenant>, users: Record<string, { loadSec: number; held: number }> = {}) {
  const asked = { engine: 'raster', backend: 'auto', sceneNeeds: null, wantedClass: null } as const;
  const names = Object.keys(users);
  const work = [
    ...Object.entries(tenants).map(([tenantId, { held = 0 }]) => ({ tenantId, user: null, n: held })),
    ...names.map((user) => ({ tenantId: 'a', user, n: users[user]?.held ?? 0 })),
  ].map((one): SlotWork => ({ ...one, workerId: 'w1', jobId: 'j', inSlots: one.n }));
  const turns = new ShareTurns(
    new Map(
      Object.entries(tenants).map(([id, { loadSec = 0, weight = 1, minSlots = 0, maxSlots = null }]) => [
        id,
        { loadSec, weight, minSlots, maxSlots },
      ]),
    ),
    new Map(names.map((user) => [`a/${user}`, users[user]?.loadSec ?? 0])),
    [
      ...Object.entries(tenants).flatMap(([tenantId, { waits = true, requires = null }]) =>
        waits ? [{ ...asked, tenantId, user: names[0] ?? null, requires }] : [],
      ),
      ...names.map((user) => ({ ...asked, tenantId: 'a', user, requires: null })),
    ],
    work,
    [worker],
  );
  const user = names[0] ?? null;
  return shareText({ tenant: turns.ofTenant('a', ABLE, 6), user: turns.ofUser('a', user, ABLE) }, user);
}

test.each<[string, Parameters<typeof textOf>[0], string | null]>([
  ['alone', { a: { held: 6 } }, null],
  ['others hold all, and it has had least', { a: {}, b: { held: 6, loadSec: 60 } }, null],
  ['others want no more', { a: { held: 3 }, b: { held: 3, waits: false } }, null],
  ['others may have no more', { a: { held: 3 }, b: { held: 3, maxSlots: 3 } }, null],
  ['others want other workers', { a: { held: 6 }, b: { requires: { tags: ['fast'] } } }, null],
  ['it has all', { a: { held: 6 }, b: {}, c: {} }, 'Over your share: 6 of 2 slots in use; 2 other tenants wait, too'],
  [
    'by weight',
    { a: { held: 4, weight: 2 }, b: { held: 2 } },
    'Over your share: 4 of 4 slots in use; 1 other tenant waits, too',
  ],
  [
    'beside a promise',
    { a: { held: 1 }, b: { held: 5, minSlots: 5 } },
    'Over your share: 1 of 1 slot in use; 1 other tenant waits, too',
  ],
  [
    'others have had less',
    { a: { held: 2, loadSec: 340 }, b: { held: 4, loadSec: 52.25 } },
    'Your turn comes after 1 other tenant that has had less by weight (52.3 slot-seconds to 340); 2 of 3 slots in use',
  ],
  [
    'others are promised more',
    { a: { loadSec: 1 }, b: { held: 4, minSlots: 5, loadSec: 99 }, c: { held: 2, loadSec: 0 } },
    'Your turn comes after 1 other tenant that has fewer slots than it is promised and 1 other tenant that has had less by weight (0.0 slot-seconds to 1.0); 0 of 0.5 slots in use',
  ],
])('%s', (_, tenants, text) => {
  expect(textOf(tenants)).toBe(text);
});

test('between users of one tenant, whatever its other users hold', () => {
  const others = { held: 2, loadSec: 10 };
  expect(textOf({ a: {} }, { ann: { held: 4, loadSec: 5 }, bob: others })).toBe(
    'Over the share of “ann”: 4 of 3 slots in use; 1 other user waits, too',
  );
  expect(textOf({ a: {} }, { ann: { held: 1, loadSec: 50 }, bob: { held: 3, loadSec: 10 } })).toBe(
    'The turn of “ann” comes after 1 other user that has had less (10.0 slot-seconds to 50.0); 1 of 2 slots in use',
  );
  expect(textOf({ a: {} }, { ann: { held: 0, loadSec: 5 }, bob: others })).toBeNull();
});
