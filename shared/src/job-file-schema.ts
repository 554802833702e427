/** The JSON Schema of job files that editors complete and check with, drawn from the one that reads them. */
import { JobFile } from './schemas/job-file.ts';

/** Below `API_PREFIX`. */
export const JOB_FILE_SCHEMA_PATH = '/job-file.schema.json';

type JsonSchema = Readonly<Record<string, unknown>>;

const PARAMETER = { $ref: '#/definitions/parameter' };
/** What is taken as it is. */
const LITERAL: ReadonlySet<string> = new Set(['$schema', 'parameters']);

/** Draft 7, which every editor knows. Wherever a value stands, a parameter may stand for it. */
export function jobFileJsonSchema(): JsonSchema {
  const { properties, ...rest } = asJson(JobFile);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Kiln job',
    description: 'What `kiln submit` renders.',
    ...rest,
    properties: mapped(properties, (part, key) => (LITERAL.has(key) ? part : parametrised(part))),
    definitions: {
      parameter: {
        type: 'string',
        pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_-]*\\}',
        description: `A parameter, \${name}, or text with some.`,
      },
    },
  };
}

/** Without what is there for our own checks alone. */
const asJson = (schema: object): JsonSchema => JSON.parse(JSON.stringify(schema));

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapped = (value: unknown, change: (part: JsonSchema, key: string) => JsonSchema): JsonSchema =>
  Object.fromEntries(
    Object.entries(isSchema(value) ? value : {}).map(([key, part]) => [key, isSchema(part) ? change(part, key) : part]),
  );

function parametrised(schema: JsonSchema): JsonSchema {
  if (schema.type === 'object') return { ...schema, properties: mapped(schema.properties, parametrised) };
  if (schema.type === 'array') return { ...schema, items: ofItems(schema.items) };
  if (takesParameter(schema)) return schema;
  const { description, default: preset, ...value } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
    anyOf: [...(Array.isArray(value.anyOf) ? value.anyOf.map(withinVariant) : [value]), PARAMETER],
  };
}

const ofItems = (items: unknown): unknown =>
  Array.isArray(items) ? items.map(ofItems) : isSchema(items) ? parametrised(items) : items;

/** Of values that are one of several things only what is inside of them: that the whole may be a parameter is said once. */
const withinVariant = (variant: unknown): unknown =>
  isSchema(variant) && (variant.type === 'object' || variant.type === 'array') ? parametrised(variant) : variant;

/** Text that may be anything. */
const takesParameter = ({ type, pattern, enum: choices }: JsonSchema): boolean =>
  type === 'string' &&
  choices === undefined &&
  (pattern === undefined || new RegExp(String(pattern), 'u').test(`\${x}`));
