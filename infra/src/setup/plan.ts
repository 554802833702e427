/** Decides, from what a machine has, what set-up does about the rest. Pure: nothing is looked up or run here. */
import type { Found } from './found.ts';

export interface Wanted {
  readonly browser: boolean;
  readonly redisServer: boolean;
  /** The tests of the store run against a real PostgreSQL where one can be had; nothing else needs it. */
  readonly postgres: boolean;
  /** The heavy tests read pictures back with OpenImageIO where it can be had; nothing else needs it. */
  readonly imageTools: boolean;
  /** The same with films and ffmpeg. A farm makes ProRes and FFV1 with it where it is here, and does not ask for it. */
  readonly filmTools: boolean;
  /** The heavy tests keep objects in a real S3 server where one can be had; nothing else needs it here. */
  readonly s3Server: boolean;
  /** KILN_NO_INSTALL=1. */
  readonly installForbidden: boolean;
}

export type Step =
  | { readonly kind: 'apt'; readonly packages: readonly string[] }
  | { readonly kind: 'download-browser'; readonly otherwise: string };

export type Plan =
  | { readonly outcome: 'steps'; readonly steps: readonly Step[] }
  /** Nothing is done; `message` names what is missing and the exact command to type. */
  | { readonly outcome: 'blocked'; readonly message: string };

interface Need {
  readonly what: string;
  readonly apt: readonly string[];
  readonly brew: readonly string[];
}

// libegl1 and Mesa's drivers: without them ANGLE falls back to SwiftShader, which draws three times slower.
export const NEEDS = {
  browser: {
    what: 'a browser (Chrome or Chromium)',
    apt: ['chromium', 'libegl1', 'libgl1-mesa-dri'],
    brew: ['--cask google-chrome'],
  },
  redis: { what: 'redis-server', apt: ['redis-server'], brew: ['redis'] },
  postgres: { what: 'PostgreSQL', apt: ['postgresql'], brew: ['postgresql'] },
  imageTools: { what: 'OpenImageIO', apt: ['openimageio-tools'], brew: ['openimageio'] },
  filmTools: { what: 'ffmpeg', apt: ['ffmpeg'], brew: ['ffmpeg'] },
  s3Server: {
    what: 'Ceph’s object gateway',
    apt: ['ceph-mon', 'ceph-mgr', 'ceph-osd', 'radosgw', 'ceph-common'],
    brew: [],
  },
} as const satisfies Record<string, Need>;

/** What a farm cannot be without and this machine has not. */
export function missing(found: Found, wanted: Pick<Wanted, 'browser' | 'redisServer'>): Need[] {
  const needs: Need[] = [];
  if (wanted.browser && found.browser === null) needs.push(NEEDS.browser);
  if (wanted.redisServer && found.redisServer === null) needs.push(NEEDS.redis);
  return needs;
}

export function planSetup(found: Found, wanted: Wanted): Plan {
  const mayApt = found.root && found.apt && !wanted.installForbidden;
  const needs = missing(found, wanted);

  // Outside Debian a package named chromium may be a stub that points elsewhere (Ubuntu's snap): puppeteer downloads.
  const download = needs.includes(NEEDS.browser) && !(mayApt && found.system === 'debian') && !wanted.installForbidden;
  const byPackage = needs.filter((need) => !(download && need === NEEDS.browser));
  if (byPackage.length > 0 && !mayApt) return { outcome: 'blocked', message: howToInstall(found, wanted, needs) };

  if (wanted.postgres && found.postgresBin === null && mayApt) byPackage.push(NEEDS.postgres);
  if (wanted.imageTools && !found.imageTools && mayApt) byPackage.push(NEEDS.imageTools);
  if (wanted.filmTools && !found.filmTools && mayApt) byPackage.push(NEEDS.filmTools);
  if (wanted.s3Server && !found.s3Server && mayApt) byPackage.push(NEEDS.s3Server);
  const steps: Step[] = [];
  if (byPackage.length > 0) steps.push({ kind: 'apt', packages: byPackage.flatMap(({ apt }) => apt) });
  if (download) steps.push({ kind: 'download-browser', otherwise: howToInstall(found, wanted, [NEEDS.browser]) });
  return { outcome: 'steps', steps };
}

/** One message with the exact command to type. */
export function howToInstall(found: Found, wanted: Pick<Wanted, 'installForbidden'>, needs: readonly Need[]): string {
  const why = wanted.installForbidden ? ', and KILN_NO_INSTALL=1 forbids installing' : '';
  return `Kiln needs ${names(needs)}${why}.${rejected(found, needs)} Type this, then start again:\n\n  ${command(found, needs)}\n`;
}

/** What is said when it was installed and is missing all the same. */
export function stillMissing(found: Found, needs: readonly Need[]): string {
  return `${names(needs)} was installed, but none that can be used was found.${rejected(found, needs)} Mend that, then start again; this installs it by hand:\n\n  ${command(found, needs)}\n`;
}

const names = (needs: readonly Need[]) => needs.map(({ what }) => what).join(' and ');

/** Why the browsers that are here do not count. */
function rejected({ rejectedBrowsers }: Found, needs: readonly Need[]): string {
  if (rejectedBrowsers.length === 0 || !needs.includes(NEEDS.browser)) return '';
  return ` What is here cannot be used: ${rejectedBrowsers.join('; ')}.`;
}

function command(found: Found, needs: readonly Need[]): string {
  if (found.system === 'mac') return needs.map(({ brew }) => `brew install ${brew.join(' ')}`).join(' && ');
  const sudo = found.root ? '' : 'sudo ';
  const packages = needs.flatMap(({ apt }) => apt).join(' ');
  if (found.apt) return `${sudo}apt-get update && ${sudo}apt-get install -y ${packages}`;
  return `# with your system's package manager: ${needs.map(({ what }) => what).join(', ')}`;
}
