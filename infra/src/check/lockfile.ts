/** What a package-lock.json names. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '@kiln/shared';
import Type, { type Static } from 'typebox';

const LockedPackage = Type.Object({
  version: Type.Optional(Type.String()),
  dev: Type.Optional(Type.Boolean()),
  optionalDependencies: Type.Optional(Type.Record(Type.String(), Type.String())),
});

/** Only what is read here; other keys are kept when it is written again. */
const Lockfile = Type.Object({ packages: Type.Record(Type.String(), LockedPackage) });
export type Lockfile = Static<typeof Lockfile>;

export interface MissingPackage {
  readonly name: string;
  readonly version: string;
  /** The package that names it is for development only. */
  readonly dev: boolean;
}

export const readLockfile = async (rootDir: string): Promise<Lockfile> =>
  parseJson(Lockfile, await readFile(join(rootDir, 'package-lock.json'), 'utf8'), 'package-lock.json');

/** Optional packages that others of the lockfile name and that it has no entry for. */
export function missingOptional({ packages }: Lockfile): MissingPackage[] {
  return Object.entries(packages).flatMap(([path, { dev, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isNamed(packages, path, name))
      .map(([name, version]) => ({ name, version, dev: dev === true })),
  );
}

/** As Node looks: beside the package, then ever higher. */
function isNamed(packages: Lockfile['packages'], path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}
