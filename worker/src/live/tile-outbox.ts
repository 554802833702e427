/** [LV30] Better parts of a resting picture on their way: as many at a time as the viewer acknowledges. */
import { encodePicture, type PictureHeader } from '@kiln/shared';
import type { LiveTile } from '../page/contract.ts';
import type { PictureWindow } from './picture-window.ts';

/** What all tiles of a better picture have in common. `final` of the last of them all. */
export type BetterPicture = Omit<PictureHeader, 'sequence' | 'codec' | 'lastTile' | 'better' | 'tile' | 'moving'>;

interface Tile {
  readonly tile: LiveTile;
  readonly bytes: Uint8Array;
}

interface Batch {
  readonly picture: BetterPicture;
  readonly rank: number;
  readonly tiles: readonly Tile[];
}

export class TileOutbox {
  readonly #window: PictureWindow;
  readonly #send: (message: Uint8Array) => void;
  readonly #batchBytes: () => number;
  #batches: Batch[] = [];

  /** @param batchBytes what may be acknowledged together, by now. */
  constructor(window: PictureWindow, send: (message: Uint8Array) => void, batchBytes: () => number) {
    this.#window = window;
    this.#send = send;
    this.#batchBytes = batchBytes;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** @param bytes of the tiles, one after the other. @param rank as of `PictureWindow.begin`. */
  put(picture: BetterPicture, tiles: readonly LiveTile[], bytes: Uint8Array, rank: number): void {
    const batches = batchesOf(tiles, bytes, this.#batchBytes());
    for (const [at, batch] of batches.entries()) {
      const isLast = at === batches.length - 1;
      this.#batches.push({ picture: { ...picture, final: picture.final && isLast }, rank, tiles: batch });
    }
    this.pump();
  }

  /** Nobody wants what waits any more. */
  clear(): void {
    for (const { tiles } of this.#batches) this.#window.counts.tilesDropped += tiles.length;
    this.#batches = [];
  }

  /** To be called whenever the viewer has acknowledged something. */
  pump(): void {
    while (this.#window.hasRoom) {
      const batch = this.#batches.shift();
      if (!batch) return;
      const sequence = this.#window.begin(batch.rank, false).send();
      if (sequence === null) this.clear();
      else this.#sendAll(sequence, batch);
    }
  }

  #sendAll(sequence: number, { picture, tiles }: Batch): void {
    for (const [at, { tile, bytes }] of tiles.entries()) {
      const { codec, x, y, widthPx, heightPx } = tile;
      const place = { sequence, codec, tile: { x, y, widthPx, heightPx }, lastTile: at === tiles.length - 1 };
      this.#send(encodePicture({ ...picture, ...place, better: true, moving: false }, bytes));
    }
  }
}

/** Each of so many bytes that the next picture does not wait for long behind it; a tile alone may have more. */
function batchesOf(tiles: readonly LiveTile[], bytes: Uint8Array, batchBytes: number): Tile[][] {
  const batches: Tile[][] = [];
  let from = 0;
  let room = 0;
  for (const tile of tiles) {
    const { sizeBytes } = tile;
    if (sizeBytes > room) {
      batches.push([]);
      room = batchBytes;
    }
    batches.at(-1)?.push({ tile, bytes: bytes.subarray(from, from + sizeBytes) });
    room -= sizeBytes;
    from += sizeBytes;
  }
  return batches;
}
