/** Files that go to Node: small ones in the message of an answer, large ones in parts, each when the one before is written. */
import { OUTPUT_ROUTE } from './contract.ts';
import { PAGE_LIMITS } from './limits.ts';

/** Gives the bytes of an answer to Node before it, where they are many and Node has named an output for them. */
export async function handOver<T>(
  result: T,
  bytes: ArrayBuffer,
  output: string | undefined,
): Promise<{ readonly result: T; readonly bytes?: ArrayBuffer }> {
  if (output === undefined || bytes.byteLength <= PAGE_LIMITS.messageBufferBytes) return { result, bytes };
  for (let at = 0; at < bytes.byteLength; at += PAGE_LIMITS.outputPartBytes) {
    const sizeBytes = Math.min(PAGE_LIMITS.outputPartBytes, bytes.byteLength - at);
    await sendPart(output, at, new Uint8Array(bytes, at, sizeBytes));
  }
  bytes.transfer(0);
  return { result };
}

/** Resolves when Node has written the part. */
export async function sendPart(output: string, position: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const path = `${OUTPUT_ROUTE}/${output}/${position}`;
  // A worker made of a blob has no place of its own to begin from.
  const { ok, status } = await fetch(new URL(path, location.origin), { method: 'PUT', body: bytes });
  if (!ok) throw new Error(`the worker took no part of a file: ${status}`);
}
