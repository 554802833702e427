/** `<home>/credentials.json`: how programs on this machine reach the farm. Readable by its owner only. */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { matches } from '@kiln/shared';
import Type, { type Static } from 'typebox';
import { errorCodeOf } from '../objects/disk-errors.ts';

const Credentials = Type.Object({
  /** Where the farm is reached: `http://127.0.0.1:7700`. */
  url: Type.String(),
  /** Name of the tenant that the key belongs to. */
  tenant: Type.String(),
  apiKey: Type.String(),
  /** Secret with which workers register. */
  workerToken: Type.String(),
});
export type Credentials = Static<typeof Credentials>;

export const credentialsPath = (home: string): string => join(home, 'credentials.json');

/** Null when there is none, or none that can be read as such. */
export async function readCredentials(home: string): Promise<Credentials | null> {
  try {
    const value: unknown = JSON.parse(await readFile(credentialsPath(home), 'utf8'));
    return matches(Credentials, value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError || errorCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Replaces the file in one step: nobody reads half of it. */
export async function writeCredentials(home: string, credentials: Credentials): Promise<void> {
  const temporary = `${credentialsPath(home)}.${randomUUID()}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(credentials, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, credentialsPath(home));
  } finally {
    await rm(temporary, { force: true });
  }
}
