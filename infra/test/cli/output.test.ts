import { KilnError } from '@kiln/shared';
import { expect, test } from 'vitest';
import { errorLine, exitCodeOf } from '../../src/cli/exit-codes.ts';
import { inOptions } from '../../src/cli/in-options.ts';
import { count, formatBytes, formatDuration, table } from '../../src/cli/output.ts';
import {
  checkSettings,
  lensOf,
  parseCamera,
  parseFocusDistance,
  parseShadowCatcher,
  turntableOf,
} from '../../src/cli/parse-options.ts';
import { jsonReporter } from '../../src/cli/render/json-reporter.ts';
import { bar, progressReporter } from '../../src/cli/render/progress-reporter.ts';
import { StatusLine } from '../../src/cli/status-line.ts';
import { FRAME } from './support/scripted-farm.ts';

test.each([
  ['client.unreachable', 3],
  ['identity.missing', 4],
  ['identity.forbidden', 4],
  ['request.invalid', 2],
  ['job.unknown_camera', 2],
  ['scene.refused', 2],
  ['resource.not_found', 2],
  ['scene.import_failed', 1],
  ['render.failed', 1],
  ['storage.full', 1],
  ['server.internal', 1],
] as const)('%s exits with %i', (code, exitCode) => {
  expect(exitCodeOf(new KilnError(code, 'x'))).toBe(exitCode);
});

test('an error is one line, with the field at fault', () => {
  const error = new KilnError('scene.invalid', 'Accessor 3\n  is too short.', { field: '/accessors/3' });
  expect(errorLine(error)).toBe('error scene.invalid: Accessor 3 is too short. (/accessors/3)');
  expect(errorLine(new Error('broken'))).toBe('error broken');
});

test.each([
  ['expected 1 as /layers/0/fps of the body, got 2', '/layers/0/fps', 'expected 1 as --fps, got 2'],
  ['expected 1 as /layers/0/camera/fovDeg of the body', '/layers/0/camera/fovDeg', 'expected 1 as --camera'],
  ['expected the id of a scene as /sceneId of the parameters', '/sceneId', 'expected the id of a scene as ID'],
  ['expected text as /name of the body', '/name', 'expected text as the name'],
  ['the scene has no clip "x"', '/layers/0/clip', 'the scene has no clip "x" (--clip)'],
])('%s (%s) is said in the words of the command line', (message, field, line) => {
  expect(errorLine(inOptions(new KilnError('request.invalid', message, { field })))).toBe(
    `error request.invalid: ${line}`,
  );
});

test('a place in a scene stays what it is', () => {
  const error = new KilnError('scene.invalid', 'x', { field: '/name' });
  expect(inOptions(error)).toBe(error);
});

test('columns line up', () => {
  expect(table(['ID'], [], 'No jobs yet.')).toBe('No jobs yet.');
  expect(
    table(
      ['ID', 'NAME'],
      [
        ['long id', 'a'],
        ['b', 'c d'],
      ],
    ),
  ).toBe('ID       NAME\nlong id  a\nb        c d');
});

test('numbers, sizes and times read well', () => {
  expect([0, 1, 1_200].map((files) => count(files, 'file'))).toEqual(['0 files', '1 file', '1,200 files']);
  expect([0, 999, 1_500, 25_000_000, 4e12].map(formatBytes)).toEqual(['0 B', '999 B', '1.5 kB', '25 MB', '4.0 TB']);
  expect([400, 59_900, 125_000].map(formatDuration)).toEqual(['0.4 s', '59.9 s', '2 min 5 s']);
  expect([bar(0, 4), bar(0.5, 4), bar(1, 4), bar(7, 4)]).toEqual(['░░░░', '██░░', '████', '████']);
});

