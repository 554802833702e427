import { expect, test } from 'vitest';
import { settingFaults } from '../../src/queue/redis-settings.ts';

test('says nothing about a Redis that keeps everything', () => {
  expect(settingFaults('maxmemory_policy:noeviction\r\naof_enabled:1\r\n')).toEqual([]);
});

test('names what could lose deliveries', () => {
  const faults = settingFaults('maxmemory_policy:allkeys-lru\r\naof_enabled:0\r\n');
  expect(faults).toHaveLength(2);
  expect(faults[0]).toContain('allkeys-lru');
  expect(faults[1]).toContain('appendonly');
});
