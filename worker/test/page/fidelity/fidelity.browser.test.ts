/** The small rows of the fidelity table, but for those that WebGPU traces (see `webgpu-path-tracing-room.full.test.ts`). */
import { afterAll, beforeAll, it } from 'vitest';
import { TestPage } from '../test-page.ts';
import { drawScenario } from './draw-scenario.ts';
import { expectGolden } from './goldens.ts';
import { isTracedByWebGpu, SCENARIOS } from './scenarios.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start({ webgpu: true });
});
afterAll(() => page?.close());

const rows = SCENARIOS.filter((scenario) => scenario.inCi && !isTracedByWebGpu(scenario));

it.each(rows)('$name is the golden picture', async (scenario) => {
  await expectGolden(scenario, await drawScenario(page, scenario));
});
