import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { companionsOf } from '../src/scene-companions.ts';
import { chooseEntry, formatOf, SCENE_FORMAT_NAMES, SCENE_FORMATS } from '../src/scene-formats.ts';

const rows = SCENE_FORMAT_NAMES.map((format) => SCENE_FORMATS[format]);
const filesOf = (endings: readonly string[]) => endings.map((ending) => `\`.${ending}\``).join(' ');

/** FORMATS.md: written from the table by `npx vitest run shared/test/scene-formats.test.ts -u`. */
function formatsPage(): string {
  return [
    '# Formats of scenes',
    '',
    'Made from the table in `src/scene-formats.ts`. Everything but glTF is converted to GLB once, at import: in metres, y up.',
    'What of a scene was lost is in its report, as are the unit and the axis that were taken and who said so.',
    '',
    ...rows.flatMap(({ name, endings, carries, lost, unit, upAxis }) => [
      `## ${name}`,
      '',
      `- Files: ${filesOf(endings)}`,
      `- Carries: ${carries}.`,
      `- Lost: ${lost}.`,
      `- Unit: ${unit}.`,
      `- Up: ${upAxis}.`,
      '',
    ]),
  ].join('\n');
}

describe('the formats', () => {
  it('are what FORMATS.md shows', async () => {
    await expect(formatsPage()).toMatchFileSnapshot('../FORMATS.md');
  });

  it('are what the README shows', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ');
    for (const { name, endings, carries, lost } of rows) {
      expect(readme).toContain(`| ${name} ${filesOf(endings)} | ${carries} | ${lost} |`);
    }
  });

  it('are told by the name of a file', () => {
    expect(formatOf('a/b.GLB')).toBe('gltf');
    expect(formatOf('my.model.fbx')).toBe('fbx');
    expect(formatOf('a.usdz')).toBe('usd');
    for (const other of ['a', 'a.png', 'obj', '.', 'a.obj/b', 'a.constructor']) expect(formatOf(other)).toBeNull();
  });
});

describe('which of several files is the scene', () => {
  it.each([
    [['a.obj', 'b.gltf', 'b.bin', 'c.fbx'], { kind: 'one', path: 'b.gltf' }],
    [['a.gltf', 'b.glb'], { kind: 'several', paths: ['a.gltf', 'b.glb'] }],
    [['package.json', 'a.zip', 'a.fbx'], { kind: 'one', path: 'a.fbx' }],
    [['a.fbx', 'b.obj'], { kind: 'several', paths: ['a.fbx', 'b.obj'] }],
    [['a.json', 'a.zip'], { kind: 'one', path: 'a.json' }],
    [['a.zip', 'a.png'], { kind: 'one', path: 'a.zip' }],
    [['a.png', 'readme'], { kind: 'none' }],
    [[], { kind: 'none' }],
  ])('of %j', (paths, choice) => {
    expect(chooseEntry(paths)).toEqual(choice);
  });
});

describe('files that a scene names', () => {
  const texts: Record<string, string> = {};
  async function* read(path: string) {
    // In pieces that cut names apart.
    const text = texts[path] ?? '';
    for (let i = 0; i < text.length; i += 3) yield text.slice(i, i + 3);
  }
  const named = (entry: string, text: string, paths: readonly string[]) => {
    texts[entry] = text;
    return companionsOf(entry, [entry, ...paths], read);
  };

  it('are found by their bare names, however they are written', async () => {
    const text = '<init_from>file:///C:/art/My%20Wood.PNG</init_from>"tex\\skin.jpg" ../a/über.tga';
    expect(await named('a.dae', text, ['t/my wood.png', 'skin.jpg', 'deep/er/über.tga', 'other.png'])).toEqual([
      't/my wood.png',
      'skin.jpg',
      'deep/er/über.tga',
    ]);
  });

  it('are not those that only begin alike', async () => {
    expect(await named('a.fbx', 'wood.png2 bark.jpeg', ['wood.png', 'rk.jpg'])).toEqual([]);
  });

  it('are none for formats that stand alone', async () => {
    expect(await named('a.stl', 'solid a.png', ['a.png'])).toEqual([]);
  });

  it('come from material libraries that are named, and from no others', async () => {
    texts['m/a.mtl'] = 'map_Kd a.png';
    texts['b.mtl'] = 'map_Kd b.png';
    expect(await named('a.obj', 'mtllib a.mtl', ['m/a.mtl', 'b.mtl', 'a.png', 'b.png'])).toEqual(['m/a.mtl', 'a.png']);
  });

  it('takes no longer than reading for text without any', async () => {
    const startedAt = performance.now();
    async function* long() {
      for (let i = 0; i < 64; i += 1) yield 'a.'.repeat(65_536);
    }
    expect(await companionsOf('a.obj', ['a.obj', 'a.png'], long)).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
