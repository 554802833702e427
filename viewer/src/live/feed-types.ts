/** What a feed of pictures is made with, and what it tells. */
import type { PictureHeader, Size, TokenAccess } from '@kiln/shared';
import type { DecodedPixels } from './decoded-pixels.ts';
import type { PictureMeasure } from './measurements.ts';
import type { ResumeStore } from './resume-store.ts';
import type { Audience } from './session-role.ts';
import type { LiveState } from './session-state.ts';
import type { Timers } from './timers.ts';
import type { Look, SceneMessage } from './viewport-types.ts';

/** Pixels of a picture, and what they show. */
interface FedPicture {
  readonly pixels: DecodedPixels['pixels'];
  readonly depth: DecodedPixels['depth'];
  readonly header: PictureHeader;
  /** Width ÷ height to show it with. */
  readonly aspect: number;
}

export interface LiveFeedOptions {
  readonly sceneId: string;
  readonly look: Look;
  readonly frameNumber: number;
  /** Whether pictures come with depth. */
  readonly depth: boolean;
  /** [LV40] Whether moving pictures are to come as a video wherever they can. @defaultValue what the browser was told */
  readonly savesData?: boolean | undefined;
  /** Whether the camera is always the host's: one of the scene that another driver looked from is left with the drive. */
  readonly hasOwnCamera?: boolean;
  /** Of the farm. */
  readonly url: string;
  /** [LV31] The session that is watched. @defaultValue one of its own */
  readonly join?: string;
  /** [LV29] Of a page of another site: asked for whenever a session is opened. */
  readonly token: () => string | null;
  readonly timers: Timers;
  readonly resumeStore: ResumeStore;
  readonly screen: FeedScreen;
}

/** Who shows the pictures. */
interface FeedScreen {
  /** Width ÷ height that pictures are asked for. */
  aspect(): number;
  pictureSize(): Size;
  /** Gives a picture to the GPU, or [LV30] a better part of the one before; the pixels are gone afterwards. */
  upload(picture: FedPicture): void;
  /** Shows what was uploaded last. */
  paint(): void;
}

export interface LiveFeedEvents {
  state: LiveState;
  /** [LV29, LV33] Whether the hand may move the camera. */
  access: TokenAccess;
  /** [LV32] Who is there, and who drives. */
  audience: Audience;
  /** The scene is loaded: its bounds and cameras. */
  scene: SceneMessage;
  /** After every painted picture. */
  measure: PictureMeasure;
  /** The frame that is shown, while a clip plays. */
  frame: number;
  /** Something that does not end the session. */
  notice: { readonly code: string; readonly message: string };
}
