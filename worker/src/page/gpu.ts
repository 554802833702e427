import { KilnError } from '@kiln/shared';
import { NoToneMapping, PCFShadowMap, WebGLRenderer } from 'three';

/** Between two looks at a fence, at least. Finer gains nothing: the GPU process itself looks every 1 to 2 ms. */
const FENCE_POLL_MS = 1;
/** Nor before this part of the wait: a thousand looks at a draw of a second take time from a GPU that is the CPU. */
const FENCE_POLL_PART = 1 / 64;

/** The page's one GPU context and three.js renderer. It never draws to a canvas: pictures are read from targets. */
export class Gpu {
  readonly renderer: WebGLRenderer;
  readonly gl: WebGL2RenderingContext;
  /** As the driver names itself: `ANGLE (Mesa, llvmpipe (LLVM 15.0.6 256 bits), OpenGL ES 3.2)`. */
  readonly rendererName: string;
  readonly vendorName: string;
  readonly #shaderErrors: string[] = [];
  #lost = false;

  /**
   * @param onLost called once when the context is gone.
   * @throws KilnError `render.failed` where there is no WebGL 2 with float targets.
   */
  constructor(onLost: (message: string) => void) {
    const canvas = new OffscreenCanvas(1, 1);
    canvas.addEventListener('webglcontextlost', (event) => {
      this.#lost = true;
      const detail = event instanceof WebGLContextEvent ? event.statusMessage : '';
      onLost(`the GPU context was lost${detail ? `: ${detail}` : ''}`);
    });
    const gl = canvas.getContext('webgl2', { antialias: false, depth: false, powerPreference: 'high-performance' });
    if (!gl) throw new KilnError('render.failed', 'This browser gives no WebGL 2 context: check its GPU flags.');
    this.gl = gl;
    for (const name of ['EXT_color_buffer_float', 'EXT_float_blend']) {
      if (!gl.getExtension(name)) throw new KilnError('render.failed', `This GPU lacks ${name}, which sums need.`);
    }
    const names = gl.getExtension('WEBGL_debug_renderer_info');
    this.rendererName = String(gl.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
    this.vendorName = String(gl.getParameter(names?.UNMASKED_VENDOR_WEBGL ?? gl.VENDOR));
    this.renderer = new WebGLRenderer({ canvas, context: gl });
    this.renderer.autoClear = false;
    this.renderer.toneMapping = NoToneMapping;
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.renderer.debug.onShaderError = (context, program, vertex, fragment) => {
      const logs = [context.getShaderInfoLog(vertex), context.getShaderInfoLog(fragment)];
      logs.push(context.getProgramInfoLog(program));
      this.#shaderErrors.push(logs.find((log) => log?.trim())?.trim() ?? 'no log');
    };
  }

  /** Whether the CPU draws. */
  get isSoftware(): boolean {
    return /llvmpipe|softpipe|swiftshader|software/i.test(this.rendererName);
  }

  get isLost(): boolean {
    return this.#lost || this.gl.isContextLost();
  }

  /** Resolves when the GPU has done everything that was asked of it, without blocking the event loop. */
  async finished(): Promise<void> {
    const { gl } = this;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    if (!fence) return;
    const startedAt = performance.now();
    while (!this.isLost && gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED) {
      await pause(Math.max(FENCE_POLL_MS, (performance.now() - startedAt) * FENCE_POLL_PART));
    }
    gl.deleteSync(fence);
  }

  /**
   * Looks for what went wrong in the last picture.
   *
   * @throws KilnError `render.failed` when a shader did not compile, or the GPU refused a command: something would be
   *   missing from the picture. A shader that failed is told of once, and then refused each time.
   */
  throwErrors(): void {
    const [shader] = this.#shaderErrors.splice(0);
    let refused = '';
    for (let error = this.gl.getError(); error !== this.gl.NO_ERROR && !this.isLost; error = this.gl.getError()) {
      refused ||= REFUSALS.get(error) ?? '';
    }
    if (shader !== undefined) throw new KilnError('render.failed', `A material's shader does not compile: ${shader}`);
    if (refused !== '')
      throw new KilnError('render.failed', `The GPU refused to draw a part of the picture: ${refused}.`);
  }
}

/** Errors of WebGL after which a picture is not what it should be. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [WebGL2RenderingContext.INVALID_OPERATION, 'an invalid operation'],
  [WebGL2RenderingContext.OUT_OF_MEMORY, 'out of memory'],
  [WebGL2RenderingContext.INVALID_FRAMEBUFFER_OPERATION, 'an incomplete target'],
]);

const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Waits without `setTimeout`'s clamp to 4 ms after five nested calls. (A message before each timeout does so too, but
 * its event stays with the browser's collector: with 70 looks at a fence a page grew by 50 kB a frame.)
 */
async function pause(ms: number): Promise<void> {
  await Atomics.waitAsync(never, 0, 0, ms).value;
}