test('a camera is a name, or position and target', () => {
  expect(parseCamera('auto')).toBe('auto');
  expect(parseCamera('Front: left')).toBe('Front: left');
  expect(parseCamera('1,2,3:0,0.5,-1')).toEqual({ position: [1, 2, 3], target: [0, 0.5, -1], fovDeg: 35 });
  expect(parseCamera('1,2,3:0,0,0:50')).toEqual({ position: [1, 2, 3], target: [0, 0, 0], fovDeg: 50 });
  expect(() => parseCamera('1,2,3')).toThrow(/needs a target/);
  const place = { position: [1, 2, 3], target: [0, 0, 0] };
  expect(parseCamera('1,2,3:0,0,0:35mm')).toEqual({ ...place, focalLengthMm: 35 });
  expect(parseCamera('1,2,3:0,0,0:35mm/15.6mm')).toEqual({ ...place, focalLengthMm: 35, sensorHeightMm: 15.6 });
  expect(parseCamera('1,2,3:0,0,0:ortho=2.5:up=0,0,1')).toEqual({ ...place, heightM: 2.5, up: [0, 0, 1] });
  expect(parseCamera('1,2,3:0,0,0:up=0,0,1')).toEqual({ ...place, fovDeg: 35, up: [0, 0, 1] });
  const posed = { position: [1, 2, 3], quaternion: [0, 0.6, 0, 0.8] };
  expect(parseCamera('1,2,3:q=0,0.6,0,0.8:42.5')).toEqual({ ...posed, fovDeg: 42.5 });
  expect(parseCamera('1,2,3:q=0,0.6,0,0.8')).toEqual({ ...posed, fovDeg: 35 });
  for (const bad of ['q=0,0,0', 'q=0,0,0,1:0', 'q=0,0,0,1:40:up=0,1,0', 'q=0,0,0,1:35mm']) {
    expect(() => parseCamera(`1,2,3:${bad}`), bad).toThrow(/A pose is/);
  }
  for (const bad of ['35cm', '35mm/2', 'ortho=', 'up=1,2', '40:50', '']) {
    expect(() => parseCamera(`1,2,3:0,0,0:${bad}`), bad).toThrow(/LENS is/);
  }
});

test('the living line is shown on a terminal only', () => {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const plain = new StatusLine({ write });
  plain.show('50 %');
  plain.progress('living', 'plain');
  expect(written.splice(0)).toEqual(['plain\n']);

  const terminal = new StatusLine({ write, isTTY: true, columns: 10 });
  terminal.show('a long line that does not fit');
  terminal.line('stays');
  expect(written.join('')).toContain('a long li\r');
  expect(written.join('')).toContain('stays\n');
});

test('without a terminal each change of phase is one line', () => {
  const written: string[] = [];
  const status = new StatusLine({ write: (text: string) => written.push(text) });
  const reporter = progressReporter(status);
  const lost = new KilnError('client.unreachable', 'x');
  reporter.uploading(0, 2_000);
  reporter.uploading(2_000, 2_000);
  reporter.importing();
  reporter.noWorker();
  reporter.importing();
  reporter.importing();
  reporter.waiting(lost);
  reporter.waiting(lost);
  reporter.importing();
  expect(written.map((line) => line.trimEnd())).toEqual([
    'Uploading  2.0 kB …',
    'Importing  the farm checks the scene …',
    expect.stringMatching(/^Waiting +no worker is connected/),
    'Importing  the farm checks the scene …',
    expect.stringMatching(/^Waiting +the farm does not answer/),
    'Importing  the farm checks the scene …',
  ]);
});

test('a frame that is suspicious is warned about', () => {
  const written: string[] = [];
  const reporter = progressReporter(new StatusLine({ write: (text: string) => written.push(text) }));
  const statistics = { min: 0, max: 0, mean: 0, nanCount: 1 };
  reporter.frame({ ...FRAME, frameNumber: 7, statistics, flags: ['nan', 'black'] }, 'out/0007.png', 1, true);
  reporter.frame(FRAME, 'out/0000.png', 2, true);
  expect(written.map((line) => line.trimEnd())).toEqual([
    expect.stringContaining('out/0007.png'),
    'Warning    frame 7: 1 pixel is not a number',
    'Warning    frame 7: all black',
    expect.stringContaining('out/0000.png'),
  ]);
  const events: string[] = [];
  jsonReporter((line) => events.push(line)).frame({ ...FRAME, statistics, flags: ['black'] }, 'x', 1, true);
  expect(JSON.parse(events[0] ?? '')).toMatchObject({ event: 'frame', statistics, flags: ['black'] });
});

