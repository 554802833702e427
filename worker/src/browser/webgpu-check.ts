/** Asks a page whether WebGPU is there, has what the engine needs, and draws: a triangle over a 4 × 4 target, read back by copy. */
import type { Page } from 'puppeteer';
import Type from 'typebox';
import Value from 'typebox/value';

const Answer = Type.Object({
  adapter: Type.Union([Type.String(), Type.Null()]),
  correct: Type.Boolean(),
  drawMs: Type.Union([Type.Number(), Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
});

/** A canvas is captured blank in software, so the target is a texture. The page's program is not needed for this. */
const CHECK = `(async () => {
  const began = performance.now();
  const nothing = { adapter: null, correct: false, drawMs: null };
  if (!navigator.gpu) return { ...nothing, error: 'the browser has no WebGPU' };
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) return { ...nothing, error: 'no adapter' };
  const { vendor, architecture, description } = adapter.info;
  const name = [vendor, architecture, description].filter(Boolean).join(' ') || 'unnamed';
  if (!adapter.features.has('float32-blendable')) {
    return { ...nothing, adapter: name, error: 'the adapter cannot add 32-bit floats (float32-blendable)' };
  }
  try {
    const device = await adapter.requestDevice();
    const module = device.createShaderModule({ code: \`
      @vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
        return vec4f(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
      }
      @fragment fn colour() -> @location(0) vec4f { return vec4f(0.2, 0.4, 0.6, 1.0); }\` });
    const pipeline = await device.createRenderPipelineAsync({
      layout: 'auto',
      vertex: { module, entryPoint: 'corner' },
      fragment: { module, entryPoint: 'colour', targets: [{ format: 'rgba8unorm' }] },
    });
    const target = device.createTexture({ size: [4, 4], format: 'rgba8unorm', usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC });
    const buffer = device.createBuffer({ size: 1024, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({ colorAttachments: [{ view: target.createView(), loadOp: 'clear', storeOp: 'store' }] });
    pass.setPipeline(pipeline);
    pass.draw(3);
    pass.end();
    encoder.copyTextureToBuffer({ texture: target }, { buffer, bytesPerRow: 256 }, [4, 4]);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    const pixels = new Uint8Array(buffer.getMappedRange());
    const correct = [51, 102, 153, 255].every((level, i) => Math.abs(pixels[3 * 256 + 12 + i] - level) <= 1);
    device.destroy();
    return { adapter: name, correct, drawMs: performance.now() - began, error: correct ? null : 'wrong pixels' };
  } catch (error) {
    return { ...nothing, adapter: name, error: String(error && error.message || error).slice(0, 500) };
  }
})()`;

export async function checkWebgpu(page: Page): Promise<Type.Static<typeof Answer>> {
  const answer: unknown = await page.evaluate(CHECK);
  return Value.Parse(Answer, answer);
}
