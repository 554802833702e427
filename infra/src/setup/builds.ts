import { join } from 'node:path';
import { REPOSITORY } from '../repository.ts';
import { runCommand } from './command.ts';
import { buildUnlessStamped } from './input-stamp.ts';
import type { Progress } from './progress.ts';

const BUILD_TIMEOUT_MS = 300_000;

interface Build {
  readonly name: string;
  readonly stampFile: string;
  readonly inputs: readonly string[];
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
}

const at = (...parts: string[]) => join(REPOSITORY, ...parts);

/** The page that workers load into their browsers, and the web app that the server hands out. */
const BUILDS: readonly Build[] = [
  {
    name: 'page',
    stampFile: at('worker/dist/page.stamp'),
    inputs: [at('worker/src'), at('shared/src'), at('package-lock.json')],
    command: [process.execPath, at('infra/bin/build-page.mjs')],
    cwd: REPOSITORY,
  },
  {
    name: 'web app',
    stampFile: at('viewer/dist/app.stamp'),
    inputs: [
      at('viewer/src'),
      at('viewer/index.html'),
      at('viewer/public'),
      at('viewer/vite.config.ts'),
      at('shared/src'),
      at('package-lock.json'),
    ],
    command: [process.execPath, at('node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'],
    cwd: at('viewer'),
  },
];

/**
 * Builds what changed since it was last built.
 *
 * @throws Error with the tool's output when a build fails.
 */
export async function buildAll(progress: Progress): Promise<void> {
  for (const { name, stampFile, inputs, command, cwd } of BUILDS) {
    await progress.step(name, async () => {
      const built = await buildUnlessStamped(stampFile, inputs, async () => {
        const { ok, output } = await runCommand(command, { cwd, timeoutMs: BUILD_TIMEOUT_MS });
        if (!ok) throw new Error(`The build of the ${name} failed:\n${output}`);
      });
      return built ? 'built' : 'up to date';
    });
  }
}
