/** What a remote view is made with, and what it tells. */
import type { ScenePart } from '@kiln/shared';
import type { Vector3, WebGLRenderer } from 'three';
import type { WebGPURenderer } from 'three/webgpu';
import type { PictureMeasure } from '../live/measurements.ts';
import type { Audience } from '../live/session-role.ts';
import type { LiveState } from '../live/session-state.ts';
import type { ViewError } from '../live/view-error.ts';
import type { Look, SceneMessage } from '../live/viewport-types.ts';

export interface RemoteViewOptions {
  /** The renderer that draws the host's scene; one of WebGPU is initialised (`await renderer.init()`). */
  readonly renderer: WebGLRenderer | WebGPURenderer;
  readonly sceneId: string;
  /** Address of the farm. @defaultValue where the script came from. */
  readonly farm?: string;
  /** Of `POST /api/v1/tokens`; absent: the page is the farm's own. */
  readonly token?: string;
  /** Id of an open session of the scene, to watch it together with others. @defaultValue one of its own */
  readonly session?: string;
  /** Light, clip, variant … by the names that a job has. @defaultValue nothing behind the scene: the host's own is seen. */
  readonly look?: RemoteLook;
}

export type RemoteLook = Partial<Look>;

export interface RemoteViewEvents {
  /** Where the session stands. */
  state: LiveState;
  /**
   * The scene is loaded: its bounds, in its own metres, and what it has: cameras, clips, variants, nodes, materials. It comes again
   * whenever the view is back after its connection was lost.
   */
  scene: SceneMessage;
  /** The first picture is there. */
  load: undefined;
  /** Who looks at the session, who has its camera and who asks for it; not before there is somebody else. */
  audience: Audience;
  /** After each picture: bytes, size, samples, and the milliseconds of each stage. */
  measure: PictureMeasure;
  error: ViewError;
}

/** What is seen at a point of the view, as the farm knows it. */
export interface RemotePick extends RemoteSurface {
  /** What it is a part of, and what it is made of: null where the file gives it no material. */
  readonly node: ScenePart;
  readonly material: ScenePart | null;
}

/** Of the remote scene, where the host's world has it. */
export interface RemoteSurface {
  readonly position: Vector3;
  /** Of length 1, towards the camera. */
  readonly normal: Vector3;
}
