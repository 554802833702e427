import { createHash } from 'node:crypto';
import { KilnError, newId, type Scene, type SceneManifest } from '@kiln/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FileTransferOptions } from '../../src/upload/file-transfer.ts';
import { SceneUpload } from '../../src/upload/scene-upload.ts';
import type { UploadSnapshot } from '../../src/upload/upload-state.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const gathered = (path: string, text: string) => ({ path, file: new File([text], path) });
const HELMET = [
  gathered('helmet.gltf', '{"buffers":[{"uri":"a.bin"}],"images":[{"uri":"b.png"},{"uri":"copy.png"}]}'),
  gathered('a.bin', 'geometry'),
  gathered('b.png', 'picture'),
  gathered('copy.png', 'picture'),
];

interface Sent {
  readonly sha256: string;
  settle(error?: KilnError): void;
  readonly options: Omit<FileTransferOptions, 'endpoint'>;
  paused: boolean;
  cancelled: boolean;
}

/** A farm of one scene; transfers end when the test says so. */
class Farm {
  readonly manifests: SceneManifest[] = [];
  readonly sent: Sent[] = [];
  readonly deleted: string[] = [];
  readonly snapshots: UploadSnapshot[] = [];
  has = new Set<string>();
  scene: Scene | null = null;
  upload: SceneUpload;

  constructor(files: readonly { readonly path: string; readonly file: File }[]) {
    this.upload = new SceneUpload({
      files,
      hasher: { sha256: async (file) => sha256(await file.text()), dispose() {} },
      createScene: async (manifest) => this.#create(manifest),
      deleteScene: async (sceneId) => this.deleted.push(sceneId),
      getScene: async () => this.current(),
      createTransfer: (options) => {
        const sent: Sent = { sha256: options.sha256, options, settle() {}, paused: false, cancelled: false };
        this.sent.push(sent);
        return {
          run: () =>
            new Promise<void>((resolve, reject) => {
              sent.settle = (error) => (error ? reject(error) : resolve());
            }),
          pause() {
            sent.paused = true;
          },
          async cancel() {
            sent.cancelled = true;
          },
        };
      },
      onChange: (snapshot) => this.snapshots.push(snapshot),
      nowMs: () => 0,
    });
  }

  current(): Scene {
    if (!this.scene) throw new KilnError('resource.not_found', 'no scene');
    return this.scene;
  }

  get phase() {
    return this.upload.snapshot.phase;
  }

  /** The farm has got these bytes. */
  arrive(hash: string): void {
    this.has.add(hash);
    const missing = this.current().missing.filter((other) => other !== hash);
    this.scene = { ...this.current(), missing, state: missing.length > 0 ? 'uploading' : 'importing' };
    this.sent.find((sent) => sent.sha256 === hash && !sent.paused)?.settle();
  }

  end(state: 'ready' | 'refused'): Scene {
    this.scene = {
      ...this.current(),
      state,
      refusal: state === 'refused' ? { code: 'scene.invalid', message: 'broken', pointer: '/nodes/0' } : null,
    };
    return this.scene;
  }

  #create(manifest: SceneManifest): Scene {
    this.manifests.push(manifest);
    const missing = [...new Set(manifest.files.map((file) => file.sha256))].filter((hash) => !this.has.has(hash));
    this.scene = {
      id: newId('scene', (bytes) => bytes),
      kind: 'scene',
      name: manifest.name,
      state: missing.length > 0 ? 'uploading' : 'importing',
      sceneHash: sha256('scene'),
      entry: manifest.entry,
      sizeBytes: 0,
      files: manifest.files,
      missing,
      report: null,
      refusal: null,
      thumbnailUrl: null,
      createdAt: '2026-01-01T00:00:00.000Z',
    };
    return this.scene;
  }
}

