/** The uploads of this page, and how one begins. */
import type { Scene } from '@kiln/shared';
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { createFileHasher, type FileHasher } from '../../upload/file-hasher.ts';
import { createFileTransfer } from '../../upload/file-transfer.ts';
import type { GatheredFile } from '../../upload/gathered-file.ts';
import { SceneUpload } from '../../upload/scene-upload.ts';
import { isHopeless, isOver, type UploadSnapshot } from '../../upload/upload-state.ts';
import type { Farm } from '../farm/farm.ts';

export interface UploadItem {
  readonly id: number;
  readonly snapshot: ReadonlySignal<UploadSnapshot>;
  choose(path: string): void;
  pause(): void;
  resume(): void;
  cancel(): void;
}

export interface Uploads {
  readonly items: ReadonlySignal<readonly UploadItem[]>;
  /** What could not even be read. */
  readonly problem: Signal<string | null>;
  /** @param gather gives the files; what it throws is shown. */
  begin(gather: () => Promise<readonly GatheredFile[]> | readonly GatheredFile[]): Promise<void>;
  /** Takes one that is over, or failed, out of the list. */
  dismiss(id: number): void;
  /** Stops and forgets all of them, without a word to the farm: nobody is signed in any more. */
  stop(): void;
  /** Its scene is on the screen: says no more that it is ready, or what was wrong with others. */
  opened(sceneId: string): void;
  /** Calls back when a scene that was uploaded here is ready. */
  onReady(listener: (sceneId: string) => void): () => void;
}

export function createUploads(farm: Farm): Uploads {
  const items = signal<readonly UploadItem[]>([]);
  const problem = signal<string | null>(null);
  const listeners = new Set<(sceneId: string) => void>();
  const running = new Set<SceneUpload>();
  let hasher: FileHasher | null = null;
  let lastId = 0;
  /** Times that all of them were stopped. */
  let life = 0;

  function add(files: readonly GatheredFile[]): void {
    hasher ??= createFileHasher();
    lastId += 1;
    const id = lastId;
    const upload: SceneUpload = new SceneUpload({
      files,
      hasher,
      createScene: async (manifest) => keep(upload, await farm.client.createScene({ body: manifest })),
      deleteScene: async (sceneId) => {
        await farm.client.deleteScene({ params: { sceneId } });
        farm.removeScene(sceneId);
      },
      getScene: async (sceneId) => keep(upload, await farm.client.getScene({ params: { sceneId } })),
      createTransfer: (options) => createFileTransfer({ ...options, endpoint: farm.client.urls.uploads }),
      onChange(next) {
        const before = snapshot.value.phase.phase;
        snapshot.value = next;
        if (next.phase.phase !== before && isOver(next.phase)) end();
        if (next.phase.phase === 'ready' && before !== 'ready') {
          for (const listener of listeners) listener(next.phase.sceneId);
        }
      },
      nowMs: () => performance.now(),
    });
    const snapshot = signal<UploadSnapshot>(upload.snapshot);
    const stopListening = farm.onScene((scene) => upload.sceneChanged(scene));
    const end = () => {
      stopListening();
      running.delete(upload);
    };
    running.add(upload);
    dismissHopeless();
    items.value = [
      {
        id,
        snapshot,
        choose: (path) => void upload.choose(path),
        pause: () => upload.pause(),
        resume: () => void upload.resume(),
        cancel: () => void upload.cancel().finally(() => dismiss(id)),
      },
      ...items.value,
    ];
    void upload.start();
  }

  /** What arrives for an upload that was stopped is not shown. */
  const keep = (upload: SceneUpload, scene: Scene): Scene => {
    if (running.has(upload)) farm.putScene(scene);
    return scene;
  };

  /** What was wrong with them has been read by now. */
  function dismissHopeless(): void {
    items.value = items.value.filter(({ snapshot }) => !isHopeless(snapshot.peek().phase));
  }

  function dismiss(id: number): void {
    items.value = items.value.filter((item) => item.id !== id);
  }

  return {
    items,
    problem,
    async begin(gather) {
      problem.value = null;
      const began = life;
      try {
        const files = await gather();
        if (began === life) add(files);
      } catch (error) {
        problem.value = error instanceof Error ? error.message : String(error);
      }
    },
    dismiss,
    stop() {
      life += 1;
      for (const upload of running) upload.stop();
      hasher?.dispose();
      hasher = null;
      items.value = [];
      problem.value = null;
    },
    opened(sceneId) {
      dismissHopeless();
      items.value = items.value.filter(({ snapshot }) => {
        const { phase } = snapshot.peek();
        return phase.phase !== 'ready' || phase.sceneId !== sceneId;
      });
    },
    onReady(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
