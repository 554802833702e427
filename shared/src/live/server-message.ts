/** Messages of a server as a viewer reads them, without what checks any schema: an embed's script stays small. */
import type { TSchema } from 'typebox';
import { closureOf, type Others, type SchemaCheck } from '../schema-closure.ts';
import { ServerMessage } from './messages.ts';

const others: Others = { check: plainCheck, hasFormat: () => fail('a format') };

let check: SchemaCheck | null = null;

/** Null for what is none, or one that this viewer does not know yet. */
export function readServerMessage(text: unknown): ServerMessage | null {
  if (typeof text !== 'string') return null;
  check ??= plainCheck(ServerMessage);
  try {
    const value = JSON.parse(text);
    return check(value) ? value : null;
  } catch {
    return null;
  }
}

function plainCheck(schema: TSchema): SchemaCheck {
  return closureOf(schema, others) ?? fail(JSON.stringify(schema));
}

function fail(what: string): never {
  throw new Error(`messages of a server have nothing such as ${what}`);
}
