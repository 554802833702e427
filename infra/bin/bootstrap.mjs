// What every command of this folder needs before it can run ours: a Node that is new enough, and the packages of the
// lockfile. Plain JavaScript without dependencies, because on a fresh clone there are none yet.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const OLDEST_NODE = [20, 19];

/**
 * Installs what is missing and runs a bundled entry.
 *
 * @param {Parameters<import('./bundle.mjs').bundled>[0]} entry
 */
export async function bootstrap(entry) {
  // What a command prints on standard output may be read by a script.
  await ensurePackages(entry === 'kiln' ? console.error : console.log);
  const { bundled } = await import('./bundle.mjs');
  await import(await bundled(entry));
}

/**
 * Installs what is missing and runs a TypeScript module as it is, for tools whose start is not waited for.
 *
 * @param {string} modulePath relative to `infra/`.
 */
export async function bootstrapSource(modulePath) {
  await ensurePackages(console.log);
  const { register } = await import('tsx/esm/api');
  register();
  await import(pathToFileURL(join(ROOT, 'infra', modulePath)).href);
}

/** @param {(text: string) => void} say */
async function ensurePackages(say) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    console.error(`Kiln needs Node ${OLDEST_NODE.join('.')} or later; this is ${process.versions.node}.`);
    process.exit(1);
  }
  if (packagesMatchLockfile()) return;
  const farm = runningFarm();
  // Installing replaces files that its processes are about to read.
  if (farm === null) await installPackages(say);
  else say(`Packages are out of date and are not installed while ${farm}: stop it, then run \`npm start\`.`);
}

/** A farm that runs from this checkout's folder or from KILN_HOME, in words; null when there is none. */
function runningFarm() {
  const { KILN_HOME, INIT_CWD = '.' } = process.env;
  for (const home of [join(ROOT, '.kiln'), ...(KILN_HOME ? [resolve(INIT_CWD, KILN_HOME)] : [])]) {
    const lock = join(home, 'farm.lock');
    try {
      const { pid, url } = JSON.parse(readFileSync(lock, 'utf8'));
      if (isAlive(pid)) return `the farm at ${url} runs (process ${pid}, lock ${lock})`;
    } catch {
      // No farm, or none that can be read of.
    }
  }
  return null;
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Whether `node_modules` holds what the lockfile names, by npm's own record of what it installed. Packages that are
 * optional (binaries for other platforms) may be absent.
 */
function packagesMatchLockfile() {
  try {
    const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
    const present = JSON.parse(readFileSync(join(ROOT, 'node_modules', '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(([path, { version, link, optional, devOptional, peer }]) => {
      if (!path.includes('node_modules/') || link) return true;
      return present[path] ? present[path].version === version : Boolean(optional || devOptional || peer);
    });
  } catch {
    return false;
  }
}

/**
 * Runs `npm ci`; on failure shows what npm said and ends this process.
 *
 * @param {(text: string) => void} say
 */
async function installPackages(say) {
  const startedMs = Date.now();
  say('Installing packages: npm ci');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const child = npm?.endsWith('.js')
    ? spawn(process.execPath, [npm, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', resolve);
  });
  if (code !== 0) {
    console.error(`${said}\nnpm ci failed (${code}). Mend what it says above, then try again.`);
    process.exit(1);
  }
  say(`Packages installed in ${Math.round((Date.now() - startedMs) / 1_000)} s`);
}
