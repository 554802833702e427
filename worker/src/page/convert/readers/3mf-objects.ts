import { zipSync } from 'three/addons/libs/fflate.module.js';
import { refuse } from '../../import/refuse.ts';

/** 3MF Production Extension: objects of other parts, named by `path`. */
const PRODUCTION = 'http://schemas.microsoft.com/3dmanufacturing/production/2015/06';

/**
 * A 3MF in which no two objects have the same id: ids count within one part of it, three's loader takes them to count
 * in all.
 *
 * @param parts files by name.
 * @param models of them, parsed; changed here.
 * @param path of the 3MF, for errors.
 * @throws KilnError `scene.invalid` for a reference to an object that is not there.
 */
export function withUniqueObjects(
  parts: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
  models: ReadonlyMap<string, Document>,
  path: string,
): ArrayBuffer {
  const ids = new Map<string, string>();
  const key = (part: string, id: string) => `${part}\0${id}`;
  for (const [index, [part, model]] of [...models].entries()) {
    for (const object of model.getElementsByTagNameNS('*', 'object')) {
      const id = object.getAttribute('id') ?? '';
      ids.set(key(part, id), `${index}.${id}`);
      object.setAttribute('id', `${index}.${id}`);
    }
  }
  const changed = new Map<string, Uint8Array>();
  for (const [part, model] of models) {
    for (const name of ['component', 'item']) {
      for (const reference of model.getElementsByTagNameNS('*', name)) {
        const id = reference.getAttribute('objectid') ?? '';
        const other = reference.getAttributeNS(PRODUCTION, 'path')?.replace(/^\//, '') ?? part;
        const unique = ids.get(key(other, id));
        if (unique === undefined) {
          const message = `${part} refers to the object ${id.slice(0, 20)} of ${other.slice(0, 100)}, which is not there. Export it again.`;
          throw refuse('scene.invalid', message, path);
        }
        reference.setAttribute('objectid', unique);
      }
    }
    changed.set(part, new TextEncoder().encode(new XMLSerializer().serializeToString(model)));
  }
  const files = Object.entries(parts).map(([name, bytes]) => [name, changed.get(name) ?? bytes] as const);
  return zipSync(Object.fromEntries(files), { level: 0 }).slice().buffer;
}
