/** The small rows of the fidelity table. */
import { afterAll, beforeAll, it } from 'vitest';
import { TestPage } from '../test-page.ts';
import { drawScenario } from './draw-scenario.ts';
import { expectGolden } from './goldens.ts';
import { SCENARIOS } from './scenarios.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start({ webgpu: true });
});
afterAll(() => page?.close());

it.each(SCENARIOS.filter(({ inCi }) => inCi))('$name is the golden picture', async (scenario) => {
  await expectGolden(scenario, await drawScenario(page, scenario));
});
