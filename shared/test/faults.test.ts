import { expect, test } from 'vitest';
import { ERROR_CODES } from '../src/errors.ts';
import { faultOf } from '../src/faults.ts';

test('every code is somebody’s fault: what would fail again the scene’s, what another may do the worker’s', () => {
  const of = (fault: string) => ERROR_CODES.filter((code) => faultOf(code) === fault);
  expect(of('worker')).toEqual([
    'scene.import_failed',
    'worker.unknown',
    'worker.lost',
    'worker.left',
    'render.failed',
    'render.timeout',
    'render.page_lost',
  ]);
  expect(of('scene')).toContain('scene.invalid');
  expect(of('infrastructure')).toEqual(
    expect.arrayContaining(['storage.full', 'server.internal', 'client.unreachable']),
  );
  expect(faultOf('of.a.newer.farm')).toBe('infrastructure');
});
