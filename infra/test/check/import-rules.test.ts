import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkImports } from '../../src/check/import-rules.ts';
import { REPOSITORY } from '../../src/repository.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kiln-walls-'));
  for (const name of ['shared', 'server', 'worker', 'viewer', 'infra']) await mkdir(join(root, name));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function plant(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

const violations: [what: string, file: string, text: string, message: RegExp][] = [
  ['server → worker', 'server/src/a.ts', "import { x } from '@kiln/worker';", /server may not import @kiln\/worker/],
  ['server → worker by path', 'server/src/a.ts', "import '../../worker/src/index.ts';", /climbs out of server/],
  ['worker → server by type', 'worker/src/a.ts', "import type { X } from '@kiln/server';", /worker may not import/],
  ['worker → server by a type query', 'worker/src/a.ts', "type X = import('@kiln/server').X;", /worker may not import/],
  ['viewer → server by export', 'viewer/src/a.ts', "export * from '@kiln/server';", /viewer may not import/],
  ['viewer → worker by import()', 'viewer/src/a.ts', "const a = import('@kiln/worker');", /viewer may not import/],
  ['viewer tests → server', 'viewer/test/a.ts', "import '../../server/src/index.ts';", /climbs out of viewer/],
  ['shared → server', 'shared/src/a.ts', "import '@kiln/server';", /shared may not import/],
  ['shared → Node', 'shared/src/a.ts', "import { join } from 'node:path';", /runs without Node/],
  ['shared → Node, old name', 'shared/src/a.ts', "import { join } from 'path';", /runs without Node/],
  ['viewer → Node', 'viewer/src/a.tsx', "import { join } from 'node:path';", /runs without Node/],
  ['anything → infra', 'server/src/a.ts', "import '@kiln/infra';", /server may not import @kiln\/infra/],
  ['anything → infra by path', 'worker/src/a.ts', "import '../../infra/src/cli/main.ts';", /climbs out of worker/],
  ['past the public index', 'infra/src/a.ts', "import '@kiln/server/src/app.ts';", /only the public index/],
  ['what tests share, outside tests', 'worker/src/a.ts', "import '@kiln/shared/testing';", /only the public index/],
  ['page → other package', 'worker/src/page/a.ts', "import pino from 'pino';", /page code may not import pino/],
  ['page → Node code', 'worker/src/page/a.ts', "import '../index.ts';", /outside its folder/],
  ['Node code → page', 'worker/src/a.ts', "import './page/loader.ts';", /only worker\/src\/page\/contract.ts/],
];

test.each(violations)('catches %s', async (_, file, text, message) => {
  await plant(file, `// first line\n${text}\n`);
  const found = await checkImports(root);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ file, line: 2 });
  expect(found[0]?.message).toMatch(message);
});

test('lets through what the walls allow', async () => {
  await plant(
    'server/src/a.ts',
    "import { createServer } from 'node:http';\nimport { ERRORS } from '@kiln/shared';\nimport './b.ts';\n",
  );
  await plant('worker/test/live/a.ts', "import { chance } from '@kiln/shared/testing';\n");
  await plant('worker/src/a.ts', "import type { PageCall } from './page/contract.ts';\n");
  await plant(
    'worker/src/page/a.ts',
    "import { Scene } from 'three';\nimport { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';\nimport './contract.ts';\nimport { LIMITS } from '@kiln/shared';\n",
  );
  await plant(
    'infra/src/a.ts',
    "import { startServer } from '@kiln/server';\nimport { startWorker } from '@kiln/worker';\n",
  );
  expect(await checkImports(root)).toEqual([]);
});

test('finds a cycle that only types close', async () => {
  await copyFile(join(REPOSITORY, 'biome.json'), join(root, 'biome.json'));
  await plant('server/src/a.ts', "import type { B } from './b.ts';\n\nexport type A = B;\n");
  await plant('server/src/b.ts', "import type { A } from './a.ts';\n\nexport type B = A;\n");
  const biome = join(REPOSITORY, 'node_modules', '.bin', 'biome');
  const run = promisify(execFile)(biome, ['ci', '--vcs-enabled=false', '--colors=off', '.'], { cwd: root });
  await expect(run).rejects.toMatchObject({ stderr: expect.stringContaining('noImportCycles') });
});

test('the repository itself keeps its walls', async () => {
  expect(await checkImports(REPOSITORY)).toEqual([]);
});
