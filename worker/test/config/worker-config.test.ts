import { expect, it } from 'vitest';
import { browserEnvironment, readOfferings, readWorkerConfig } from '../../src/config/worker-config.ts';

const least = { KILN_URL: 'http://127.0.0.1:7700', KILN_WORKER_TOKEN: 'wt_1' };

it('fills in what is not set, and says where each value came from', () => {
  const { config, lines } = readWorkerConfig({ ...least, KILN_SLOTS: '3', KILN_HOME: '/srv/kiln' });
  expect(config).toMatchObject({ slots: 3, cacheFolder: '/srv/kiln/worker-cache', allowNoSandbox: false });
  expect(lines).toContainEqual({ name: 'KILN_SLOTS', value: '3', from: 'environment' });
  expect(lines).toContainEqual({ name: 'KILN_LOG_LEVEL', value: 'info', from: 'default' });
  expect(Object.isFrozen(config)).toBe(true);
});

it('gives each worker of a machine a scene folder of its own, whatever its name', () => {
  const folderOf = (name: string) =>
    readWorkerConfig({ ...least, KILN_HOME: '/srv/kiln', KILN_WORKER_NAME: name }).config.sceneFolder;
  expect(folderOf('worker-1')).toBe('/srv/kiln/worker-cache/scenes/worker-1');
  const names = ['..', '.', 'a/b', 'a b', 'a_b', 'a', 'é'.repeat(200), 'é'.repeat(199)];
  const folders = names.map(folderOf);
  expect(new Set(folders).size).toBe(names.length);
  for (const folder of folders) expect(folder).toMatch(/^\/srv\/kiln\/worker-cache\/scenes\/[\w-]{1,100}$/);
});

it('says what jobs may require of it as its operator has it', () => {
  const offer = (more: object) => {
    const { gpuMemoryBytes, tags } = readWorkerConfig({ ...least, ...more }).config;
    return { gpuMemoryBytes, tags };
  };
  expect(offer({})).toEqual({ gpuMemoryBytes: null, tags: [] });
  const set = { KILN_WORKER_GPU_MEMORY: '24G', KILN_WORKER_TAGS: 'fast, rack=3,,fast' };
  expect(offer(set)).toEqual({ gpuMemoryBytes: 24 * 1_024 ** 3, tags: ['fast', 'rack=3'] });
  expect(readOfferings(set)).toEqual(offer(set));
  expect(readWorkerConfig({ ...least, ...set }).lines).toContainEqual({
    name: 'KILN_WORKER_TAGS',
    value: set.KILN_WORKER_TAGS,
    from: 'environment',
  });
});

it('prints no secret', () => {
  expect(JSON.stringify(readWorkerConfig(least).lines)).not.toContain('wt_1');
});

it.each([
  ['KILN_URL', { KILN_WORKER_TOKEN: 'x' }],
  ['KILN_URL', { ...least, KILN_URL: 'ftp://farm' }],
  ['KILN_WORKER_TOKEN', { KILN_URL: 'http://farm' }],
  ['KILN_SLOTS', { ...least, KILN_SLOTS: '0' }],
  ['KILN_SLOTS', { ...least, KILN_SLOTS: 'many' }],
  ['KILN_SCENE_CACHE_BYTES', { ...least, KILN_SCENE_CACHE_BYTES: '1' }],
  ['KILN_CHECKPOINT_SEC', { ...least, KILN_CHECKPOINT_SEC: '0' }],
  ['KILN_WORKER_GPU_MEMORY', { ...least, KILN_WORKER_GPU_MEMORY: '24' }],
  ['KILN_WORKER_GPU_MEMORY', { ...least, KILN_WORKER_GPU_MEMORY: '0G' }],
  ['KILN_WORKER_TAGS', { ...least, KILN_WORKER_TAGS: 'very fast' }],
  ['KILN_WORKER_TAGS', { ...least, KILN_WORKER_TAGS: Array.from({ length: 33 }, (_, n) => `t${n}`).join() }],
  ['KILN_LOG_LEVEL', { ...least, KILN_LOG_LEVEL: 'loud' }],
])('names %s when it is at fault', (field, env) => {
  expect(() => readWorkerConfig(env)).toThrow(expect.objectContaining({ code: 'request.invalid', field }));
});

it('gives the browser drivers’ variables and nothing else', () => {
  const env = { PATH: '/bin', LIBGL_ALWAYS_SOFTWARE: '1', KILN_WORKER_TOKEN: 'x', AWS_SECRET: 'y', HOME: '/root' };
  expect(browserEnvironment(env)).toEqual({ PATH: '/bin', LIBGL_ALWAYS_SOFTWARE: '1' });
});
