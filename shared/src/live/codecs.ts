import type { Static } from 'typebox';
import * as Type from 'typebox';

/** [LV40] Frames of one video: each but a key frame builds on the picture before. */
export const VIDEO_CODECS = ['vp9', 'av1', 'h264'] as const;
export type VideoCodec = (typeof VIDEO_CODECS)[number];

/** As WebCodecs names them, of levels for pictures as large as a live view may have: both ends say the same. */
export const VIDEO_CODEC_STRINGS = {
  vp9: 'vp09.00.51.08',
  av1: 'av01.0.12M.08',
  h264: 'avc1.420034',
} as const satisfies Record<VideoCodec, string>;

export const PictureCodec = Type.Enum(['jpeg', 'webp', 'png', ...VIDEO_CODECS]);
export type PictureCodec = Static<typeof PictureCodec>;

/** Of pictures that stand for themselves. */
export type StillCodec = Exclude<PictureCodec, VideoCodec>;

export const isVideoCodec = (codec: PictureCodec): codec is VideoCodec => VIDEO_CODECS.some((video) => video === codec);

export const isStillCodec = (codec: PictureCodec): codec is StillCodec => !isVideoCodec(codec);
