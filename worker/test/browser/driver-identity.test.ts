import { expect, it } from 'vitest';
import { driverIdentity } from '../../src/browser/driver-identity.ts';

it('is another for other variables that steer drivers, in whatever order, and for no others', () => {
  const plain = driverIdentity({ MESA_A: '1', VK_B: '2' });
  expect(driverIdentity({ VK_B: '2', MESA_A: '1' })).toBe(plain);
  expect(driverIdentity({ VK_B: '2', MESA_A: '2' })).not.toBe(plain);
  const elsewhere = { PATH: '/bin', LANG: 'de_DE.UTF-8', LC_ALL: 'C', LC_TIME: 'de_DE.UTF-8', TZ: 'Europe/Berlin' };
  expect(driverIdentity({ MESA_A: '1', VK_B: '2', ...elsewhere })).toBe(plain);
});
