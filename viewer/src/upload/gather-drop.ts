/** Walks through what was dropped: files, and folders with all that is in them. */
import { LIMITS } from '@kiln/shared';
import { type GatheredFile, tidy } from './gathered-file.ts';

/** The parts of the File and Directory Entries API that are needed. */
interface FileEntry {
  readonly isFile: true;
  readonly name: string;
  file(success: (file: File) => void, failure: (error: unknown) => void): void;
}
interface FolderEntry {
  readonly isFile: false;
  readonly name: string;
  createReader(): { readEntries(success: (entries: Entry[]) => void, failure: (error: unknown) => void): void };
}
export type Entry = FileEntry | FolderEntry;

/** Several times what a scene may have, so that a dropped home folder ends with a message and not in a frozen page. */
const MOST_FILES = LIMITS.sceneFiles * 5;

/**
 * Must be called within the drop event: a DataTransfer is empty after it.
 *
 * @throws Error when there are far more files than a scene can have; what reading an entry throws.
 */
export function gatherFromDrop(items: DataTransferItemList): Promise<GatheredFile[]> {
  const entries: Entry[] = [];
  const loose: GatheredFile[] = [];
  for (const item of items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    if (isEntry(entry)) entries.push(entry);
    else {
      const file = item.getAsFile();
      if (file) loose.push({ path: file.name, file });
    }
  }
  return gatherEntries(entries, loose);
}

/** @param loose files that came without an entry. */
export async function gatherEntries(
  entries: readonly Entry[],
  loose: readonly GatheredFile[],
): Promise<GatheredFile[]> {
  const files = [...loose];
  // A list instead of recursion: folders can be deeper than the stack.
  const pending = entries.map((entry) => ({ entry, folder: '' }));
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { entry, folder } = next;
    const path = folder + entry.name;
    if (entry.isFile) {
      files.push({ path, file: await fileOf(entry) });
      if (files.length > MOST_FILES) {
        throw new Error(
          `There are more than ${MOST_FILES} files in what you dropped; a scene has at most ${LIMITS.sceneFiles}. ` +
            'Drop the folder of one scene.',
        );
      }
    } else {
      for (const child of await childrenOf(entry)) pending.push({ entry: child, folder: `${path}/` });
    }
  }
  return tidy(files.sort((a, b) => (a.path < b.path ? -1 : 1)));
}

const isEntry = (entry: FileSystemEntry | null): entry is FileSystemEntry & Entry => entry !== null;

const fileOf = (entry: FileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject));

/** A reader gives at most 100 entries at a time, and none at the end. */
async function childrenOf(folder: FolderEntry): Promise<Entry[]> {
  const reader = folder.createReader();
  const children: Entry[] = [];
  for (;;) {
    const batch = await new Promise<Entry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return children;
    children.push(...batch);
  }
}
