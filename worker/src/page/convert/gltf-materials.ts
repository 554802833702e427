import {
  BackSide,
  Color,
  DoubleSide,
  LineBasicMaterial,
  LineDashedMaterial,
  Loader,
  type Material,
  MeshBasicMaterial,
  MeshLambertMaterial,
  MeshPhongMaterial,
  MeshStandardMaterial,
  MeshToonMaterial,
  NormalBlending,
  PointsMaterial,
  type Texture,
} from 'three';
import { mergeAlphaMap } from './alpha-map.ts';
import type { Findings } from './findings.ts';
import { countFromTop, takeImages, texturesOf } from './gltf-textures.ts';
import { nameOf } from './name-of.ts';
import type { SceneImages } from './scene-images.ts';

/** Members of materials that glTF has no place for. */
const LOST_MAPS = ['specularMap', 'displacementMap', 'lightMap', 'envMap', 'gradientMap', 'matcap'];

/** Makes materials that glTF can carry of all others, each once. */
export class GltfMaterials {
  readonly #images: SceneImages;
  readonly #findings: Findings;
  readonly #made = new Map<Material, Promise<Material>>();
  readonly #seen = new Map<Texture, boolean>();
  readonly #turned = new Map<Texture, boolean>();

  constructor(images: SceneImages, findings: Findings) {
    this.#images = images;
    this.#findings = findings;
  }

  make(material: Material): Promise<Material> {
    const made = this.#made.get(material) ?? this.#makeOne(material);
    this.#made.set(material, made);
    return made;
  }

  async #makeOne(source: Material): Promise<Material> {
    const material = this.#carried(source);
    material.userData = {};
    this.#noteLost(material);
    await takeImages(material, this.#images, this.#seen);
    for (const [, texture] of texturesOf(material)) {
      if (!this.#turned.has(texture)) this.#turned.set(texture, countFromTop(texture));
    }
    if (await mergeAlphaMap(material, this.#images)) this.#lose('its separate alpha map', material);
    if (material instanceof MeshStandardMaterial) await this.#orientMaps(material);
    return material;
  }

  /** A material of a kind that the exporter writes whole. */
  #carried(source: Material): Material {
    if (source instanceof LineDashedMaterial) this.#lose('its dashes', source);
    if (source instanceof LineBasicMaterial || source instanceof PointsMaterial) return source;
    // What a loader puts where the file has no material is white, grey or magenta.
    if (source.name === Loader.DEFAULT_MATERIAL_NAME) return plainMaterial(source);
    if (source instanceof MeshStandardMaterial || source instanceof MeshBasicMaterial) return source;
    if (source instanceof MeshPhongMaterial) {
      this.#noteSpecularMap(source);
      return standard(source, source, roughnessOf(source));
    }
    if (source instanceof MeshLambertMaterial) return standard(source, source, 1);
    if (source instanceof MeshToonMaterial) {
      this.#lose('its toon shading', source);
      return standard(source, source, 1);
    }
    this.#lose(`its shading, which is of the kind ${source.type}: it is grey`, source);
    return standard(source, { color: new Color(0xcccccc) }, 1);
  }

  #noteSpecularMap(material: MeshPhongMaterial): void {
    if (material.specularMap) this.#lose('its specular map', material);
  }

  #noteLost(material: Material): void {
    for (const [name] of texturesOf(material)) {
      if (!LOST_MAPS.includes(name)) continue;
      this.#lose(`its ${name}`, material);
      Reflect.set(material, name, null);
    }
    if (material.side === BackSide) {
      this.#lose('that only its back is seen: both sides are', material);
      material.side = DoubleSide;
    }
    if (material.blending !== NormalBlending) this.#lose('its blending', material);
    if (Reflect.get(material, 'wireframe') === true) {
      this.#lose('that it is a wireframe', material);
      Reflect.set(material, 'wireframe', false);
    }
  }

  /**
   * The exporter inverts a normal map's green channel where v counts the other way than it expects, and puts metalness and
   * roughness into one image: there it looks at pixels.
   */
  async #orientMaps(material: MeshStandardMaterial): Promise<void> {
    const { normalMap, normalScale, metalnessMap, roughnessMap } = material;
    if (normalMap) {
      if (this.#turned.get(normalMap)) normalScale.y *= -1;
      const isInverted = normalScale.x < 0 || normalScale.y > 0;
      if (isInverted && !(await this.#images.draw(normalMap))) material.normalMap = null;
    }
    if (metalnessMap === roughnessMap) return;
    if (metalnessMap && !(await this.#images.draw(metalnessMap))) material.metalnessMap = null;
    if (roughnessMap && !(await this.#images.draw(roughnessMap))) material.roughnessMap = null;
  }

  #lose(what: string, material: Material): void {
    const message = `glTF cannot carry of ${nameOf(material)} ${what}.`;
    this.#findings.add('warning', 'MATERIAL_SIMPLIFIED', message, material.name.slice(0, 100) || null);
  }
}

/** Of what has none: not white, on which light could not be seen. */
export function plainMaterial({ vertexColors, ...rest }: Pick<Material, 'vertexColors'>): MeshStandardMaterial {
  const flatShading = 'flatShading' in rest && rest.flatShading === true;
  return new MeshStandardMaterial({ color: vertexColors ? 'white' : 'silver', vertexColors, flatShading });
}

/** What is taken over of the older materials. */
interface OldMaterial {
  readonly color: Color;
  readonly map?: Texture | null;
  readonly aoMap?: Texture | null;
  readonly aoMapIntensity?: number;
  readonly alphaMap?: Texture | null;
  readonly bumpMap?: Texture | null;
  readonly bumpScale?: number;
  readonly normalMap?: Texture | null;
  readonly emissive?: Color;
  readonly emissiveMap?: Texture | null;
  readonly emissiveIntensity?: number;
  readonly flatShading?: boolean;
}

function standard(base: Material, old: OldMaterial, roughness: number): MeshStandardMaterial {
  const material = new MeshStandardMaterial({
    name: base.name,
    side: base.side,
    transparent: base.transparent,
    opacity: base.opacity,
    alphaTest: base.alphaTest,
    blending: base.blending,
    vertexColors: base.vertexColors,
    emissiveIntensity: old.emissiveIntensity ?? 1,
    flatShading: old.flatShading ?? false,
    metalness: 0,
    roughness,
  });
  material.color.copy(old.color);
  if (old.emissive) material.emissive.copy(old.emissive);
  material.map = old.map ?? null;
  material.aoMap = old.aoMap ?? null;
  material.aoMapIntensity = old.aoMapIntensity ?? 1;
  material.alphaMap = old.alphaMap ?? null;
  material.bumpMap = old.bumpMap ?? null;
  material.bumpScale = old.bumpScale ?? 1;
  material.normalMap = old.normalMap ?? null;
  material.emissiveMap = old.emissiveMap ?? null;
  return material;
}

/** The roughness whose highlight is as wide as that of a Blinn-Phong exponent: α = √(2 / (n + 2)), roughness = √α. */
function roughnessOf({ specular, shininess }: MeshPhongMaterial): number {
  if (specular.getHex() === 0) return 1;
  return Math.sqrt(Math.sqrt(2 / (Math.max(0, shininess) + 2)));
}
