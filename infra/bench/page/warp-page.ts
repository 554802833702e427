/** Runs in the viewer's browser: a live view that follows a camera path, and what it shows on the way. */
import { LiveViewport, type PictureMeasure } from '@kiln/viewer';
import { BENCH_LOOK } from '../bench-look.ts';
import type { Followed } from '../followed.ts';

/** What the benchmark calls from outside. */
interface WarpView {
  /**
   * Turns around the scene, and keeps what the screen shows every `everyMs`.
   *
   * @returns how many it kept, and display frames a second.
   */
  follow(order: { degreesPerSec: number; seconds: number; everyMs: number }): Promise<Followed>;
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
  const cameraAt = (degrees: number) => {
    const angle = (degrees * Math.PI) / 180;
    const [x = 0, y = 0, z = 0] = start.position.map((value, axis) => value - (start.target[axis] ?? 0));
    const [tx, ty, tz] = start.target;
    const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
    return {
      ...start,
      position: [tx + x * cosine + z * sine, ty + y, tz + z * cosine - x * sine] as [number, number, number],
    };
  };
  let restsAt: number | null = null;
  const kept: { readonly degrees: number; readonly pixels: ImageData }[] = [];
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
    async follow({ degreesPerSec, seconds, everyMs }) {
      const startedMs = performance.now();
      let degrees = 0;
      let frames = 0;
      pictures.length = 0;
      restsAt = null;
      before = () => {
        degrees = ((performance.now() - startedMs) / 1_000) * degreesPerSec;
        viewport.lookFrom(cameraAt(degrees));
      };
      await new Promise<void>((resolve) => {
        // A second to get under way.
        let dueMs = startedMs + 1_000;
        after = () => {
          frames += 1;
          const nowMs = performance.now();
          if (nowMs >= dueMs) {
            dueMs += everyMs;
            kept.push({ degrees, pixels: capture() });
          }
          if (nowMs - startedMs >= seconds * 1_000) resolve();
        };
      });
      const tookMs = performance.now() - startedMs;
      before = () => {};
      return { kept: kept.length, framesPerSec: (frames * 1_000) / tookMs, pictures: [...pictures] };
    },
    shown: (index) => pngOf((kept[index] ?? { pixels: capture() }).pixels),
    async truth(index) {
      const degrees = kept[index]?.degrees ?? 0;
      if (degrees === restsAt) return pngOf(capture());
      restsAt = degrees;
      viewport.canvas.dataset.final = 'false';
      viewport.lookFrom(cameraAt(degrees));
      await atRest();
      return pngOf(capture());
    },
    close: () => viewport.dispose(),
  };
};
