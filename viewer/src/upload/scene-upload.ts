/**
 * Brings a scene to the farm: hashes its files, announces them, sends what the farm does not have, and waits until a
 * worker has looked at it.
 */
import { KilnError, LIMITS, SCENE_ENDINGS, type Scene, type SceneManifest } from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';
import type { FileHasher } from './file-hasher.ts';
import type { FileTransfer, FileTransferOptions } from './file-transfer.ts';
import type { GatheredFile } from './gathered-file.ts';
import { chooseEntry, sceneName } from './scene-entry.ts';
import { filesOfScene } from './scene-references.ts';
import { createTransferSpeed } from './transfer-speed.ts';
import { isOver, type UploadFile, type UploadPhase, type UploadSnapshot } from './upload-state.ts';

export interface SceneUploadOptions {
  readonly files: readonly GatheredFile[];
  readonly hasher: FileHasher;
  createScene(manifest: SceneManifest): Promise<Scene>;
  deleteScene(sceneId: string): Promise<unknown>;
  getScene(sceneId: string): Promise<Scene>;
  createTransfer(options: Omit<FileTransferOptions, 'endpoint'>): FileTransfer;
  onChange(snapshot: UploadSnapshot): void;
  nowMs(): number;
}

export class SceneUpload {
  readonly #options: SceneUploadOptions;
  readonly #speed = createTransferSpeed();
  readonly #hashes = new Map<string, string>();
  #transfers: FileTransfer[] = [];
  #phase: UploadPhase = { phase: 'reading' };
  #name = '';
  #entry: GatheredFile | null = null;
  #gathered: readonly GatheredFile[] = [];
  #files: UploadFile[] = [];
  #sceneId: string | null = null;
  #sentBytes = 0;
  /** Contents that are still to be sent; another list after a pause, so that nobody goes on with the old one. */
  #queue: string[] = [];

  constructor(options: SceneUploadOptions) {
    this.#options = options;
  }

  get snapshot(): UploadSnapshot {
    return {
      name: this.#name,
      phase: this.#phase,
      files: this.#files,
      sceneId: this.#sceneId,
      bytesPerSec: this.#phase.phase === 'uploading' ? this.#speed.bytesPerSec() : null,
    };
  }

