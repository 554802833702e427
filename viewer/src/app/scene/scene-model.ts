/** What the parts of the scene page share: the form, the live view, and where both stand. */
import type { CameraPath, ClipSettings, ExplicitCamera, ImportReport } from '@kiln/shared';
import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { LiveViewport } from '../../live/live-viewport.ts';
import type { Audience } from '../../live/session-role.ts';
import type { LiveState } from '../../live/session-state.ts';
import type { SceneMessage } from '../../live/viewport-types.ts';
import { toast } from '../design/toasts.tsx';
import { type CameraPick, framesOfPath, keyFrame, viewOnPath } from './camera-choice.ts';
import { changedLook } from './look-change.ts';
import { createPicking, type Picking } from './picking.ts';
import {
  allFrames,
  aspectOf,
  clipFrames,
  defaultForm,
  lookOf,
  playedSec,
  type RenderForm,
  restoreForm,
} from './render-form.ts';

export interface SceneModel {
  readonly form: ReadonlySignal<RenderForm>;
  readonly live: ReadonlySignal<LiveState>;
  /** The worker has loaded the scene: its bounds and cameras. */
  readonly loaded: ReadonlySignal<SceneMessage | null>;
  readonly frame: ReadonlySignal<number>;
  readonly playing: ReadonlySignal<boolean>;
  /** Frames of the chosen part of the clip; 0 when the scene has none. */
  readonly clipLength: ReadonlySignal<number>;
  /** Frames that can be looked at one by one: of the clip, or until the end of the camera's path. */
  readonly timelineFrames: ReadonlySignal<number>;
  /** Why this browser cannot show a live view; null when it can. */
  readonly problem: ReadonlySignal<string | null>;
  readonly viewport: Signal<LiveViewport | null>;
  /** Who looks at the live view, and who has its camera; null while nobody else was ever there. */
  readonly audience: ReadonlySignal<Audience | null>;
  /** Whether the camera of the live view is with this page. */
  readonly drives: ReadonlySignal<boolean>;
  /** The session of somebody else that is watched; null: one's own. */
  readonly watched: string | null;
  /** What was clicked on in the live view. */
  readonly picking: Picking;
  change(part: Partial<RenderForm>): void;
  pickCamera(pick: CameraPick): void;
  /** Frames that were all of the old path become all of the new one. */
  changePath(path: CameraPath): void;
  /** Frames that were all of the old part of the clip become all of the new one. */
  changeClip(part: Partial<ClipSettings>): void;
  /** Where the live view looks from now. */
  camera(): ExplicitCamera | null;
  seek(frameNumber: number): void;
  play(on: boolean): void;
  /** @param host element that the picture fills. @returns what closes the view. */
  mount(host: HTMLElement): () => void;
}

