/**
 * What the pictures of a machine depend on below the browser, as one hash: graphics devices, driver libraries and the
 * variables that steer them. When it changes, the back ends are probed again.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/lib/x86_64-linux-gnu/dri',
  '/usr/lib/aarch64-linux-gnu/dri',
  '/usr/lib64/dri',
];
const LIBRARIES =
  /^(libEGL|libGLX|libGLES|libGL\b|libgallium|libvulkan|libnvidia-(egl|gl|glcore)|libLLVM|libdrm|swrast_dri|kms_swrast_dri)/;
const DEVICE_FOLDERS = ['/dev/dri', '/dev'];
const DEVICES = /^(card\d+|renderD\d+|nvidia\d*|nvidiactl|kfd|dxg)$/;
const TEXTS = ['/proc/driver/nvidia/version'];
const FOLDERS_OF_DRIVERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/share/glvnd/egl_vendor.d'];

/** Languages and time zones change from login to login, and no pixel with them. */
const STEERS_NO_DRIVER = /^(PATH|LANG|LC_.*|TZ)$/;

/** @param environment what the browser will see. @returns 64 hexadecimal digits */
export function driverIdentity(environment: Readonly<Record<string, string>>): string {
  const facts: string[] = [process.platform, process.arch];
  for (const folder of LIBRARY_FOLDERS)
    for (const name of list(folder, LIBRARIES)) facts.push(fileFact(join(folder, name)));
  for (const folder of FOLDERS_OF_DRIVERS)
    for (const name of list(folder, /\.json$/)) facts.push(fileFact(join(folder, name)));
  for (const folder of DEVICE_FOLDERS) facts.push(...list(folder, DEVICES).map((name) => join(folder, name)));
  for (const path of TEXTS) if (existsSync(path)) facts.push(readFileSync(path, 'utf8'));
  const steering = Object.entries(environment).filter(([name]) => !STEERS_NO_DRIVER.test(name));
  facts.push(JSON.stringify(steering.sort(([a], [b]) => (a < b ? -1 : 1))));
  return createHash('sha256').update(facts.join('\n')).digest('hex');
}

function list(folder: string, names: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => names.test(name))
    .sort();
}

/** The file itself, its size and its age: a driver that is upgraded in place has another. */
function fileFact(path: string): string {
  try {
    const real = realpathSync(path);
    const { size, mtimeMs } = statSync(real);
    return `${real} ${size} ${mtimeMs}`;
  } catch {
    return `${path} dangling`;
  }
}
