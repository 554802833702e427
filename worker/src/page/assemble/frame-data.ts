/** What stands at each pixel of a frame that is made of parts: drawn by whoever makes it, for it has but one sample. */
import { hasData, LIMITS, type RenderSettings } from '@kiln/shared';
import type { GiveWay } from '../draw-queue.ts';
import type { CameraPlacement } from '../engine/camera-placement.ts';
import type { Shot } from '../engine/engine.ts';
import type { MatteManifests } from '../engine/passes/mattes.ts';
import type { DataPlane } from '../engine/passes/planes.ts';
import { placeShot } from '../engine/shot-camera.ts';
import { shotWithin } from '../engine/shot-within.ts';
import type { PageServices } from '../page-services.ts';
import { frameShot, holdAssets } from '../shots.ts';

interface FrameOf {
  readonly sceneHash: string;
  readonly settings: RenderSettings;
  readonly frameNumber: number;
}

interface Opened {
  readonly shot: Shot;
  readonly mattes: MatteManifests;
  readonly close: () => void;
}

export class FrameData {
  readonly #room: PageServices['room'];
  readonly #opened: Opened | null;
  #placement: CameraPlacement | null = null;

  private constructor(room: PageServices['room'], opened: Opened | null) {
    this.#room = room;
    this.#opened = opened;
  }

  /** Holds the scene and what it is drawn with, where the frame has data or is denoised, until `close`. */
  static async open(services: PageServices, { sceneHash, settings, frameNumber }: FrameOf): Promise<FrameData> {
    const { room, scenes } = services;
    if (!hasData(settings) && !settings.denoise) return new FrameData(room, null);
    const { scene, release } = scenes.use(sceneHash);
    try {
      const held = await holdAssets(services, settings, scene);
      const close = () => {
        held.release();
        release();
      };
      try {
        const shot = frameShot(scene, settings, frameNumber, held.assets);
        const mattes = room.passes.manifestsOf(scene);
        return new FrameData(room, { shot, mattes, close });
      } catch (error) {
        held.release();
        throw error;
      }
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Where the camera stood; null before something was drawn. */
  get placement(): CameraPlacement | null {
    return this.#placement;
  }

  /** Null where nothing is drawn of the scene. */
  get shot(): Shot | null {
    return this.#opened?.shot ?? null;
  }

  /** What the ids in the planes stand for. */
  get mattes(): MatteManifests | null {
    return this.#opened?.mattes ?? null;
  }

  /**
   * The planes of all pixels, in buffers that the encoder gives back.
   *
   * @param beside what was drawn apart: it takes its place among them.
   */
  async whole(giveWay: GiveWay, beside: readonly DataPlane[] = []): Promise<DataPlane[]> {
    return this.#opened ? this.#draw(this.#opened.shot, giveWay, beside) : [];
  }

  /**
   * The planes of some rows, the lowest first, drawn in windows of a fixed grid: what a frame is does not depend on how it
   * was divided.
   *
   * @param firstRow from the top.
   */
  async rows(firstRow: number, heightPx: number, giveWay: GiveWay): Promise<DataPlane[]> {
    if (!this.#opened) return [];
    const { shot } = this.#opened;
    const { widthPx } = shot.size;
    const { buffers } = this.#room;
    let whole: DataPlane[] = [];
    for (let x = 0; x < widthPx; x += LIMITS.gridBlockEdgePx) {
      const window = { x, y: firstRow, widthPx: Math.min(LIMITS.gridBlockEdgePx, widthPx - x), heightPx };
      const planes = await this.#draw(shotWithin(shot, window), giveWay);
      if (window.widthPx === widthPx) return planes;
      if (x === 0) {
        whole = planes.map(({ name }) => ({ name, values: buffers.take(widthPx * heightPx * 16).buffer }));
      }
      planes.forEach(({ values }, index) => {
        const from = new Float32Array(values);
        const to = new Float32Array(whole[index]?.values ?? new ArrayBuffer(0));
        const length = window.widthPx * 4;
        for (let row = 0; row < heightPx; row += 1) {
          to.set(from.subarray(row * length, (row + 1) * length), (row * widthPx + x) * 4);
        }
        buffers.give(values);
      });
    }
    return whole;
  }

  async #draw(shot: Shot, giveWay: GiveWay, beside: readonly DataPlane[] = []): Promise<DataPlane[]> {
    this.#placement ??= placeShot(shot);
    const { passes } = this.#room;
    return [...passes.draw(shot, this.#placement), ...beside, ...(await passes.drawMattes(shot, giveWay))];
  }

  close(): void {
    this.#opened?.close();
  }
}
