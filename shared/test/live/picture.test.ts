import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KilnError } from '../../src/errors.ts';
import { LIMITS } from '../../src/limits.ts';
import {
  decodePicture,
  encodePicture,
  PICTURE_HEADER_BYTES,
  type PictureHeader,
  stampRelay,
} from '../../src/live/picture.ts';

/** Every field has bytes of its own, so that one that lands in the wrong place shows. */
const HEADER: PictureHeader = {
  sequence: 0x04030201,
  input: 0x08070605,
  codec: 'webp',
  moving: true,
  final: false,
  lastTile: true,
  better: true,
  samples: 0x0c0b0a09,
  widthPx: 0x0e0d,
  heightPx: 0x0f10,
  tile: { x: 0x0201, y: 0x0403, widthPx: 0x0605, heightPx: 0x0807 },
  depth: { widthPx: 0x0a09, heightPx: 0x0c0b, nearestM: 0.25, farthestM: 8 },
  near: 0.5,
  far: 1000,
  pose: { position: [1, -2, 3.5], quaternion: [0, 0.5, -0.5, 1], fovDeg: 45 },
  stages: { inputWait: 0x11, draw: 0x2222, readBack: 0x333333, encode: 0x44444444, workerQueue: 5, relay: 0xffff_ffff },
  drawEndMs: 1_700_000_000_000.5,
};
const COLOUR = Uint8Array.of(0xc0, 0xc1, 0xc2);
const DEPTH = Uint8Array.of(0xd0, 0xd1);

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => text.replaceAll(' ', '');

