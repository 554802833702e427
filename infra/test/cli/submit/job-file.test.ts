import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { jobFileJsonSchema, KilnError } from '@kiln/shared';
import { Check } from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorLine, exitCodeOf } from '../../../src/cli/exit-codes.ts';
import { type JobOfFile, readJob } from '../../../src/cli/submit/job-file.ts';
import { parseJobFile, readJobFile } from '../../../src/cli/submit/job-file-text.ts';
import { CLI_LIMITS } from '../../../src/limits.ts';
import { REPOSITORY } from '../../../src/repository.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-job-file-'));
  writeFileSync(join(folder, 'box.glb'), 'glTF');
  writeFileSync(join(folder, 'steps.wav'), 'RIFF');
  writeFileSync(join(folder, 'film.cube'), 'LUT_1D_SIZE 2\n0 0 0\n1 1 1\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SCENE_ID = `scn_${'0'.repeat(20)}`;
const JOB_ID = `job_${'0'.repeat(20)}`;

function read(text: string, settings: Record<string, string> = {}, name = 'job.yaml'): Promise<JobOfFile> {
  writeFileSync(join(folder, name), text);
  return readJob(join(folder, name), new Map(Object.entries(settings)));
}

/** What a person sees, without the folder. */
async function lineOf(job: Promise<unknown>): Promise<string> {
  const error: unknown = await job.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KilnError);
  expect(exitCodeOf(error)).toBe(2);
  return errorLine(error).replaceAll(`${folder}/`, '');
}

const layers = (...lines: string[]) =>
  `scene: ${SCENE_ID}\nlayers:\n  - size: 64x64\n    frames: 0-3\n${lines.map((line) => `    ${line}\n`).join('')}`;

describe('a job file becomes a request', () => {
  test('in YAML, with the names of the file', async () => {
    const { source, job, files } = await read(
      `name: Shot\nscene: box.glb\npriority: 60\nretries: 0\nmaxFailedTasks: 5\ntags: [hero]\nuser: ann\nafter: [${JOB_ID}]\ntimeoutMs: 5000\nclassPolicy: prefer\nlayers:
  - { name: a, size: 640x360, frames: 7, samples: 4, passes: [beauty, depth] }
  - { size: { widthPx: 1, heightPx: 2 }, frames: "1-4:2", environment: sunset }`,
    );
    expect(source).toBe(join(folder, 'box.glb'));
    expect(files).toEqual([]);
    expect(job).toEqual({
      name: 'Shot',
      priority: 60,
      maxAttempts: 1,
      maxFailedTasks: 5,
      tags: ['hero'],
      user: 'ann',
      after: [JOB_ID],
      frameTimeoutMs: 5_000,
      classPolicy: 'prefer',
      layers: [
        { name: 'a', size: { widthPx: 640, heightPx: 360 }, frames: '7', samples: 4, passes: ['beauty', 'depth'] },
        { size: { widthPx: 1, heightPx: 2 }, frames: '1-4:2', environment: 'sunset' },
      ],
    });
  });

  test('in JSON, with tabs', async () => {
    const value = { $schema: 'x', scene: SCENE_ID, layers: [{ size: '64x64', frames: '0-3' }] };
    const { source, job } = await read(JSON.stringify(value, null, '\t'), {}, 'job.json');
    expect(source).toBe(SCENE_ID);
    expect(job).toEqual({ layers: [{ size: { widthPx: 64, heightPx: 64 }, frames: '0-3' }] });
  });

  test('with files beside it, found from the folder of the file on', async () => {
    const { job, files } = await read(
      layers('lut: film.cube', 'films: [{ format: mp4, audio: steps.wav }, { format: gif }]'),
    );
    expect(job.layers[0]).toMatchObject({ films: [{ format: 'mp4' }, { format: 'gif' }] });
    expect(files).toEqual([
      { kind: 'lut', layer: 0, path: join(folder, 'film.cube') },
      { kind: 'audio', layer: 0, film: 0, path: join(folder, 'steps.wav') },
    ]);
  });

  test('with layers that wait for those of other jobs', async () => {
    const needs = [{ job: JOB_ID, layer: 'plate', frames: 'same' }];
    const { job } = await read(layers(`needs: ${JSON.stringify(needs)}`));
    expect(job.layers[0]?.needs).toEqual(needs);
    await expect(read(layers('needs: [{ job: shot10, layer: plate }]'))).rejects.toThrow(/needs/);
  });

  test('with what layers have in common by anchor and merge key', async () => {
    const { job } = await read(
      `scene: ${SCENE_ID}\nlayers:\n  - &a { name: a, size: 8x8, frames: 0, samples: 4 }\n  - { <<: *a, name: b }`,
    );
    expect(job.layers[1]).toMatchObject({ name: 'b', samples: 4 });
  });
});

