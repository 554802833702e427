/** How `<kiln-preview>` looks at one session with others: who is there, and where the camera goes. */
import type { Audience } from '../live/session-role.ts';
import { AskedElement } from './asked-element.ts';

export abstract class SharedElement extends AskedElement {
  /** Of the session that is shown: others watch it by `session`. Null before the farm has welcomed the view. */
  get sessionId(): string | null {
    return this.asked?.sessionId ?? null;
  }

  /** Who looks at the session, and who has its camera; null while nobody else was ever there. */
  get audience(): Audience | null {
    return this.asked?.audience ?? null;
  }

  /** Whether the camera is with this view: others show what it shows. */
  get drives(): boolean {
    return this.asked?.drives ?? false;
  }

  /** Gets the camera where it is free; otherwise whoever drives is asked for it. What is refused comes as an `error`. */
  requestCamera(): void {
    this.asked?.requestCamera();
  }

  /** Takes the camera where it is free, its driver has been silent, or the session is one's own. */
  takeCamera(): void {
    this.asked?.takeCamera();
  }

  /** @param viewer its `id` in `audience`. */
  giveCamera(viewer: number): void {
    this.asked?.giveCamera(viewer);
  }

  /** Whoever asked first has it then, or anybody may take it; one who only asked for it does not any more. */
  releaseCamera(): void {
    this.asked?.releaseCamera();
  }
}
