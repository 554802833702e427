/** The rows of the fidelity table that CI leaves out; and the small ones on another software renderer than the goldens'. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, it, test } from 'vitest';
import { TestPage } from '../test-page.ts';
import { drawScenario, SHARED_SCENES } from './draw-scenario.ts';
import { expectGolden } from './goldens.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const hasShared = existsSync(SHARED_SCENES);
const isDrawable = ({ scene }: Scenario) => hasShared || typeof scene !== 'string';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start({ webgpu: true });
});
afterAll(() => page?.close());

if (!hasShared) test.skip(`shared scenes: not drawn, because there is no ${SHARED_SCENES}`, () => {});

it.each(SCENARIOS.filter((scenario) => !scenario.inCi && isDrawable(scenario)))(
  '$name is the golden picture',
  async (scenario) => {
    await expectGolden(scenario, await drawScenario(page, scenario));
  },
);

describe('SwiftShader in place of Mesa', () => {
  let other: TestPage;
  beforeAll(async () => {
    other = await TestPage.start({ gl: 'swiftshader' });
  });
  afterAll(() => other?.close());

  const rows = SCENARIOS.filter(({ inCi, settings }) => inCi && settings.backend !== 'webgpu');
  // Path tracing takes it minutes on a busy machine.
  it.each(rows)('$name is the golden picture', { timeout: 600_000 }, async (scenario) => {
    await expectGolden(scenario, await drawScenario(other, scenario));
  });
});
