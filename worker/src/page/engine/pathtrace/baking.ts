import { KilnError } from '@kiln/shared';
import type { Object3D } from 'three';
import { type StartedWorker, startWorker } from '../../start-worker.ts';
import { whileResting } from '../../while-resting.ts';
import type { Rest } from '../engine.ts';
import { PosedMeshes } from './posed-meshes.ts';
import type { TraceReply, TraceRequest, TraceTables } from './trace-messages.ts';

interface Waiting {
  readonly resolve: (tables: TraceTables) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Bakes one scene in a web worker of its own, pose by pose: a million triangles take seconds, in which the page answers
 * and draws for others. The worker keeps a copy of the scene's geometry until it ends.
 */
export class Baking {
  readonly #worker: Promise<StartedWorker>;
  readonly #meshes: PosedMeshes;
  readonly #waiting: Waiting[] = [];
  #port: MessagePort | null = null;

  constructor(root: Object3D) {
    this.#worker = startWorker('trace-worker', (message) => this.#fail(new KilnError('render.failed', message)));
    // Told to whoever bakes.
    this.#worker.catch(() => {});
    this.#meshes = new PosedMeshes(root, (request, transfer) => this.#send(request, transfer));
  }

  /**
   * Has the worker bake the scene as it is posed now.
   *
   * @param rest lets others draw while geometry is sent.
   * @throws KilnError `job.too_large`, before anything is sent, and `render.failed` when the worker ends.
   */
  async begin(
    materialIndices: ReadonlyMap<object, number>,
    luminances: readonly number[],
    rest: Rest,
  ): Promise<{ readonly tables: Promise<TraceTables> }> {
    const { meshes, posed } = this.#meshes.pose(materialIndices);
    if (!this.#port) {
      const { port } = await whileResting(this.#worker, rest);
      port.onmessage = ({ data }: MessageEvent<TraceReply>) => this.#receive(data);
      this.#port = port;
    }
    await this.#meshes.send(meshes, rest);
    const tables = new Promise<TraceTables>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#send({ kind: 'bake', meshes: posed, luminances }, []);
    });
    // Told to whoever waits for them.
    tables.catch(() => {});
    return { tables };
  }

  end(): void {
    this.#fail(new KilnError('render.failed', 'The scene was let go while it was made ready to be traced.'));
    this.#worker.then(({ end }) => end()).catch(() => {});
  }

  #send(request: TraceRequest, transfer: ArrayBuffer[]): void {
    this.#port?.postMessage(request, transfer);
  }

  #receive(reply: TraceReply): void {
    const waiting = this.#waiting.shift();
    if ('tables' in reply) waiting?.resolve(reply.tables);
    else
      waiting?.reject(Object.assign(new Error(`the scene cannot be traced: ${reply.error}`), { stack: reply.stack }));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
