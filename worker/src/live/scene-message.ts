import { LIMITS, type ServerMessage } from '@kiln/shared';
import type { LoadResult } from '../page/contract.ts';

type SceneMessage = Extract<ServerMessage, { type: 'scene' }>;

/** Of the message, what its lists of names may take, all together: the rest is for its cameras. */
const NAMES_SHARE = 0.5;

/**
 * What a viewer learns of a loaded scene, with as many of its cameras as a control message may hold: the relay closes
 * the socket of a larger one. Frames can be drawn with every camera, and views name what is in no list.
 *
 * @returns also how many cameras did not fit.
 */
export function sceneMessage(
  { bounds, autoCamera, cameras, ...lists }: LoadResult,
  limitBytes: number = LIMITS.liveSceneBytes,
): { readonly message: SceneMessage; readonly leftOut: number } {
  const head: SceneMessage = { type: 'scene', bounds, autoCamera, cameras: [], takesCodecs: true };
  const names = { clips: [], variants: [], nodes: [], materials: [] };
  const room = new Room(bytesOf({ ...head, ...names }), limitBytes * NAMES_SHARE);
  const message = {
    ...head,
    clips: room.take(lists.clips),
    variants: room.take(lists.variants),
    nodes: room.take(lists.nodes),
    materials: room.take(lists.materials),
  };
  room.limitBytes = limitBytes;
  message.cameras = room.take(cameras);
  return { message, leftOut: cameras.length - message.cameras.length };
}

class Room {
  limitBytes: number;
  #bytes: number;

  constructor(bytes: number, limitBytes: number) {
    this.#bytes = bytes;
    this.limitBytes = limitBytes;
  }

  /** The first of a list, as many as there is room for. */
  take<T>(list: readonly T[]): T[] {
    const end = list.findIndex((item) => {
      // With its comma.
      const bytes = this.#bytes + bytesOf(item) + 1;
      if (bytes > this.limitBytes) return true;
      this.#bytes = bytes;
      return false;
    });
    return list.slice(0, end < 0 ? list.length : end);
  }
}

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
