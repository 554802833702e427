/** Values of options, read and checked before anything is sent. */

import {
  Background,
  BitDepth,
  type CameraChoice,
  Chunk,
  checkPointer,
  describeSchema,
  frameCount,
  KilnError,
  type LayerRequest,
  LIMITS,
  MaterialEdit,
  matches,
  Pass,
  PointerEdit,
  parseBudget,
  parseFrameRange,
  type ShadowCatcher,
  type Size,
  Sun,
  type ThinLens,
  type Tiles,
  type Vector3,
} from '@kiln/shared';
import { inOptions } from './in-options.ts';
import { checkLayer } from './layer-check.ts';

const invalid = (field: string, message: string) => new KilnError('request.invalid', message, { field });

/** `640x360` @throws KilnError `request.invalid` */
export function parseSize(text: string): Size {
  const [, width, height] = /^(\d{1,9})[x×](\d{1,9})$/i.exec(text) ?? [];
  const size = { widthPx: Number(width), heightPx: Number(height) };
  const right = (px: number) => px >= 1 && px <= LIMITS.frameEdgePx;
  if (right(size.widthPx) && right(size.heightPx)) return size;
  throw invalid(
    '--size',
    `The size must be WIDTHxHEIGHT in pixels, each from 1 to ${LIMITS.frameEdgePx}, as in 1280x720; it is “${text}”.`,
  );
}

/** `4x4`, columns and rows. @throws KilnError `request.invalid` */
export function parseTiles(text: string): Tiles {
  const [, columns, rows] = /^(\d{1,9})[x×](\d{1,9})$/i.exec(text) ?? [];
  const tiles = { columns: Number(columns), rows: Number(rows) };
  const right = (count: number) => count >= 1 && count <= LIMITS.frameTiles;
  if (right(tiles.columns) && right(tiles.rows)) return tiles;
  throw invalid(
    '--tiles',
    `The blocks must be COLUMNSxROWS, each from 1 to ${LIMITS.frameTiles}, as in 4x4; they are “${text}”.`,
  );
}

/** A whole number. @throws KilnError `request.invalid` */
export const wholeNumber = (field: string, min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(field, `${field} must be a whole number from ${min} to ${max}; it is “${text}”.`);
};

/** A number, or a word that stands for none of them. */
export const orWord = (word: string, parse: (text: string) => number) => (text: string) =>
  text === word ? null : parse(text);

/** A number. @throws KilnError `request.invalid` */
export const number = (field: string) => (text: string) => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw invalid(field, `${field} must be a number; it is “${text}”.`);
};

/** `8`, `16`, `half` or `float`. @throws KilnError `request.invalid` */
export function parseBitDepth(text: string): BitDepth {
  const depth = BitDepth.enum.find((known) => String(known) === text);
  if (depth !== undefined) return depth;
  throw invalid('--bit-depth', `--bit-depth must be one of ${BitDepth.enum.join(', ')}; it is “${text}”.`);
}

/** A kind of background, or a colour as `#rrggbb`. @throws KilnError `request.invalid` */
export function parseBackground(text: string): Background {
  const background = text.toLowerCase();
  if (matches(Background, background)) return background;
  throw invalid(
    '--background',
    `--background must be environment, neutral, transparent, or a colour as #rrggbb; it is “${text}”.`,
  );
}

/** `40,135` or `40,135,6`: elevation, azimuth, turbidity. @throws KilnError `request.invalid` */
export function parseSun(text: string): Sun {
  const [elevationDeg, azimuthDeg, turbidity = 3, ...more] = text
    .split(',')
    .map((value) => (value.trim() === '' ? Number.NaN : Number(value)));
  const sun = { elevationDeg, azimuthDeg, turbidity };
  if (more.length === 0 && matches(Sun, sun)) return sun;
  throw invalid(
    '--sun',
    `--sun must be elevation (0 to 90 degrees), azimuth (degrees, 0 north, 90 east) and, if any, turbidity (2 to 10), as in 40,135 or 40,135,6; it is “${text}”.`,
  );
}

/** Its height in metres, or `auto`. @throws KilnError `request.invalid` */
export const parseShadowCatcher = (text: string): ShadowCatcher => ({
  heightM: text === 'auto' ? text : number('--shadow-catcher')(text),
});

/** Names with commas between: `beauty,depth`. @throws KilnError `request.invalid` */
export function parsePasses(text: string): Pass[] {
  const names = text.split(',').map((name) => name.trim());
  const passes = Pass.enum.filter((pass) => names.includes(pass));
  const unknown = names.find((name) => !passes.some((pass) => pass === name));
  if (unknown === undefined) return passes;
  throw invalid('--passes', `--passes takes ${Pass.enum.join(', ')}, with commas between; “${unknown}” is none.`);
}

