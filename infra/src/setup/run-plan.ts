/** Carries out what `planSetup` decided, telling each system command before it runs. */
import { INFRA_LIMITS } from '../limits.ts';
import { downloadBrowser } from './browser-download.ts';
import { runCommand } from './command.ts';
import type { Plan, Step } from './plan.ts';
import type { Progress } from './progress.ts';

/** Set-up could not be completed; the message says what to type. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/** @throws SetupError */
export async function runPlan(
  plan: Plan,
  progress: Progress,
  environment: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<void> {
  if (plan.outcome === 'blocked') throw new SetupError(plan.message);
  for (const step of plan.steps) {
    if (step.kind === 'apt') await aptInstall(step, progress, environment, signal);
    else await download(step, progress, environment.PUPPETEER_CHROME_DOWNLOAD_BASE_URL);
  }
}

type Command = [string, ...string[]];

async function aptInstall(
  { packages }: Step & { kind: 'apt' },
  progress: Progress,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const apt: Command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'Acquire::Retries=2'];
  const commands: [string, Command, number][] = [
    ['lists', [...apt, 'update'], INFRA_LIMITS.aptUpdateMs],
    ['packages', [...apt, 'install', '-y', '--no-install-recommends', ...packages], INFRA_LIMITS.aptInstallMs],
  ];
  for (const [name, words, timeoutMs] of commands) {
    const text = words.join(' ');
    progress.line(`  $ ${text}`);
    await progress.step(name, async (note) => {
      const onOutput = (line: string) => note(line.slice(0, 60));
      const { ok, output } = await runCommand(words, { env: environment, timeoutMs, onOutput, signal });
      if (!ok)
        throw new SetupError(
          `${text} failed:\n${lastLines(output)}\n\nMend that, type the command yourself, then start again.`,
        );
      return 'done';
    });
  }
}

/** @param baseUrl puppeteer's own setting for a mirror. */
async function download(
  { otherwise }: Step & { kind: 'download-browser' },
  progress: Progress,
  baseUrl: string | undefined,
): Promise<void> {
  await progress.step('browser', async (note) => {
    try {
      return `downloaded Chrome to ${await downloadBrowser(note, baseUrl)}`;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new SetupError(`A browser could not be downloaded (${why}).\n${otherwise}`);
    }
  });
}

const lastLines = (output: string) => output.split('\n').slice(-8).join('\n');
