import type { FarmConfig } from '../config.ts';
import { buildAll } from './builds.ts';
import { type Found, lookAround } from './found.ts';
import { missing, planSetup, stillMissing, type Wanted } from './plan.ts';
import type { Progress } from './progress.ts';
import { runPlan, SetupError } from './run-plan.ts';

/**
 * Sees to it that everything is there that a farm needs on this machine: browser, Redis, the page and the web app.
 *
 * @param wanted what more is needed, or not.
 * @param signal ends the commands that are running; the step that ran them fails.
 * @throws SetupError with what to type when something cannot be installed.
 */
export async function prepare(
  config: Pick<FarmConfig, 'searchPath' | 'environment' | 'installForbidden' | 'redisUrl' | 'workers' | 'browserPath'>,
  progress: Progress,
  wanted: Partial<Wanted> = {},
  signal?: AbortSignal,
): Promise<Found> {
  const need: Wanted = {
    browser: config.workers > 0,
    redisServer: config.redisUrl === null,
    postgres: false,
    imageTools: false,
    filmTools: false,
    s3Server: false,
    installForbidden: config.installForbidden,
    ...wanted,
  };
  let found = await lookAround(config.searchPath, config.browserPath);
  const plan = planSetup(found, need);
  if (plan.outcome === 'blocked' || plan.steps.length > 0) {
    await runPlan(plan, progress, config.environment, signal);
    found = await lookAround(config.searchPath, config.browserPath);
    const needs = missing(found, need);
    if (needs.length > 0) throw new SetupError(stillMissing(found, needs));
  }
  await buildAll(progress, signal);
  return found;
}
