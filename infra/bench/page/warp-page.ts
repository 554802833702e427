/** Runs in the viewer's browser: a live view that follows a camera path, and what it shows on the way. */
import { cameraAt, camerasOf, type PosePath, type TimedCamera } from '@kiln/shared';
import { LiveViewport, type PictureMeasure } from '@kiln/viewer';
import { BENCH_LOOK } from '../bench-look.ts';
import type { Followed } from '../followed.ts';

/** What the benchmark calls from outside. */
interface WarpView {
  /** Where the camera stands before it is moved. */
  readonly start: Omit<TimedCamera, 'atMs'>;
  /**
   * Flies the camera along a path, and keeps what the screen shows every `everyMs` from the first second on.
   *
   * @returns how many it kept, and display frames a second.
   */
  follow(order: { path: PosePath; everyMs: number }): Promise<Followed>;
  /** What was kept, PNG as a data URL. */
  shown(index: number): string;
  /** The picture at rest of where the camera was then, as `shown`. */
  truth(index: number): Promise<string>;
  /** The session ends. */
  close(): void;
}

declare global {
  interface Window {
    /** @param warps whether pictures are shown from where the camera is. */
    openWarpView?: (sceneId: string, warps: boolean) => Promise<void>;
    warpView?: WarpView;
  }
}

const SIZE = { width: 640, height: 360 };

window.openWarpView = async (sceneId, warps) => {
  document.body.replaceChildren();
  const host = document.createElement('div');
  host.style.cssText = `position:fixed;inset:0;width:${SIZE.width}px;height:${SIZE.height}px`;
  document.body.append(host);
  const viewport = new LiveViewport(host, { sceneId, look: BENCH_LOOK, aspect: SIZE.width / SIZE.height, warps });
  const pictures: PictureMeasure[] = [];
  viewport.on('measure', (measure) => pictures.push(measure));
  // Before the view takes a display frame the camera is moved, and afterwards it is seen what that shows.
  let before = () => {};
  let after = () => {};
  const forever = (run: () => void) => {
    const frame = () => {
      requestAnimationFrame(frame);
      run();
    };
    requestAnimationFrame(frame);
  };
  forever(() => before());
  viewport.open();
  forever(() => after());
  const atRest = async () => {
    for (let still = 0; still < 10; still += 1) {
      await new Promise<void>((resolve) => {
        after = resolve;
      });
      if (viewport.canvas.dataset.final !== 'true') still = -1;
    }
  };
  await atRest();
  const start = viewport.camera;
  if (!start) throw new Error('the live view has no camera');
  const lookFrom = ({ position, target, fovDeg }: TimedCamera) =>
    viewport.lookFrom({ ...start, position, target, fovDeg });
  let restsAt: TimedCamera | null = null;
  const kept: { readonly camera: TimedCamera; readonly pixels: ImageData }[] = [];
  const copy = new OffscreenCanvas(SIZE.width, SIZE.height).getContext('2d', { willReadFrequently: true });
  if (!copy) throw new Error('no canvas');
  const capture = (): ImageData => {
    copy.drawImage(viewport.canvas, 0, 0);
    return copy.getImageData(0, 0, SIZE.width, SIZE.height);
  };
  const pngOf = (pixels: ImageData): string => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [SIZE.width, SIZE.height];
    canvas.getContext('2d')?.putImageData(pixels, 0, 0);
    return canvas.toDataURL('image/png');
  };
  window.warpView = {
    start: { position: start.position, target: start.target, fovDeg: start.fovDeg },
    async follow({ path, everyMs }) {
      const cameras = camerasOf(path);
      const durationMs = cameras.at(-1)?.atMs ?? 0;
      const startedMs = performance.now();
      let camera: TimedCamera | null = null;
      let frames = 0;
      pictures.length = 0;
      restsAt = null;
      before = () => {
        camera = cameraAt(cameras, performance.now() - startedMs);
        if (camera) lookFrom(camera);
      };
      await new Promise<void>((resolve) => {
        // A second to get under way.
        let dueMs = startedMs + 1_000;
        after = () => {
          frames += 1;
          const nowMs = performance.now();
          if (nowMs >= dueMs && camera) {
            dueMs += everyMs;
            kept.push({ camera, pixels: capture() });
          }
          if (nowMs - startedMs >= durationMs) resolve();
        };
      });
      const pathMs = performance.now() - startedMs;
      before = () => {};
      return { kept: kept.length, pathMs, framesPerSec: (frames * 1_000) / pathMs, pictures: [...pictures] };
    },
    shown(index) {
      const one = kept[index];
      if (!one) throw new Error(`picture ${index} was not kept`);
      return pngOf(one.pixels);
    },
    async truth(index) {
      const camera = kept[index]?.camera;
      if (!camera) throw new Error(`picture ${index} was not kept`);
      if (camera === restsAt) return pngOf(capture());
      restsAt = camera;
      viewport.canvas.dataset.final = 'false';
      lookFrom(camera);
      await atRest();
      return pngOf(capture());
    },
    close: () => viewport.dispose(),
  };
};
