import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Child } from '../../src/supervisor/child.ts';
import { PidFiles } from '../../src/supervisor/left-overs.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kiln-child-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const LOG_LINE = '{"level":30,"msg":"configuration"}';

/** A process that says this on its two streams and ends with 2. */
const ending = (stdout: string, stderr: string) =>
  new Child(
    {
      name: 'server',
      command: [
        process.execPath,
        '-e',
        `console.log(${JSON.stringify(stdout)}); console.error(${JSON.stringify(stderr)}); process.exitCode = 2`,
      ],
      env: {},
      cwd: home,
      ipc: false,
      isReady: () => new Promise(() => undefined),
    },
    {
      pidFiles: new PidFiles(join(home, 'run')),
      logFolder: home,
      onCrash: () => undefined,
      onTrouble: () => undefined,
    },
  ).start();

test('a process that ends at once is told of by what it said for people, and with its exit code', async () => {
  await expect(ending(LOG_LINE, 'error KILN_PORT is wrong')).rejects.toMatchObject({
    message: 'server ended at once (exit code 2).\nerror KILN_PORT is wrong',
    exitCode: 2,
  });
});

test('a log line that is too long to be kept whole is left out too', async () => {
  await expect(ending(LOG_LINE + 'x'.repeat(5_000), 'error KILN_PORT is wrong')).rejects.toMatchObject({
    message: 'server ended at once (exit code 2).\nerror KILN_PORT is wrong',
  });
});

test('its log is told when it said nothing else', async () => {
  await expect(ending(LOG_LINE, '')).rejects.toThrow(LOG_LINE);
});
