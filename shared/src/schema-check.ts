/** The check of any schema: by closures, and by typebox where they do not know a keyword. */
import type { TSchema } from 'typebox';
import { Format } from 'typebox/format';
import { Check } from 'typebox/value';
import { closureOf, type Others, type SchemaCheck } from './schema-closure.ts';

const made = new WeakMap<TSchema, SchemaCheck>();

const others: Others = { check: schemaCheck, hasFormat: (name, text) => Format.Test(name, text) };

/** It is made once and kept. */
export function schemaCheck(schema: TSchema): SchemaCheck {
  let check = made.get(schema);
  if (!check) {
    check = closureOf(schema, others) ?? ((value) => Check(schema, value));
    made.set(schema, check);
  }
  return check;
}
