import type { LookUpTable } from '@kiln/shared';
/** A look-up table on the GPU, and the shader that looks colours up in it. */
import {
  Data3DTexture,
  DataTexture,
  FloatType,
  type IUniform,
  NearestFilter,
  RGBAFormat,
  type Texture,
  Vector3,
} from 'three';

/** Entries in a row of a texture that holds a table of one dimension. */
const ROW = 1_024;

/**
 * `vec3 throughTable(vec3)`, of sRGB from 0 to 1. Of three dimensions it interpolates in tetrahedra, which keeps greys
 * grey; of one, linearly.
 */
export const TABLE_SHADER = {
  none: '',
  one: /* glsl */ `
uniform highp sampler2D table;
uniform vec3 tableMin;
uniform vec3 tableMax;
uniform float tableSize;
vec3 tableEntry(int i) { return texelFetch(table, ivec2(i % ${ROW}, i / ${ROW}), 0).rgb; }
float tableChannel(float at, int c) {
  int low = int(min(floor(at), tableSize - 2.0));
  return mix(tableEntry(low)[c], tableEntry(low + 1)[c], at - float(low));
}
vec3 throughTable(vec3 color) {
  vec3 at = clamp((color - tableMin) / (tableMax - tableMin), 0.0, 1.0) * (tableSize - 1.0);
  return clamp(vec3(tableChannel(at.r, 0), tableChannel(at.g, 1), tableChannel(at.b, 2)), 0.0, 1.0);
}
`,
  three: /* glsl */ `
uniform highp sampler3D table;
uniform vec3 tableMin;
uniform vec3 tableMax;
uniform float tableSize;
vec3 throughTable(vec3 color) {
  vec3 at = clamp((color - tableMin) / (tableMax - tableMin), 0.0, 1.0) * (tableSize - 1.0);
  vec3 low = min(floor(at), tableSize - 2.0);
  vec3 f = at - low;
  // From the low corner to the high one along the edges of the largest, the middle and the least part.
  vec3 first = f.r >= f.g
    ? (f.r >= f.b ? vec3(1, 0, 0) : vec3(0, 0, 1))
    : (f.g >= f.b ? vec3(0, 1, 0) : vec3(0, 0, 1));
  vec3 last = f.r >= f.g
    ? (f.g >= f.b ? vec3(0, 0, 1) : vec3(0, 1, 0))
    : (f.r >= f.b ? vec3(0, 0, 1) : vec3(1, 0, 0));
  vec3 middle = 1.0 - first - last;
  float most = dot(f, first);
  float between = dot(f, middle);
  float least = dot(f, last);
  ivec3 corner = ivec3(low);
  vec3 result = (1.0 - most) * texelFetch(table, corner, 0).rgb
    + (most - between) * texelFetch(table, corner + ivec3(first), 0).rgb
    + (between - least) * texelFetch(table, corner + ivec3(first + middle), 0).rgb
    + least * texelFetch(table, corner + ivec3(1), 0).rgb;
  return clamp(result, 0.0, 1.0);
}
`,
} as const;

export type TableKind = keyof typeof TABLE_SHADER;

export const tableKind = (table: LookUpTable | null): TableKind =>
  table === null ? 'none' : table.dimensions === 1 ? 'one' : 'three';

/** The last table that was used, on the GPU. */
export class TableTexture {
  #of: LookUpTable | null = null;
  #texture: Texture | null = null;

  uniforms(table: LookUpTable): Record<string, IUniform> {
    if (table !== this.#of) {
      this.#texture?.dispose();
      this.#texture = textureOf(table);
      this.#of = table;
    }
    return {
      table: { value: this.#texture },
      tableMin: { value: new Vector3(...table.domainMin) },
      tableMax: { value: new Vector3(...table.domainMax) },
      tableSize: { value: table.size },
    };
  }
}

function textureOf({ dimensions, size, entries }: LookUpTable): Texture {
  const count = entries.length / 3;
  const rows = Math.ceil(count / ROW);
  const data = new Float32Array(4 * (dimensions === 3 ? count : rows * ROW));
  for (let i = 0; i < count; i += 1) data.set(entries.subarray(i * 3, i * 3 + 3), i * 4);
  const texture = dimensions === 3 ? new Data3DTexture(data, size, size, size) : new DataTexture(data, ROW, rows);
  texture.format = RGBAFormat;
  texture.type = FloatType;
  texture.minFilter = texture.magFilter = NearestFilter;
  texture.generateMipmaps = false;
  texture.unpackAlignment = 1;
  texture.needsUpdate = true;
  return texture;
}
