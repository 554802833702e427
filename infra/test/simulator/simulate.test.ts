/** The dispatcher on a virtual clock, in small: what holds in every scenario, and what shares are good for. */
import { describe, expect, test } from 'vitest';
import type { Figures } from '../../src/simulator/figures.ts';
import type { PolicyName } from '../../src/simulator/policies.ts';
import { SCENARIOS } from '../../src/simulator/scenarios.ts';
import { simulate } from '../../src/simulator/simulate.ts';

const scenarioOf = (name: string) => {
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (!scenario) throw new Error(`there is no scenario ${name}`);
  return scenario;
};

function run(name: string, more: { seed?: number; workers?: number; tasks?: number; policies?: PolicyName[] } = {}) {
  const { seed = 1, workers = 8, tasks = 600, policies = ['fair', 'priority', 'fifo'] } = more;
  const all = simulate({ scenario: scenarioOf(name), seed, workers, tasks, policies });
  return (policy: PolicyName): Figures => {
    const figures = all.find((one) => one.policy === policy);
    if (!figures) throw new Error(`${policy} was not simulated`);
    return figures;
  };
}

const tenantOf = ({ tenants }: Figures, name: string) => {
  const tenant = tenants.find((one) => one.name === name);
  if (!tenant) throw new Error(`there is no tenant ${name}`);
  return tenant;
};

describe.each(SCENARIOS.map(({ name }) => name))('%s', (name) => {
  test('ends every task once under every policy, with nothing violated', () => {
    const of = run(name);
    for (const policy of ['fair', 'priority', 'fifo'] as const) {
      const { tasks, violations, utilisation } = of(policy);
      expect(violations).toEqual([]);
      expect(tasks.succeeded + tasks.failed).toBe(tasks.submitted);
      expect(tasks.submitted).toBeGreaterThan(500);
      expect(utilisation).toBeGreaterThan(0);
      expect(utilisation).toBeLessThanOrEqual(1);
    }
  });

  test('is the same for the same seed, and another for another', () => {
    const figures = (seed: number) => ({ ...run(name, { seed, policies: ['fair'] })('fair'), real: null });
    expect(figures(7)).toEqual(figures(7));
    expect(figures(7)).not.toEqual(figures(8));
  });
});

test('under backlog each tenant has its part of the slots, within 5 % of it', () => {
  const { tenants, tasks } = run('backlog', { tasks: 3_000, policies: ['fair'] })('fair');
  expect(tasks.succeeded).toBe(3_000);
  for (const { shareUnderBacklog, dueShare } of tenants) {
    expect(Math.abs((shareUnderBacklog ?? 0) / dueShare - 1)).toBeLessThan(0.05);
  }
});

test('beside a giant job small ones begin sooner by shares than in the order of coming', () => {
  const of = run('one-giant-job', { tasks: 2_000 });
  for (const name of ['artist-1', 'artist-2', 'artist-3']) {
    const [fair, fifo] = [tenantOf(of('fair'), name), tenantOf(of('fifo'), name)];
    expect(fair.jobWaits.p95Sec).toBeLessThan(fifo.jobWaits.p95Sec / 5);
  }
});

test('nobody starves: a tenant with work is never without a slot for longer than some tasks take', () => {
  const of = run('one-giant-job', { tasks: 2_000 });
  const longest = (figures: Figures) => Math.max(...figures.tenants.map((one) => one.longestWithoutSlotSec));
  expect(longest(of('fair'))).toBeLessThan(180);
  expect(longest(of('fifo'))).toBeGreaterThan(600);
});

test('a tenant never has more than its limit, and what fails is tried at others', () => {
  expect(tenantOf(run('limits', { policies: ['fair'] })('fair'), 'limited').share).toBeGreaterThan(0);
  const { triedAgain, tasks } = run('failing-worker', { workers: 20, tasks: 2_000, policies: ['fair'] })('fair');
  expect(triedAgain).toBeGreaterThan(0);
  expect(tasks.succeeded).toBeGreaterThan(0.9 * tasks.submitted);
});

test('where a scene is loaded its tasks go: there are fewer loads than tasks by far', () => {
  const { sceneLoads, tasks } = run('steady', { policies: ['fair'] })('fair');
  expect(sceneLoads).toBeLessThan(tasks.succeeded / 5);
});
