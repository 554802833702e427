/** Runs in the viewer's browser: a live view that has one pose in flight at a time. */
import { LiveViewport, type PictureMeasure } from '@kiln/viewer';

declare global {
  interface Window {
    measureLive?: (sceneId: string, poses: number) => Promise<PictureMeasure[]>;
  }
}

const STEP_RAD = 0.03;
const LOOK = {
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'neutral',
  exposureEv: 0,
  background: 'neutral',
} as const;

window.measureLive = async (sceneId, poses) => {
  document.body.replaceChildren();
  const host = document.createElement('div');
  host.style.cssText = 'position:fixed;inset:0;width:640px;height:360px';
  document.body.append(host);
  const viewport = new LiveViewport(host, { sceneId, look: LOOK, aspect: 640 / 360 });
  const painted: ((measure: PictureMeasure) => void)[] = [];
  viewport.on('measure', (measure) => painted.shift()?.(measure));
  const next = () => new Promise<PictureMeasure>((resolve) => painted.push(resolve));
  const first = next();
  viewport.open();
  await first;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const start = viewport.camera;
  if (!start) throw new Error('the live view has no camera');
  const measures: PictureMeasure[] = [];
  const [x, y, z] = start.position.map((value, i) => value - (start.target[i] ?? 0));
  for (let i = 1; i <= poses; i++) {
    const turn = i * STEP_RAD;
    const offset = [
      (x ?? 0) * Math.cos(turn) + (z ?? 0) * Math.sin(turn),
      y ?? 0,
      (z ?? 0) * Math.cos(turn) - (x ?? 0) * Math.sin(turn),
    ];
    const [px, py, pz] = offset.map((value, axis) => value + (start.target[axis] ?? 0));
    const answer = next();
    viewport.lookFrom({ ...start, position: [px ?? 0, py ?? 0, pz ?? 0] }, false);
    measures.push(await answer);
  }
  viewport.dispose();
  return measures;
};
