import {
  DirectionalLight,
  type Light,
  Material,
  Matrix4,
  Mesh,
  type Object3D,
  PointLight,
  type Scene,
  type Sphere,
  SpotLight,
  Vector3,
} from 'three';
import { PAGE_LIMITS } from '../limits.ts';
import { fallTo, type Ground, shadowReach } from './ground.ts';
import { SHADOW_BIAS, StageSun, type SunLight } from './sun.ts';

/** Light of the studio where it is the only one, and where it only fills the shadows of the scene's own lights. */
const STUDIO_ALONE = 1;
const STUDIO_FILL = 0.35;

type ShadowLight = DirectionalLight | SpotLight;
type Punctual = ShadowLight | PointLight;

const isPunctual = (object: Object3D): object is Punctual =>
  object instanceof DirectionalLight || object instanceof SpotLight || object instanceof PointLight;

const brightness = ({ color, intensity }: Light) =>
  intensity * (0.2126 * color.r + 0.7152 * color.g + 0.0722 * color.b);

/** The scene's own lights, and the shadows of the brightest of them. */
export class Lights {
  /** Beside the scene's own. */
  readonly sun: StageSun;
  readonly #root: Object3D;
  readonly count: number;
  /** Factor on the studio's light. */
  readonly studioIntensity: number;
  readonly #shadowLights: readonly ShadowLight[];
  /** What three draws shadow maps with, for all scenes the same. */
  readonly #depthMaterials = new Set<Material>();

  /** @param stage where a sun may shine beside the root. */
  constructor(root: Object3D, stage: Scene) {
    this.#root = root;
    this.sun = new StageSun(stage);
    const lights: Punctual[] = [];
    root.traverse((object) => {
      if (isPunctual(object)) lights.push(object);
    });
    this.count = lights.length;
    this.studioIntensity = lights.length === 0 ? STUDIO_ALONE : STUDIO_FILL;
    this.#shadowLights = lights
      .filter((light): light is ShadowLight => !(light instanceof PointLight) && brightness(light) > 0)
      .sort((a, b) => brightness(b) - brightness(a))
      .slice(0, PAGE_LIMITS.shadowLights);
    for (const light of this.#shadowLights) prepare(light);
    this.adopt(root);
  }

  /** Has everything throw shadows as its material now is. */
  adopt(root: Object3D): void {
    if (this.#shadowLights.length > 0 || this.sun.shines)
      root.traverse((object) => castAndReceive(object, this.#depthMaterials));
  }

  /** The sun takes the place of one of the lights that throw shadows: maps of more might not fit a material. */
  setSun(sun: SunLight | null): void {
    const didShine = this.sun.shines;
    this.sun.set(sun);
    if (this.sun.shines === didShine) return;
    this.adopt(this.#root);
    const most = PAGE_LIMITS.shadowLights - (this.sun.shines ? 1 : 0);
    for (const [rank, light] of this.#shadowLights.entries()) light.castShadow = rank < most;
  }

  /**
   * Makes the next drawing renew the shadow maps, fitted to the lights as they are posed now.
   *
   * @param sphere around all that is drawn.
   * @param ground that shadows fall on, beside it.
   */
  renewShadows(sphere: Sphere, ground: Ground | null): void {
    for (const light of [...this.#shadowLights, ...(this.sun.shines ? [this.sun.light] : [])]) {
      if (light instanceof DirectionalLight) fitDirectional(light, sphere, ground);
      else fitSpot(light, sphere, ground);
      // Two texels of a map that spans the scene.
      light.shadow.normalBias = (4 * sphere.radius) / PAGE_LIMITS.shadowMapPx;
      light.shadow.needsUpdate = true;
    }
  }

  /** Metres around the middle of the sphere within which shadows lie on ground of this height; 0 where none do. */
  shadowReach(sphere: Sphere, heightM: number): number {
    const lights = [...this.#shadowLights, ...(this.sun.shines ? [this.sun.light] : [])];
    const casting = lights.filter((light) => light.castShadow);
    return Math.max(0, ...casting.map((light) => shadowReach(light, sphere, heightM)));
  }

  dispose(): void {
    this.sun.dispose();
    // Their shaders would go on to look at the texture of the last thing that threw a shadow, which then is gone.
    for (const material of this.#depthMaterials) material.needsUpdate = true;
    for (const light of this.#shadowLights) {
      light.shadow.map?.depthTexture?.dispose();
      light.dispose();
    }
  }
}

function prepare(light: ShadowLight): void {
  light.castShadow = true;
  light.shadow.autoUpdate = false;
  light.shadow.mapSize.setScalar(PAGE_LIMITS.shadowMapPx);
  light.shadow.bias = SHADOW_BIAS;
}

/**
 * Glass and blended surfaces throw no shadow: three knows only opaque ones.
 *
 * @param depthMaterials gets those that the shadow is drawn with.
 */
function castAndReceive(object: Object3D, depthMaterials: Set<Material>): void {
  if (!(object instanceof Mesh)) return;
  object.receiveShadow = true;
  object.onBeforeShadow = (...[, , , , , depthMaterial]) => {
    depthMaterials.add(depthMaterial);
  };
  object.castShadow = [object.material]
    .flat()
    .every((material) => material instanceof Material && !material.transparent && !isTransmissive(material));
}

const isTransmissive = (material: Material) =>
  'transmission' in material && typeof material.transmission === 'number' && material.transmission > 0;

/** The box of the light's map, just around the scene; its near plane may lie behind the light, which is everywhere. */
function fitDirectional(light: DirectionalLight, sphere: Sphere, ground: Ground | null): void {
  const { center, radius } = sphere;
  const from = new Vector3().setFromMatrixPosition(light.matrixWorld);
  const to = new Vector3().setFromMatrixPosition(light.target.matrixWorld);
  const turn = new Matrix4().lookAt(from, to, light.shadow.camera.up).transpose();
  const middle = center.clone().sub(from).applyMatrix4(turn);
  const { camera } = light.shadow;
  camera.left = middle.x - radius;
  camera.right = middle.x + radius;
  camera.bottom = middle.y - radius;
  camera.top = middle.y + radius;
  camera.near = -middle.z - radius;
  camera.far = -middle.z + radius;
  const fall = ground ? fallTo(ground, light, sphere) : 0;
  camera.far += fall;
  // The same number of metres, in a deeper box.
  light.shadow.bias = fall > 0 ? SHADOW_BIAS / (1 + fall / (2 * radius)) : SHADOW_BIAS;
  camera.updateProjectionMatrix();
}

function fitSpot(light: SpotLight, { center, radius }: Sphere, ground: Ground | null): void {
  const from = new Vector3().setFromMatrixPosition(light.matrixWorld);
  const distance = from.distanceTo(center);
  const { camera } = light.shadow;
  camera.far = distance + radius;
  camera.near = Math.max(distance - radius, camera.far / 1_000);
  light.shadow.bias = SHADOW_BIAS;
  const far = ground ? from.distanceTo(ground.middle) + ground.reach : 0;
  if (far > camera.far) {
    // The same number of metres, in depths that are spread otherwise.
    const spread = (end: number) => end / (end - camera.near);
    light.shadow.bias *= spread(far) / spread(camera.far);
    camera.far = far;
  }
  camera.updateProjectionMatrix();
}
