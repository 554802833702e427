/** `npm start`: set-up, then a farm until Ctrl-C, told in a few lines. */
import { join } from 'node:path';
import { createClient, KilnError } from '@kiln/shared';
import { EXIT, exitCodeOf } from '../cli/exit-codes.ts';
import type { FarmConfig } from '../config.ts';
import { readCredentials } from '../credentials.ts';
import { lookAtDisk } from '../disk-room.ts';
import { INFRA_LIMITS } from '../limits.ts';
import { REPOSITORY } from '../repository.ts';
import { prepare } from '../setup/prepare.ts';
import { Progress, type Terminal } from '../setup/progress.ts';
import { SetupError } from '../setup/run-plan.ts';
import { StartError } from '../supervisor/child.ts';
import { Farm, type FarmObserver, SERVER_COMMAND, WORKER_COMMAND } from '../supervisor/farm.ts';
import { FarmRunningError } from '../supervisor/farm-lock.ts';
import { requireFreePort } from '../supervisor/free-port.ts';

/** 128 + SIGINT. */
const INTERRUPTED = 130;

/** @returns the exit code, once the farm has ended: 130 when it was stopped during set-up. */
export async function runFarm(given: FarmConfig, out: Terminal): Promise<number> {
  const progress = new Progress(out);
  let farm: Farm | undefined;
  const stopped = stopSignal(() => {
    farm?.kill();
    process.exit(INTERRUPTED);
  });
  const stopRequest = new Promise<void>((resolve) => stopped.addEventListener('abort', () => resolve()));
  try {
    const config = given.port === 0 ? { ...given, port: await requireFreePort(given.host, 0) } : given;
    const found = await Promise.race([prepare(config, progress, {}, stopped), stopRequest]);
    if (!found || stopped.aborted) {
      progress.dropAll();
      progress.line('\nStopped');
      return INTERRUPTED;
    }
    const parts = {
      server: SERVER_COMMAND,
      worker: WORKER_COMMAND,
      redisBinary: found.redisServer,
      webAppDir: join(REPOSITORY, 'viewer', 'dist', 'app'),
      embedDir: join(REPOSITORY, 'viewer', 'dist', 'embed'),
    };
    farm = new Farm(config, parts, observer(progress));
    const started = farm.start().then(() => 'started' as const);
    if ((await Promise.race([started, stopRequest])) === 'started') {
      await welcome(config, farm.url, progress);
      await stopRequest;
    }
    started.catch(() => undefined);
    progress.dropAll();
    progress.line(`\nStopping (at most ${INFRA_LIMITS.drainMs / 1_000} s; Ctrl-C again ends now)`);
    await farm.stop();
    progress.line('Stopped');
    return 0;
  } catch (error) {
    progress.dropAll();
    await farm?.stop();
    if (!isExplained(error)) throw error;
    progress.line(`\n${error.message}`);
    // What cannot be right in the configuration of a part is so in that of the farm.
    return error instanceof StartError && error.exitCode === EXIT.usage ? EXIT.usage : exitCodeOf(error);
  }
}

/** Errors whose message is all that people need. */
const isExplained = (error: unknown): error is Error =>
  [SetupError, StartError, FarmRunningError, KilnError].some((kind) => error instanceof kind);

const observer = (progress: Progress): FarmObserver => ({
  starting: (name) => progress.begin(name),
  ready: (name, detail) => progress.end(name, detail),
  crashed: (name, how, restartInMs) =>
    progress.line(`  ${name.padEnd(10)}ended (${how}); starting again in ${(restartInMs / 1_000).toFixed(1)} s`),
  trouble: (name, what) => progress.line(`  ${name.padEnd(10)}${what}`),
  ended: (names) => progress.line(`  left over from an earlier run, now ended: ${names.join(', ')}`),
});

async function welcome(config: FarmConfig, url: string, progress: Progress): Promise<void> {
  const file = join(config.home, 'credentials.json');
  const credentials = readCredentials(file);
  if (credentials === null) throw new StartError(`The server did not write ${file}.`);
  const code = await createClient({ url, apiKey: credentials.apiKey, fetch }).createSignInCode();
  const { shortage } = await lookAtDisk(config.home, config.diskReserveBytes);
  if (shortage !== null) progress.line(`  disk      ${shortage}`);
  progress.line(`
  Open      ${code.url}
            (signs you in once; \`npx --no kiln signin\` prints another)
  API key   in ${file}
  Logs      ${join(config.home, 'logs')}
  Stop      Ctrl-C

ready`);
}

/**
 * Aborted when the user, or the system, asks this process to end for the first time.
 *
 * @param again is called the second time.
 */
function stopSignal(again: () => void): AbortSignal {
  const stop = new AbortController();
  const onSignal = () => (stop.signal.aborted ? again() : stop.abort());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return stop.signal;
}
