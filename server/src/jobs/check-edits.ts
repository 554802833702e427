/** What a layer changes of its scene, against what the import found in it. */
import {
  checkPointer,
  type EditableParts,
  type ImportReport,
  indexOfNamed,
  KilnError,
  pointerRule,
  type RenderSettings,
} from '@kiln/shared';
import { choices } from './choices.ts';

const NOTHING: EditableParts = { nodes: [], materials: [], cameras: 0, lights: 0 };

/** @throws KilnError `job.unknown_name` or `request.invalid`, with the field's path. */
export function checkEdits(settings: RenderSettings, path: string, report: ImportReport): void {
  const { variant, hide, show, materials, pointers } = settings;
  if (variant !== null && !report.variants.includes(variant)) {
    throw unknown(`variant "${variant}"`, report.variants, `${path}/variant`);
  }
  const parts = report.editable ?? NOTHING;
  const known = new KnownParts(parts, report);
  for (const [index, name] of hide.entries()) known.index('nodes', name, `${path}/hide/${index}`);
  for (const [index, name] of show.entries()) known.index('nodes', name, `${path}/show/${index}`);
  for (const [index, edit] of materials.entries()) {
    const at = `${path}/materials/${index}`;
    const found = parts.materials[known.index('materials', edit.material, `${at}/material`)];
    const lit = (['roughness', 'metalness', 'emissive', 'emissiveIntensity'] as const).find((key) => key in edit);
    if (!found?.unlit || lit === undefined) continue;
    const message = `the material "${edit.material}" is unlit and has a base color and an opacity only`;
    throw new KilnError('request.invalid', message, { field: `${at}/${lit}` });
  }
  for (const [index, { pointer, value }] of pointers.entries()) {
    known.pointer(pointer, value, `${path}/pointers/${index}`);
  }
}

class KnownParts {
  readonly #parts: EditableParts;
  readonly #counts: Readonly<Record<'nodes' | 'materials' | 'cameras' | 'lights', number>>;

  constructor(parts: EditableParts, { nodes, materials, editable }: ImportReport) {
    this.#parts = parts;
    // A scene that was imported by an earlier version says nothing of what its indices stand for.
    const isKnown = editable !== undefined;
    this.#counts = { ...parts, nodes: isKnown ? nodes : 0, materials: isKnown ? materials : 0 };
  }

  /** Of a node or material that is shown. */
  index(kind: 'nodes' | 'materials', text: string, field: string): number {
    const list = kind === 'nodes' ? this.#parts.nodes : this.#parts.materials.map(({ name }) => name);
    const index = indexOfNamed(text, kind, list, this.#counts[kind]);
    if (index !== null && list[index] !== '') return index;
    const what = kind === 'nodes' ? 'node' : 'material';
    const names = list.filter((name) => name !== '');
    if (this.#counts[kind] > 0 || names.length > 0) throw unknown(`${what} "${text}"`, names, field);
    const message = `the scene's import report names no ${kind}; add the scene again`;
    throw new KilnError('job.unknown_name', message, { field });
  }

  pointer(pointer: string, value: RenderSettings['pointers'][number]['value'], field: string): void {
    const known = checkPointer(pointer, value, field);
    const { kind, index } = known;
    if (index >= this.#counts[kind] || (kind === 'nodes' && this.#parts.nodes[index] === '')) {
      const message = `the scene shows nothing at ${pointer}: it has ${this.#counts[kind]} ${kind}`;
      throw new KilnError('job.unknown_name', message, { field: `${field}/pointer` });
    }
    const { extension } = pointerRule(known);
    const material = kind === 'materials' ? this.#parts.materials[index] : undefined;
    if (!material || extension === undefined || material.extensions.includes(extension)) return;
    const message = `the material "${material.name}" has no ${extension}`;
    throw new KilnError('job.unknown_name', message, { field: `${field}/pointer` });
  }
}

const unknown = (what: string, names: readonly string[], field: string) =>
  new KilnError('job.unknown_name', `the scene has no ${what}; ${choices(names)}`, { field });
