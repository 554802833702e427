import { type DataTexture, Texture } from 'three';
import { texture, uniform } from 'three/tsl';
import { luminanceFn } from 'three-gpu-pathtracer/src/webgpu/nodes/sampling.wgsl.js';
import { lightRecordStruct, materialStruct } from 'three-gpu-pathtracer/src/webgpu/nodes/structs.wgsl.js';
import { wgslTagFn } from 'three-mesh-bvh/webgpu';
import type { Emitters } from '../pathtrace/emitters.ts';
import type { PackedScene } from './packed-scene.ts';
import type { SurfaceTexels } from './surface-texels.ts';

/**
 * Surfaces that glow, as one more light of the kernel's that is looked for (see `emitters.ts`): functions for its text,
 * and what they read.
 */
export class EmitterLight {
  readonly #table = texture(new Texture());
  readonly #count = uniform(0, 'uint');
  readonly #weight = uniform(1);
  #kept: DataTexture | null = null;
  /** Of the kernel's text: how many there are, a look for one, and how probable that look was. */
  readonly nodes: Readonly<Record<'emitterCount' | 'sampleEmitter' | 'emitterPdf', unknown>>;

  constructor({ storage, fns }: PackedScene, texels: SurfaceTexels) {
    const [table, count, weight] = [this.#table, this.#count, this.#weight];
    // Probability per solid angle of looking this way for a point of a glowing surface, seen at an angle of this cosine.
    const emitterPdf = wgslTagFn /* wgsl */`
      fn emitterPdf( material: ${materialStruct}, dist: f32, cosine: f32 ) -> f32 {
        let density = ${luminanceFn}( material.emissiveIntensity * material.emissive ) / ${weight};
        return select( density * dist * dist / max( cosine, 1e-6 ), 0.0, material.alphaTest > 0.0 );
      }
    `;
    const emitterAt = wgslTagFn /* wgsl */`
      fn emitterAt( at: u32 ) -> vec4f {
        let row = textureDimensions( ${table} ).x;
        return textureLoad( ${table}, vec2u( at % row, at / row ), 0 );
      }
    `;
    // The lamp itself is in the way at its own distance.
    const sampleEmitter = wgslTagFn /* wgsl */`
      fn sampleEmitter( origin: vec3f, random: vec3f ) -> ${lightRecordStruct} {
        var record: ${lightRecordStruct};
        record.pdf = 0.0;
        var low = 0u;
        var high = ${count} - 1u;
        while ( low < high ) {
          let middle = ( low + high ) / 2u;
          if ( ${emitterAt}( middle ).r <= random.x ) { low = middle + 1u; } else { high = middle; }
        }
        let corners = vec3u( ${emitterAt}( low ).gba );
        let a = ${storage.attributes}[ corners.x ].position.xyz;
        let b = ${storage.attributes}[ corners.y ].position.xyz;
        let c = ${storage.attributes}[ corners.z ].position.xyz;
        let root = sqrt( random.y );
        let barycoord = vec3f( 1.0 - root, root * ( 1.0 - random.z ), root * random.z );
        let vertex = ${fns.sampleTrianglePoint}( barycoord, corners );
        let toLight = vertex.position.xyz - origin;
        let dist = length( toLight );
        if ( dist <= 0.0 ) { return record; }
        let direction = toLight / dist;
        let material = ${storage.materials}[ u32( vertex.uv.z + 0.5 ) ];
        let face = normalize( cross( b - a, c - a ) );
        let side = select( 1.0, - 1.0, dot( direction, face ) > 0.0 );
        let cosine = abs( dot( direction, face ) );
        if ( cosine <= 0.0 || ( material.side != 0.0 && side != material.side ) ) { return record; }
        record.direction = direction;
        record.emission = ${texels.emission}( material, vertex );
        if ( material.transparent != 0 ) { record.emission *= ${texels.albedo}( material, vertex ).a; }
        record.dist = dist * 0.999;
        record.pdf = ${emitterPdf}( material, dist, cosine );
        return record;
      }
    `;
    this.nodes = { emitterCount: count, sampleEmitter, emitterPdf };
  }

  /** Takes the table over, and frees the one before. */
  set({ table, count, weight }: Emitters): void {
    this.#table.value = table;
    this.#count.value = count;
    this.#weight.value = weight;
    this.#kept?.dispose();
    this.#kept = table;
  }
}
