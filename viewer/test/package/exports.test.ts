/** What a project with a bundler gets of this package: its names and their types. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** Sources are exported, which import one another as files. */
const TSCONFIG = {
  compilerOptions: {
    strict: true,
    target: 'ES2022',
    module: 'ESNext',
    moduleResolution: 'bundler',
    lib: ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
    types: [],
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  },
  files: ['consumer.ts'],
};

const CONSUMER = `
import type { KilnPreviewElement } from '@kiln/viewer/embed';
import { openRemoteView, type RemotePick, type RemoteSurface, type RemoteView } from '@kiln/viewer/remote-view';
import { PerspectiveCamera, Scene, type Vector3, WebGLRenderer } from 'three';
import { WebGPURenderer } from 'three/webgpu';

export async function game(): Promise<RemoteView> {
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
  const picked: RemotePick | null = await view.pick(0, 0);
  console.log(picked?.node.name, picked?.position.x, view.scene?.variants?.length);
  // @ts-expect-error a farm draws no such light
  view.setLook({ environment: 1 });
  return view;
}

export const gameOfWebgpu = (): Promise<RemoteView> =>
  openRemoteView({ renderer: new WebGPURenderer({ forceWebGL: true }), sceneId: 'scn_1' });

export function shop(): KilnPreviewElement | null {
  const preview = document.querySelector('kiln-preview');
  if (preview) preview.exposure = 2;
  void preview?.surfaceFromPoint(1, 2).then((found) => console.log(found?.node.name, found?.position.x));
  const clips: string[] | undefined = preview?.availableAnimations;
  console.log(clips?.length);
  preview?.addEventListener('measure', ({ detail }) => console.log(detail.samples));
  return preview;
}
`;

test('a project of its own has the types of the element and of the remote view', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-consumer-'));
  try {
    await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    await writeFile(join(folder, 'consumer.ts'), CONSUMER);
    const compiler = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
    const said = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).then(
      ({ stdout }) => stdout,
      ({ stdout }) => stdout,
    );
    expect(said).toBe('');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
