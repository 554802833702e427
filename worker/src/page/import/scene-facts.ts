/** What the check worker finds in a scene, and how it answers. */
import type { ImportReport, Refusal } from '@kiln/shared';
import type { SceneContent } from '../scene/scene-files.ts';

/** The part of the report that is known without loading the scene. */
export type SceneFacts = Omit<
  ImportReport,
  'bounds' | 'cameras' | 'clips' | 'editable' | 'gpuBytes' | 'gaps' | 'importMs'
>;

export interface CheckRequest {
  readonly scene: SceneContent;
  /** Of the page: a worker made of a blob has no address of its own to complete paths with. */
  readonly origin: string;
}

export type CheckReply =
  | { readonly fraction: number }
  | { readonly facts: SceneFacts }
  | { readonly refusal: Refusal }
  | { readonly error: string; readonly stack: string };
