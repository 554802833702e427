#!/usr/bin/env node
// Adds to package-lock.json the packages for other platforms that npm left out when it could not look them up. `npm ci`
// refuses a lockfile without them, on every platform. Run it after `npm install` when `npm run check` says so.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingOptional } from './lockfile.mjs';

const path = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
const missing = missingOptional(lock.packages);
for (const { name, version, dev } of missing) {
  lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true };
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(missing.length === 0 ? 'The lockfile is complete.' : `Added ${missing.map(({ name }) => name).join(', ')}.`);

/** Such packages are named after their platform: `…-linux-arm64-musl`. */
function platformOf(name) {
  const words = name.slice(name.indexOf('/') + 1).split(/[-.]/);
  const os = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'].find((word) => words.includes(word));
  const cpu = ['arm64', 'arm', 'ia32', 'x64', 'ppc64', 'riscv64', 's390x'].find((word) => words.includes(word));
  if (os === undefined || cpu === undefined) throw new Error(`${name} says no platform that is known here.`);
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : words.some((word) => word.startsWith('gnu')) ? 'glibc' : undefined;
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }), os: [os] };
}
