/**
 * Types of `<kiln-preview>` and of `RemoteView` for projects that have neither this repository nor its packages: declarations as
 * the compiler writes them, of what the two entries refer to, and one file of what they take from `@kiln/shared`, written out,
 * since schemas would need the package that makes them. What is imported besides stays so: three's types are the project's own.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { API } from 'typescript/unstable/sync';
import { REPOSITORY } from '../repository.ts';
import { runCommand } from './command.ts';

const PROJECT = join(REPOSITORY, 'viewer', 'tsconfig.types.json');
const ENTRIES = ['embed/kiln-preview', 'sdk/remote-view'];
const SHARED = '@kiln/shared';
const LEFT_TO_THE_PROJECT: readonly string[] = ['three', 'three/webgpu'];
const COMPILE_TIMEOUT_MS = 300_000;
/** `NodeBuilderFlags` of the compiler: everything, and what an alias stands for in place of its name. */
const WRITTEN_OUT = 1 | (1 << 23);
/** What is imported from where; imports of types only, as `verbatimModuleSyntax` has them. */
const IMPORT =
  /\b(?:import|export)\s+(?:type\s+)?(?:\{([^}]*)\}|\*\s+as\s+\w+)\s+from\s+'([^']+)'|\bimport\('([^']+)'\)/g;

/** @throws Error when something does not compile, or cannot be written without a package that projects do not have. */
export async function writeViewerTypes(folder: string): Promise<void> {
  const draft = await mkdtemp(join(tmpdir(), 'kiln-types-'));
  try {
    const compiler = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
    const { ok, output } = await runCommand([process.execPath, compiler, '-p', PROJECT, '--outDir', draft], {
      timeoutMs: COMPILE_TIMEOUT_MS,
    });
    if (!ok) throw new Error(`The types of the viewer do not compile:\n${output}`);
    const { files, names } = await referredTo(join(draft, 'viewer', 'src'));
    for (const [path, text] of files) {
      const file = join(folder, `${path}.d.ts`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, forProjects(path, text));
    }
    await writeFile(join(folder, 'shared.d.ts'), sharedTypes([...names].sort()));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Declarations by their path below `root` without an ending, from the entries on, and names that they take from `@kiln/shared`. */
async function referredTo(root: string): Promise<{ files: Map<string, string>; names: Set<string> }> {
  const files = new Map<string, string>();
  const names = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    if (files.has(path)) return;
    const text = await readFile(join(root, `${path}.d.ts`), 'utf8');
    files.set(path, text);
    for (const [, list = '', from, inline] of text.matchAll(IMPORT)) {
      const module = from ?? inline ?? '';
      if (module.startsWith('.')) await visit(join(dirname(path), module).replace(/\.ts$/, ''));
      else if (module === SHARED) for (const name of namesIn(list)) names.add(name);
      else if (!LEFT_TO_THE_PROJECT.includes(module))
        throw new Error(`${path} needs ${module}, which projects do not have`);
    }
  };
  for (const entry of ENTRIES) await visit(entry);
  return { files, names };
}

/** `type A, B as C` are A and B. */
const namesIn = (list: string): string[] =>
  list.split(',').flatMap((item) => /^\s*(?:type\s+)?(\w+)/.exec(item)?.[1] ?? []);

/** As Node and bundlers find them: modules by the names that their JavaScript would have. */
function forProjects(path: string, text: string): string {
  const shared = relative(dirname(path), 'shared.js');
  return text
    .replace(/(from\s+|import\()'(\.[^']*)\.ts'/g, "$1'$2.js'")
    .replaceAll(`'${SHARED}'`, `'${shared.startsWith('.') ? shared : `./${shared}`}'`);
}

function sharedTypes(names: readonly string[]): string {
  const api = new API({ cwd: REPOSITORY });
  try {
    const [project] = api.updateSnapshot({ openProjects: [PROJECT] }).getProjects();
    const index = project?.program.getSourceFile(join(REPOSITORY, 'shared', 'src', 'index.ts'));
    const module = index && project?.checker.getSymbolAtLocation(index);
    if (!project || !module) throw new Error(`${SHARED} is not part of ${PROJECT}`);
    const exported = project.checker.getExportsOfModule(module);
    const declarations = names.map((name) => {
      const symbol = exported.find((one) => one.name === name);
      if (!symbol) throw new Error(`${SHARED} has no ${name}`);
      const type = project.checker.getDeclaredTypeOfSymbol(symbol);
      const text = project.checker.typeToString(type, undefined, WRITTEN_OUT);
      if (text.includes('import(')) throw new Error(`${name} cannot be written out: ${text.slice(0, 200)}`);
      return `export type ${name} = ${text};\n`;
    });
    return `/** What the farm says and is asked, as its schemas have it. */\n${declarations.join('')}`;
  } finally {
    api.close();
  }
}
