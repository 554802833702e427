/** Who has the camera of a session, as one of its viewers knows it ([LV32] to [LV34]). */
import type { LiveView, Pose, ServerMessage } from '@kiln/shared';

/** Who looks at the session, and who drives. */
export type Audience = Omit<Extract<ServerMessage, { type: 'viewers' }>, 'type' | 'input'>;
/** What the one who drives shows. */
export type DriverView = Extract<ServerMessage, { type: 'driver-pose' | 'driver-view' | 'viewers' }>;

/** @internal */
export class SessionRole {
  #audience: Audience | null = null;
  /** Watches from the beginning. */
  #isGuest: boolean;
  #pose: Pose | null = null;
  #view: LiveView | null = null;
  #input = 0;

  constructor(isGuest: boolean) {
    this.#isGuest = isGuest;
  }

  /** Null while nobody else was ever there. */
  get audience(): Audience | null {
    return this.#audience;
  }

  get drives(): boolean {
    return this.#audience ? this.#audience.driver === this.#audience.you : !this.#isGuest;
  }

  /** Where the camera of the one who drives is; null for that one, and before it is known. */
  get pose(): Pose | null {
    return this.drives ? null : this.#pose;
  }

  get view(): LiveView | null {
    return this.drives ? null : this.#view;
  }

  /** The session's newest input, as far as it was told. */
  get input(): number {
    return this.#input;
  }

  /** @param isGuest of a session that others drive. */
  welcome(resumed: boolean, isGuest: boolean): void {
    this.#isGuest = isGuest;
    if (resumed) return;
    this.#audience = null;
    this.#pose = null;
    this.#view = null;
  }

  take(message: DriverView): void {
    switch (message.type) {
      case 'viewers': {
        const { type: _, input, ...audience } = message;
        this.#audience = audience;
        this.#input = input;
        return;
      }
      case 'driver-pose':
        if (!this.drives) this.#pose = message.pose;
        return;
      case 'driver-view':
        if (!this.drives) this.#view = message.view;
    }
  }
}

/** [LV26] The same, seen by the hand's camera. */
export function withoutCamera<T extends { readonly camera?: unknown }>(view: T): Omit<T, 'camera'> {
  const { camera: _, ...free } = view;
  return free;
}
