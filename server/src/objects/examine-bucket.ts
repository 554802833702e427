import { readS3Config } from '../config/s3-config.ts';

/**
 * Where a server with this environment would keep objects, looked at without changing anything.
 *
 * @returns what to call the bucket; null when it is a folder.
 * @throws KilnError that names the variable to mend.
 */
export async function examineBucket(env: Readonly<Record<string, string | undefined>>): Promise<string | null> {
  const config = readS3Config(env);
  if (config === null) return null;
  const { reachBucket } = await import('./open-bucket.ts');
  await reachBucket(config);
  const { bucket, prefix, endpoint, region } = config;
  return `bucket ${bucket}${prefix === '' ? '' : `, under ${prefix}`}, at ${endpoint ?? `AWS in ${region}`}`;
}
