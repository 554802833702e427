import type { TestPage } from './test-page.ts';

const KINDS = ['Buffer', 'Texture', 'VertexArray', 'Framebuffer', 'Renderbuffer', 'Program'] as const;

/** GPU objects that exist of each kind, since `watchGpu`; may be negative. */
export type GpuBalance = Record<(typeof KINDS)[number], number>;

/** From now on counts what the page creates and deletes on its GPU, and keeps hold of its context. */
export async function watchGpu({ open }: TestPage): Promise<void> {
  await open.page.evaluate((kinds) => {
    const prototype = WebGL2RenderingContext.prototype;
    const balance: Record<string, number> = {};
    Object.assign(globalThis, { gpuBalance: balance });
    for (const kind of kinds) {
      balance[kind] = 0;
      for (const [verb, step] of [
        ['create', 1],
        ['delete', -1],
      ] as const) {
        const name = `${verb}${kind}`;
        const original: (...args: unknown[]) => unknown = Reflect.get(prototype, name);
        Reflect.set(prototype, name, function (this: WebGL2RenderingContext, ...args: unknown[]) {
          balance[kind] = (balance[kind] ?? 0) + step;
          Object.assign(globalThis, { gpuContext: this });
          return original.apply(this, args);
        });
      }
    }
  }, KINDS);
}

export const gpuBalance = ({ open }: TestPage): Promise<GpuBalance> =>
  open.page.evaluate(() => Reflect.get(globalThis, 'gpuBalance'));

/** Takes the page's context away, as a driver does that resets. `watchGpu` must have seen it create something. */
export const loseContext = ({ open }: TestPage): Promise<void> =>
  open.page.evaluate(() => {
    const gl: WebGL2RenderingContext = Reflect.get(globalThis, 'gpuContext');
    gl.getExtension('WEBGL_lose_context')?.loseContext();
  });
