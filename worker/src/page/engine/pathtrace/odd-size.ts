import type { DataArrayTexture, DataTexture } from 'three';

/**
 * Makes the edges of a table odd numbers, at least 3; texels keep their place in the order of rows. Mesa's llvmpipe
 * compiles a shader anew (10 to 27 s for the path tracer's) for each combination of textures whose edges are powers of two
 * and those whose are not: so none of them is, whatever the scene.
 */
export function makeOddSized(table: DataTexture | DataArrayTexture): void {
  const image: { width: number; height: number; depth?: number; data: unknown } = table.image;
  const { width, height, depth = 1, data } = image;
  const [oddWidth, oddHeight] = [odd(width), odd(height)];
  if (oddWidth === width && oddHeight === height) return;
  if (data instanceof Float32Array) image.data = spread(data, new Float32Array(oddSize(data.length)));
  else if (data instanceof Uint32Array) image.data = spread(data, new Uint32Array(oddSize(data.length)));
  else if (data instanceof Uint16Array) image.data = spread(data, new Uint16Array(oddSize(data.length)));
  else throw new Error('a table of the path tracer is of another type');
  image.width = oddWidth;
  image.height = oddHeight;
  table.dispose();
  table.needsUpdate = true;

  function oddSize(length: number): number {
    return (length / (width * height)) * oddWidth * oddHeight;
  }

  /** Layer by layer. */
  function spread<T extends Float32Array | Uint32Array | Uint16Array>(from: T, to: T): T {
    for (let layer = 0; layer < depth; layer += 1) {
      const part = from.subarray((layer * from.length) / depth, ((layer + 1) * from.length) / depth);
      to.set(part, (layer * to.length) / depth);
    }
    return to;
  }
}

const odd = (edge: number): number => Math.max(3, edge | 1);
