/** Builds the page that runs in the browser: its program, its web workers, and the files that are built in. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PANORAMA_NAMES } from '@kiln/shared';
import { build } from 'esbuild';

const SOURCE = fileURLToPath(new URL('./page/', import.meta.url));
/** Where its own code comes from besides its folder. */
const SHARED = fileURLToPath(new URL('../../shared/src/', import.meta.url));

/** The page's program; parts that are not needed at once become files of their own. */
const MAIN = { main: 'main.ts' };
/** Its web workers, by the name of what they become: one file each, for they are started from text. */
const WORKERS = {
  'encode-worker': 'encode/encode-worker.ts',
  'strip-worker': 'encode/strip-worker.ts',
  'check-worker': 'import/check-worker.ts',
  'panorama-worker': 'assets/panorama-worker.ts',
  'video-worker': 'live/video-worker.ts',
  'trace-worker': 'engine/pathtrace/trace-worker.ts',
};

/** Libraries that go into the page; their versions decide, with the sources, whether it is to be built again. */
const LIBRARIES = [
  'three',
  'three-gpu-pathtracer',
  'three-mesh-bvh',
  '@jsquash/avif',
  'gifenc',
  'gltf-validator',
  'mediabunny',
  'typebox',
  '@pmndrs/assets',
  'esbuild',
];

/** Files of three that its decoders fetch, and the AVIF encoder's: from their packages to the page's `built-in/`. */
const OF_THREE = {
  'draco/gltf/draco_wasm_wrapper.js': 'draco/draco_wasm_wrapper.js',
  'draco/gltf/draco_decoder.wasm': 'draco/draco_decoder.wasm',
  'basis/basis_transcoder.js': 'basis/basis_transcoder.js',
  'basis/basis_transcoder.wasm': 'basis/basis_transcoder.wasm',
} as const;

const OF_AVIF = { 'codec/enc/avif_enc.wasm': 'avif/avif_enc.wasm' } as const;

/** Node sends the content policy as a header, which holds for the workers too. */
const INDEX_HTML = `<!doctype html>
<meta charset="utf-8">
<title>Kiln page</title>
<script type="module" src="/main.js"></script>
`;

/** Says what the folder was built of. */
const STAMP = 'built-of.txt';

const require = createRequire(import.meta.url);

/**
 * Builds the page into `outDir`. Does nothing when the folder was built of the same sources and library versions. Workers
 * that serve the folder, and others that build it at the same time, see it whole: it is made beside its place.
 */
export async function buildPage(outDir: string): Promise<void> {
  const inputs = await inputsHash();
  if (await isBuiltOf(outDir, inputs)) return;
  const draft = `${outDir}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await buildInto(draft, inputs);
    await replace(outDir, draft, inputs);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function isBuiltOf(folder: string, inputs: string): Promise<boolean> {
  return (await readFile(join(folder, STAMP), 'utf8').catch(() => '')) === inputs;
}

/** Puts `draft` in the place of `folder`, unless somebody else has put the same there meanwhile. */
async function replace(folder: string, draft: string, inputs: string): Promise<void> {
  const old = `${draft}.old`;
  try {
    if (await isBuiltOf(folder, inputs)) return;
    // Folders cannot be swapped in one call; without a turn of the event loop between, the gap is microseconds.
    if (existsSync(folder)) renameSync(folder, old);
    renameSync(draft, folder);
  } catch (error) {
    if (!(await isBuiltOf(folder, inputs))) throw error;
  } finally {
    await rm(old, { recursive: true, force: true });
  }
}

async function buildInto(outDir: string, inputs: string): Promise<void> {
  await mkdir(join(outDir, 'built-in'), { recursive: true });
  await bundle(outDir, MAIN, true);
  await bundle(outDir, WORKERS, false);
  await writeFile(join(outDir, 'index.html'), INDEX_HTML);
  await copyBuiltIn(join(outDir, 'built-in'));
  await writeFile(join(outDir, STAMP), inputs);
}

async function bundle(outDir: string, entries: Readonly<Record<string, string>>, splitting: boolean): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(SOURCE, path)])),
    outdir: outDir,
    bundle: true,
    splitting,
    format: 'esm',
    platform: 'browser',
    target: 'chrome120',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'linked',
    logLevel: 'warning',
  });
}

async function copyBuiltIn(folder: string): Promise<void> {
  const copies = [
    { source: join(dirname(require.resolve('three')), '../examples/jsm/libs'), files: OF_THREE },
    { source: dirname(require.resolve('@jsquash/avif')), files: OF_AVIF },
  ];
  for (const { source, files } of copies) {
    for (const [from, to] of Object.entries(files)) {
      await mkdir(dirname(join(folder, to)), { recursive: true });
      await copyFile(join(source, from), join(folder, to));
    }
  }
  await mkdir(join(folder, 'environments'));
  for (const name of PANORAMA_NAMES) {
    // The package holds its files as modules with a data: URI.
    const { default: dataUri } = await import(`@pmndrs/assets/hdri/${name}.exr.js`);
    const bytes = Buffer.from(dataUri.slice(dataUri.indexOf(',') + 1), 'base64');
    await writeFile(join(folder, 'environments', `${name}.exr`), bytes);
  }
}

/** SHA-256 over every source file, this one, and the version of each library. */
async function inputsHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of [SOURCE, SHARED]) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(`${relative(folder, file)}\0`).update(await readFile(file));
  }
  // It has Kiln's version, which files carry.
  hash.update(await readFile(join(SHARED, '../package.json')));
  hash.update(await readFile(fileURLToPath(import.meta.url)));
  for (const library of LIBRARIES) hash.update(`${library}@${await versionOf(library)}\0`);
  return hash.digest('hex');
}

/** Not every package exports its package.json, so the file is looked for where Node finds packages. */
async function versionOf(library: string): Promise<string> {
  for (const folder of require.resolve.paths(library) ?? []) {
    const text = await readFile(join(folder, library, 'package.json'), 'utf8').catch(() => null);
    if (text !== null) return String(JSON.parse(text).version);
  }
  throw new Error(`the package ${library} is not installed: run npm install`);
}
