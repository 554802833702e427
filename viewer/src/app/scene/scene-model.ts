/** What the parts of the scene page share: the form, the live view, and where both stand. */
import type { ExplicitCamera, ImportReport } from '@kiln/shared';
import { effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { LiveViewport, type SceneMessage } from '../../live/live-viewport.ts';
import type { LiveState } from '../../live/session-state.ts';
import { toast } from '../design/toasts.tsx';
import {
  aspectOf,
  type CameraPick,
  clipFrames,
  defaultForm,
  lookOf,
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
  /** Frames of the chosen clip; 0 when the scene has none. */
  readonly clipLength: ReadonlySignal<number>;
  /** Why this browser cannot show a live view; null when it can. */
  readonly problem: ReadonlySignal<string | null>;
  readonly viewport: Signal<LiveViewport | null>;
  change(part: Partial<RenderForm>): void;
  pickCamera(pick: CameraPick): void;
  /** Where the live view looks from now. */
  camera(): ExplicitCamera | null;
  seek(frameNumber: number): void;
  play(on: boolean): void;
  /** @param host element that the picture fills. @returns what closes the view. */
  mount(host: HTMLElement): () => void;
}

export function createSceneModel(sceneId: string, report: ImportReport): SceneModel {
  const form = signal(restoreForm(defaultForm(report), readForm(sceneId)));
  const live = signal<LiveState>({ phase: 'connecting' });
  const loaded = signal<SceneMessage | null>(null);
  const frame = signal(0);
  const playing = signal(false);
  const clipLength = signal(0);
  const problem = signal<string | null>(null);
  const viewport = signal<LiveViewport | null>(null);

  function change(part: Partial<RenderForm>): void {
    form.value = { ...form.value, ...part };
    keepForm(sceneId, form.value);
  }

  /** The live view draws a camera of the scene as a job would; here the hand's camera follows it. */
  function show(pick: CameraPick): void {
    const scene = loaded.value;
    if (!scene || pick.kind === 'current') return;
    const camera = pick.kind === 'auto' ? scene.autoCamera : scene.cameras.find(({ name }) => name === pick.name);
    if (!camera) return;
    const { position, target, fovDeg } = camera;
    viewport.value?.lookFrom({ position, target, fovDeg });
  }

  function open(host: HTMLElement): LiveViewport | null {
    try {
      return new LiveViewport(host, {
        sceneId,
        look: lookOf(form.value),
        aspect: aspectOf(form.value),
        frameNumber: frame.value,
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
        if (form.value.camera.kind !== 'current') change({ camera: { kind: 'current' } });
      }),
      view.on('notice', ({ message }) => toast(message)),
      view.on('frame', (frameNumber) => {
        frame.value = frameNumber;
      }),
      effect(() => view.setLook(lookOf(form.value))),
      effect(() => view.setAspect(aspectOf(form.value))),
      effect(() => {
        const { clip: name, fps } = form.value;
        const clip = report.clips.find((candidate) => candidate.name === name);
        clipLength.value = clip ? clipFrames(clip.durationSec, fps) : 0;
        view.setClip(clip ? { frames: clipLength.value, fps: lookOf(form.value).fps } : null);
      }),
    ];
    view.open();
    return () => {
      for (const dispose of undo) dispose();
      viewport.value = null;
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
    problem,
    viewport,
    change,
    pickCamera(pick) {
      change({ camera: pick });
      show(pick);
    },
    camera: () => viewport.value?.camera ?? null,
    seek(frameNumber) {
      frame.value = frameNumber;
      viewport.value?.seek(frameNumber);
    },
    play(on) {
      playing.value = on && clipLength.value > 0;
      if (playing.value) viewport.value?.play();
      else viewport.value?.pause();
    },
    mount,
  };
}

const formKey = (sceneId: string) => `kiln.form.${sceneId}`;

function readForm(sceneId: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(formKey(sceneId)) ?? 'null');
  } catch {
    return null;
  }
}

function keepForm(sceneId: string, form: RenderForm): void {
  try {
    sessionStorage.setItem(formKey(sceneId), JSON.stringify(form));
  } catch {
    // It holds until the page is closed.
  }
}
