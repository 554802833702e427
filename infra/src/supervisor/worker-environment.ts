/**
 * What only servers need: the farm's own database and queue, its store's and its certificate's keys, and keys of its
 * users. A worker runs what strangers upload; it reaches all of that through a server, or not at all.
 */
const SECRETS = /^(KILN_(REDIS_URL|DATABASE_URL|S3_.*|TLS_KEY|API_KEY)|AWS_.*|PG[A-Z]+)$/;

/** The environment of the farm as its workers get it. */
export const workerEnvironment = (environment: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRETS.test(name)));