const JOB_ID = /^job_[0-9a-z]{20}$/;

/** Ids of jobs with commas between, after those of the same option before. */
export function parseJobs(text: string, before: readonly string[] = []): readonly string[] {
  const ids = text.split(',').map((id) => id.trim());
  const wrong = ids.find((id) => !JOB_ID.test(id));
  if (wrong === undefined) return [...new Set([...before, ...ids])];
  throw invalid('--after', `--after takes ids of jobs, as kiln jobs tells them; “${wrong}” is none.`);
}

/**
 * Refuses what the farm would refuse, before anything is uploaded.
 *
 * @throws KilnError `job.unsupported` or `job.too_large`, naming the option.
 */
export function checkSettings(layer: LayerRequest): void {
  try {
    checkLayer(layer);
  } catch (cause) {
    if (!(cause instanceof KilnError) || cause.field === undefined) throw cause;
    // As the farm would say it of the first layer.
    const field = `/layers/0${ofContactSheet(layer, cause.field) ? '/contactSheet' : cause.field}`;
    const message = cause.message.replaceAll(`${cause.field} of the settings of the layer`, field);
    throw inOptions(new KilnError(cause.code, message, { cause, field }));
  }
}

/** It is one of the films for the farm, and an option of its own here. */
function ofContactSheet({ films = [] }: LayerRequest, field: string): boolean {
  const [, index] = /^\/films\/(\d+)/.exec(field) ?? [];
  return index !== undefined && films[Number(index)]?.format === 'contact-sheet';
}

/** Gives the expression back. @throws KilnError `job.bad_frame_range` with the position of the fault. */
export function parseFrames(expression: string): string {
  parseFrameRange(expression);
  return expression;
}

const CAMERA_SYNTAX =
  'x,y,z:x,y,z[:LENS][:up=x,y,z], where LENS is 40 (degrees), 35mm, 35mm/15.6mm or ortho=2.5 (metres)';

/**
 * The name of a camera, `auto`, or `x,y,z:x,y,z`, position and target, and then what it takes in: the vertical field of
 * view in degrees, the focal length with the sensor's height, or the height in metres of an orthographic picture.
 *
 * @throws KilnError `request.invalid`
 */
export function parseCamera(text: string): CameraChoice {
  const [first = '', second = '', ...more] = text.split(':');
  const position = triple(first);
  const target = triple(second);
  if (!position) return text;
  if (second.startsWith('q=')) return posed(position, second.slice('q='.length), more, text);
  const bad = invalid('--camera', `A camera by numbers needs a target: ${CAMERA_SYNTAX}; it is “${text}”.`);
  if (!target) {
    if (second === '') throw bad;
    return text;
  }
  const upText = more.find((part) => part.startsWith('up='));
  const up = upText === undefined ? undefined : triple(upText.slice('up='.length));
  const [lens, ...rest] = more.filter((part) => part !== upText);
  if (rest.length > 0 || (upText !== undefined && !up)) throw bad;
  const place = { position, target, ...(up ? { up } : {}) };
  if (lens === undefined) return { ...place, fovDeg: DEFAULT_FOV_DEG };
  const [, fovDeg, focalLengthMm, sensorHeightMm, heightM] =
    /^(?:([\d.]+)|([\d.]+)mm(?:\/([\d.]+)mm)?|ortho=([\d.]+))$/.exec(lens)?.map(Number) ?? [];
  if (fovDeg) return { ...place, fovDeg };
  if (heightM) return { ...place, heightM };
  if (!focalLengthMm) throw bad;
  return { ...place, focalLengthMm, ...(sensorHeightMm ? { sensorHeightMm } : {}) };
}

/** Where a live view was, bit by bit. */
function posed(position: Vector3, turned: string, [lens, ...rest]: readonly string[], text: string): CameraChoice {
  const [x, y, z, w] = numbers(turned, 4) ?? [];
  const fovDeg = lens === undefined ? DEFAULT_FOV_DEG : Number(lens);
  if (x === undefined || y === undefined || z === undefined || w === undefined || rest.length > 0 || !(fovDeg > 0)) {
    throw invalid('--camera', `A pose is x,y,z:q=x,y,z,w, and its field of view; it is “${text}”.`);
  }
  return { position, quaternion: [x, y, z, w], fovDeg };
}

function triple(text: string): Vector3 | undefined {
  const [x, y, z] = numbers(text, 3) ?? [];
  return x === undefined || y === undefined || z === undefined ? undefined : [x, y, z];
}

