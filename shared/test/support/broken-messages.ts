/** What broken peers say, by seed: the same for each seed, on both sides of every socket. */

/** From 0 to below 1. */
export type Random = () => number;

/** Numbers that are the same for each seed (mulberry32). */
export function chance(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

const WRONG: readonly unknown[] = [
  null,
  -1,
  1e308,
  4_294_967_296,
  '',
  'x'.repeat(5_000),
  [],
  {},
  { type: 'hello' },
  true,
  '__proto__',
  [[[[[[[[]]]]]]]],
];

/** The same with something wrong in it, somewhere. */
export function spoiled(random: Random, message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return pick(random, WRONG);
  const copy = structuredClone(message) as Record<string, unknown>;
  const name = pick(random, Object.keys(copy));
  const how = random();
  if (how < 0.25) delete copy[name];
  else if (how < 0.5) copy[name] = pick(random, WRONG);
  else if (how < 0.65) copy[`more-${name}`] = 1;
  else copy[name] = spoiled(random, copy[name]);
  return copy;
}

const noise = (random: Random, bytes: number) => Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));

/** As text, as bytes, cut off, or longer than `mostChars`. */
export function broken(random: Random, message: unknown, mostChars: number): string | Uint8Array {
  const text = JSON.stringify(message) ?? 'null';
  const how = random();
  if (how < 0.5) return text;
  if (how < 0.65) return text.slice(0, Math.floor(random() * text.length));
  if (how < 0.8) return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  if (how < 0.9) return `${text}${' '.repeat(mostChars)}`;
  return noise(random, 200);
}

/** A message with some bytes of its header changed; some are cut off anywhere. */
export function spoiledBytes(random: Random, message: Uint8Array, headerBytes: number): Uint8Array {
  const bytes = Uint8Array.from(message);
  for (let i = 0; i < 1 + random() * 4; i++) {
    bytes[Math.floor(random() * headerBytes)] = Math.floor(random() * 256);
  }
  return random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
}

/** A text frame of a client, or of a server, that says it has 2⁶² bytes, or 120 and has three. */
export function halfFrame(random: Random, isMasked: boolean): Uint8Array {
  const mask = isMasked ? 0x80 : 0;
  return random() < 0.5
    ? Uint8Array.from([0x81, mask | 0x7f, 0x40, 0, 0, 0, 0, 0, 0, 0])
    : Uint8Array.from([0x81, mask | 0x78, 1, 2, 3]);
}