/** @param watched the session of somebody else, to watch it. */
export function createSceneModel(sceneId: string, report: ImportReport, watched: string | null): SceneModel {
  const form = signal(restoreForm(defaultForm(report), readForm(sceneId)));
  const live = signal<LiveState>({ phase: 'connecting' });
  const loaded = signal<SceneMessage | null>(null);
  const frame = signal(0);
  const playing = signal(false);
  const clipLength = signal(0);
  const timelineFrames = computed(() => Math.max(clipLength.value, pathEnd(form.value) + 1));
  const problem = signal<string | null>(null);
  const viewport = signal<LiveViewport | null>(null);
  const audience = signal<Audience | null>(null);
  const picking = createPicking(toast);
  const drives = computed(() => {
    const { value } = audience;
    return value ? value.driver === value.you : watched === null;
  });

  function change(part: Partial<RenderForm>): void {
    form.value = { ...form.value, ...part };
    keepForm(sceneId, form.value);
  }

  /** The live view draws a camera of the scene as a job would; here the hand's camera follows it. */
  function show(pick: CameraPick): void {
    const scene = loaded.value;
    if (pick.kind === 'path') flyTo(frame.value);
    if (!scene || pick.kind === 'current' || pick.kind === 'path') return;
    const camera = pick.kind === 'auto' ? scene.autoCamera : scene.cameras.find(({ name }) => name === pick.name);
    if (!camera) return;
    const { position, target, fovDeg } = camera;
    viewport.value?.lookFrom({ position, target, fovDeg });
  }

  /** The hand's camera follows the path, as the render's will. */
  function flyTo(frameNumber: number): void {
    const { camera, path, fps } = form.value;
    const view = camera.kind === 'path' ? viewOnPath(path, fps, frameNumber) : null;
    if (view) viewport.value?.lookFrom(view);
  }

  /** Frames that were all there was before become all there is after. */
  function changeFollowed(part: Partial<RenderForm>, before: readonly (string | null)[], after: string | null): void {
    const followed = after !== null && before.includes(form.value.frames);
    change({ ...part, ...(followed ? { frames: after } : {}) });
  }

  function allOfClip(): string | null {
    const clip = report.clips.find(({ name }) => name === form.value.clip);
    return clip ? allFrames(clipFrames(playedSec(form.value, clip), form.value.fps)) : null;
  }

  function open(host: HTMLElement): LiveViewport | null {
    try {
      return new LiveViewport(host, {
        sceneId,
        look: lookOf(form.value),
        aspect: aspectOf(form.value),
        frameNumber: frame.value,
        isKeyStop: true,
        ...(watched !== null && { join: watched }),
      });
    } catch {
      problem.value = 'This browser gives no WebGL2, which the live view needs. Rendering works without it.';
      return null;
    }
  }

  function mount(host: HTMLElement): () => void {
    const view = open(host);
    if (!view) return () => {};
    viewport.value = view;
    let look = lookOf(form.value);
    const undo = [
      view.on('state', (state) => {
        live.value = state;
      }),
      view.on('scene', (message) => {
        const first = loaded.value === null;
        loaded.value = message;
        if (first && form.value.camera.kind === 'scene') show(form.value.camera);
      }),
      view.on('move', () => {
        // On a path the hand looks for the next key.
        const { kind } = form.value.camera;
        if (kind !== 'current' && kind !== 'path') change({ camera: { kind: 'current' } });
      }),
      view.on('played', () => {
        // It has shown what the recording says, from where it says: from now on it is the form's again, from where it is.
        if (form.value.camera.kind === 'scene' || form.value.camera.kind === 'auto')
          change({ camera: { kind: 'current' } });
        if (drives.value) view.setLook(lookOf(form.value));
      }),
      view.on('audience', (now) => {
        audience.value = now;
        if (!drives.value) playing.value = false;
      }),
      view.on('notice', ({ message }) => toast(message)),
      view.on('frame', (frameNumber) => {
        frame.value = frameNumber;
        flyTo(frameNumber);
      }),
      effect(() => {
        const now = lookOf(form.value);
        view.setLook(changedLook(view.look, look, now));
        look = now;
      }),
      picking.watch(view),
      effect(() => view.setAspect(aspectOf(form.value))),
      effect(() => {
        const { clip: name, fps } = form.value;
        const clip = report.clips.find((candidate) => candidate.name === name);
        clipLength.value = clip ? clipFrames(playedSec(form.value, clip), fps) : 0;
        const frames = timelineFrames.value;
        view.setClip(frames > 0 && (clip || frames > 1) ? { frames, fps: lookOf(form.value).fps } : null);
      }),
    ];
    view.open();
    return () => {
      for (const dispose of undo) dispose();
      viewport.value = null;
      audience.value = null;
      playing.value = false;
      view.dispose();
    };
  }

  return {
    form,
    live,
    loaded,
    frame,
    playing,
    clipLength,
    timelineFrames,
    problem,
    viewport,
    audience,
    drives,
    watched,
    picking,
    change,
    pickCamera(pick) {
      change({ camera: pick });
      show(pick);
    },
    changePath(path) {
      const { fps } = form.value;
      changeFollowed({ path }, ['0', framesOfPath(form.value.path, fps)], framesOfPath(path, fps));
    },
    changeClip(part) {
      const before = allOfClip();
      change(part);
      changeFollowed({}, [before], allOfClip());
    },
    camera: () => viewport.value?.camera ?? null,
    seek(frameNumber) {
      frame.value = frameNumber;
      viewport.value?.seek(frameNumber);
      flyTo(frameNumber);
    },
    play(on) {
      playing.value = on && timelineFrames.value > 1 && drives.value;
      if (playing.value) viewport.value?.play();
      else viewport.value?.pause();
    },
    mount,
  };
}

/** Frame of the last key; below 0 where there is no path. */
function pathEnd({ camera, path, fps }: RenderForm): number {
  const last = camera.kind === 'path' ? path.path.at(-1) : undefined;
  return last ? Math.ceil(keyFrame(last, fps)) : -1;
}

/** What was chosen for the scenes of late, the newest last: it outlives the tab. */
const FORMS_KEY = 'kiln.forms';
/** Forms that are kept, some 2 kB each. */
const KEPT_FORMS = 50;

function readForms(): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(FORMS_KEY) ?? '{}');
    return typeof kept === 'object' && kept !== null ? { ...kept } : {};
  } catch {
    return {};
  }
}

const readForm = (sceneId: string): unknown => readForms()[sceneId] ?? null;

function keepForm(sceneId: string, form: RenderForm): void {
  const { [sceneId]: _, ...others } = readForms();
  const kept = [...Object.entries(others), [sceneId, form] as const].slice(-KEPT_FORMS);
  try {
    localStorage.setItem(FORMS_KEY, JSON.stringify(Object.fromEntries(kept)));
  } catch {
    // It holds until the page is closed.
  }
}
