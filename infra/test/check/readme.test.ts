import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGE_FORMATS, ImageFormat, LIMITS, Pass } from '@kiln/shared';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../../src/repository.ts';

const README = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');

test.each(ImageFormat.enum)('the README tells of %s what the table of formats does', (format) => {
  const { extension, bitDepths, hasAlpha, maxEdgePx, maxPixels } = IMAGE_FORMATS[format];
  const cells = [`\`${format}\``, `\`.${extension}\``, bitDepths.join(', '), hasAlpha ? 'yes' : 'no'];
  const limits = [maxEdgePx, maxPixels].map((limit) => limit.toLocaleString('en'));
  const rows = README.split('\n').map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
  expect(rows).toContainEqual([...cells, ...limits]);
});

test('the README tells of every pass, and how large a frame may be that has some', () => {
  for (const pass of Pass.enum) expect(README).toMatch(new RegExp(`^\\| \`${pass}\` +\\|`, 'm'));
  expect(README).toContain(`--passes ${Pass.enum.join(',')}`);
  expect(README).toContain(`${LIMITS.passPixels.toLocaleString('en')} pixels`);
});
