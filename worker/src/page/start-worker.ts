export interface StartedWorker {
  readonly port: MessagePort;
  /** Stops it at once, whatever it is doing. */
  readonly end: () => void;
}

/**
 * Starts a web worker of the page's own program and answers a port to it. Its code comes as a blob, as three's decoders
 * make theirs, so that the page's content policy needs to allow workers from nowhere else.
 *
 * @param name of a bundle beside `main.js`.
 * @param onFailed called when its program fails outside of an answer, or it runs out of memory.
 */
export async function startWorker(
  name: 'encode-worker' | 'strip-worker' | 'check-worker' | 'panorama-worker' | 'trace-worker' | 'video-worker',
  onFailed: (message: string) => void,
): Promise<StartedWorker> {
  const response = await fetch(`/${name}.js`);
  if (!response.ok) throw new Error(`the page has no ${name}.js (status ${response.status})`);
  const url = URL.createObjectURL(await response.blob());
  const worker = new Worker(url, { name, type: 'module' });
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(null, [port2]);
  worker.addEventListener('error', ({ message }) => onFailed(`${name} failed: ${message}`));
  const end = () => {
    worker.terminate();
    port1.close();
    URL.revokeObjectURL(url);
  };
  return { port: port1, end };
}
