import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from '@kiln/worker';
import { expect, test } from 'vitest';
import { startTrialFarm } from '../../src/trial/trial-farm.ts';

test('a start whose browser draws nothing says so, and what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-no-graphics-'));
  try {
    const found = await findBrowser();
    const wrapper = join(folder, 'chromium');
    const flags = '--disable-3d-apis --disable-gpu --disable-software-rasterizer';
    await writeFile(wrapper, `#!/bin/sh\nexec ${found?.path} "$@" ${flags}\n`, { mode: 0o755 });
    // Under root the browser is another user.
    await chmod(folder, 0o755);
    await expect(startTrialFarm({ env: { KILN_BROWSER: wrapper } })).rejects.toThrow(
      /ended with code 1[\s\S]*no graphics back end of this machine draws right; "npx --no kiln doctor" says what helps/,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