test('a turntable takes the frames that are asked for, or asks for the frames of its turn', () => {
  expect(turntableOf(undefined, undefined)).toEqual({ frames: '0' });
  expect(turntableOf('1-24,30', true)).toEqual({ frames: '1-24,30', turntable: { frames: 25 } });
  expect(turntableOf(undefined, 48)).toEqual({ frames: '0-47', turntable: { frames: 48 } });
  expect(turntableOf('12', 48)).toEqual({ frames: '12', turntable: { frames: 48 } });
  expect(() => turntableOf(undefined, true)).toThrow(/number of frames/);
});

test('depth of field needs an aperture, and focuses by itself', () => {
  expect(lensOf(undefined, undefined)).toEqual({});
  expect(lensOf(2.8, undefined)).toEqual({ lens: { fStop: 2.8, focusDistanceM: 'auto' } });
  expect(lensOf(2.8, parseFocusDistance('3.5'))).toEqual({ lens: { fStop: 2.8, focusDistanceM: 3.5 } });
  expect(() => lensOf(undefined, 'auto')).toThrow(/needs --f-stop/);
  expect(() => parseFocusDistance('near')).toThrow(/must be a number/);
});

test.each([
  ['/layers/0/bitDepth', '--bit-depth'],
  ['/layers/3/bitDepth', '--bit-depth'],
  ['/layers/0/exposureEv', '--exposure'],
  ['/layers/0/environmentRotationDeg', '--environment-rotation'],
  ['/layers/0/lens/fStop', '--f-stop'],
  ['/layers/0/timeLimitSec', '--time-limit'],
  ['/layers/0/clampIndirect', '--clamp'],
  ['/layers/0/noiseThreshold', '--noise-threshold'],
  ['/layers/0/shutterAngleDeg', '--shutter-angle'],
  ['/layers/0/frames', '--frames'],
  ['/frameTimeoutMs', '--frame-timeout'],
])('calls %s by its option, %s', (field, option) => {
  const error = inOptions(new KilnError('request.invalid', `${field} must be less`, { field }));
  expect(error).toMatchObject({ field: option, message: `${option} must be less` });
});

test('an option out of its range is named as it is spelt', () => {
  const layer = { frames: '0', size: { widthPx: 64, heightPx: 64 }, exposureEv: 50 };
  expect(() => checkSettings(layer)).toThrow(
    expect.objectContaining({ field: '--exposure', message: 'expected a number from -20 to 20 as --exposure, got 50' }),
  );
});

test('what only path tracing has is refused for raster by its option, before anything is sent', () => {
  const layer = { frames: '0', size: { widthPx: 64, heightPx: 64 } };
  const asked = [
    ['noiseThreshold', '--noise-threshold'],
    ['timeLimitSec', '--time-limit'],
    ['clampIndirect', '--clamp'],
    ['filterGlossy', '--filter-glossy'],
  ] as const;
  for (const [field, option] of asked) {
    expect(() => checkSettings({ ...layer, [field]: 1 })).toThrow(
      expect.objectContaining({ code: 'job.unsupported', field: option }),
    );
    expect(() => checkSettings({ ...layer, [field]: 1, engine: 'pathtrace' })).not.toThrow();
  }
  const caught = { ...layer, shadowCatcher: { heightM: 'auto' }, engine: 'pathtrace', backend: 'webgpu' } as const;
  expect(() => checkSettings(caught)).toThrow(
    expect.objectContaining({ code: 'job.unsupported', field: '--shadow-catcher' }),
  );
  expect(() => checkSettings({ ...caught, engine: 'raster' })).not.toThrow();
  expect(() => checkSettings({ ...caught, backend: 'auto' })).not.toThrow();
  expect(parseShadowCatcher('auto')).toEqual({ heightM: 'auto' });
  expect(parseShadowCatcher('-0.25')).toEqual({ heightM: -0.25 });
  expect(() => parseShadowCatcher('car.glb')).toThrow(/--shadow-catcher must be a number/);
  expect(() => checkSettings({ ...layer, denoise: true })).toThrow(expect.objectContaining({ field: '--denoise' }));
});
