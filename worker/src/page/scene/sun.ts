import { DirectionalLight, type Scene } from 'three';
import { PAGE_LIMITS } from '../limits.ts';

/** Of all shadow maps, of the depth that they span. */
export const SHADOW_BIAS = -0.0003;

/** A sun that is not the scene's own. */
export interface SunLight {
  /** Unit vector towards it, in the world. */
  readonly direction: readonly [number, number, number];
  /** On a surface that faces it, linear sRGB. */
  readonly light: readonly [number, number, number];
}

/** The one sun of a stage, there while a picture asks for it. */
export class StageSun {
  readonly #stage: Scene;
  readonly light = new DirectionalLight();
  #key = '';

  constructor(stage: Scene) {
    this.#stage = stage;
    this.light.castShadow = true;
    this.light.shadow.autoUpdate = false;
    this.light.shadow.mapSize.setScalar(PAGE_LIMITS.shadowMapPx);
    this.light.shadow.bias = SHADOW_BIAS;
  }

  /** Empty without a sun; equal for equal suns. */
  get key(): string {
    return this.#key;
  }

  get shines(): boolean {
    return this.#key !== '';
  }

  set(sun: SunLight | null): void {
    const key = sun ? JSON.stringify(sun) : '';
    if (key === this.#key) return;
    this.#key = key;
    if (!sun) {
      this.light.removeFromParent();
      return;
    }
    this.#stage.add(this.light);
    this.light.color.setRGB(...sun.light);
    // It looks at the origin, from wherever.
    this.light.position.set(...sun.direction);
    this.light.updateMatrixWorld(true);
    this.light.target.updateMatrixWorld(true);
  }

  dispose(): void {
    this.light.removeFromParent();
    this.light.shadow.map?.depthTexture?.dispose();
    this.light.dispose();
  }
}