/** Lets everything happen that waits for nothing from outside. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('SceneUpload', () => {
  let farm: Farm;
  beforeEach(() => {
    farm = new Farm(HELMET);
  });

  it('announces every file with its hash, and sends each missing content once', async () => {
    farm.has.add(sha256('geometry'));
    void farm.upload.start();
    await settled();
    expect(farm.manifests).toHaveLength(1);
    expect(farm.manifests[0]?.entry).toBe('helmet.gltf');
    expect(farm.manifests[0]?.files.map(({ path }) => path)).toEqual(['helmet.gltf', 'a.bin', 'b.png', 'copy.png']);
    expect(farm.sent.map((sent) => sent.sha256).sort()).toEqual(
      [sha256(await (HELMET[0]?.file.text() ?? '')), sha256('picture')].sort(),
    );
    const here = farm.upload.snapshot.files.filter(({ alreadyThere }) => alreadyThere);
    expect(here.map(({ path }) => path)).toEqual(['a.bin']);
  });

  it('counts progress of a content for every file that has it', async () => {
    void farm.upload.start();
    await settled();
    farm.sent.find((sent) => sent.sha256 === sha256('picture'))?.options.onProgress(3);
    const files = farm.upload.snapshot.files;
    expect(files.filter(({ sentBytes }) => sentBytes === 3).map(({ path }) => path)).toEqual(['b.png', 'copy.png']);
  });

  it('waits for the check when everything is there, and is ready when the farm says so', async () => {
    void farm.upload.start();
    await settled();
    for (const { sha256: hash } of [...farm.sent]) farm.arrive(hash);
    await settled();
    expect(farm.phase.phase).toBe('checking');
    farm.upload.sceneChanged({ ...farm.end('ready'), id: 'scn_zzzzzzzzzzzzzzzzzzzz' });
    expect(farm.phase.phase).toBe('checking');
    farm.upload.sceneChanged(farm.end('ready'));
    expect(farm.phase.phase).toBe('ready');
  });

  it('stays ready when the answer to the last byte, or an older word, comes after the event', async () => {
    void farm.upload.start();
    await settled();
    const old = farm.current();
    farm.upload.sceneChanged(farm.end('ready'));
    expect(farm.phase.phase).toBe('ready');
    for (const { settle } of farm.sent) settle();
    farm.upload.sceneChanged({ ...old, state: 'importing' });
    await settled();
    const phases = farm.snapshots.map(({ phase }) => phase.phase);
    expect(phases.slice(phases.indexOf('ready'))).not.toContain('checking');
  });

  it('sends nothing when the farm has everything', async () => {
    for (const { file } of HELMET) farm.has.add(sha256(await file.text()));
    void farm.upload.start();
    await settled();
    expect(farm.sent).toEqual([]);
    expect(farm.phase.phase).toBe('checking');
  });

  it('sees an end that came before the last transfer was known to be through', async () => {
    void farm.upload.start();
    await settled();
    for (const { sha256: hash } of [...farm.sent]) farm.arrive(hash);
    farm.end('refused');
    await settled();
    expect(farm.phase).toMatchObject({ phase: 'refused', refusal: { code: 'scene.invalid', pointer: '/nodes/0' } });
  });

  it('goes on after a failure with the same scene', async () => {
    void farm.upload.start();
    await settled();
    const [first] = farm.sent;
    first?.settle(new KilnError('client.unreachable', 'gone'));
    await settled();
    expect(farm.phase).toMatchObject({ phase: 'failed', code: 'client.unreachable', canRetry: true });
    expect(farm.sent.every(({ paused }) => paused)).toBe(true);
    void farm.upload.resume();
    await settled();
    expect(farm.phase.phase).toBe('uploading');
    for (const { sha256: hash } of farm.sent.filter(({ paused }) => !paused)) farm.arrive(hash);
    await settled();
    expect(farm.manifests).toHaveLength(1);
    expect(farm.phase.phase).toBe('checking');
  });

  it('hashes and announces anew when the bytes were not those that were announced', async () => {
    void farm.upload.start();
    await settled();
    farm.sent[0]?.settle(new KilnError('upload.hash_mismatch', 'the file changed'));
    await settled();
    void farm.upload.resume();
    await settled();
    expect(farm.manifests).toHaveLength(2);
  });

  it('pauses and resumes', async () => {
    void farm.upload.start();
    await settled();
    farm.upload.pause();
    expect(farm.phase.phase).toBe('paused');
    expect(farm.sent.every(({ paused }) => paused)).toBe(true);
    const before = farm.sent.length;
    void farm.upload.resume();
    await settled();
    expect(farm.sent.length).toBe(before * 2);
    expect(farm.phase.phase).toBe('uploading');
  });

  it('sends no other file when one that was through is paused', async () => {
    farm = new Farm([
      gathered('a.glb', 'a'),
      ...Array.from({ length: 9 }, (_, i) => gathered(`${i}.bin`, `bytes ${i}`)),
    ]);
    // No glTF: every file is sent.
    void farm.upload.start();
    await settled();
    const before = farm.sent.length;
    expect(before).toBeLessThan(10);
    farm.upload.pause();
    for (const sent of [...farm.sent]) sent.settle();
    await settled();
    expect(farm.sent.length).toBe(before);
    expect(farm.phase.phase).toBe('paused');
  });

  it('tells the farm nothing when it is stopped', async () => {
    void farm.upload.start();
    await settled();
    farm.upload.stop();
    expect(farm.sent.every(({ paused, cancelled }) => paused && !cancelled)).toBe(true);
    expect(farm.deleted).toEqual([]);
    farm.upload.sceneChanged(farm.end('ready'));
    expect(farm.phase.phase).toBe('cancelled');
  });

  it('leaves nothing behind when it is cancelled', async () => {
    void farm.upload.start();
    await settled();
    await farm.upload.cancel();
    expect(farm.sent.every(({ cancelled }) => cancelled)).toBe(true);
    expect(farm.deleted).toEqual([farm.current().id]);
    farm.upload.sceneChanged(farm.end('ready'));
    expect(farm.phase.phase).toBe('cancelled');
  });

  it('asks which of several scenes it is, and goes on with the answer', async () => {
    farm = new Farm([gathered('a.glb', 'a'), gathered('b.glb', 'b')]);
    await farm.upload.start();
    expect(farm.phase).toEqual({ phase: 'choosing', candidates: ['a.glb', 'b.glb'] });
    void farm.upload.choose('b.glb');
    await settled();
    expect(farm.manifests[0]).toMatchObject({ name: 'b', entry: 'b.glb' });
  });

  it('says when no file is a scene', async () => {
    farm = new Farm([gathered('a.png', 'a'), gathered('b.png', 'b')]);
    await farm.upload.start();
    expect(farm.phase).toMatchObject({ phase: 'failed', code: 'scene.unsupported_format', canRetry: false });
  });
});
