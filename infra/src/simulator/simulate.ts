/** Simulates a scenario under some policies, one after another, each with the same work. */
import { SimulatedFarm } from './farm.ts';
import { type Figures, figuresOf } from './figures.ts';
import { POLICIES, type PolicyName } from './policies.ts';
import type { Scenario } from './scenarios.ts';

export interface Simulation {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly workers: number;
  readonly tasks: number;
  readonly policies: readonly PolicyName[];
  /** @defaultValue that of a farm */
  readonly shareHalfLifeSec?: number;
}

const SHARE_HALF_LIFE_SEC = 600;

export function simulate(simulation: Simulation, told: (policy: PolicyName) => void = () => {}): Figures[] {
  const { scenario, seed, workers, tasks, policies, shareHalfLifeSec = SHARE_HALF_LIFE_SEC } = simulation;
  return policies.map((name) => {
    told(name);
    const startMs = performance.now();
    const farm = new SimulatedFarm(scenario, POLICIES[name], {
      seed,
      workers,
      tasks,
      shareHalfLifeMs: shareHalfLifeSec * 1_000,
    });
    farm.run();
    return figuresOf(farm, name, performance.now() - startMs);
  });
}