describe('the picture message', () => {
  const message = encodePicture(HEADER, COLOUR, DEPTH);

  const layout: readonly [offset: number, size: number, what: string, literal: string][] = [
    [0, 1, 'kind', '01'],
    [1, 1, 'layout version', '01'],
    [2, 2, 'header length', 'a0 00'],
    [4, 4, 'sequence', '01 02 03 04'],
    [8, 4, 'input', '05 06 07 08'],
    [12, 1, 'colour codec', '02'],
    [13, 1, 'flags', '0d'],
    [14, 2, 'reserved', '00 00'],
    [16, 4, 'samples', '09 0a 0b 0c'],
    [20, 2, 'width', '0d 0e'],
    [22, 2, 'height', '10 0f'],
    [24, 8, 'tile', '01 02 03 04 05 06 07 08'],
    [32, 4, 'colour bytes', '03 00 00 00'],
    [36, 4, 'depth bytes', '02 00 00 00'],
    [40, 1, 'depth codec', '01'],
    [41, 3, 'reserved', '00 00 00'],
    [44, 4, 'depth size', '09 0a 0b 0c'],
    [48, 4, 'near', '00 00 00 3f'],
    [52, 4, 'far', '00 00 7a 44'],
    [56, 12, 'position', '00 00 80 3f 00 00 00 c0 00 00 60 40'],
    [68, 16, 'quaternion', '00 00 00 00 00 00 00 3f 00 00 00 bf 00 00 80 3f'],
    [84, 4, 'field of view', '00 00 34 42'],
    [88, 4, 'stage: input wait', '11 00 00 00'],
    [92, 4, 'stage: draw', '22 22 00 00'],
    [96, 4, 'stage: read back', '33 33 33 00'],
    [100, 4, 'stage: encode', '44 44 44 44'],
    [104, 4, 'stage: worker queue', '05 00 00 00'],
    [108, 4, 'stage: relay', 'ff ff ff ff'],
    [112, 8, 'stages to come', '00 00 00 00 00 00 00 00'],
    [120, 8, 'end of draw', '00 08 80 56 fe bc 78 42'],
    [128, 4, 'nearest surface', '00 00 80 3e'],
    [132, 4, 'farthest surface', '00 00 00 41'],
    [136, 24, 'exact position', '00 00 00 00 00 00 f0 3f 00 00 00 00 00 00 00 c0 00 00 00 00 00 00 0c 40'],
    [160, 3, 'colour', 'c0 c1 c2'],
    [163, 2, 'depth', 'd0 d1'],
  ];
  it.each(layout)('[LV9] has at offset %d, %d bytes: %s', (offset, size, _, literal) => {
    expect(hex(message.subarray(offset, offset + size))).toBe(bytes(literal));
  });

  it('[LV9] has no byte outside that table', () => {
    expect(layout.reduce((sum, [offset, size]) => (offset === sum ? sum + size : Number.NaN), 0)).toBe(message.length);
    expect(PICTURE_HEADER_BYTES).toBe(160);
  });

  it('is read from literal bytes, whatever it lies in', () => {
    const literal = bytes(layout.map((row) => row[3]).join(''));
    const around = Buffer.concat([Buffer.alloc(3), Buffer.from(literal, 'hex'), Buffer.alloc(5)]);
    const { header, colour, depth } = decodePicture(around.subarray(3, around.length - 5));
    expect(header).toEqual(HEADER);
    expect([hex(colour), hex(depth)]).toEqual(['c0c1c2', 'd0d1']);
  });

  it('has no depth where the header says so', () => {
    const { header, depth } = decodePicture(encodePicture({ ...HEADER, depth: null }, COLOUR));
    expect(header.depth).toBeNull();
    expect(depth.length).toBe(0);
  });

  it.each(['jpeg', 'webp', 'png'] as const)('carries %s', (codec) => {
    expect(decodePicture(encodePicture({ ...HEADER, codec }, COLOUR)).header.codec).toBe(codec);
  });

  it('carries each flag by itself', () => {
    for (const flag of ['moving', 'final', 'lastTile'] as const) {
      const none = { ...HEADER, moving: false, final: false, lastTile: false };
      const { moving, final, lastTile } = decodePicture(encodePicture({ ...none, [flag]: true }, COLOUR)).header;
      expect({ moving, final, lastTile }).toEqual({ moving: false, final: false, lastTile: false, [flag]: true });
    }
  });

  it('[LV9] with a longer header than known is read, the rest skipped', () => {
    const longer = new Uint8Array([...message.subarray(0, 160), 0xee, 0xee, ...message.subarray(160)]);
    longer[2] = 162;
    const { header, colour, depth } = decodePicture(longer);
    expect(header).toEqual(HEADER);
    expect([hex(colour), hex(depth)]).toEqual(['c0c1c2', 'd0d1']);
  });

  it('says to the millimetre where a camera is that is far from the origin', () => {
    const position: [number, number, number] = [500_123.456_7, 20.001, 4_649_776.223_4];
    const { header } = decodePicture(encodePicture({ ...HEADER, pose: { ...HEADER.pose, position } }, COLOUR));
    expect(header.pose.position).toEqual(position);
  });

  it('[LV9] of who knows of no exact position ends before that, and is read', () => {
    const shorter = new Uint8Array([...message.subarray(0, 136), ...message.subarray(160)]);
    shorter[2] = 136;
    const { header, colour, depth } = decodePicture(shorter);
    expect(header).toEqual(HEADER);
    expect([hex(colour), hex(depth)]).toEqual(['c0c1c2', 'd0d1']);
  });

  it('[LV9] of who knows of no depth ends before that, and is read', () => {
    const shorter = new Uint8Array([...message.subarray(0, 128), ...message.subarray(160)]);
    shorter[2] = 128;
    const { header, colour } = decodePicture(shorter);
    expect(header).toEqual({ ...HEADER, depth: null });
    expect(hex(colour)).toBe('c0c1c2');
  });

  it('[LV9] with a codec of depth that is not known is read without', () => {
    const newer = message.slice();
    newer[40] = 2;
    expect(decodePicture(newer).header.depth).toBeNull();
  });

  it('keeps stage times within what 32 bits hold', () => {
    const stages = { inputWait: -3, draw: 0.6, readBack: 1e12, encode: 0, workerQueue: 0, relay: 0 };
    const { header } = decodePicture(encodePicture({ ...HEADER, stages }, COLOUR));
    expect(header.stages).toMatchObject({ inputWait: 0, draw: 1, readBack: 0xffff_ffff });
  });
});

