/** Runs in the browser: a host with a remote view in its scene. */
import { Color, PerspectiveCamera, Scene, WebGLRenderer, WebGLRenderTarget } from 'three';
import { WebGPURenderer } from 'three/webgpu';
import { openRemoteView, type RemoteView } from '../../src/sdk/remote-view.ts';

export interface Host {
  readonly view: RemoteView;
  readonly renderer: WebGLRenderer | WebGPURenderer;
  readonly camera: PerspectiveCamera;
  readonly scene: Scene;
  /** What the view has told, by name. */
  readonly heard: readonly string[];
  /** What of the renderer is another after an update. */
  readonly changed: readonly string[];
  /** Of the middle of what was drawn last, 0 to 255. */
  middle(): readonly number[];
}

declare global {
  interface Window {
    host?: Host;
    /**
     * @param draws `nodes`: a `WebGPURenderer` that draws with WebGL.
     * @param session that is watched, from where its driver is.
     */
    openView?: (sceneId: string, draws?: 'webgl' | 'webgpu' | 'nodes', session?: string) => Promise<void>;
    /** @returns why a renderer that is not initialised, and what is none, is not taken. */
    openTooEarly?: (sceneId: string) => Promise<string[]>;
  }
}

const SIZE = { width: 320, height: 180 };

window.openTooEarly = (sceneId) =>
  Promise.all(
    [new WebGPURenderer(), new Scene()].map((renderer) =>
      openRemoteView({ renderer: renderer as WebGPURenderer, sceneId }).then(
        () => 'opened',
        ({ message }) => String(message),
      ),
    ),
  );

window.openView = async (sceneId, draws = 'webgl', session) => {
  const renderer = draws === 'webgl' ? new WebGLRenderer() : new WebGPURenderer({ forceWebGL: draws === 'nodes' });
  if ('isWebGPURenderer' in renderer) await renderer.init();
  renderer.setSize(SIZE.width, SIZE.height);
  document.body.append(renderer.domElement);
  const scene = new Scene();
  const camera = new PerspectiveCamera(38, SIZE.width / SIZE.height, 0.1, 50);
  camera.position.set(0, 1, 6);
  const look = { background: 'neutral' } as const;
  const view = await openRemoteView({ renderer, sceneId, look, ...(session !== undefined && { session }) });
  scene.add(view.object);
  const heard: string[] = [];
  for (const name of ['scene', 'load', 'measure', 'audience'] as const) view.on(name, () => heard.push(name));
  view.on('error', ({ code, retries }) => heard.push(`${code} ${retries}`));
  const changed: string[] = [];
  const own = new WebGLRenderTarget(8, 8);
  renderer.setClearColor('#123456', 0.5);
  const stateOf = () => ({
    target: renderer.getRenderTarget() === own,
    clear: `${renderer.getClearColor(new Color()).getHexString()} ${renderer.getClearAlpha()}`,
    autoClear: renderer.autoClear,
    xr: renderer.xr.enabled,
  });
  // A canvas can be read until it is shown.
  const copy = new OffscreenCanvas(SIZE.width, SIZE.height).getContext('2d', { willReadFrequently: true });
  renderer.setAnimationLoop(() => {
    renderer.setRenderTarget(own);
    const before = Object.entries(stateOf());
    if (session !== undefined) view.followDriver(camera);
    view.update(camera);
    const after: Record<string, unknown> = stateOf();
    changed.push(...before.filter(([name, value]) => after[name] !== value).map(([name]) => name));
    renderer.setRenderTarget(null);
    renderer.render(scene, camera);
    copy?.clearRect(0, 0, SIZE.width, SIZE.height);
    copy?.drawImage(renderer.domElement, 0, 0);
  });
  const middle = () => [...(copy?.getImageData(SIZE.width / 2, SIZE.height / 2, 1, 1).data ?? [])];
  window.host = { view, renderer, camera, scene, heard, changed, middle };
};