  /** Begins, up to the question which file is the scene. */
  async start(): Promise<void> {
    const choice = chooseEntry(this.#options.files);
    if (choice.kind === 'none') {
      this.#become({
        phase: 'failed',
        code: 'scene.unsupported_format',
        message:
          this.#options.files.length === 0
            ? 'There are no files in what you gave. Choose a .glb, the folder of a .gltf, or a scene in another format.'
            : `None of these files is a scene (${SCENE_ENDINGS.join(', ')}). Choose one, with the files that belong to it.`,
        canRetry: false,
      });
      return;
    }
    if (choice.kind === 'ask') {
      this.#become({ phase: 'choosing', candidates: choice.candidates.map(({ path }) => path) });
      return;
    }
    await this.#begin(choice.entry);
  }

  /** Answers the question which file is the scene. */
  async choose(path: string): Promise<void> {
    const entry = this.#options.files.find((file) => file.path === path);
    if (entry && this.#phase.phase === 'choosing') await this.#begin(entry);
  }

  pause(): void {
    if (this.#phase.phase !== 'uploading') return;
    this.#pauseTransfers();
    this.#become({ phase: 'paused' });
  }

  /** Goes on after a pause or a failure. */
  async resume(): Promise<void> {
    if (this.#phase.phase !== 'paused' && this.#phase.phase !== 'failed') return;
    this.#speed.reset();
    await this.#guarded(() => this.#hashAndSend());
  }

  /** Sends no more, and tells the farm nothing of it. */
  stop(): void {
    this.#pauseTransfers();
    this.#become({ phase: 'cancelled' });
  }

  async cancel(): Promise<void> {
    this.#queue = [];
    const transfers = this.#transfers;
    const sceneId = this.#phase.phase === 'ready' ? null : this.#sceneId;
    this.#become({ phase: 'cancelled' });
    await Promise.allSettled(transfers.map((transfer) => transfer.cancel()));
    if (sceneId) await this.#options.deleteScene(sceneId).catch(() => {});
  }

  /** What the farm says of a scene; of others than this one nothing is taken, nor what is older than its end. */
  sceneChanged(scene: Scene): void {
    if (scene.id !== this.#sceneId || isOver(this.#phase)) return;
    if (scene.state === 'ready') this.#become({ phase: 'ready', sceneId: scene.id });
    else if (scene.state === 'importing') this.#become({ phase: 'checking', sceneId: scene.id });
    else if (scene.state === 'refused' && scene.refusal) {
      this.#become({ phase: 'refused', sceneId: scene.id, refusal: scene.refusal });
    }
  }

  async #begin(entry: GatheredFile): Promise<void> {
    this.#entry = entry;
    this.#name = sceneName(entry.path).slice(0, LIMITS.nameChars);
    this.#become({ phase: 'reading' });
    await this.#guarded(async () => {
      this.#gathered = await filesOfScene(entry, this.#options.files);
      this.#files = this.#gathered.map(({ path, file }) => ({
        path,
        sizeBytes: file.size,
        hashedBytes: 0,
        sentBytes: 0,
        alreadyThere: false,
      }));
      await this.#hashAndSend();
    });
  }

  async #hashAndSend(): Promise<void> {
    this.#become({ phase: 'hashing' });
    for (const { path, file } of this.#gathered) {
      if (this.#hashes.has(path)) continue;
      const sha256 = await this.#options.hasher.sha256(file, (hashedBytes) => this.#update(path, { hashedBytes }));
      if (this.#isCancelled) return;
      this.#hashes.set(path, sha256);
      this.#update(path, { hashedBytes: file.size });
    }
    const scene = await this.#announce();
    if (scene) await this.#send(scene);
  }

  /** Announcing again after a failure makes no second scene: one that still waits for its bytes is asked about. */
  async #announce(): Promise<Scene | null> {
    this.#become({ phase: 'announcing' });
    const entry = this.#entry;
    if (!entry) return null;
    const scene = this.#sceneId
      ? await this.#options.getScene(this.#sceneId)
      : await this.#options.createScene({
          name: this.#name,
          entry: entry.path,
          files: this.#gathered.map(({ path, file }) => ({ path, sha256: this.#hashOf(path), sizeBytes: file.size })),
        });
    this.#sceneId = scene.id;
    if (this.#isCancelled) {
      await this.#options.deleteScene(scene.id).catch(() => {});
      return null;
    }
    return scene;
  }

  async #send(scene: Scene): Promise<void> {
    const missing = new Set(scene.missing);
    for (const { path, sizeBytes } of this.#files) {
      if (!missing.has(this.#hashOf(path))) this.#update(path, { alreadyThere: true, sentBytes: sizeBytes });
    }
    if (missing.size > 0) {
      this.#become({ phase: 'uploading', stalled: false });
      if (!(await this.#sendMissing(missing))) return;
      // The farm may have looked at it, and said so, before its answer to the last byte is here.
      if (!isOver(this.#phase)) this.#become({ phase: 'checking', sceneId: scene.id });
    }
    // The event may have come before this page knew the scene's id.
    this.sceneChanged(missing.size > 0 ? await this.#options.getScene(scene.id) : scene);
  }

  /** Each content once, however many files have it. @returns whether all of it was sent: false when it was stopped. */
  async #sendMissing(missing: ReadonlySet<string>): Promise<boolean> {
    const queue = [...missing];
    this.#queue = queue;
    const next = async (): Promise<void> => {
      for (let sha256 = queue.shift(); sha256 && this.#queue === queue; sha256 = queue.shift()) {
        await this.#sendOne(sha256);
      }
    };
    this.#transfers = [];
    try {
      await Promise.all(Array.from({ length: VIEWER_LIMITS.parallelUploads }, next));
    } catch (error) {
      if (this.#queue !== queue) return false;
      this.#pauseTransfers();
      throw error;
    }
    return this.#queue === queue;
  }

  #pauseTransfers(): void {
    this.#queue = [];
    for (const transfer of this.#transfers) transfer.pause();
  }

  async #sendOne(sha256: string): Promise<void> {
    const same = this.#gathered.filter(({ path }) => this.#hashOf(path) === sha256);
    const [first] = same;
    if (!first) return;
    const transfer = this.#options.createTransfer({
      file: first.file,
      sha256,
      onProgress: (sentBytes) => {
        for (const { path } of same) this.#update(path, { sentBytes });
      },
      onStalled: (stalled) => {
        if (this.#phase.phase === 'uploading' && this.#phase.stalled !== stalled) {
          this.#become({ phase: 'uploading', stalled });
        }
      },
    });
    this.#transfers.push(transfer);
    await transfer.run();
  }

  #update(path: string, change: Partial<UploadFile>): void {
    this.#files = this.#files.map((file) => (file.path === path ? { ...file, ...change } : file));
    if (change.sentBytes !== undefined && !change.alreadyThere) {
      this.#sentBytes = this.#files.reduce((sum, file) => sum + (file.alreadyThere ? 0 : file.sentBytes), 0);
      this.#speed.sample(this.#sentBytes, this.#options.nowMs());
    }
    this.#options.onChange(this.snapshot);
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#isCancelled) return;
      const kiln = error instanceof KilnError ? error : null;
      // A file changed meanwhile: what was announced is no longer true.
      if (kiln?.code === 'upload.hash_mismatch') {
        this.#hashes.clear();
        this.#sceneId = null;
      }
      this.#become({
        phase: 'failed',
        code: kiln?.code ?? 'client.unreadable_file',
        message: kiln?.message ?? `A file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        canRetry: kiln?.retryable ?? false,
      });
    }
  }

  get #isCancelled(): boolean {
    return this.#phase.phase === 'cancelled';
  }

  #hashOf(path: string): string {
    return this.#hashes.get(path) ?? '';
  }

  #become(phase: UploadPhase): void {
    this.#phase = phase;
    this.#options.onChange(this.snapshot);
  }
}
