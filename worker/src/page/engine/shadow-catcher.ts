import { type Material, Mesh, MeshStandardMaterial, PlaneGeometry, type Scene, ShaderChunk } from 'three';
import type { Ground } from '../scene/ground.ts';

/** Ground on which nothing is seen but where light is missing: black, as opaque as the share of it that is. */
export class ShadowCatcher {
  readonly #mesh: Mesh;

  /** @param material of the renderer that draws it. */
  constructor(material: Material) {
    material.transparent = true;
    material.depthWrite = false;
    // A floor of the scene's own may lie just there.
    material.polygonOffset = true;
    material.polygonOffsetFactor = material.polygonOffsetUnits = 1;
    this.#mesh = new Mesh(new PlaneGeometry(2, 2).rotateX(-Math.PI / 2), material);
    this.#mesh.receiveShadow = true;
    // What is blended stands in front of it.
    this.#mesh.renderOrder = -1;
  }

  /** Lays it out for the next drawing, as far as shadows reach: beyond, it would show nothing. */
  lay(stage: Scene, { middle, reach }: Ground): void {
    this.#mesh.position.copy(middle);
    this.#mesh.scale.set(reach, 1, reach);
    stage.add(this.#mesh);
  }

  /** Takes it away: other passes draw the scene without. */
  remove(): void {
    this.#mesh.removeFromParent();
  }
}

const SHADOWED = /directLight\.color \*= (\( directLight\.visible && receiveShadow \) \? .* : 1\.0);/g;
const REFLECTED = /RE_Direct\(.*\);/g;

/** As a white matte floor is lit, sums the light that arrives and the light that would without shadows. */
const LIGHTS = ShaderChunk.lights_fragment_begin
  .replace('IncidentLight directLight;', 'IncidentLight directLight; vec3 arriving = vec3(0.0), lost = vec3(0.0);')
  .replaceAll(
    SHADOWED,
    (_, share: string) => `{
      float lit = ${share};
      lost += directLight.color * (1.0 - lit) * saturate(dot(geometryNormal, directLight.direction));
      directLight.color *= lit;
    }`,
  )
  .replaceAll(REFLECTED, 'arriving += directLight.color * saturate(dot(geometryNormal, directLight.direction));');

const CAUGHT = /* glsl */ `
  float whole = luminance(arriving + lost + irradiance + iblIrradiance);
  gl_FragColor = vec4(vec3(0.0), whole > 0.0 ? saturate(luminance(lost) / whole) : 0.0);
`;

/** For WebGL. */
export function catcherMaterial(): Material {
  const material = new MeshStandardMaterial({ roughness: 1 });
  material.onBeforeCompile = (shader) => {
    shader.fragmentShader = shader.fragmentShader
      .replace('#include <lights_fragment_begin>', LIGHTS)
      .replace('#include <opaque_fragment>', CAUGHT);
  };
  return material;
}
