import { texture, uniformArray } from 'three/tsl';
import { sampleTexelFunc } from 'three-gpu-pathtracer/src/webgpu/nodes/utils.wgsl.js';
import { wgslTagFn } from 'three-mesh-bvh/webgpu';
import type { PackedScene } from './packed-scene.ts';

/**
 * What of a surface light needs that is looked for: the library's record of all of it takes half a minute more to compile
 * for each place that asks for it, in software.
 */
export interface SurfaceTexels {
  /** Of a material and a vertex: colour and opacity. */
  readonly albedo: unknown;
  /** Of the same: light that it gives off. */
  readonly emission: unknown;
}

export function surfaceTexels({ structs, fns, textureAtlas }: PackedScene): SurfaceTexels {
  const table = uniformArray(textureAtlas.textureInfo, 'uvec4');
  const texel = sampleTexelFunc(table, texture(textureAtlas.renderTarget.texture), 'sampleAtlas');
  const albedo = wgslTagFn /* wgsl */`
    fn albedoOf( material: ${structs.material}, vertex: ${structs.attributes} ) -> vec4f {
      var albedo = vec4f( material.color, material.opacity );
      if ( material.vertexColors == 1 ) { albedo *= vertex.color; }
      if ( material.map != - 1 ) {
        let uv = material.mapTransform * vec3f( ${fns.getUvFromChannel}( vertex, material.map ), 1.0 );
        albedo *= ${texel}( uv.xy, material.map, 0.0 );
      }
      if ( material.alphaMap != - 1 ) {
        let uv = material.alphaMapTransform * vec3f( ${fns.getUvFromChannel}( vertex, material.alphaMap ), 1.0 );
        albedo.a *= ${texel}( uv.xy, material.alphaMap, 0.0 ).g;
      }
      return albedo;
    }
  `;
  const emission = wgslTagFn /* wgsl */`
    fn emissionOf( material: ${structs.material}, vertex: ${structs.attributes} ) -> vec3f {
      let light = material.emissiveIntensity * material.emissive;
      if ( material.emissiveMap == - 1 ) { return light; }
      let uv = material.emissiveMapTransform * vec3f( ${fns.getUvFromChannel}( vertex, material.emissiveMap ), 1.0 );
      return light * ${texel}( uv.xy, material.emissiveMap, 0.0 ).rgb;
    }
  `;
  return { albedo, emission };
}
