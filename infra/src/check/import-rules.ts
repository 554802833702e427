/**
 * The walls of the house: which file may import what. Reads every import of every source file, type imports and
 * `import('…')` types included, and follows relative paths, so that no wall can be climbed by `../../`.
 * (Cycles are Biome's: `noImportCycles` with `ignoreTypes: false`.)
 */
import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join, posix, relative, sep } from 'node:path';
import { filesBelow, SOURCE } from './files-below.ts';
import { importsOf } from './imports-of.ts';

export interface Violation {
  /** Path from the root, `/`-separated. */
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  readonly message: string;
}

/** Which of our packages each workspace may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  server: ['shared'],
  worker: ['shared'],
  viewer: ['shared'],
  infra: ['shared', 'server', 'worker', 'viewer'],
};

const PAGE = 'worker/src/page/';
/** The one file of the page that Node code may import. */
const PAGE_CONTRACT = 'worker/src/page/contract.ts';
/** Packages that code in the page may import, besides `@kiln/shared`. */
const PAGE_PACKAGES = [
  'three',
  'three-gpu-pathtracer',
  'three-mesh-bvh',
  '@jsquash/avif',
  'gifenc',
  'gltf-validator',
  'mediabunny',
  'meshoptimizer',
  'typebox',
];

/** What tests of all workspaces have in common. */
const TESTING = '@kiln/shared/testing';
const isTest = (file: string) => file.split('/')[1] === 'test';

const BUILT_IN = new Set(builtinModules);
const isBuiltIn = (specifier: string) => specifier.startsWith('node:') || BUILT_IN.has(specifier);

const workspaceOf = (file: string) => file.slice(0, file.indexOf('/'));

/** `three/addons/x.js` → `three`; `@a/b/c` → `@a/b`. */
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** Code that runs where there is no Node. */
const isNodeFree = (file: string) =>
  file.startsWith('shared/src/') || file.startsWith(PAGE) || file.startsWith('viewer/src/');

/**
 * Why `file` may not import `specifier`, or null when it may.
 *
 * @param file path from the root, `/`-separated.
 */
function whyForbidden(file: string, specifier: string): string | null {
  const home = workspaceOf(file);
  const allowed = MAY_IMPORT[home];
  if (allowed === undefined) return null;
  if (specifier.startsWith('.')) return whyForbiddenPath(file, posix.join(posix.dirname(file), specifier));
  if (specifier.startsWith('/') || specifier.startsWith('file:')) return 'imports by an absolute path';
  if (isBuiltIn(specifier)) return isNodeFree(file) ? `runs without Node and may not import ${specifier}` : null;

  const target = packageOf(specifier);
  if (target.startsWith('@kiln/')) {
    const to = target.slice('@kiln/'.length);
    if (to === home) return `${home} imports itself by its package name; use a relative path`;
    if (!allowed.includes(to)) return `${home} may not import ${target}`;
    if (specifier === TESTING && isTest(file)) return null;
    return specifier === target ? null : `only the public index of ${target} may be imported, not ${specifier}`;
  }
  if (file.startsWith(PAGE) && !PAGE_PACKAGES.includes(target)) return `page code may not import ${target}`;
  return null;
}

function whyForbiddenPath(file: string, target: string): string | null {
  const [home, to] = [workspaceOf(file), workspaceOf(target)];
  if (target.startsWith('..') || to !== home) {
    // A version or a name is data; the package.json above a workspace is nobody's code.
    return `climbs out of ${home} by a relative path`;
  }
  if (file.startsWith(PAGE)) return target.startsWith(PAGE) ? null : 'page code may not import from outside its folder';
  const isNodeSource = file.startsWith('worker/src/');
  if (isNodeSource && target.startsWith(PAGE) && target !== PAGE_CONTRACT) {
    return `only ${PAGE_CONTRACT} of the page may be imported from Node`;
  }
  return null;
}

/** Reads every source file of the five workspaces below `rootDir` and returns each forbidden import. */
export async function checkImports(rootDir: string): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const path of await filesBelow(
    Object.keys(MAY_IMPORT).map((name) => join(rootDir, name)),
    SOURCE,
  )) {
    const file = relative(rootDir, path).split(sep).join('/');
    for (const found of importsOf(path, await readFile(path, 'utf8'))) {
      const message = whyForbidden(file, found.specifier);
      if (message !== null) violations.push({ file, line: found.line, message });
    }
  }
  return violations;
}
