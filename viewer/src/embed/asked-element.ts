/** What `<kiln-preview>` answers about the scene: what is seen at a point, and what there is to be named. */
import type { ScenePart } from '@kiln/shared';
import type { LiveViewport } from '../live/live-viewport.ts';
import { type PreviewSurface, type Vector, vector } from './preview-types.ts';
import { ReflectedElement } from './reflected-element.ts';

export abstract class AskedElement extends ReflectedElement {
  /** Null while there is no view. @internal */
  protected abstract get asked(): LiveViewport | null;

  /** A picture of the scene is on the screen. */
  abstract get loaded(): boolean;

  /**
   * What is seen at a point of the page, as events of the mouse have it, by the depth of the last picture; null where nothing
   * is.
   *
   * @param pixelX CSS pixels from the left edge of the window.
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
