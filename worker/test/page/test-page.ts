/** A page of the built program in a real browser, and scenes to show it: what every test of the page starts from. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AssetReference, defaultBitDepth, LIMITS, type RenderSettings } from '@kiln/shared';
import { findBrowser } from '../../src/browser/find-browser.ts';
import { type LaunchedBrowser, launchBrowser } from '../../src/browser/launch-browser.ts';
import type { GlBackend } from '../../src/browser/launch-flags.ts';
import type { OpenPage } from '../../src/browser/open-page.ts';
import { createLog } from '../../src/log.ts';
import type { ImportOutcome, PageScene } from '../../src/page/contract.ts';
import { buildPage } from '../../src/page-bundle.ts';
import type { HostedFile, ReceivedFile } from '../../src/page-host/page-site.ts';

const PAGE_FOLDER = fileURLToPath(new URL('../../dist/page', import.meta.url));

export type SceneSource = Readonly<Record<string, Uint8Array | string>>;

export class TestPage {
  readonly open: OpenPage;
  readonly #browser: LaunchedBrowser;
  readonly #folder: string;
  readonly #converted = new Map<string, () => ReceivedFile | null>();
  readonly #webgpu: boolean;
  #mounted = 0;

  private constructor(browser: LaunchedBrowser, open: OpenPage, folder: string, webgpu: boolean) {
    this.#browser = browser;
    this.#webgpu = webgpu;
    this.open = open;
    this.#folder = folder;
  }

  /** Builds the page where needed and opens it, by default on the machine's fastest software renderers. */
  static async start({ webgpu = false, gl = 'gl-egl' as GlBackend } = {}): Promise<TestPage> {
    await buildPage(PAGE_FOLDER);
    const found = await findBrowser();
    if (!found) throw new Error('these tests need Chrome or Chromium on this machine');
    const browser = await launchBrowser({
      browserPath: found.path,
      gl,
      webgpu: webgpu ? 'swiftshader' : null,
      allowNoSandbox: false,
      environment: { PATH: '/usr/bin:/bin' },
      pageFolder: PAGE_FOLDER,
      log: createLog('silent'),
    });
    const folder = await mkdtemp(join(tmpdir(), 'kiln-test-scenes-'));
    return new TestPage(browser, await browser.openPage(), folder, webgpu);
  }

  get browserPid(): number {
    return this.#browser.pid;
  }

  get client() {
    return this.open.client;
  }

  /** Another page of the same browser. */
  async another(): Promise<TestPage> {
    return new TestPage(this.#browser, await this.#browser.openPage(), this.#folder, this.#webgpu);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Puts files where the page can ask for them. The entry is the first file. */
  async mount(files: SceneSource): Promise<PageScene> {
    const hash = createHash('sha256');
    for (const [path, bytes] of Object.entries(files)) hash.update(`${path}\0`).update(bytes);
    const sceneHash = hash.digest('hex');
    const hosted = new Map<string, HostedFile>();
    const listed: { path: string; sizeBytes: number }[] = [];
    for (const [path, content] of Object.entries(files)) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      const diskPath = join(this.#folder, sceneHash, path);
      await mkdir(dirname(diskPath), { recursive: true });
      await writeFile(diskPath, bytes);
      hosted.set(path, { diskPath, sizeBytes: bytes.length });
      listed.push({ path, sizeBytes: bytes.length });
    }
    this.open.site.mountScene(sceneHash, hosted);
    this.#mounted += 1;
    const convertedPath = join(this.#folder, `${this.#mounted}.glb`);
    this.#converted.set(sceneHash, this.open.site.awaitConverted(sceneHash, convertedPath, LIMITS.fileBytes));
    return { sceneHash, entry: listed[0]?.path ?? '', files: listed };
  }

  /** The GLB that an import has made of a scene. */
  convertedOf(sceneHash: string): ReceivedFile | null {
    return this.#converted.get(sceneHash)?.() ?? null;
  }

  /** Mounts and loads a scene. */
  async load(files: SceneSource) {
    const scene = await this.mount(files);
    const backend = this.#webgpu ? 'webgpu' : 'webgl';
    const { result } = await this.client.call('load', { scene, backend });
    return { ...result, scene, sceneHash: scene.sceneHash };
  }

  /** Lends the page a file that settings may then name. */
  async lend(bytes: Uint8Array): Promise<AssetReference> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const diskPath = join(this.#folder, `asset-${sha256}`);
    await writeFile(diskPath, bytes);
    this.open.site.lendAssets(new Map([[sha256, { diskPath, sizeBytes: bytes.length }]]));
    return { sha256, sizeBytes: bytes.length };
  }

  async frame(sceneHash: string, settings: Partial<RenderSettings> = {}, frameNumber = 0) {
    const bitDepth = defaultBitDepth(settings.format ?? SETTINGS.format);
    return this.client.call('frame', { sceneHash, settings: { ...SETTINGS, bitDepth, ...settings }, frameNumber });
  }

  /** The same of a large frame, as a worker takes it. */
  async frameInParts(sceneHash: string, settings: Partial<RenderSettings>) {
    const output = `frame-${this.#mounted++}`;
    const parts = this.open.site.awaitParts(output, join(this.#folder, output), LIMITS.frameBytes);
    const order = { sceneHash, settings: { ...SETTINGS, ...settings }, frameNumber: 0, output };
    try {
      const answer = await this.client.call('frame', order);
      return { answer, file: await parts.finish() };
    } finally {
      this.open.site.forgetOutput(output);
    }
  }

  /** @param thumbnail edge of the square thumbnail, pixels. */
  async import(
    files: SceneSource,
    thumbnail = 64,
  ): Promise<{ result: ImportOutcome; bytes: Buffer; sceneHash: string }> {
    const scene = await this.mount(files);
    const answer = await this.client.call('import', { scene, thumbnail: { widthPx: thumbnail, heightPx: thumbnail } });
    return { ...answer, sceneHash: scene.sceneHash };
  }
}

/** A small, fast picture whose colours are those of the scene. */
export const SETTINGS: RenderSettings = {
  camera: 'auto',
  turntable: null,
  lens: null,
  size: { widthPx: 64, heightPx: 64 },
  engine: 'raster',
  backend: 'auto',
  samples: 1,
  bounces: 8,
  noiseThreshold: 0,
  timeLimitSec: 0,
  clampIndirect: 0,
  filterGlossy: 0,
  denoise: false,
  format: 'png',
  bitDepth: 8,
  passes: ['beauty'],
  separatePasses: false,
  quality: 90,
  clip: null,
  fps: 24,
  moreClips: [],
  clipStartSec: 0,
  clipEndSec: null,
  clipLoop: 'repeat',
  shutterAngleDeg: 0,
  toneMapping: 'none',
  lut: null,
  exposureEv: 0,
  background: 'neutral',
  environment: 'studio',
  sun: null,
  environmentRotationDeg: 0,
  environmentIntensity: 1,
  backgroundBlur: 0.35,
  shadowCatcher: null,
  variant: null,
  hide: [],
  show: [],
  materials: [],
  pointers: [],
};
