/** What a page with a bundler writes: of it only types are looked at, by the check of this workspace's types. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { KilnPreviewElement } from '@kiln/viewer/embed';
import { openRemoteView, type RemoteSurface, type RemoteView } from '@kiln/viewer/remote-view';
import { PerspectiveCamera, Scene, type Vector3, WebGLRenderer } from 'three';
import { WebGPURenderer } from 'three/webgpu';
import { expect, expectTypeOf, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

async function game(): Promise<RemoteView> {
  const view = await openRemoteView({
    renderer: new WebGLRenderer(),
    sceneId: 'scn_1',
    look: { environment: 'park', exposureEv: 0.5 },
  });
  new Scene().add(view.object);
  view.on('measure', ({ drawMs, widthPx }) => console.log(drawMs.toFixed(1), widthPx));
  view.on('error', ({ code, retries }) => console.log(code, retries));
  view.update(new PerspectiveCamera(), { widthPx: 640, heightPx: 360 });
  const found: RemoteSurface | null = view.positionAndNormalFromPoint(0, 0);
  const position: Vector3 | undefined = found?.position;
  console.log(position);
  // @ts-expect-error a farm draws no such light
  view.setLook({ environment: 1 });
  return view;
}

const gameOfWebgpu = (): Promise<RemoteView> =>
  openRemoteView({ renderer: new WebGPURenderer({ forceWebGL: true }), sceneId: 'scn_1' });

function shop(): KilnPreviewElement | null {
  const preview = document.querySelector('kiln-preview');
  if (preview) preview.exposure = 2;
  preview?.addEventListener('measure', ({ detail }) => console.log(detail.samples));
  return preview;
}

test('the package exports the live view, the element and the remote view', () => {
  expect(Object.keys(packageJson.exports)).toEqual(['.', './embed', './remote-view']);
  for (const path of Object.values(packageJson.exports)) {
    expect(existsSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)))).toBe(true);
  }
  expectTypeOf(game).returns.resolves.toExtend<RemoteView>();
  expectTypeOf(gameOfWebgpu).returns.resolves.toExtend<RemoteView>();
  expectTypeOf(shop).returns.toEqualTypeOf<KilnPreviewElement | null>();
});
