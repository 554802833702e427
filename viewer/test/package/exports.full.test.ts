/** What a project of its own gets of the built package, without this repository: names and their types. */
import { execFile } from 'node:child_process';
import { access, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const RUN = promisify(execFile);

const OPTIONS = {
  ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
  ...{ target: 'ES2022', lib: ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'], types: [], noEmit: true },
};
const RESOLUTIONS = [
  { module: 'ESNext', moduleResolution: 'bundler' },
  { module: 'NodeNext', moduleResolution: 'nodenext' },
];

const GAME = `
import { openRemoteView, type RemotePick, type RemoteSurface, type RemoteView } from '@kiln/viewer/remote-view';
import { PerspectiveCamera, Scene, type Vector3, WebGLRenderer } from 'three';
import { WebGPURenderer } from 'three/webgpu';

export async function game(): Promise<RemoteView> {
  const view = await openRemoteView({
    renderer: new WebGLRenderer(),
    sceneId: 'scn_1',
    session: 'ses_1',
    look: { environment: 'park', exposureEv: 0.5 },
  });
  new Scene().add(view.object);
  view.on('measure', ({ drawMs, widthPx, codec }) => console.log(drawMs.toFixed(1), widthPx, codec === 'vp9'));
  view.on('error', ({ code, retries }) => console.log(code, retries));
  view.on('audience', ({ driver, viewers }) => console.log(viewers.find(({ id }) => id === driver)?.label));
  const camera = new PerspectiveCamera();
  const isFollowed: boolean = view.followDriver(camera);
  view.update(camera, { widthPx: 640, heightPx: 360 });
  const found: RemoteSurface | null = view.positionAndNormalFromPoint(0, 0);
  const position: Vector3 | undefined = found?.position;
  console.log(position, isFollowed, view.state.phase, view.figures()?.stages.drawMs);
  const picked: RemotePick | null = await view.pick(0, 0);
  console.log(picked?.node.name, picked?.position.x, view.scene?.variants?.length);
  const { job, reusedSamples } = await view.renderView({ size: { widthPx: 640, heightPx: 360 } });
  console.log(job.id, reusedSamples.toFixed(0));
  // @ts-expect-error a farm draws no such light
  view.setLook({ environment: 1 });
  // @ts-expect-error it is not for projects
  console.log(view.feed);
  return view;
}

export const gameOfWebgpu = (): Promise<RemoteView> =>
  openRemoteView({ renderer: new WebGPURenderer({ forceWebGL: true }), sceneId: 'scn_1' });
`;

const SHOP = `
import type { KilnPreviewElement } from '@kiln/viewer/embed';

export function shop(): KilnPreviewElement | null {
  const preview = document.querySelector('kiln-preview');
  if (preview) preview.exposure = 2;
  if (preview) preview.session = 'ses_1';
  if (preview) preview.engine = 'pathtrace';
  if (preview) preview.samples = 256;
  // @ts-expect-error no such engine
  if (preview) preview.engine = 'ray';
  void preview?.surfaceFromPoint(1, 2).then((found) => console.log(found?.node.name, found?.position.x));
  const clips: string[] | undefined = preview?.availableAnimations;
  console.log(clips?.length, preview?.sessionId?.length, preview?.audience?.viewers.length);
  preview?.addEventListener('measure', ({ detail }) => console.log(detail.samples));
  preview?.addEventListener('audience-change', ({ detail }) => preview.giveCamera(detail.you));
  // @ts-expect-error a number, not a text
  if (preview) preview.exposure = '2';
  return preview;
}
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiln-consumer-'));
  const installed = join(folder, 'node_modules', '@kiln', 'viewer');
  await mkdir(installed, { recursive: true });
  await copyFile(join(REPOSITORY, 'viewer', 'package.json'), join(installed, 'package.json'));
  await RUN(process.execPath, [join(REPOSITORY, 'infra/bin/build-types.mjs'), join(installed, 'dist', 'types')]);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** @returns what the compiler says. */
async function check(source: string, resolution: object): Promise<string> {
  await writeFile(join(folder, 'consumer.ts'), source);
  const config = { compilerOptions: { ...OPTIONS, ...resolution }, files: ['consumer.ts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = await RUN(process.execPath, [compiler, '-p', folder]).catch((error: { stdout: string }) => error);
  return stdout;
}

test.each(RESOLUTIONS)('a page has the types of the element, without any of three: %o', async (resolution) => {
  expect(await check(SHOP, resolution)).toBe('');
});

test.each(RESOLUTIONS)('a game has those of the remote view, with its own three: %o', async (resolution) => {
  for (const name of ['three', '@types/three']) {
    const link = join(folder, 'node_modules', name);
    await mkdir(join(link, '..'), { recursive: true });
    await symlink(join(REPOSITORY, 'node_modules', name), link).catch(() => {});
  }
  expect(await check(GAME, resolution)).toBe('');
});

test('what is exported is what is built', async () => {
  const { exports } = JSON.parse(await readFile(join(REPOSITORY, 'viewer', 'package.json'), 'utf8'));
  const installed = join(folder, 'node_modules', '@kiln', 'viewer');
  for (const name of ['./embed', './remote-view']) {
    await access(join(installed, exports[name].types));
    expect(exports[name].default).toMatch(/^\.\/dist\/embed\/kiln-(?:preview|remote-view)\.js$/);
  }
});
