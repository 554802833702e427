/** What is made of a layer's finished frames: films, short loops, a contact sheet. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id, Sha256, Timestamp } from '../identifiers.ts';
import { TaskState } from '../states.ts';
import { Name } from '../storable-text.ts';

/** What each can hold: `FILM_FORMATS`. */
export const FilmFormat = Type.Enum(['mp4', 'webm', 'mov', 'mkv', 'webp', 'gif', 'contact-sheet']);
export type FilmFormat = Static<typeof FilmFormat>;

export const FilmCodec = Type.Enum(['h264', 'vp9', 'av1', 'prores', 'ffv1']);
export type FilmCodec = Static<typeof FilmCodec>;

/** Bytes that were uploaded before. */
export const Soundtrack = Type.Object(
  {
    sha256: Sha256,
    name: Type.Optional(Name),
  },
  { additionalProperties: false, description: 'A sound file (WAV, MP3, AAC in MP4, Ogg, FLAC), uploaded before.' },
);
export type Soundtrack = Static<typeof Soundtrack>;

export const FilmRequest = Type.Object(
  {
    format: FilmFormat,
    codec: Type.Optional(
      Type.Enum(FilmCodec.enum, {
        description: 'Of MP4 `h264` or `av1`, of WebM `vp9` or `av1`; the first when absent.',
      }),
    ),
    audio: Type.Optional(Soundtrack),
  },
  {
    additionalProperties: false,
    description: 'Made of the layer’s frames in their order, at its `fps`, while later frames are still drawn.',
  },
);
export type FilmRequest = Static<typeof FilmRequest>;

/** A film as its layer asks for it, complete. */
export const FilmPlan = Type.Object({
  format: FilmFormat,
  codec: Type.Union([FilmCodec, Type.Null()]),
  audio: Type.Union([Soundtrack, Type.Null()]),
});
export type FilmPlan = Static<typeof FilmPlan>;

/** What a film became. */
export const FilmFacts = Type.Object({
  widthPx: Type.Integer(),
  heightPx: Type.Integer(),
  /** Pictures that it shows, those of missing frames included. */
  frameCount: Type.Integer(),
  /** Frames that were not there: the picture before (of the first ones: after) is shown in their place. */
  missing: Type.Array(Type.Integer()),
  durationSec: Type.Number(),
  /** Null without a soundtrack. */
  audioCodec: Type.Union([Type.String(), Type.Null()]),
});
export type FilmFacts = Static<typeof FilmFacts>;

export const Film = Type.Object({
  jobId: Id('job'),
  layerId: Id('layer'),
  layer: Type.String(),
  ...FilmPlan.properties,
  fileName: Type.String(),
  /** Of the task that makes it. */
  state: TaskState,
  /** Frames that are in it so far. */
  framesTaken: Type.Integer(),
  facts: Type.Union([FilmFacts, Type.Null()]),
  sha256: Type.Union([Sha256, Type.Null()]),
  sizeBytes: Type.Union([Type.Integer(), Type.Null()]),
  mediaType: Type.String(),
  /** Path of the bytes on the server, `API_PREFIX` included; null until it is there. */
  url: Type.Union([Type.String(), Type.Null()]),
  error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()]),
  finishedAt: Type.Union([Timestamp, Type.Null()]),
});
export type Film = Static<typeof Film>;
