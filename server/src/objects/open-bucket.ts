import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { KilnError } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { S3Config } from '../config/s3-config.ts';
import type { RandomBytes } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { checkBucketFarmId } from './bucket-farm-id.ts';
import type { ObjectStore } from './object-store.ts';
import { asS3Error, s3CodeOf } from './s3-errors.ts';
import { connectS3, S3ObjectStore } from './s3-object-store.ts';

/**
 * Opens a bucket that can be listed, read and written, and that is this farm's.
 *
 * @throws KilnError that says in a line which variable to mend.
 */
export async function openBucket(config: S3Config, db: Kysely<Database>, random: RandomBytes): Promise<ObjectStore> {
  const client = connectS3(config);
  const objects = new S3ObjectStore(client, config);
  try {
    await list(client, config);
    await checkBucketFarmId({ client, config, objects, db, random });
    return objects;
  } catch (error) {
    client.destroy();
    throw error instanceof KilnError ? error : bucketError(config, error);
  }
}

/**
 * Asks for one page and changes nothing.
 *
 * @throws KilnError as `openBucket`.
 */
export async function reachBucket(config: S3Config): Promise<void> {
  const client = connectS3(config);
  try {
    await list(client, config);
  } finally {
    client.destroy();
  }
}

async function list(client: S3Client, config: S3Config): Promise<void> {
  const { bucket: Bucket, prefix: Prefix } = config;
  await client.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 })).catch((error: unknown) => {
    throw bucketError(config, error);
  });
}

function bucketError(config: S3Config, cause: unknown): KilnError {
  const at = config.endpoint ?? `AWS in ${config.region}`;
  const code = s3CodeOf(cause);
  switch (code) {
    case 'NoSuchBucket':
      return wrong(`KILN_S3_BUCKET: there is no bucket “${config.bucket}” at ${at}; make it, or name another.`, cause);
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'CredentialsProviderError':
      return wrong(`KILN_S3_ACCESS_KEY_ID, KILN_S3_SECRET_ACCESS_KEY: ${at} refuses them (${code}).`, cause);
    case 'AccessDenied':
      return wrong(`KILN_S3_BUCKET: these credentials may not list, read or write “${config.bucket}” at ${at}.`, cause);
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
      return wrong(`KILN_S3_REGION: the bucket “${config.bucket}” is not in ${config.region} (${code}).`, cause);
  }
  const told = asS3Error(cause);
  if (told.code === 'storage.full') return told;
  return new KilnError(
    'storage.unavailable',
    `KILN_S3_ENDPOINT: ${at} does not answer as an S3 server does (${code}).`,
    {
      cause,
    },
  );
}

const wrong = (message: string, cause: unknown) => new KilnError('request.invalid', message, { cause });
