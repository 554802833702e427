import { expect } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import type { TestFarm } from '../farm-fixture.ts';

/**
 * Everything that is recorded holds together, to the last byte.
 *
 * @param but a check that cannot hold here.
 */
export async function expectSound({ services }: Pick<TestFarm, 'services'>, but?: string): Promise<void> {
  const { checks } = await audit(services, { bytes: true });
  expect(checks.filter(({ name, violations }) => violations > 0 && name !== but)).toEqual([]);
}
