/**
 * Starts a web worker of the page's own program and answers a port to it. Its code comes as a blob, as three's decoders
 * make theirs, so that the page's content policy needs to allow workers from nowhere else.
 *
 * @param name of a bundle beside `main.js`.
 */
export async function startWorker(name: 'encode-worker' | 'check-worker'): Promise<MessagePort> {
  const response = await fetch(`/${name}.js`);
  if (!response.ok) throw new Error(`the page has no ${name}.js (status ${response.status})`);
  const url = URL.createObjectURL(await response.blob());
  const worker = new Worker(url, { name });
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(null, [port2]);
  worker.addEventListener('error', ({ message }) => console.error(`${name} failed: ${message}`));
  return port1;
}
