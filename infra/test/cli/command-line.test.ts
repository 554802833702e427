import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REPOSITORY } from '../../src/repository.ts';
import { requireFreePort } from '../../src/supervisor/free-port.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-cli-'));
  writeFileSync(join(folder, 'file'), '');
  // A hole of the file system, which takes no room.
  writeFileSync(join(folder, 'large.exr'), '');
  truncateSync(join(folder, 'large.exr'), 1_073_741_824);
  writeFileSync(join(folder, 'large.cube'), 'TITLE "x"\nLUT_3D_SIZE 66\n');
  writeFileSync(join(folder, 'short.cube'), 'LUT_1D_SIZE 2\n0 0 0\n');
  writeFileSync(join(folder, 'square.hdr'), '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 8\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command line in an empty folder, with no farm to be found. */
function kiln(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const clean = { PATH: process.env.PATH ?? '', HOME: folder, KILN_HOME: join(folder, 'none'), ...env };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(REPOSITORY, 'infra', 'bin', 'kiln.mjs'), ...args],
      { cwd: folder, env: clean },
      (error, stdout, stderr) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

const COMMANDS = [
  ['render'],
  ['submit'],
  ['scene'],
  ['scene', 'add'],
  ['scene', 'list'],
  ['scene', 'show'],
  ['scene', 'remove'],
  ['jobs'],
  ['job'],
  ['watch'],
  ['download'],
  ['logs'],
  ['top'],
  ['webhook'],
  ['webhook', 'add'],
  ['webhook', 'list'],
  ['webhook', 'change'],
  ['webhook', 'remove'],
  ['webhook', 'test'],
  ['webhook', 'log'],
  ['webhook', 'replay'],
  ['token'],
  ['token', 'make'],
  ['token', 'list'],
  ['token', 'revoke'],
  ['workers'],
  ['worker'],
  ['server'],
  ['doctor'],
  ['gc'],
  ['audit'],
  ['signin'],
  ['admin'],
  ['admin', 'tenant', 'create'],
  ['admin', 'tenant', 'change'],
  ['admin', 'tenant', 'list'],
  ['help'],
];

test('--help names every command, and exits 0', async () => {
  const { code, stdout } = await kiln(['--help']);
  expect(code).toBe(0);
  for (const [name] of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
});

test('the help of render tells what each file format holds', async () => {
  const { stdout } = await kiln(['render', '--help']);
  expect(stdout).toMatch(/^ {2}png +\.png +8, 16 +yes +65,536 +268,435,456$/m);
  expect(stdout).toMatch(/^ {2}tiff +\.tif +8, 16, float +yes +65,536 +260,000,000$/m);
  expect(stdout).toMatch(/^ {2}webp +\.webp +8 +yes +16,383 +33,177,600$/m);
});

test.each(COMMANDS)('%s %s has a help text', { tags: ['heavy'] }, async (...command) => {
  const { code, stdout } = await kiln([...command, '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: kiln /);
});

test('help shows what --help shows, of commands of commands too', async () => {
  expect(await kiln(['help'])).toEqual(await kiln(['--help']));
  expect(await kiln(['help', 'render'])).toEqual(await kiln(['render', '--help']));
  const { code, stdout } = await kiln(['help', 'scene', 'add']);
  expect({ code, usage: stdout.split('\n')[0] }).toEqual({
    code: 0,
    usage: 'Usage: kiln scene add [options] <source>',
  });
});

describe('exit code 2: what cannot be right', () => {
  test.each([
    [['nonsense'], /unknown command 'nonsense'/],
    [['help', 'scene', 'nonsense'], /unknown command 'scene nonsense'/],
    [['render'], /missing required argument 'source'/],
    [['render', 'x.glb', '--format', 'bmp'], /Allowed choices are png, jpeg, webp, avif, tiff, exr/],
    [['render', 'x.glb', '--bit-depth', '12'], /--bit-depth must be one of 8, 16, half, float; it is “12”/],
    [['render', 'x.glb', '--format', 'jpeg', '--bit-depth', '16'], /job\.unsupported: JPEG .* \(--bit-depth\)/],
    [['render', 'x.glb', '--passes', 'beauty,depht'], /--passes takes beauty, .*depth.*; “depht” is none/],
    [
      ['render', 'x.glb', '--passes', 'depth,position'],
      /job\.unsupported: PNG .* not hold position; use exr.* \(--passes\)/,
    ],
    [['render', 'x.glb', '--format', 'jpeg', '--background', 'transparent'], /alpha.* \(--background\)/],
    [['render', 'x.glb', '--format', 'jpeg', '--transparent'], /alpha.* \(--background\)/],
    [['render', 'x.glb', '--transparent', '--background', '#fff000'], /'--transparent' cannot be used with/],
    [['render', 'x.glb', '--size', '0x10'], /error request\.invalid: The size must be .*\(--size\)/],
    [['render', 'x.glb', '--size', '100000x10'], /from 1 to 65536/],
    [
      ['render', 'x.glb', '--samples', '0'],
      /^error request\.invalid: --samples must be .* from 1 to 4096; it is “0”.*\n$/,
    ],
    [
      ['render', 'x.glb', '--frames', '0-9999999'],
      /^error job\.too_large: .*at most 1000000 frames; "0-9999999".* to 10000000.*\n$/,
    ],
    [
      ['render', 'x.glb', '--environment', 'large.exr'],
      /^error scene\.over_limit: “large\.exr” has 1073741824 bytes; at most 268435456 are taken\. \(--environment\)\n$/,
    ],
    [
      ['render', 'x.glb', '--lut', 'large.cube'],
      /^error scene\.invalid: large\.cube, line 2: its size must be a whole number from 2 to 65, it is 66\. \(--lut\)\n$/,
    ],
    [['render', 'x.glb', '--lut', 'short.cube'], /^error scene\.invalid: .* ends after 1 of 2 entries\. \(--lut\)\n$/],
    [
      ['render', 'x.glb', '--environment', 'square.hdr'],
      /^error scene\.invalid: square\.hdr is 8 × 8: .* twice as wide as high\. \(--environment\)\n$/,
    ],
    [
      ['admin', 'tenant', 'change', 'x', '--max-tasks', '0'],
      /--max-tasks must be a whole number from 1 to .*; it is “0”/,
    ],
    [
      ['webhook', 'add', 'x', '--events', 'job.failed,job.done'],
      /--events must be some of job\.succeeded, .*; “job\.done” is none/,
    ],
    [['webhook', 'change', 'x'], /nothing to change: give --to, --events, --description, --enable or --disable\n$/],
    [
      ['webhook', 'log', 'x', '--url', 'http://127.0.0.1:9', '--api-key', 'k'],
      /expected the id of a webhook as ID, got "x"\n/,
    ],
    [['submit', 'file'], /^error request\.invalid: file:1:1: expected an object as the job file, got null\n$/],
    [['submit', 'nix.yaml'], /^error request\.invalid: nix\.yaml: there is no such file\. \(FILE\)\n$/],
    [['render', 'x.glb', '--samples', '1.5'], /--samples must be a whole number/],
    [['render', 'x.glb', '--frames', '1-10y'], /error job\.bad_frame_range: .*character 4/],
    [['render', 'x.glb', '--url', 'farm', '--api-key', 'k'], /must begin with http.*\(--url\)/],
    [['job', 'x', '--url', 'http://127.0.0.1:9', '--api-key', 'k'], /expected the id of a job as ID, got "x"\n/],
    [
      ['render', 'missing.glb', '--url', 'http://127.0.0.1:9', '--api-key', 'k', '--out', 'file/frames'],
      /error request\.invalid: “file\/frames” cannot be written .*\(--out\)/,
    ],
    [
      ['render', 'missing.glb', '--environment', 'scene', '--url', 'http://127.0.0.1:9', '--api-key', 'k'],
      /no file, folder or scene “missing.glb”/,
    ],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await kiln(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('exit code 2: a variable that cannot be right', () => {
  const redis = { KILN_REDIS_URL: 'redis://127.0.0.1:1' };
  test.each([
    ['server', { ...redis, KILN_PORT: 'x' }, /error request\.invalid: KILN_PORT must be: port .*; got "x"\.\n$/],
    ['server', { ...redis, KILN_ADVERTISE_URL: 'http://' }, /: KILN_ADVERTISE_URL must be: .* http:\/\/HOST:PORT; got/],
    [
      'server',
      { ...redis, KILN_TLS_CERT: '/nope', KILN_TLS_KEY: '/nope' },
      /: KILN_TLS_CERT cannot be read: ENOENT.*\n$/,
    ],
    ['server', {}, /KILN_REDIS_URL must be: .*it is not set\.\n$/],
    ['worker', { KILN_URL: 'http://127.0.0.1:9', KILN_WORKER_TOKEN: 't', KILN_SLOTS: 'x' }, /KILN_SLOTS must be/],
    ['doctor', { KILN_ADVERTISE_URL: 'http://' }, /KILN_ADVERTISE_URL must be an address as http:\/\/HOST:PORT/],
  ])('%s with %j', async (command, env, message) => {
    const { code, stderr } = await kiln([command], env);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

test.each([
  [['nonsense', '--json'], /unknown command/],
  [['render', '--json'], /missing required argument/],
  [['scene', '--json'], /unknown option/],
])('%j says its error as one event, and nowhere else', async (args, message) => {
  const { code, stdout, stderr } = await kiln(args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
  const event = { event: 'error', code: 'request.invalid', message: expect.stringMatching(message), exitCode: 2 };
  expect(JSON.parse(stdout)).toEqual(event);
});

test('exit code 3: no farm is known, or none answers', async () => {
  expect(await kiln(['jobs'])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('start one with `npm start`'),
  });
  const port = await requireFreePort('127.0.0.1', 0);
  const gone = await kiln(['jobs', '--json'], { KILN_URL: `http://127.0.0.1:${port}`, KILN_API_KEY: 'k' });
  expect(gone.code).toBe(3);
  expect(JSON.parse(gone.stdout)).toMatchObject({ event: 'error', code: 'client.unreachable', exitCode: 3 });
});

test('exit code 3: what answers is no farm', async () => {
  const server = createServer((_, answer) => answer.end('<h1>hello</h1>'));
  const port = await requireFreePort('127.0.0.1', 0);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { code, stderr } = await kiln(['jobs'], { KILN_URL: `http://127.0.0.1:${port}`, KILN_API_KEY: 'k' });
  server.close();
  expect(code).toBe(3);
  expect(stderr).toMatch(/^error client\.bad_answer: .+\n$/);
});

test('exit code 4: an address without a key', async () => {
  const { code, stderr } = await kiln(['jobs', '--url', 'http://127.0.0.1:9']);
  expect(code).toBe(4);
  expect(stderr).toMatch(/^error identity\.missing: .*KILN_API_KEY.*\n$/);
});

test('exit code 4: a key that the farm does not know, and where it came from', async () => {
  const server = createServer((_, answer) => {
    const error = { code: 'identity.missing', message: 'neither came', retryable: false, requestId: 'r' };
    answer.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  });
  const port = await requireFreePort('127.0.0.1', 0);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${port}`;
  const home = join(folder, 'stale');
  mkdirSync(home);
  writeFileSync(join(home, 'credentials.json'), JSON.stringify({ url, apiKey: 'old', workerToken: 'w' }));
  const told = async (args: string[], env: Record<string, string>) => {
    const { code, stderr } = await kiln(args, env);
    return `${code} ${stderr}`;
  };
  const unknown = (source: string) =>
    `4 error identity.missing: The key in ${source} is not known to ${url}: use a key of that farm.\n`;
  expect(await told(['jobs'], { KILN_URL: url, KILN_API_KEY: 'k' })).toBe(unknown('KILN_API_KEY'));
  expect(await told(['jobs', '--api-key', 'k'], { KILN_URL: url })).toBe(unknown('--api-key'));
  expect(await told(['jobs'], { KILN_HOME: home })).toBe(unknown(join(home, 'credentials.json')));
  server.close();
});

test('a server that cannot start ends, although its supervisor listens', async () => {
  const home = mkdtempSync(join(tmpdir(), 'kiln-start-'));
  try {
    const child = fork(join(REPOSITORY, 'infra', 'bin', 'kiln.mjs'), ['server'], {
      env: {
        ...process.env,
        KILN_HOME: home,
        KILN_REDIS_URL: 'redis://127.0.0.1:1',
        KILN_TLS_CERT: '/nope.pem',
        KILN_TLS_KEY: '/nope.key',
      },
      silent: true,
    });
    const [code] = await once(child, 'exit');
    expect(code).toBeGreaterThan(0);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
