/** What a reader of a format makes of a file, before it becomes glTF. */
import type { ImportSource } from '@kiln/shared';
import type { AnimationClip, Object3D } from 'three';
import type { SceneFiles } from '../scene/scene-files.ts';
import type { Findings } from './findings.ts';
import type { ImageRequests } from './image-requests.ts';

/** A scene in the units and axes of its file. */
export interface ReadScene extends Pick<ImportSource, 'metresPerUnit' | 'unitSaidBy' | 'upAxis' | 'upAxisSaidBy'> {
  readonly root: Object3D;
  readonly clips: readonly AnimationClip[];
  /** The program that made the file, where it says so. */
  readonly generator: string | null;
  /** three's loader has turned `root` so that y is up already. @defaultValue false */
  readonly isTurned?: boolean;
  /** Lights have no physical unit in this format: only how bright one is beside another counts. @defaultValue false */
  readonly hasUnitlessLights?: boolean;
}

export interface ReaderInput {
  readonly files: SceneFiles;
  /** Path of the file to read. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly images: ImageRequests;
  readonly findings: Findings;
}

export type SceneReader = (input: ReaderInput) => Promise<ReadScene>;
