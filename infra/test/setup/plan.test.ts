import { describe, expect, test } from 'vitest';
import type { Found } from '../../src/setup/found.ts';
import { missing, NEEDS, planSetup, stillMissing, type Wanted } from '../../src/setup/plan.ts';

const bareDebian: Found = {
  system: 'debian',
  root: true,
  apt: true,
  browser: null,
  rejectedBrowsers: [],
  redisServer: null,
  postgresBin: null,
  imageTools: false,
  filmTools: false,
  s3Server: false,
};
const wanted: Wanted = {
  browser: true,
  redisServer: true,
  postgres: false,
  imageTools: false,
  filmTools: false,
  s3Server: false,
  installForbidden: false,
};

describe('on a bare Debian', () => {
  test('root installs both with one apt command', () => {
    expect(planSetup(bareDebian, wanted)).toEqual({
      outcome: 'steps',
      steps: [{ kind: 'apt', packages: ['chromium', 'libegl1', 'libgl1-mesa-dri', 'redis-server'] }],
    });
  });

  test('another user is told one command with sudo', () => {
    const plan = planSetup({ ...bareDebian, root: false }, wanted);
    expect(plan).toMatchObject({ outcome: 'blocked' });
    expect(plan.outcome === 'blocked' && plan.message).toContain(
      '\n  sudo apt-get update && sudo apt-get install -y chromium libegl1 libgl1-mesa-dri redis-server\n',
    );
  });

  test('KILN_NO_INSTALL=1 installs nothing and says the command', () => {
    const plan = planSetup(bareDebian, { ...wanted, installForbidden: true });
    expect(plan.outcome === 'blocked' && plan.message).toMatch(/KILN_NO_INSTALL=1 forbids[\s\S]*\n {2}apt-get update/);
  });

  test.each([
    ['PostgreSQL', { postgres: true }, ['postgresql'], { postgresBin: '/usr/bin' }],
    ['OpenImageIO', { imageTools: true }, ['openimageio-tools'], { imageTools: true }],
    ['ffmpeg', { filmTools: true }, ['ffmpeg'], { filmTools: true }],
    ['Ceph', { s3Server: true }, ['ceph-mon', 'ceph-mgr', 'ceph-osd', 'radosgw', 'ceph-common'], { s3Server: true }],
  ])('%s is installed for the tests only, and never asked for', (_, want, packages, there) => {
    const ready = { ...bareDebian, browser: '/usr/bin/chromium', redisServer: '/usr/bin/redis-server' };
    expect(planSetup(ready, wanted)).toEqual({ outcome: 'steps', steps: [] });
    const tests = { ...wanted, ...want };
    expect(planSetup(ready, tests)).toEqual({ outcome: 'steps', steps: [{ kind: 'apt', packages }] });
    expect(planSetup({ ...ready, ...there }, tests)).toEqual({ outcome: 'steps', steps: [] });
    expect(planSetup({ ...ready, root: false }, tests)).toEqual({ outcome: 'steps', steps: [] });
    expect(planSetup(ready, { ...tests, installForbidden: true })).toEqual({ outcome: 'steps', steps: [] });
  });
});

test('nothing is done about what is there or not wanted', () => {
  const noRedis = { ...bareDebian, browser: '/usr/bin/chromium' };
  expect(planSetup(noRedis, { ...wanted, redisServer: false })).toEqual({ outcome: 'steps', steps: [] });
});

test('without root a missing browser is downloaded, and the command is kept for when that fails', () => {
  const plan = planSetup({ ...bareDebian, root: false, redisServer: '/usr/bin/redis-server' }, wanted);
  expect(plan).toMatchObject({
    outcome: 'steps',
    steps: [
      {
        kind: 'download-browser',
        otherwise: expect.stringContaining('sudo apt-get install -y chromium libegl1 libgl1-mesa-dri'),
      },
    ],
  });
});

test('outside Debian root installs Redis by apt and downloads the browser', () => {
  const plan = planSetup({ ...bareDebian, system: 'linux' }, wanted);
  expect(plan).toMatchObject({
    outcome: 'steps',
    steps: [{ kind: 'apt', packages: ['redis-server'] }, { kind: 'download-browser' }],
  });
});

test('on a Mac the command is Homebrew’s', () => {
  const mac: Found = { ...bareDebian, system: 'mac', root: false, apt: false };
  const plan = planSetup(mac, { ...wanted, browser: false });
  expect(plan.outcome === 'blocked' && plan.message).toContain('\n  brew install redis\n');
});

test('what is missing after it was installed is not blamed on KILN_NO_INSTALL', () => {
  expect(missing(bareDebian, { ...wanted, browser: false })).toEqual([NEEDS.redis]);
  const message = stillMissing(bareDebian, [NEEDS.redis]);
  expect(message).toMatch(/^redis-server was installed, but none that can be used was found\./);
  expect(message).not.toContain('KILN_NO_INSTALL');
});

test('a browser that was found and cannot be used is named with the reason', () => {
  const found = { ...bareDebian, root: false, rejectedBrowsers: ['"/root/chrome" cannot be run'] };
  const plan = planSetup(found, { ...wanted, installForbidden: true });
  expect(plan.outcome === 'blocked' && plan.message).toContain('cannot be used: "/root/chrome" cannot be run.');
  expect(stillMissing(found, [NEEDS.browser])).toContain('"/root/chrome" cannot be run');
  expect(stillMissing(found, [NEEDS.redis])).not.toContain('chrome');
});
