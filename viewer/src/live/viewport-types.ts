/** What a live view is made with, and what it tells. */
import type { LiveView, Pose, ServerMessage } from '@kiln/shared';
import type { PictureMeasure } from './measurements.ts';
import type { ResumeStore } from './resume-store.ts';
import type { Audience } from './session-role.ts';
import type { LiveState } from './session-state.ts';
import type { Timers } from './timers.ts';

/** What is drawn, apart from camera and size: a job's settings of the same names. */
export type Look = Omit<LiveView, 'size' | 'frameNumber' | 'depth' | 'tiles'>;

export interface LiveViewportOptions {
  readonly sceneId: string;
  readonly look: Look;
  /** Width ÷ height of the picture: that of the frame that will be rendered. */
  readonly aspect: number;
  readonly frameNumber?: number;
  /** Whether pictures are shown from where the camera is, or as they come. @defaultValue true */
  readonly warps?: boolean;
  /** Whether the page is seen behind what is see-through, instead of a checkerboard. @defaultValue false */
  readonly showsPage?: boolean;
  /** The page takes keys of its own on the view, whoever moves the camera. @defaultValue false */
  readonly isKeyStop?: boolean;
  /** Whether moving pictures are to come as a video wherever they can: few bytes, more work. @defaultValue what the browser was told (Save-Data) */
  readonly savesData?: boolean;
  /** @defaultValue the farm that served the page. */
  readonly url?: string;
  /** [LV29] Of a page of another site: asked for whenever a session is opened. */
  readonly token?: () => string | null;
  /** [LV31] A session that is open, to watch it. @defaultValue one of its own */
  readonly join?: string;
  readonly timers?: Timers;
  readonly resumeStore?: ResumeStore;
}

export type SceneMessage = Extract<ServerMessage, { type: 'scene' }>;

export interface LiveViewportEvents {
  state: LiveState;
  /** The scene is loaded: its bounds and cameras. */
  scene: SceneMessage;
  /** After every painted picture. */
  measure: PictureMeasure;
  /** The person moved the camera. */
  move: undefined;
  /** The camera is elsewhere on this display frame. */
  camera: Pose;
  /** Who looks at the session, and who drives; not before there is somebody else. */
  audience: Audience;
  /** Whether the browser gives the view its graphics: it has taken them away, or given them back. */
  graphics: boolean;
  /** A recorded session that was played is at its end, or the hand has interrupted it. */
  played: undefined;
  /** A recording is as long as they may be: nothing more is kept of it. Told until it is stopped. */
  recorded: undefined;
  /** The frame that is shown, while a clip or a recorded session plays. */
  frame: number;
  /** Something that does not end the session. */
  notice: { readonly code: string; readonly message: string };
}

/** Name of the DOM event that bubbles from the canvas after every painted picture; `detail` is a `PictureMeasure`. */
export const MEASURE_EVENT = 'kiln-measure';
