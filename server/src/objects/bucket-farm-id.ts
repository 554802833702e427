/** One farm has a bucket, or a prefix in it: what another farm's database does not know it would sweep away. */
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { KilnError } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { S3Config } from '../config/s3-config.ts';
import type { RandomBytes } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { newFolderId } from './folder-id.ts';
import type { ObjectStore } from './object-store.ts';
import { isAlreadyThere, isNotThere } from './s3-errors.ts';

const STATE_KEY = 'objects_bucket';
const OBJECT = 'farm-id';

export interface BucketParts {
  readonly client: S3Client;
  readonly config: S3Config;
  readonly objects: Pick<ObjectStore, 'has'>;
  readonly db: Kysely<Database>;
  readonly random: RandomBytes;
}

/**
 * The database has an id, and the bucket has it from the first server that finds none there.
 *
 * @throws KilnError `request.invalid` when the bucket is another farm's, or lacks what this farm's database says is stored;
 *   any error of the store.
 */
export async function checkBucketFarmId(parts: BucketParts): Promise<void> {
  const id = await idOfDatabase(parts);
  if ((await idOfBucket(parts)) === null) {
    await requireOwnObjects(parts);
    await writeId(parts, id);
  }
  const found = await idOfBucket(parts);
  if (found === id) return;
  throw new KilnError(
    'request.invalid',
    `KILN_S3_BUCKET, KILN_S3_PREFIX: ${placeOf(parts)} belongs to another farm: give this one a bucket or prefix of its own ` +
      `(if the other's database is lost for good, delete the object ${parts.config.prefix}${OBJECT})`,
  );
}

async function idOfDatabase({ db, random }: BucketParts): Promise<string> {
  await db
    .insertInto('farm_state')
    .values({ key: STATE_KEY, value: newFolderId(random) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { value } = await db
    .selectFrom('farm_state')
    .select('value')
    .where('key', '=', STATE_KEY)
    .executeTakeFirstOrThrow();
  return String(value);
}

async function idOfBucket({ client, config }: BucketParts): Promise<string | null> {
  try {
    const answer = await client.send(new GetObjectCommand({ Bucket: config.bucket, Key: `${config.prefix}${OBJECT}` }));
    return (await answer.Body?.transformToString())?.trim() ?? '';
  } catch (error) {
    if (isNotThere(error)) return null;
    throw error;
  }
}

/** A farm that kept its objects elsewhere must bring them. */
async function requireOwnObjects(parts: BucketParts): Promise<void> {
  const one = await parts.db
    .selectFrom('objects')
    .select('sha256')
    .where('size_bytes', '>', 0)
    .limit(1)
    .executeTakeFirst();
  if (one === undefined || (await parts.objects.has(one.sha256))) return;
  throw new KilnError(
    'request.invalid',
    `KILN_S3_BUCKET, KILN_S3_PREFIX: ${placeOf(parts)} has not what this farm has stored: copy the folder objects of ` +
      'KILN_HOME there first, under the same names',
  );
}

async function writeId({ client, config }: BucketParts, id: string): Promise<void> {
  const object = { Bucket: config.bucket, Key: `${config.prefix}${OBJECT}`, Body: `${id}\n`, IfNoneMatch: '*' };
  try {
    await client.send(new PutObjectCommand(object));
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
}

const placeOf = ({ config: { bucket, prefix } }: BucketParts) =>
  prefix === '' ? `the bucket “${bucket}”` : `“${prefix}” in the bucket “${bucket}”`;
