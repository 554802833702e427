/**
 * `npm run complete-lockfile`: adds to package-lock.json the packages for other platforms that npm left out when it could
 * not look them up. `npm ci` refuses a lockfile without them, on every platform.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../repository.ts';
import { missingOptional, readLockfile } from './lockfile.ts';

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'x64', 'ppc64', 'riscv64', 's390x'];

/** Such packages are named after their platform: `…-linux-arm64-musl`. */
function platformOf(name: string): { readonly cpu: string[]; readonly libc?: string[]; readonly os: string[] } {
  const words = name.slice(name.indexOf('/') + 1).split(/[-.]/);
  const os = SYSTEMS.find((word) => words.includes(word));
  const cpu = PROCESSORS.find((word) => words.includes(word));
  if (os === undefined || cpu === undefined) throw new Error(`${name} says no platform that is known here.`);
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  return { cpu: [cpu], ...(libc && { libc }), os: [os] };
}

const lock = await readLockfile(REPOSITORY);
const missing = missingOptional(lock);
const added = missing.map(({ name, version, dev }) => {
  const { cpu, libc, os } = platformOf(name);
  // In npm's own order, so that the next `npm install` changes nothing.
  return [`node_modules/${name}`, { version, cpu, ...(dev && { dev }), ...(libc && { libc }), optional: true, os }];
});
const packages = [...Object.entries(lock.packages), ...added].sort(([a], [b]) =>
  String(a).localeCompare(String(b), 'en'),
);
const text = JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2);
await writeFile(join(REPOSITORY, 'package-lock.json'), `${text}\n`);
console.log(`Added ${missing.length} packages.`);
