import { LIMITS, type ServerMessage } from '@kiln/shared';
import type { LoadResult } from '../page/contract.ts';

type SceneMessage = Extract<ServerMessage, { type: 'scene' }>;

/**
 * What a viewer learns of a loaded scene, with as many of its cameras as a control message may hold: the relay closes
 * the socket of a larger one. Frames can be drawn with every camera.
 *
 * @returns also how many cameras did not fit.
 */
export function sceneMessage(
  { bounds, autoCamera, cameras }: LoadResult,
  limitBytes: number = LIMITS.liveSceneBytes,
): { readonly message: SceneMessage; readonly leftOut: number } {
  const message: SceneMessage = { type: 'scene', bounds, autoCamera, cameras: [] };
  let bytes = bytesOf(message);
  for (const camera of cameras) {
    // With its comma.
    bytes += bytesOf(camera) + 1;
    if (bytes > limitBytes) break;
    message.cameras.push(camera);
  }
  return { message, leftOut: cameras.length - message.cameras.length };
}

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
