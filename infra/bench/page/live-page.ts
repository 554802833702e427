/** Runs in the viewer's browser: a live view whose painted pictures the benchmark waits for, one by one. */
import { LiveViewport, type PictureMeasure } from '@kiln/viewer';
import { BENCH_LOOK } from '../bench-look.ts';

/** What the benchmark calls from outside. */
export interface BenchView {
  /** Jumps to the next view of a turn around the scene. */
  jump(): void;
  /** The next painted picture that answers an input newer than `input`, of a camera at rest if `atRest`. */
  next(input: number, atRest: boolean): Promise<PictureMeasure>;
  /** Of the newest picture painted, 0 before the first. */
  readonly input: number;
}

declare global {
  interface Window {
    openView?: (sceneId: string) => Promise<void>;
    view?: BenchView;
  }
}

const STEP_RAD = 0.03;

window.openView = async (sceneId) => {
  document.body.replaceChildren();
  const host = document.createElement('div');
  host.style.cssText = 'position:fixed;inset:0;width:640px;height:360px';
  document.body.append(host);
  const viewport = new LiveViewport(host, { sceneId, look: BENCH_LOOK, aspect: 640 / 360 });
  const waiting = new Set<(measure: PictureMeasure) => void>();
  let newest = 0;
  viewport.on('measure', (measure) => {
    newest = measure.input;
    for (const hear of waiting) hear(measure);
  });
  let turns = 0;
  window.view = {
    jump() {
      const camera = viewport.camera;
      if (!camera) throw new Error('the live view has no camera');
      const step = STEP_RAD * (turns++ % 2 === 0 ? 1 : -1.5);
      const [x, y, z] = camera.position.map((value, axis) => value - (camera.target[axis] ?? 0));
      const offset = [
        (x ?? 0) * Math.cos(step) + (z ?? 0) * Math.sin(step),
        y ?? 0,
        (z ?? 0) * Math.cos(step) - (x ?? 0) * Math.sin(step),
      ];
      const [px, py, pz] = offset.map((value, axis) => value + (camera.target[axis] ?? 0));
      viewport.lookFrom({ ...camera, position: [px ?? 0, py ?? 0, pz ?? 0] });
    },
    next: (input, atRest) =>
      new Promise((resolve) => {
        const hear = (measure: PictureMeasure) => {
          if (measure.input <= input || (atRest && measure.moving)) return;
          waiting.delete(hear);
          resolve(measure);
        };
        waiting.add(hear);
      }),
    get input() {
      return newest;
    },
  };
  const first = window.view.next(-1, true);
  viewport.open();
  await first;
};
