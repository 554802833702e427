import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GlBackend } from './launch-flags.ts';

/** Where Vulkan's loader looks for drivers, unless the environment names them. */
const VULKAN_FOLDERS = ['/etc', '/usr/local/etc', '/usr/local/share', '/usr/share'].map((top) =>
  join(top, 'vulkan/icd.d'),
);
const VULKAN_VARIABLES = ['VK_DRIVER_FILES', 'VK_ADD_DRIVER_FILES', 'VK_ICD_FILENAMES'];

/**
 * What a back end cannot do without and this machine does not have; null where only trying tells. Looking takes no time,
 * while a browser that starts and fails takes seconds.
 *
 * @param environment what the browser will see
 */
export function missingDriver(backend: GlBackend, environment: Readonly<Record<string, string>>): string | null {
  if (process.platform !== 'linux') return null;
  if (backend === 'gl' && !environment.DISPLAY) return 'it needs an X display, which browsers are not given here';
  const hasVulkan = () => VULKAN_VARIABLES.some((name) => environment[name]) || VULKAN_FOLDERS.some(holdsJson);
  if (backend === 'vulkan' && !hasVulkan()) return 'no Vulkan driver is installed';
  return null;
}

const holdsJson = (folder: string) => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.json'));
