/**
 * The auditor: whether what is recorded can be true. It reads the database and the bytes and nothing else, in statements of its
 * own, so that a fault of the code that writes is not one of the code that checks.
 */
import type { AuditCheck, AuditReport } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Services } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { checkBytes } from './bytes.ts';
import type { Finding } from './finding.ts';
import { checkLimit, LIMIT_CHECKS } from './limits.ts';
import { RECORD_CHECKS } from './records.ts';
import { checkShares } from './shares.ts';

/** Violations that are told of each check. */
const TOLD = 20;

/** @param bytes whether every byte that is referred to is read and hashed, or only looked for. */
export async function audit(
  { store, objects, clock }: Pick<Services, 'store' | 'objects' | 'clock'>,
  { bytes }: { readonly bytes: boolean },
): Promise<AuditReport> {
  const checks: AuditCheck[] = [];
  const note = (name: string, about: string, { checked, violations }: Finding) =>
    checks.push({ name, about, checked, violations: violations.length, examples: violations.slice(0, TOLD) });
  // Each is one statement, which sees a farm at work as it is at one moment.
  const { db } = store;
  for (const { name, about, checked, violations } of RECORD_CHECKS) {
    note(name, about, { checked: await countOf(db, checked), violations: await sentences(db, violations) });
  }
  for (const check of LIMIT_CHECKS) note(check.name, check.about, await checkLimit(db, check));
  const shares = 'tenants that all had work got slot-seconds by their weights, within 5 %';
  note('shares.fair', shares, await checkShares(db));
  const what = bytes
    ? 'every file that is referred to has the bytes that its name says'
    : 'every file that is referred to is there, of its size';
  note('objects.bytes', what, await checkBytes(store.db, objects, bytes));
  return { at: clock.now().toISOString(), ok: checks.every(({ violations }) => violations === 0), checks };
}

async function countOf(db: Kysely<Database>, table: string): Promise<number> {
  const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(db);
  return Number(rows[0]?.n ?? 0);
}

async function sentences(db: Kysely<Database>, query: string): Promise<string[]> {
  const { rows } = await sql<{ violation: string }>`${sql.raw(query)}`.execute(db);
  return rows.map(({ violation }) => violation);
}
