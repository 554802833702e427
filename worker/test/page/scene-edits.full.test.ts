import { afterAll, beforeAll } from 'vitest';
import { describeEdits } from './scene-edits.ts';
import { TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

describeEdits('pathtrace', () => page);
