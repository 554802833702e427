/**
 * ICC profiles (ICC.1:2022, version 4) of sRGB and of its linear light, under 600 bytes. Numbers big-endian:
 *
 * | part | bytes |
 * | --- | --- |
 * | header | 128 |
 * | tags | u32 count; each: signature, u32 offset, u32 size |
 * | values | each at a multiple of four; the three curves are one |
 */

/** s15Fixed16: colours of sRGB adapted from D65 to D50 by Bradford's matrix, as every sRGB profile has them. */
const COLOURS = {
  rXYZ: [0x6fa2, 0x38f5, 0x0390],
  gXYZ: [0x6299, 0xb785, 0x18da],
  bXYZ: [0x24a0, 0x0f84, 0xb6cf],
} as const;
const D50 = [0xf6d6, 0x10000, 0xd32d];
const D65_TO_D50 = [1.04788, 0.02292, -0.05022, 0.02959, 0.99048, -0.01707, -0.00925, 0.01508, 0.75168];

/** `para`: function type, then its parameters (10.18). */
const CURVES = {
  srgb: { type: 3, parameters: [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045] },
  linear: { type: 0, parameters: [1] },
} as const;

const NAMES = { srgb: 'sRGB', linear: 'Linear sRGB' } as const;

const fixed = (value: number) => Math.round(value * 65_536);
const latin = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const u16 = (value: number) => [(value >>> 8) & 255, value & 255];
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value)];
const words = (values: readonly number[]) => values.flatMap(u32);

/** `mluc`: one text, in English. */
const text = (value: string) => [
  ...latin('mluc'),
  ...words([0, 1, 12]),
  ...latin('enUS'),
  ...words([value.length * 2, 28]),
  ...latin(value).flatMap(u16),
];

export function iccProfile(kind: keyof typeof CURVES): Uint8Array<ArrayBuffer> {
  const { type, parameters } = CURVES[kind];
  const xyz = (value: readonly number[]) => [...latin('XYZ '), ...words([0, ...value])];
  const curve = [...latin('para'), ...words([0]), ...u16(type), 0, 0, ...words(parameters.map(fixed))];
  const values: [names: string[], bytes: number[]][] = [
    [['desc'], text(NAMES[kind])],
    [['cprt'], text('CC0')],
    [['wtpt'], xyz(D50)],
    [['chad'], [...latin('sf32'), ...words([0, ...D65_TO_D50.map(fixed)])]],
    ...Object.entries(COLOURS).map(([name, value]): [string[], number[]] => [[name], xyz(value)]),
    [['rTRC', 'gTRC', 'bTRC'], curve],
  ];
  const tagCount = values.reduce((sum, [names]) => sum + names.length, 0);
  const tags: number[] = u32(tagCount);
  const data: number[] = [];
  const dataStart = 128 + 4 + tagCount * 12;
  for (const [names, bytes] of values) {
    for (const name of names) tags.push(...latin(name), ...words([dataStart + data.length, bytes.length]));
    data.push(...bytes, ...Array(-bytes.length & 3).fill(0));
  }
  const header = [
    ...u32(dataStart + data.length),
    ...words([0, 0x04400000]),
    ...latin('mntrRGB XYZ '),
    // A date of its own, not of the file: equal pictures are equal files.
    ...[2024, 1, 1, 0, 0, 0].flatMap(u16),
    ...latin('acsp'),
    // No platform, flags, maker, model, attributes; perceptual.
    ...Array(28).fill(0),
    ...words(D50),
    ...Array(48).fill(0),
  ];
  return Uint8Array.from([...header, ...tags, ...data]);
}
