/**
 * Under root Chromium refuses its sandbox, and without one it must not be root: so it runs as an unprivileged user either
 * way. `setpriv` changes to it and becomes Chromium, with the same pid. Every browser gets a user id of its own, so that
 * one tenant's browser can neither signal another's processes nor read its files, even from outside the sandbox.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KilnError } from '@kiln/shared';
import { processesOf } from './process-tree.ts';

/** User ids that Debian's policy reserves and assigns to nobody: 65000 to 65533. */
const FIRST_UID = 65_000;
const UIDS = 534;

const SETPRIV_PATHS = ['/usr/bin/setpriv', '/bin/setpriv', '/sbin/setpriv'];

export const runsAsRoot = () => process.getuid?.() === 0;

export interface BrowserUser {
  readonly uid: number;
  readonly gid: number;
  /** Program and first arguments that change to this user; the browser's own follow. */
  readonly command: readonly string[];
}

const reserved = new Set<number>();

/**
 * A user that no process runs as; null when this process is not root and the browser runs as the same user.
 *
 * @throws KilnError `server.internal` when root has no `setpriv`.
 */
export function takeBrowserUser(): BrowserUser | null {
  if (!runsAsRoot()) return null;
  const setpriv = SETPRIV_PATHS.find((path) => existsSync(path));
  if (!setpriv) {
    throw new KilnError(
      'server.internal',
      'a worker that is root runs its browsers as other users, for which it needs `setpriv`: apt-get install util-linux',
    );
  }
  const busy = new Set(processesOf().map((one) => one.uid));
  let uid = FIRST_UID + (process.pid % UIDS);
  for (let tries = 0; busy.has(uid) || reserved.has(uid); tries++) {
    if (tries === UIDS) throw new KilnError('server.internal', 'every user id from 65000 to 65533 is in use');
    uid = FIRST_UID + ((uid - FIRST_UID + 1) % UIDS);
  }
  reserved.add(uid);
  const groups = deviceGroups();
  return {
    uid,
    gid: uid,
    command: [
      setpriv,
      `--reuid=${uid}`,
      `--regid=${uid}`,
      groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups',
      '--pdeathsig=KILL',
    ],
  };
}

/** Gives the user id back when the last process of the browser is gone. */
export function releaseBrowserUser(user: BrowserUser | null): void {
  if (user) reserved.delete(user.uid);
}

/** Groups that own the GPU's render nodes; without them a driver silently falls back to software. */
function deviceGroups(): number[] {
  const folder = '/dev/dri';
  if (!existsSync(folder)) return [];
  const nodes = readdirSync(folder).filter((name) => name.startsWith('renderD'));
  return [...new Set(nodes.map((name) => statSync(join(folder, name)).gid).filter((gid) => gid !== 0))];
}
