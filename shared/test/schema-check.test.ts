import fc from 'fast-check';
import Type, { type TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import type { RouteSpec } from '../src/api/route-spec.ts';
import { ROUTES } from '../src/api/routes.ts';
import * as shared from '../src/index.ts';
import { schemaCheck } from '../src/schema-check.ts';

const isSchema = (value: unknown): value is TSchema => typeof value === 'object' && value !== null && '~kind' in value;

const named: [string, TSchema][] = Object.entries(shared).flatMap(([name, value]) =>
  isSchema(value) ? [[name, value]] : [],
);
const ofRoutes = Object.entries<RouteSpec>(ROUTES).flatMap(([name, { params, query, body, response }]) =>
  Object.entries({ params, query, body, response }).flatMap(([part, schema]): [string, TSchema][] =>
    schema ? [[`${name} ${part}`, schema]] : [],
  ),
);

const numberIn = (schema: TSchema, keyword: string): number | undefined => {
  const value: unknown = Reflect.get(schema, keyword);
  return typeof value === 'number' ? value : undefined;
};

/** Values that the schema takes. */
function valuesOf(schema: TSchema): fc.Arbitrary<unknown> {
  if (Type.IsUnion(schema)) return fc.oneof(...schema.anyOf.map(valuesOf));
  if (Type.IsLiteral(schema)) return fc.constant(schema.const);
  if (Type.IsEnum(schema)) return fc.constantFrom(...schema.enum);
  if (Type.IsInteger(schema) || Type.IsNumber(schema)) {
    const min = Math.ceil(numberIn(schema, 'minimum') ?? (numberIn(schema, 'exclusiveMinimum') ?? 0) + 1);
    return fc.integer({ min, max: numberIn(schema, 'maximum') ?? min + 20 });
  }
  if (Type.IsBoolean(schema)) return fc.boolean();
  if (Type.IsNull(schema)) return fc.constant(null);
  if (Type.IsTuple(schema)) return fc.tuple(...schema.items.map(valuesOf));
  if (Type.IsArray(schema)) return fc.array(valuesOf(schema.items), { minLength: 1, maxLength: 2 });
  if (Type.IsObject(schema)) {
    const fields: Record<string, fc.Arbitrary<unknown>> = {};
    for (const [key, part] of Object.entries(schema.properties)) fields[key] = valuesOf(part);
    return fc.record(fields, { requiredKeys: schema.required ?? [] });
  }
  return textsOf(schema);
}

function textsOf(schema: TSchema): fc.Arbitrary<string> {
  const source: unknown = Reflect.get(schema, 'pattern');
  if (Reflect.get(schema, 'format') === 'date-time') return fc.constantFrom('2026-01-31T12:00:00.000Z');
  const examples: unknown = Reflect.get(schema, 'examples');
  if (Array.isArray(examples)) return fc.constantFrom(...examples);
  if (typeof source !== 'string') return fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
  return source.includes('(?') ? fc.constantFrom('a.gltf', 'textures/ü 1.png') : fc.stringMatching(new RegExp(source));
}

/** Puts something else in some place of a value, or takes it away. */
function broken(value: unknown, path: readonly number[], other: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null) return other;
  if (Array.isArray(value)) {
    const at = step % (value.length + 1);
    return value.toSpliced(at, 1, broken(value[at], rest, other));
  }
  const keys = [...Object.keys(value), 'more'];
  const key = keys[step % keys.length] ?? 'more';
  const part: unknown = Reflect.get(value, key);
  if (rest.length === 0 && other === undefined)
    return Object.fromEntries(Object.entries(value).filter(([k]) => k !== key));
  return { ...value, [key]: broken(part, rest, other) };
}

const things = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, 0, -1, 1.5, Number.NaN, 1e300, '', '😀', 'x'.repeat(201), [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Each once, though several names may have it. */
const schemas = [...new Map([...named, ...ofRoutes].map(([name, schema]) => [schema, name]))].map(
  ([schema, name]) => [name, schema] as const,
);

describe('the check made of a schema', () => {
  it.each(schemas)('of %s says what typebox says', (_, schema) => {
    const check = schemaCheck(schema);
    let accepted = 0;
    let refused = 0;
    const path = fc.array(fc.nat(20), { maxLength: 5 });
    const agree = (value: unknown) => {
      const said = check(value);
      if (said) accepted++;
      else refused++;
      expect(said).toBe(Check(schema, value));
    };
    fc.assert(fc.property(valuesOf(schema), agree), { numRuns: 30 });
    fc.assert(
      fc.property(valuesOf(schema), path, things, (value, at, other) => agree(broken(value, at, other))),
      { numRuns: 100 },
    );
    expect(accepted).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  it('counts characters and not halves of them', () => {
    const check = schemaCheck(Type.String({ minLength: 2, maxLength: 3 }));
    for (const [text, ok] of [
      ['😀', false],
      ['😀😀', true],
      ['😀😀😀', true],
      ['😀😀😀😀', false],
      ['a', false],
      ['abc', true],
      ['abcd', false],
    ]) {
      expect(check(text)).toBe(ok);
    }
  });

  it('is not misled by what objects inherit', () => {
    expect(schemaCheck(Type.Object({ toString: Type.Optional(Type.String()) }))({})).toBe(true);
    expect(schemaCheck(Type.Object({ toString: Type.String() }))({})).toBe(false);
    expect(schemaCheck(Type.Object({}, { additionalProperties: false }))({ toString: 1 })).toBe(false);
  });

  it('leaves keywords that it does not know to typebox', () => {
    const even = schemaCheck(Type.Object({ n: Type.Integer({ multipleOf: 2 }) }));
    expect([even({ n: 4 }), even({ n: 5 })]).toEqual([true, false]);
    const record = schemaCheck(Type.Record(Type.String(), Type.Integer()));
    expect([record({ a: 1 }), record({ a: 'x' })]).toEqual([true, false]);
  });
});
