/** `credentials.json` of a KILN_HOME: where the farm is and the key to it. The server writes it, mode 0600. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from '@kiln/shared';
import Type, { type Static } from 'typebox';
import { type Environment, homeFolder } from './config.ts';

const Credentials = Type.Object({
  /** Address of the farm. */
  url: Type.String(),
  apiKey: Type.String(),
  /** With which workers register. */
  workerToken: Type.String(),
});
export type Credentials = Static<typeof Credentials>;

/** Credentials with the file that they are in. */
interface FoundCredentials extends Credentials {
  readonly file: string;
}

/**
 * @returns null when there is no such file, or none that this user may read.
 * @throws KilnError `request.invalid` when it is not what the server writes.
 */
export function readCredentials(file: string): Credentials | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  return parse(Credentials, jsonOf(text), file);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Credentials of the farm that is meant: of KILN_HOME when it is set; else of the nearest `.kiln` in `cwd` and above it;
 * else of this checkout's own. A file of another user, who may have put a `.kiln` into a folder that many write to, is
 * passed over: with it, that user's farm would get what was meant for this one's.
 */
export function findCredentials(cwd: string, env: Environment): FoundCredentials | null {
  const own = join(homeFolder(env), 'credentials.json');
  if (env.KILN_HOME) return readFound(own);
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = join(folder, '.kiln', 'credentials.json');
    const found = isOwn(file) ? readFound(file) : null;
    if (found !== null) return found;
    if (folder === dirname(folder)) break;
  }
  return readFound(own);
}

function readFound(file: string): FoundCredentials | null {
  const found = readCredentials(file);
  return found === null ? null : { ...found, file };
}

/** Whether this user owns it; where files have no owners, yes. */
const isOwn = (file: string): boolean =>
  process.getuid === undefined || statSync(file, { throwIfNoEntry: false })?.uid === process.getuid();
