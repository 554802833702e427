import {
  type DataArrayTexture,
  type DataTexture,
  FloatType,
  NearestFilter,
  RedIntegerFormat,
  RGBAFormat,
  RGBAIntegerFormat,
  RGIntegerFormat,
  UnsignedIntType,
  UnsignedShortType,
  type WebGLRenderer,
} from 'three';
import type { Rest } from '../engine.ts';
import type { Table } from './trace-messages.ts';

/** Bytes that go to the GPU between two rests: a tenth of a second at the slowest. */
const BYTES_AT_ONCE = 8_388_608;

const GL = WebGL2RenderingContext;
/** WebGL's names of what tables are made of. */
const FORMATS: ReadonlyMap<number, number> = new Map([
  [RGBAFormat, GL.RGBA],
  [RGBAIntegerFormat, GL.RGBA_INTEGER],
  [RGIntegerFormat, GL.RG_INTEGER],
  [RedIntegerFormat, GL.RED_INTEGER],
]);
const TYPES: ReadonlyMap<number, number> = new Map([
  [FloatType, GL.FLOAT],
  [UnsignedIntType, GL.UNSIGNED_INT],
  [UnsignedShortType, GL.UNSIGNED_SHORT],
]);

/**
 * Makes a texture of a table. Its rows go to the GPU band by band, with rests between: those of five million triangles
 * are gigabytes. The texture keeps no pixels in memory.
 */
export async function uploadTable(
  renderer: WebGLRenderer,
  texture: DataTexture | DataArrayTexture,
  table: Table,
  rest: Rest,
): Promise<void> {
  const { data, width, height, depth, format, type, internalFormat } = table;
  const [glFormat, glType] = [FORMATS.get(format), TYPES.get(type)];
  if (glFormat === undefined || glType === undefined) throw new Error('a table of the path tracer is of another kind');
  texture.dispose();
  Object.assign(texture.image, { data: null, width, height, ...(depth === null ? {} : { depth }) });
  Object.assign(texture, { format, type, internalFormat, generateMipmaps: false });
  texture.minFilter = texture.magFilter = NearestFilter;
  // three makes the texture, and leaves its pixels to us.
  texture.source.dataReady = false;
  texture.needsUpdate = true;
  renderer.initTexture(texture);
  const layers = depth ?? 1;
  const rowLength = data.length / layers / height;
  const rowsAtOnce = Math.max(1, Math.floor(BYTES_AT_ONCE / (rowLength * data.BYTES_PER_ELEMENT)));
  let isFirst = true;
  for (let layer = 0; layer < layers; layer += 1) {
    for (let row = 0; row < height; row += rowsAtOnce) {
      if (!isFirst) await rest();
      isFirst = false;
      const rows = Math.min(rowsAtOnce, height - row);
      const from = (layer * height + row) * rowLength;
      drawRows(layer, row, rows, data.subarray(from, from + rows * rowLength));
    }
  }

  function drawRows(layer: number, row: number, rows: number, pixels: Table['data']): void {
    const { state } = renderer;
    const gl = renderer.getContext();
    const { __webglTexture: handle } = renderer.properties.get(texture) as { __webglTexture?: WebGLTexture };
    // Let go of, or taken over, by another picture.
    if (!handle || !(gl instanceof WebGL2RenderingContext)) return;
    const target = depth === null ? gl.TEXTURE_2D : gl.TEXTURE_2D_ARRAY;
    state.bindTexture(target, handle);
    for (const [name, value] of [
      [gl.UNPACK_FLIP_Y_WEBGL, false],
      [gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false],
      [gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE],
      [gl.UNPACK_ALIGNMENT, 1],
    ] as const)
      state.pixelStorei(name, value);
    if (depth === null) gl.texSubImage2D(target, 0, 0, row, width, rows, glFormat ?? 0, glType ?? 0, pixels);
    else gl.texSubImage3D(target, 0, 0, row, layer, width, rows, 1, glFormat ?? 0, glType ?? 0, pixels);
  }
}
