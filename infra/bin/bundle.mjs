// Turns our TypeScript into JavaScript that Node runs as it is. Loading it file by file through a loader took 2.8 s of
// processor time for a command line; a bundle takes 0.2 s, and every process of a farm pays it (adr/0001).
//
// Plain JavaScript, because nothing can be loaded before it. Each bundle lies in a folder named after what it was made
// of, so that processes that start at the same time never see half of one.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DIST = join(ROOT, 'infra', 'dist');
const SOURCES = ['shared/src', 'server/src', 'worker/src', 'infra/src', 'infra/bin/bundle.mjs', 'package-lock.json'];

/** What is started: each becomes a file of this name. */
const ENTRIES = {
  kiln: 'infra/src/cli/run.ts',
  start: 'infra/src/start/main.ts',
  build: 'infra/src/setup/main.ts',
  'build-page': 'infra/src/setup/build-page.ts',
};

/** Packages that Node finds: they need files or binaries that lie beside their code, or are data. */
const LEFT_TO_NODE = [
  'pino',
  'esbuild',
  '@puppeteer/browsers',
  '@pmndrs/assets',
  '@electric-sql/pglite',
  'sharp',
  'oxc-parser',
];

/** CommonJS packages in the bundle ask for Node's own modules by `require`. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

/** Processes under test that fail somewhere, or count where they pass, have a bundle of their own, with the points in it (adr/0011). */
const { KILN_TEST, KILN_FAULT, KILN_TEST_PASSES } = process.env;
const HAS_FAULTS = KILN_TEST === '1' && Boolean(KILN_FAULT || KILN_TEST_PASSES);

/** A bundle that no process was started from for so long is deleted. */
const KEPT_MS = 3_600_000;

/**
 * @param {keyof typeof ENTRIES} name
 * @returns {Promise<string>} file: URL of the module to import.
 */
export async function bundled(name) {
  const stamp = stampOf(SOURCES.map((path) => join(ROOT, path)));
  const folder = join(DIST, HAS_FAULTS ? `${stamp}-faults` : stamp);
  if (!existsSync(folder)) await build(folder);
  return pathToFileURL(join(folder, `${name}.js`)).href;
}

/** Names, sizes and times of all files: a hash of their bytes would take longer than it saves. */
function stampOf(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path}\0${size}\0${mtimeMs}\0`);
  };
  for (const path of paths) {
    visit(path);
    if (!statSync(path).isDirectory()) continue;
    const entries = readdirSync(path, { recursive: true, withFileTypes: true });
    for (const file of entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort())
      visit(file);
  }
  return hash.digest('hex').slice(0, 16);
}

async function build(folder) {
  // A file that appears or goes while it is bundled may be one that an editor writes: its next state has another stamp.
  const { build: esbuild, stop } = createRequire(join(ROOT, 'infra', 'package.json'))('esbuild');
  mkdirSync(DIST, { recursive: true });
  const draft = join(DIST, `.${process.pid}-${Date.now()}`);
  const failed = () => {
    rmSync(draft, { recursive: true, force: true });
    process.exit(1); // What is wrong has been printed.
  };
  const addFaults = HAS_FAULTS ? await faultsIn() : (_path, text) => text;
  await esbuild({
    absWorkingDir: ROOT,
    entryPoints: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(ROOT, path)])),
    outdir: draft,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: REQUIRE },
    logLevel: 'error',
    plugins: [ours(addFaults)],
  })
    .catch(failed)
    .finally(stop); // Else its process stays as long as ours.
  try {
    renameSync(draft, folder);
  } catch {
    rmSync(draft, { recursive: true, force: true }); // Another process was faster.
  }
  for (const name of readdirSync(DIST)) {
    const other = join(DIST, name);
    // Undefined when another process has just renamed its draft.
    const writtenMs = statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (other !== folder && Date.now() - writtenMs > KEPT_MS) rmSync(other, { recursive: true, force: true });
  }
}

/** @returns puts the points into the text of those of our files that have some. */
async function faultsIn() {
  const { tsImport } = await import('tsx/esm/api');
  const load = (name) => tsImport(join(ROOT, 'infra', 'src', 'faults', name), import.meta.url);
  const { hasPoints } = await load('fault-points.ts');
  const { instrument } = await load('instrument.ts');
  const passing = join(ROOT, 'infra', 'src', 'faults', 'passing.ts');
  return (path, text) => {
    const file = relative(ROOT, path).split(sep).join('/');
    return hasPoints(file) ? instrument(file, text, passing) : text;
  };
}

/** What is left to Node, and where each of our files believes that it is. */
const ours = (change) => ({
  name: 'kiln',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === 'kiln' || kind === 'entry-point' || path.startsWith('node:')) return undefined;
      const name = path
        .split('/')
        .slice(0, path.startsWith('@') ? 2 : 1)
        .join('/');
      if (!LEFT_TO_NODE.includes(name)) return undefined;
      // By its file, as seen from the importing workspace: two workspaces may have different versions of a package.
      const found = await resolve(path, { resolveDir, kind, pluginData: 'kiln' });
      if (found.errors.length > 0 || found.external) return { path, external: true };
      return { path: kind === 'require-call' ? found.path : pathToFileURL(found.path).href, external: true };
    });
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: change(path, readFileSync(path, 'utf8'))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: 'ts',
    }));
  },
});
