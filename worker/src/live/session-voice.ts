/** What a session tells its viewer beside pictures, and that a picture has its size. */
import { isDeepStrictEqual } from 'node:util';
import { type DrawnMessage, type HandedSums, KilnError, LIMITS, type LiveView, type ServerMessage } from '@kiln/shared';
import type { Log } from '../log.ts';
import type { LoadResult } from '../page/contract.ts';
import { sceneMessage } from './scene-message.ts';

/** The way to the viewer. */
export interface LivePort {
  message(message: ServerMessage | HandedSums | DrawnMessage): void;
  picture(bytes: Uint8Array): void;
}

export class SessionVoice {
  readonly #port: LivePort;
  readonly #log: Log;
  /** What is said while the scene loads; another once a page was lost. */
  loadingText = 'Loading the scene';

  /** What was told of a view that cannot be drawn. */
  #failure: { readonly code: string; readonly message: string; readonly look: object } | null = null;

  constructor(port: LivePort, log: Log) {
    this.#port = port;
    this.#log = log;
  }

  loading(progress: number | null): void {
    this.#port.message({ type: 'state', state: 'loading-scene', message: this.loadingText, progress });
  }

  /** [LV17] */
  announce(loaded: LoadResult): void {
    const { message, leftOut } = sceneMessage(loaded);
    if (leftOut > 0) this.#log.warn({ leftOut }, 'the scene has more cameras than a viewer can be told of');
    this.#port.message(message);
    this.#port.message({ type: 'state', state: 'live', message: 'Live', progress: null });
  }

  /** What is to be shown from now on: of another look its failure is told again. */
  shows({ frameNumber: _, ...look }: LiveView): void {
    if (this.#failure && !isDeepStrictEqual(look, this.#failure.look)) this.#failure = null;
  }

  /** Once of a look, from wherever and at whichever frame it is not to be drawn. */
  failed(error: KilnError, { frameNumber: _, ...look }: LiveView): void {
    const failure = { code: error.code, message: error.message, look };
    if (isDeepStrictEqual(failure, this.#failure)) return;
    this.#failure = failure;
    this.error(error);
  }

  picture(message: Uint8Array): void {
    if (message.length <= LIMITS.livePictureBytes) this.#port.picture(message);
    else this.error(new KilnError('protocol.too_large', `a picture takes ${message.length} bytes: too many`));
  }

  /** The session goes on. */
  error({ code, message }: KilnError): void {
    this.#port.message({ type: 'error', code, message, fatal: false });
  }
}
