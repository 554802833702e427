import {
  Color,
  type CoordinateSystem,
  type Material,
  OrthographicCamera,
  PerspectiveCamera,
  type Texture,
} from 'three';
import type { CameraPlacement } from './camera-placement.ts';
import type { Shot } from './engine.ts';
import { subPixelOffset } from './jitter.ts';
import { neutralBackgroundLight } from './neutral-grey.ts';
import { ShadowCatcher } from './shadow-catcher.ts';
import { placeShot, setCamera } from './shot-camera.ts';
import { shutterMoment } from './shutter.ts';
import { lookThrough } from './thin-lens.ts';

/** How a shot's scene is lit, posed and looked at for rasterisation, whatever draws it. */
export class RasterStage {
  /** One colour object for all backgrounds. */
  readonly #grey = new Color();
  /** The same two for all pictures: three keeps a transmission target per camera for ever. */
  readonly #cameras = { perspective: new PerspectiveCamera(), orthographic: new OrthographicCamera() };

  readonly #catcher: ShadowCatcher;

  /**
   * @param coordinateSystem of the renderer: where its depth begins.
   * @param catcherMaterial of the renderer: what shadows are caught with.
   */
  constructor(coordinateSystem: CoordinateSystem, catcherMaterial: Material) {
    this.#catcher = new ShadowCatcher(catcherMaterial);
    for (const camera of Object.values(this.#cameras)) camera.coordinateSystem = coordinateSystem;
  }

  /** @param filtered the shot's environment as the renderer lights rough surfaces with it. */
  light({ scene: { stage, lights }, light, background, toneMapping, exposureEv }: Shot, filtered: Texture): void {
    lights.setSun(light.sun ?? null);
    stage.environment = filtered;
    stage.environmentIntensity = light.intensity;
    stage.environmentRotation.y = stage.backgroundRotation.y = light.rotationRad;
    stage.backgroundIntensity = light.backgroundIntensity;
    stage.backgroundBlurriness = light.backgroundBlur;
    stage.background = null;
    if (background === 'environment') {
      stage.background = light.backgroundBlur > 0 ? filtered : light.environment.panorama;
    }
    if (background === 'neutral') {
      // A colour is not scaled by the background's intensity.
      stage.background = this.#grey.setScalar(neutralBackgroundLight(toneMapping, exposureEv));
    }
  }

  /**
   * Poses the scene, its shadows too, for a sample of the shot, until `clear` is called.
   *
   * @returns the camera that sees it.
   */
  pose(shot: Shot, index: number): PerspectiveCamera | OrthographicCamera {
    const { scene, staging, shutterSec = 0, light } = shot;
    const timeSec = shot.timeSec + shutterSec * shutterMoment(index);
    scene.pose(staging, timeSec);
    const ground = light.shadowCatcher ? scene.ground(light.shadowCatcher) : null;
    const seen = ground
      ? Math.max(scene.reach, scene.sphere.center.distanceTo(ground.middle) + ground.reach)
      : undefined;
    const placement = placeShot({ ...shot, timeSec }, seen);
    scene.requestShadows(ground);
    this.clear();
    if (ground) this.#catcher.lay(scene.stage, ground);
    const camera = setCamera(this.#cameras, placement, shot, subPixelOffset(index));
    if (placement.aperture && camera instanceof PerspectiveCamera) lookThrough(camera, placement.aperture, index);
    return camera;
  }

  /** Leaves the scene as others know it. */
  clear(): void {
    this.#catcher.remove();
  }
}

/** Moves everything to where it is then, the camera too. */
export function poseShot(shot: Shot, timeSec: number): CameraPlacement {
  return placeShot({ ...shot, timeSec });
}