function numbers(text: string, count: number): number[] | undefined {
  const all = text.split(',').map((value) => (value.trim() === '' ? Number.NaN : Number(value)));
  return all.length === count && all.every(Number.isFinite) ? all : undefined;
}

const DEFAULT_FOV_DEG = 35;

/** One turn in all frames that are asked for, or all frames of the turn that is asked for. @throws KilnError `request.invalid` */
export function turntableOf(
  frames: string | undefined,
  turntable: number | true | undefined,
): Pick<LayerRequest, 'frames' | 'turntable'> {
  if (turntable === undefined) return { frames: frames ?? '0' };
  if (turntable === true) {
    if (frames === undefined) {
      throw invalid('--turntable', '--turntable needs a number of frames, or --frames.');
    }
    return { frames, turntable: { frames: frameCount(parseFrameRange(frames)) } };
  }
  return { frames: frames ?? `0-${turntable - 1}`, turntable: { frames: turntable } };
}

/**
 * `NAME.baseColor=#ff0000`: one property of a material; names may hold points.
 *
 * @throws KilnError `request.invalid`
 */
export function parseMaterial(text: string): MaterialEdit {
  const [, material = '', property = '', value = ''] = /^(.+)\.(\w+)=(.*)$/s.exec(text) ?? [];
  const schema = Object.entries(MaterialEdit.properties).find(([key]) => key === property && key !== 'material')?.[1];
  if (!schema) {
    const properties = Object.keys(MaterialEdit.properties).filter((key) => key !== 'material');
    const message = `--material takes NAME.PROPERTY=VALUE, as in Paint.baseColor=#ff0000, with a property of ${properties.join(', ')}; it is “${text}”.`;
    throw invalid('--material', message);
  }
  const colors = value.startsWith('#') ? value : triple(value);
  const edit: unknown = { material, [property]: colors ?? (value.trim() === '' ? value : Number(value)) };
  if (matches(MaterialEdit, edit)) return edit;
  throw invalid('--material', `--material takes as ${property} ${describeSchema(schema)}; it is “${value}”.`);
}

/** `POINTER=VALUE`, a JSON Pointer and JSON. @throws KilnError `request.invalid` */
export function parsePointer(text: string): PointerEdit {
  const [, pointer = '', json = ''] = /^(\/[^=]+)=(.*)$/s.exec(text) ?? [];
  const edit: unknown = { pointer, value: parseJson(json) };
  if (!matches(PointerEdit, edit)) {
    const example = '/materials/0/pbrMetallicRoughness/baseColorFactor=[1,0,0,1]';
    throw invalid('--set', `--set takes POINTER=VALUE, as in ${example}; it is “${text}”.`);
  }
  try {
    checkPointer(edit.pointer, edit.value, '');
  } catch (cause) {
    throw cause instanceof KilnError
      ? new KilnError(cause.code, `${cause.message}.`, { cause, field: '--set' })
      : cause;
  }
  return edit;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The options of clips, as a layer has them. Of several the first is the main one. */
export function clipsOf(clips: readonly string[] = []): Pick<LayerRequest, 'clip' | 'moreClips'> {
  const [clip, ...moreClips] = clips;
  if (clip === undefined) return {};
  return { clip, ...(moreClips.length === 0 ? {} : { moreClips }) };
}

/** Metres, or `auto`. @throws KilnError `request.invalid` */
export const parseFocusDistance = (text: string): ThinLens['focusDistanceM'] =>
  text === 'auto' ? text : number('--focus-distance')(text);

/** @throws KilnError `request.invalid` for a distance without an aperture. */
export function lensOf(
  fStop: number | undefined,
  focusDistanceM: ThinLens['focusDistanceM'] | undefined,
): Pick<LayerRequest, 'lens'> {
  if (fStop !== undefined) return { lens: { fStop, focusDistanceM: focusDistanceM ?? 'auto' } };
  if (focusDistanceM === undefined) return {};
  throw invalid('--focus-distance', '--focus-distance needs --f-stop: without it everything is in focus.');
}

/** @throws KilnError `request.invalid` */
export function parseBudgetOption(text: string): string {
  parseBudget(text, '--budget');
  return text;
}

/** `4`, `30s` @throws KilnError `request.invalid` */
export function parseChunk(text: string): Chunk {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,9})?)(s|m)?$/.exec(text) ?? [];
  const chunk = unit === undefined ? Number(number) : { seconds: Number(number) * (unit === 'm' ? 60 : 1) };
  if (matches(Chunk, chunk)) return chunk;
  throw invalid(
    '--chunk',
    `--chunk takes 1 to ${LIMITS.taskFrames} frames, or a time from 1s to ${LIMITS.taskSec}s; it is “${text}”.`,
  );
}