describe('a broken picture message', () => {
  const changed = (change: (view: DataView) => void) => {
    const message = encodePicture(HEADER, COLOUR, DEPTH);
    change(new DataView(message.buffer));
    return message;
  };
  const broken: readonly [string, Uint8Array, RegExp][] = [
    ['no bytes', new Uint8Array(0), /0 bytes, fewer than its header/],
    ['127 bytes', encodePicture(HEADER, COLOUR).subarray(0, 127), /127 bytes/],
    ['another kind', changed((v) => v.setUint8(0, 2)), /unknown kind 2/],
    ['another layout version', changed((v) => v.setUint8(1, 2)), /layout version 2/],
    ['too short a header', changed((v) => v.setUint16(2, 127, true)), /header length 127/],
    ['a header beyond its end', changed((v) => v.setUint16(2, 60_000, true)), /promises 60005/],
    ['codec 0', changed((v) => v.setUint8(12, 0)), /unknown codec 0/],
    ['codec 7', changed((v) => v.setUint8(12, 7)), /unknown codec 7/],
    ['a byte too few', changed((v) => v.setUint32(32, 4, true)), /165 bytes where its header promises 166/],
    ['a byte too many', changed((v) => v.setUint32(36, 1, true)), /165 bytes where its header promises 164/],
    ['lengths that overflow 32 bits', changed((v) => v.setUint32(32, 0xffff_ffff, true)), /promises 4294967457/],
    ['a NaN in its pose', changed((v) => v.setFloat32(68, Number.NaN, true)), /not finite/],
    ['a NaN in its position', changed((v) => v.setFloat64(136, Number.NaN, true)), /not finite/],
    ['an infinite field of view', changed((v) => v.setFloat32(84, Number.POSITIVE_INFINITY, true)), /not finite/],
    ['a NaN as its near plane', changed((v) => v.setFloat32(48, Number.NaN, true)), /not finite/],
    ['a NaN as its end of draw', changed((v) => v.setFloat64(120, Number.NaN, true)), /not finite/],
    ['sequence number 0', changed((v) => v.setUint32(4, 0, true)), /sequence number 0/],
    [
      'more pixels an edge than a view has',
      changed((v) => v.setUint16(22, LIMITS.liveEdgePx + 1, true)),
      /4097 pixels/,
    ],
    ['a field of view of 181°', changed((v) => v.setFloat32(84, 181, true)), /field of view of 181/],
    ['a negative field of view', changed((v) => v.setFloat32(84, -1, true)), /field of view of -1/],
    ['a part and no word of what it makes better', changed((v) => v.setUint8(13, 5)), /belongs to no picture/],
    ['an empty tile', changed((v) => v.setUint16(28, 0, true)), /tile/],
    ['a tile over the right edge', changed((v) => v.setUint16(24, 0x0e0d, true)), /tile/],
    ['a tile over the lower edge', changed((v) => v.setUint16(30, 0x100f, true)), /tile/],
    ['depth of no width', changed((v) => v.setUint16(44, 0, true)), /depth/],
    ['depth of no height', changed((v) => v.setUint16(46, 0, true)), /depth/],
    ['depth wider than itself', changed((v) => v.setUint16(44, 0x0e0e, true)), /depth/],
    ['depth higher than itself', changed((v) => v.setUint16(46, 0x1010, true)), /depth/],
    ['a surface at distance 0', changed((v) => v.setFloat32(128, 0, true)), /depth/],
    ['a nearest surface beyond the farthest', changed((v) => v.setFloat32(128, 9, true)), /depth/],
    ['a surface without end', changed((v) => v.setFloat32(132, Number.POSITIVE_INFINITY, true)), /depth/],
    ['a NaN as its nearest surface', changed((v) => v.setFloat32(128, Number.NaN, true)), /depth/],
  ];
  it.each(broken)('[LV9] with %s closes with 4400', (_, message, why) => {
    const decode = () => decodePicture(message);
    expect(decode).toThrow(expect.objectContaining({ code: 'protocol.violation', close: 4400 }));
    expect(decode).toThrow(why);
    expect(decode).toThrow(/^\[LV9\]/);
  });

  it('[LV9] is refused above the limit, not at it', () => {
    const colour = new Uint8Array(LIMITS.livePictureBytes - PICTURE_HEADER_BYTES);
    expect(decodePicture(encodePicture(HEADER, colour)).colour.length).toBe(colour.length);
    const over = encodePicture(HEADER, colour, Uint8Array.of(1));
    expect(() => decodePicture(over)).toThrow(expect.objectContaining({ code: 'protocol.too_large', close: 1009 }));
  });

  it('never makes the reader throw anything but KilnError', () => {
    const whole = encodePicture(HEADER, COLOUR, DEPTH);
    const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 });
    const mutated = fc.tuple(edits, fc.nat(whole.length)).map(([changes, cut]) => {
      const message = whole.slice(0, cut < 64 ? whole.length : cut + 1);
      for (const [at, value] of changes) if (at < message.length) message[at] = value;
      return message;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), (message) => {
        try {
          const { header, colour, depth } = decodePicture(message);
          expect(colour.length + depth.length).toBeLessThanOrEqual(message.length - 128);
          expect(header.depth?.widthPx ?? 0).toBeLessThanOrEqual(header.widthPx);
          expect(header.tile.x + header.tile.widthPx).toBeLessThanOrEqual(header.widthPx);
        } catch (error) {
          if (!(error instanceof KilnError)) throw error;
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('the relay', () => {
  it('[LV23] changes four bytes of a picture, and no others', () => {
    const message = encodePicture(HEADER, COLOUR, DEPTH);
    const before = message.slice();
    stampRelay(message, 0x01020304);
    expect(hex(message.subarray(108, 112))).toBe('04030201');
    message.set(before.subarray(108, 112), 108);
    expect(hex(message)).toBe(hex(before));
  });

  it('[LV23] stamps no more than 32 bits hold', () => {
    const message = encodePicture(HEADER, COLOUR);
    stampRelay(message, 1e15);
    expect(decodePicture(message).header.stages.relay).toBe(0xffff_ffff);
    stampRelay(message, -1);
    expect(decodePicture(message).header.stages.relay).toBe(0);
  });

  it('stamps nothing that is shorter than a header', () => {
    const short = new Uint8Array(4);
    stampRelay(short, 5);
    expect([...short]).toEqual([0, 0, 0, 0]);
  });
});

describe('[LV40] a frame of a video', () => {
  const { widthPx, heightPx } = HEADER;
  const tile = { x: 0, y: 0, widthPx, heightPx };
  const frame: PictureHeader = { ...HEADER, codec: 'vp9', better: false, delta: true, tile };
  const flagged = (header: PictureHeader) => encodePicture(header, COLOUR, DEPTH);

  it('says whether it builds on the picture before', () => {
    expect(decodePicture(flagged(frame)).header).toMatchObject({ codec: 'vp9', delta: true });
    expect(decodePicture(flagged({ ...frame, delta: false })).header.delta).toBeUndefined();
    expect(decodePicture(flagged({ ...frame, codec: 'av1' })).header.codec).toBe('av1');
    expect(decodePicture(flagged({ ...frame, codec: 'h264' })).header.codec).toBe('h264');
  });

  it('is no better part, and no picture that stands for itself builds on another', () => {
    expect(() => decodePicture(flagged({ ...frame, better: true }))).toThrow(KilnError);
    expect(() => decodePicture(flagged({ ...frame, codec: 'jpeg' }))).toThrow(KilnError);
  });
});
