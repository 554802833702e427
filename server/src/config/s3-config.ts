/** Where objects are kept when not in a folder: the variables `KILN_S3_*`. */
import { KilnError } from '@kiln/shared';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';

export const S3_VARIABLES = {
  KILN_S3_BUCKET: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$',
      description: 'bucket for objects, which exists; objects are kept under KILN_HOME when absent',
    }),
  ),
  KILN_S3_ENDPOINT: Type.Optional(
    Type.String({
      pattern: '^https?://[^/?#]+/?$',
      description: 'address of the S3 server as https://HOST:PORT; that of AWS in the region when absent',
    }),
  ),
  KILN_S3_REGION: Type.String({ default: 'us-east-1', pattern: '^[a-z0-9-]+$', description: 'region of the bucket' }),
  KILN_S3_PREFIX: Type.String({
    default: '',
    pattern: '^([A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/?)?$',
    description: 'what every key begins with, as farms/one; a farm needs a bucket or a prefix of its own',
  }),
  KILN_S3_ACCESS_KEY_ID: Type.Optional(
    Type.String({ description: 'key id; absent: what the machine has (AWS_* variables, profile, instance role)' }),
  ),
  KILN_S3_SECRET_ACCESS_KEY: Type.Optional(Type.String({ description: 'its secret key' })),
  KILN_S3_PATH_STYLE: Type.Optional(
    Type.Enum(['0', '1'], {
      description: '1: the bucket is in the path, not in the host’s name; 1 with KILN_S3_ENDPOINT, else 0, when absent',
    }),
  ),
} as const;

export const S3_SECRETS = ['KILN_S3_SECRET_ACCESS_KEY'] as const;

export interface S3Config {
  readonly bucket: string;
  /** Null: AWS. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  /** Null: those that the machine has. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  readonly pathStyle: boolean;
}

const Variables = Type.Object(S3_VARIABLES);

/**
 * Of these variables alone, for who wants nothing else of a server's.
 *
 * @throws KilnError as `s3ConfigOf`.
 */
export function readS3Config(env: Readonly<Record<string, string | undefined>>): S3Config | null {
  const known = Object.fromEntries(Object.keys(S3_VARIABLES).map((name) => [name, env[name] || undefined]));
  const values = Value.Default(Variables, known);
  if (!Value.Check(Variables, values)) {
    const wrong = Object.entries(S3_VARIABLES).find(([name, schema]) => env[name] && !Value.Check(schema, env[name]));
    throw invalid(`${wrong?.[0]} must be: ${String(Reflect.get(wrong?.[1] ?? {}, 'description'))}.`);
  }
  return s3ConfigOf(
    values,
    Object.keys(env).filter((name) => env[name]),
  );
}

/**
 * @param given names of all variables that are set.
 * @returns null when objects are kept in a folder.
 * @throws KilnError `request.invalid` naming the variable.
 */
export function s3ConfigOf(values: Static<typeof Variables>, given: readonly string[]): S3Config | null {
  const names = given.filter((name) => name.startsWith('KILN_S3_'));
  const unknown = names.find((name) => !Object.hasOwn(S3_VARIABLES, name));
  if (unknown !== undefined) {
    throw invalid(`${unknown} is none of the variables for S3: ${Object.keys(S3_VARIABLES).join(', ')}.`);
  }
  const { KILN_S3_BUCKET: bucket, KILN_S3_ACCESS_KEY_ID: accessKeyId } = values;
  if (bucket === undefined) {
    if (names.length === 0) return null;
    throw invalid(`${names.join(', ')}: set KILN_S3_BUCKET too, or unset it to keep objects under KILN_HOME.`);
  }
  const secretAccessKey = values.KILN_S3_SECRET_ACCESS_KEY;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw invalid('KILN_S3_ACCESS_KEY_ID and KILN_S3_SECRET_ACCESS_KEY must be set together.');
  }
  const endpoint = values.KILN_S3_ENDPOINT?.replace(/\/$/, '') ?? null;
  const prefix = values.KILN_S3_PREFIX.replace(/\/$/, '');
  return Object.freeze({
    bucket,
    endpoint,
    region: values.KILN_S3_REGION,
    prefix: prefix === '' ? '' : `${prefix}/`,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? null
        : Object.freeze({ accessKeyId, secretAccessKey }),
    pathStyle: values.KILN_S3_PATH_STYLE === undefined ? endpoint !== null : values.KILN_S3_PATH_STYLE === '1',
  });
}

const invalid = (message: string) => new KilnError('request.invalid', message);
