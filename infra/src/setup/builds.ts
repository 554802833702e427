import { join } from 'node:path';
import { REPOSITORY } from '../repository.ts';
import { runCommand } from './command.ts';
import { type BuiltFolder, buildUnlessStamped } from './input-stamp.ts';
import type { Progress } from './progress.ts';

const BUILD_TIMEOUT_MS = 300_000;

type Command = readonly [string, ...string[]];

interface Build extends BuiltFolder {
  readonly name: string;
  /** What builds into a folder, one after the other. */
  commands(folder: string): readonly Command[];
  readonly cwd: string;
}

const at = (...parts: string[]) => join(REPOSITORY, ...parts);

const VIEWER_INPUTS = [at('viewer/src'), at('shared/src'), at('shared/package.json'), at('package-lock.json')];

const vite = (...args: readonly string[]): Command => [
  process.execPath,
  at('node_modules/vite/bin/vite.js'),
  ...['build', '--logLevel', 'warn', ...args],
];

/** The page that workers load into their browsers, the web app that the server hands out, and its scripts for other pages. */
const BUILDS: readonly Build[] = [
  {
    name: 'page',
    output: at('worker/dist/page'),
    stampFile: at('worker/dist/page.stamp'),
    inputs: [at('worker/src'), at('shared/src'), at('package-lock.json')],
    commands: (folder) => [[process.execPath, at('infra/bin/build-page.mjs'), folder]],
    cwd: REPOSITORY,
  },
  {
    name: 'web app',
    output: at('viewer/dist/app'),
    stampFile: at('viewer/dist/app.stamp'),
    inputs: [...VIEWER_INPUTS, at('viewer/index.html'), at('viewer/public'), at('viewer/vite.config.ts')],
    commands: (folder) => [vite('--outDir', folder)],
    cwd: at('viewer'),
  },
  {
    name: 'embed',
    output: at('viewer/dist/embed'),
    // Of the last command.
    mainFile: 'kiln-remote-view.js',
    stampFile: at('viewer/dist/embed.stamp'),
    inputs: [...VIEWER_INPUTS, at('viewer/vite.embed.config.ts')],
    commands: (folder) =>
      ['kiln-preview', 'kiln-remote-view'].map((script) =>
        // The configuration reads the messages' schemas, which are TypeScript of another package.
        vite('--config', 'vite.embed.config.ts', '--configLoader', 'runner', '--mode', script, '--outDir', folder),
      ),
    cwd: at('viewer'),
  },
];

/** What the package of the viewer gives to projects of others besides: no farm needs it. */
const PACKAGE_BUILDS: readonly Build[] = [
  {
    name: 'types of the embed',
    output: at('viewer/dist/types'),
    mainFile: 'shared.d.ts',
    stampFile: at('viewer/dist/types.stamp'),
    inputs: [...VIEWER_INPUTS, at('viewer/tsconfig.types.json'), at('infra/src/setup/viewer-types.ts')],
    commands: (folder) => [[process.execPath, at('infra/bin/build-types.mjs'), folder]],
    cwd: REPOSITORY,
  },
];

/**
 * Builds what a farm is made of, where it changed since it was last built.
 *
 * @param signal ends a build that is running, which fails then.
 * @throws Error with the tool's output when a build fails.
 */
export const buildAll = (progress: Progress, signal?: AbortSignal): Promise<void> =>
  runBuilds(BUILDS, progress, signal);

/** What a package is made of. As `buildAll`. */
export const buildPackage = (progress: Progress): Promise<void> => runBuilds(PACKAGE_BUILDS, progress);

async function runBuilds(builds: readonly Build[], progress: Progress, signal?: AbortSignal): Promise<void> {
  for (const build of builds) {
    const { name, cwd } = build;
    await progress.step(name, async () => {
      const built = await buildUnlessStamped(build, async (folder) => {
        for (const command of build.commands(folder)) {
          const { ok, output } = await runCommand(command, { cwd, timeoutMs: BUILD_TIMEOUT_MS, signal });
          if (!ok) throw new Error(`The build of the ${name} failed:\n${output}`);
        }
      });
      return built ? 'built' : 'up to date';
    });
  }
}