describe('parameters', () => {
  const text = `parameters: { shot: "010", n: 4, fast: false, must: { type: number } }
name: shot \${shot}, \${n} of $\${n}\n${layers(`samples: \${n}`, `denoise: \${fast}`, 'engine: pathtrace', `quality: \${must}`)}`;

  test('have their default and their type, or what is set', async () => {
    const defaults = await read(text, { must: '80' });
    expect(defaults.job).toMatchObject({
      name: `shot 010, 4 of \${n}`,
      layers: [{ samples: 4, denoise: false, quality: 80 }],
    });
    const set = await read(text, { must: '80', shot: '7', n: '16', fast: 'true' });
    expect(set.job).toMatchObject({ name: `shot 7, 16 of \${n}`, layers: [{ samples: 16, denoise: true }] });
  });

  test.each([
    [{}, /job\.yaml:10:5: layers\[0\]\.quality: the parameter “must” has no default: set it by --set must=…$/],
    [{ must: '80', shut: '1' }, /--set shut: job\.yaml has no parameter “shut”; it has shot, n, fast, must\./],
    [{ must: 'x' }, /--set must must be a number; it is “x”\./],
    [{ must: '1', fast: 'yes' }, /--set fast must be true or false; it is “yes”\./],
    [{ must: '1', n: '0' }, /job\.yaml:7:5: expected an integer from 1 to 4096 as layers\[0\]\.samples, got 0$/],
  ])('set as %j are refused', async (settings, message) => {
    expect(await lineOf(read(text, settings))).toMatch(message);
  });

  test.each([
    [`name: \${nix}\n`, /job\.yaml:1:1: name: there is no parameter “nix”; under parameters it has none$/],
    [
      `name: \${a b}\n`,
      /job\.yaml:1:1: name: “\$\{a b\}” is no parameter; a text that begins so is written “\$\$\{a b\}”$/,
    ],
    [`name: "\${a"\n`, /“\$\{a” is no parameter/],
    ['parameters: { 1a: 2 }\n', /job\.yaml:1:15: parameters\.1a: a parameter is named by letters/],
    ['parameters: { a: [2] }\n', /job\.yaml:1:15: parameters\.a: expected text or a number or true or false or/],
    ['parameters: { a: { type: number, default: x } }\n', /parameters\.a: its default is no number$/],
    ['parameters: 7\n', /job\.yaml:1:1: expected an object as parameters$/],
  ])('declared or used as %j are refused with their place', async (head, message) => {
    expect(await lineOf(read(`${head}${layers()}`))).toMatch(message);
  });
});

describe('what is wrong is one line with file, place and field', () => {
  test.each([
    [layers('samples: many'), 'expected an integer from 1 to 4096 as layers[0].samples, got "many"', '5:5'],
    [layers('sampels: 4'), 'layers[0].sampels is not known; known there are ', '5:5'],
    [layers('format: jpeg', 'bitDepth: 16'), 'layers[0].bitDepth: JPEG holds 8 bits', '6:5'],
    [layers('passes: [position]'), 'layers[0].passes: PNG of 8 bits', '5:5'],
    [layers('splitSamples: 2'), 'layers[0].splitSamples: expected at most 1', '5:5'],
    [layers().replace('0-3', '0-3,2'), 'layers[0].frames: frame 2 is named twice', '4:5'],
    [
      layers().replace('64x64', '64'),
      'expected the size as in 1920x1080 or an object as layers[0].size, got 64',
      '3:5',
    ],
    [
      layers().replace('64x64', '99999x1'),
      'layers[0].size: expected edges of 1 to 65536 pixels, as in 1920x1080, got 99999x1',
      '3:5',
    ],
    [layers('environment: sky.exr'), `layers[0].environment: There is no file “`, '5:5'],
    [layers('lut: steps.wav'), 'layers[0].lut takes a file that ends in .cube', '5:5'],
    [
      layers('films: [{ format: mp4, audio: nix.wav }]'),
      'layers[0].films[0].audio: “nix.wav” is no sound file',
      '5:28',
    ],
    [layers().replace(SCENE_ID, 'nix.glb'), 'scene: There is no file, folder or scene “nix.glb”', '1:1'],
    [`scene: ${SCENE_ID}\n`, 'layers is missing: expected a list of 1 to 64 items', '1:1'],
    [`${layers()}  - { frames: 1 }\n`, 'layers[1].size is missing', '5:5'],
    [`${layers('name: a')}  - { name: a, size: 8x8, frames: 1 }\n`, 'layers[1].name: two layers are named "a"', '6:7'],
    [`priority: 101\n${layers()}`, 'expected an integer from 0 to 100 as priority, got 101', '1:1'],
    [`retries: 10\n${layers()}`, 'expected an integer from 0 to 9 as retries, got 10', '1:1'],
    ['7', 'expected an object as the job file, got 7', '1:1'],
    [`budget: 7\n${layers()}`, 'budget', '1:1'],
    [`budget: soon\n${layers()}`, 'budget', '1:1'],
    [`tags: ["a,b"]\n${layers()}`, 'tags[0]', '1:8'],
    [layers('needs: { gpu: true }'), 'layers[0].needs', '5:5'],
    [layers('needs: [nix]'), 'the job has no layer “nix”', '5:13'],
    [layers('limits: { gpu: 1 }'), 'layers[0].limits', '5:5'],
    [`after: [x]\n${layers()}`, 'after[0]', '1:9'],
  ])('%j', async (text, message, place) => {
    const line = await lineOf(read(text));
    expect(line).toMatch(/^error (request\.invalid|job\.\w+): [^\n]+$/);
    expect(line).toContain(`: job.yaml:${place}: `);
    expect(line).toContain(message);
  });

  test.each([
    ['a: 1\na: 2', '2:1: Map keys must be unique.'],
    ['a: [1', '1:6: '],
    ['a: !secret x', '1:4: Unresolved tag: !secret.'],
    ['a: !!binary aGk=', '1:13: a job file has no tags, and this is tag:yaml.org,2002:binary.'],
    ['a: *b', '1:4: nothing before it is named by the anchor &b.'],
    ['a: &x [*x]', '1:8: *x stands within what it repeats.'],
    [`a: &x 1\nb: [${'*x, '.repeat(CLI_LIMITS.jobFileAliases + 1)}]`, `at most ${CLI_LIMITS.jobFileAliases} aliases`],
    [
      Array.from({ length: 9 }, (_, n) => `a${n}: &a${n} [${n === 0 ? 1 : `*a${n - 1}, `.repeat(9)}]`).join('\n'),
      'too much',
    ],
    ['---\na: 1\n---\nb: 2', 'multiple documents'],
    ['['.repeat(100_000), '1:'],
  ])('%j as YAML', async (text, message) => {
    const line = await lineOf(read(text));
    expect(line).toMatch(/^error request\.invalid: job\.yaml:[^\n]+$/);
    expect(line).toContain(message);
  });

  test('a file that is not there, too large, or no text', async () => {
    expect(await lineOf(readJobFile(join(folder, 'nix.yaml')))).toMatch(/nix\.yaml: there is no such file\. \(FILE\)$/);
    expect(await lineOf(read('#'.padEnd(CLI_LIMITS.jobFileBytes + 1, ' ')))).toMatch(/at most 1048576 bytes/);
    writeFileSync(join(folder, 'latin.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe4]));
    expect(await lineOf(readJobFile(join(folder, 'latin.yaml')))).toMatch(/no text in UTF-8/);
  });
});

test('the example of the README is a job file, and what the published schema takes', async () => {
  const path = join(REPOSITORY, 'infra', 'examples', 'turntable.yaml');
  const { job } = await readJob(path, new Map([['turn', '48']]));
  expect(job.name).toBe('Turntable of 48 frames');
  expect(job.layers).toMatchObject([
    { turntable: { frames: 48 }, frames: '1-48:8' },
    { samples: 4, frames: '0' },
  ]);
  const { value } = await readJobFile(path);
  expect(Check(jobFileJsonSchema(), value)).toBe(true);
  const [, shown = ''] =
    /```yaml\n(# yaml-language-server.*?)```/s.exec(readFileSync(join(REPOSITORY, 'README.md'), 'utf8')) ?? [];
  expect(parseJobFile('README.md', shown).value).toEqual(value);
});

test('from standard input a job file is read as from a file, with its places and bounds', async () => {
  const input = (...texts: readonly string[]) => Readable.from(texts.map((text) => Buffer.from(text)));
  const text = await readJobFile('-', input('name: Fl', 'ight\nlayers: [{ frames: 1 }]'));
  expect(text.value).toMatchObject({ name: 'Flight' });
  expect(text.placeOf('/layers/0/frames')).toBe('standard input:2:12');
  const large = 'x'.repeat(600_000);
  for (const [came, why] of [
    [input(), /standard input: nothing came/],
    [input(large, large), /standard input: .* at most 1048576 bytes/],
  ] as const) {
    expect(await lineOf(readJobFile('-', came))).toMatch(why);
  }
});
