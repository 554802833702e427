import { type FilmRequest, JobRequest, KilnError } from '@kiln/shared';
import { expect, test } from 'vitest';
import { inOptions } from '../../src/cli/in-options.ts';
import { buildProgram } from '../../src/cli/main.ts';
import { checkSettings } from '../../src/cli/parse-options.ts';

/** What the command line never asks for: nothing to name. */
const WITHOUT_OPTION = [
  '/layers/0',
  '/layers/0/needs',
  '/layers/0/needs/0',
  '/layers/0/needs/0/job',
  '/layers/0/needs/0/layer',
  '/layers/0/needs/0/frames',
  '/maxAttempts',
  '/idempotencyKey',
];
/** Named by words. */
const WORDS = ['the name', 'ID'];

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema | readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

/** JSON Pointers of all that a request may hold; of lists, the first item's. */
function pointersOf(schema: Schema, path = ''): string[] {
  const { properties = {}, items, anyOf = [] } = schema;
  const first = items !== undefined && 'length' in items ? items[0] : items;
  return [
    ...(path === '' ? [] : [path]),
    ...Object.entries(properties).flatMap(([key, value]) => pointersOf(value, `${path}/${key}`)),
    ...(first === undefined ? [] : pointersOf(first as Schema, `${path}/0`)),
    ...anyOf.flatMap((one) => pointersOf(one, path)),
  ];
}

const nameOf = (pointer: string) => {
  const named = inOptions(new KilnError('request.invalid', `${pointer} is wrong`, { field: pointer }));
  return named instanceof KilnError ? named.field : undefined;
};

const options =
  buildProgram(false)
    .commands.find((command) => command.name() === 'render')
    ?.options.map(({ long }) => long) ?? [];

test('every field of a job is named by an option that there is', () => {
  const pointers = [...new Set(pointersOf(JobRequest as Schema))];
  expect(pointers.length).toBeGreaterThan(60);
  const wrong = pointers.flatMap((pointer) => {
    const name = nameOf(pointer) ?? '';
    const isRight = WITHOUT_OPTION.includes(pointer)
      ? name === pointer
      : WORDS.includes(name) || options.includes(name.split(' ')[0] ?? '');
    return isRight ? [] : [`${pointer}: ${name}`];
  });
  expect(wrong).toEqual([]);
});

test.each([
  ['/layers/0/lens', '--f-stop'],
  ['/layers/2/lens/fStop', '--f-stop'],
  ['/layers/0/lens/focusDistanceM', '--focus-distance'],
  ['/layers/0/camera/path/3/fovDeg', '--camera-path /path/3/fovDeg'],
  ['/layers', '--frames'],
  ['/layers/0/bitDepth', '--bit-depth'],
])('%s is %s', (pointer, name) => {
  expect(nameOf(pointer)).toBe(name);
});

test('what a contact sheet cannot be made of is said of its option, not of the films', () => {
  const size = { widthPx: 10_000, heightPx: 100 };
  const refused = (films: FilmRequest[], field: string) =>
    expect(() => checkSettings({ size, frames: '0', films })).toThrow(expect.objectContaining({ field }));
  refused([{ format: 'contact-sheet' }], '--contact-sheet');
  refused([{ format: 'mp4' }, { format: 'contact-sheet' }], '--film');
});
