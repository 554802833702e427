import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { launchBrowser } from '../../src/browser/launch-browser.ts';
import { commandLine, processTree } from '../../src/browser/process-tree.ts';
import { sweepProfileFolders } from '../../src/browser/profile-folder.ts';
import { silent } from '../support/silent.ts';
import { launchTinyBrowser, tinyLaunchOptions } from '../support/tiny-browser.ts';

const HOLDER = fileURLToPath(new URL('../support/hold-browser.ts', import.meta.url));

/** A process of its own that holds a browser. */
async function holdBrowser(mode: 'idle' | 'spin'): Promise<{ holder: ChildProcess; browserPid: number }> {
  const holder = spawn(process.execPath, ['--import', 'tsx', HOLDER, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: holder.stdout ?? process.stdin }), 'line');
  return { holder, browserPid: Number(line) };
}

const profileOf = (browserPid: number) => /--user-data-dir=(\S+)/.exec(commandLine(browserPid))?.[1] ?? '';

const runningOf = (pids: readonly number[]) => pids.filter((pid) => commandLine(pid) !== '');

it('runs with its sandbox on, as a user that is not root', async () => {
  const browser = await launchTinyBrowser();
  try {
    await browser.openPage();
    expect(browser.sandbox).toMatchObject({ sandboxed: true });
    const tree = processTree(browser.pid);
    const renderers = tree.filter(({ pid }) => commandLine(pid).includes('--type=renderer'));
    expect(renderers.length).toBeGreaterThan(0);
    expect(renderers.every(({ seccomp, pidNamespaces }) => seccomp === 2 && pidNamespaces > 1)).toBe(true);
    expect(tree.filter(({ uid }) => uid === 0)).toEqual([]);
  } finally {
    await browser.close();
  }
});

it.runIf(process.getuid?.() === 0)('is not root either when its sandbox is off', async () => {
  const browser = await launchBrowser({ ...(await tinyLaunchOptions()), allowNoSandbox: true });
  try {
    await browser.openPage();
    const tree = processTree(browser.pid);
    expect(commandLine(browser.pid)).toContain('--no-sandbox');
    expect(tree.length).toBeGreaterThan(1);
    expect(tree.filter(({ uid }) => uid === 0)).toEqual([]);
  } finally {
    await browser.close();
  }
});

it('sees nothing of the worker’s environment but what drivers need', async () => {
  process.env.KILN_WORKER_TOKEN = 'a secret';
  const browser = await launchTinyBrowser();
  try {
    const { readFileSync } = await import('node:fs');
    const environment = readFileSync(`/proc/${browser.pid}/environ`, 'utf8');
    expect(environment).toContain('HOME=');
    expect(environment).not.toContain('KILN_');
  } finally {
    delete process.env.KILN_WORKER_TOKEN;
    await browser.close();
  }
});

it('says that a browser did not start without naming its place; the cause has it', async () => {
  const launching = launchBrowser({ ...(await tinyLaunchOptions()), browserPath: '/nowhere/chromium' });
  await expect(launching).rejects.toMatchObject({
    code: 'render.page_lost',
    message: 'the browser did not start',
    cause: expect.objectContaining({ message: expect.stringContaining('/nowhere/chromium') }),
  });
});

it('leaves no process and no folder when it is closed', async () => {
  const browser = await launchTinyBrowser();
  await browser.openPage();
  const profile = profileOf(browser.pid);
  const pids = processTree(browser.pid).map(({ pid }) => pid);
  expect(existsSync(profile)).toBe(true);
  await browser.close();
  await expect.poll(() => runningOf(pids), { timeout: 100_000 }).toEqual([]);
  expect(existsSync(profile)).toBe(false);
});

it.each(['idle', 'spin'] as const)('leaves no process when its worker is killed (page: %s)', async (mode) => {
  const { holder, browserPid } = await holdBrowser(mode);
  const pids = processTree(browserPid).map(({ pid }) => pid);
  const profile = profileOf(browserPid);
  expect(pids.length).toBeGreaterThan(3);
  holder.kill('SIGKILL');
  await expect.poll(() => runningOf(pids), { timeout: 100_000 }).toEqual([]);
  // Nobody was left to remove the folder; the next start does.
  expect(existsSync(profile)).toBe(true);
  await sweepProfileFolders(silent);
  expect(existsSync(profile)).toBe(false);
});

it('spares the folders of a worker that is alive', async () => {
  const browser = await launchTinyBrowser();
  await sweepProfileFolders(silent);
  expect(existsSync(profileOf(browser.pid))).toBe(true);
  await browser.close();
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith(`kiln-browser-${process.pid}-`));
  expect(left.map((name) => join(tmpdir(), name))).toEqual([]);
});
