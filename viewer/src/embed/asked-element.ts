/** What `<kiln-preview>` answers about the scene: where the camera is, what is seen at a point, what there is to be named. */
import type { ScenePart } from '@kiln/shared';
import type { LiveViewport } from '../live/live-viewport.ts';
import { orbitOf } from './orbit.ts';
import { type PreviewSurface, type Vector, vector } from './preview-types.ts';
import { ReflectedElement } from './reflected-element.ts';

export abstract class AskedElement extends ReflectedElement {
  /** Null while there is no view. @internal */
  protected abstract get asked(): LiveViewport | null;

  /** A picture of the scene is on the screen. */
  abstract get loaded(): boolean;

  /**
   * Where the camera is going, around its target: `theta` about the vertical and `phi` from straight above, in radians, and
   * `radius` in metres. Null before the scene is there.
   */
  getCameraOrbit(): {
    readonly theta: number;
    readonly phi: number;
    readonly radius: number;
    toString(): string;
  } | null {
    const camera = this.asked?.camera;
    if (!camera) return null;
    const { thetaRad: theta, phiRad: phi, radiusM: radius } = orbitOf(camera);
    return { theta, phi, radius, toString: () => `${theta}rad ${phi}rad ${radius}m` };
  }

  /** What it turns around, in metres of the scene's world. Null before the scene is there. */
  getCameraTarget(): Vector | null {
    const target = this.asked?.camera?.target;
    return target ? vector(target) : null;
  }

  /** From the upper edge to the lower one, in degrees. Null before the scene is there. */
  getFieldOfView(): number | null {
    return this.asked?.camera?.fovDeg ?? null;
  }

  /** Is where it was going to, at once. */
  jumpCameraToGoal(): void {
    const camera = this.asked?.camera;
    if (camera) this.asked?.lookFrom(camera);
  }

  /**
   * What is seen at a point of the page, as events of the mouse have it, by the depth of the last picture; null where nothing
   * is. The position is in metres of the scene's world; the normal has the length 1.
   *
   * @param pixelX CSS pixels from the left edge of the window.
   * @param pixelY CSS pixels from its upper edge.
   */
  positionAndNormalFromPoint(
    pixelX: number,
    pixelY: number,
  ): { readonly position: Vector; readonly normal: Vector } | null {
    const surface = this.asked?.surfaceAt(pixelX, pixelY) ?? null;
    return surface && { position: vector(surface.position), normal: vector(surface.normal) };
  }

  /**
   * What is seen there as it is asked, as the farm knows it; null where nothing is, or no picture yet.
   *
   * @throws KilnError `request.too_many`, `client.unreachable`, or whatever else keeps the farm from saying it.
   */
  async surfaceFromPoint(pixelX: number, pixelY: number): Promise<PreviewSurface | null> {
    const surface = this.loaded ? await this.asked?.pick(pixelX, pixelY) : null;
    if (!surface) return null;
    const { node, material, position, normal } = surface;
    return { node, material, position: vector(position), normal: vector(normal) };
  }

  /** The material there; null also of what has none. As `surfaceFromPoint`. */
  async materialFromPoint(pixelX: number, pixelY: number): Promise<ScenePart | null> {
    return (await this.surfaceFromPoint(pixelX, pixelY))?.material ?? null;
  }

  /** For `animation-name`. These lists are empty before the scene is loaded. */
  get availableAnimations(): string[] {
    return (this.asked?.scene?.clips ?? []).map(({ name }) => name);
  }

  /** For `variant-name`. */
  get availableVariants(): string[] {
    return [...(this.asked?.scene?.variants ?? [])];
  }

  /** For `camera`. */
  get availableCameras(): string[] {
    return (this.asked?.scene?.cameras ?? []).map(({ name }) => name);
  }

  /** Of what is shown, the first thousand or so. */
  get availableNodes(): string[] {
    return [...(this.asked?.scene?.nodes ?? [])];
  }

  get availableMaterials(): string[] {
    return [...(this.asked?.scene?.materials ?? [])];
  }
}
