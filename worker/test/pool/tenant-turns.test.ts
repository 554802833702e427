import { expect, it } from 'vitest';
import { TenantTurns } from '../../src/pool/tenant-turns.ts';

const never = new AbortController().signal;

it('makes a tenant wait for its own turn only', async () => {
  const turns = new TenantTurns();
  const began: string[] = [];
  const take = async (tenantId: string, name: string) => {
    const end = await turns.take(tenantId, never);
    began.push(name);
    return end;
  };
  const endFirst = await take('a', 'a1');
  const second = take('a', 'a2');
  await take('b', 'b1');
  expect(began).toEqual(['a1', 'b1']);
  endFirst();
  await second;
  expect(began).toEqual(['a1', 'b1', 'a2']);
});

it('forgets who gives up waiting', async () => {
  const turns = new TenantTurns();
  const end = await turns.take('a', never);
  const over = new AbortController();
  const given = turns.take('a', over.signal);
  over.abort(new Error('stopped'));
  await expect(given).rejects.toThrow('stopped');
  end();
  (await turns.take('a', never))();
});
