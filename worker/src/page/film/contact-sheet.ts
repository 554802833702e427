import { KilnError, type Size } from '@kiln/shared';
import type { FilmBytes } from './film-bytes.ts';
import type { FilmMaker, FilmMakerOrder, FilmPicture } from './film-maker.ts';

/** Pictures on one sheet; of a longer layer, so many at even distances. */
const MOST_PICTURES = 100;
/** Longest edge of a small picture. */
const CELL_PX = 320;
const GAP_PX = 8;
const LABEL_PX = 18;
const PAPER = '#1b1b1f';
const INK = '#c8c8d0';

/** All frames of a layer, small, with their numbers, in one PNG. */
export class ContactSheetMaker implements FilmMaker {
  readonly size: Size;
  readonly #bytes: FilmBytes;
  readonly #source: OffscreenCanvas;
  readonly #sheet: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;
  readonly #cell: Size;
  readonly #columns: number;
  readonly #pictureCount: number;
  readonly #shown: number;
  #pictures = 0;
  #placed = 0;

  /** @param source canvas that holds each picture when it is added. */
  constructor({ size, pictureCount }: FilmMakerOrder, source: OffscreenCanvas, bytes: FilmBytes) {
    this.size = size;
    this.#bytes = bytes;
    this.#source = source;
    this.#pictureCount = pictureCount;
    this.#shown = Math.min(pictureCount, MOST_PICTURES);
    const scale = Math.min(1, CELL_PX / Math.max(size.widthPx, size.heightPx));
    this.#cell = {
      widthPx: Math.max(1, Math.round(size.widthPx * scale)),
      heightPx: Math.max(1, Math.round(size.heightPx * scale)),
    };
    const { widthPx, heightPx } = this.#pitch;
    // As near to a square as whole rows allow.
    this.#columns = Math.min(this.#shown, Math.max(1, Math.round(Math.sqrt((this.#shown * heightPx) / widthPx))));
    const rows = Math.ceil(this.#shown / this.#columns);
    this.#sheet = new OffscreenCanvas(this.#columns * widthPx + GAP_PX, rows * heightPx + GAP_PX);
    const context = this.#sheet.getContext('2d', { alpha: false });
    if (!context) throw new KilnError('render.failed', 'the page has no memory for a contact sheet');
    this.#context = context;
    context.fillStyle = PAPER;
    context.fillRect(0, 0, this.#sheet.width, this.#sheet.height);
    context.imageSmoothingQuality = 'high';
    context.font = '12px sans-serif';
    context.textBaseline = 'middle';
  }

  async add({ label }: FilmPicture): Promise<void> {
    const index = this.#pictures++;
    // The picture of place k is that at k ÷ (places − 1) of the way.
    const due = this.#shown === 1 ? 0 : Math.round((this.#placed * (this.#pictureCount - 1)) / (this.#shown - 1));
    if (index < due || this.#placed >= this.#shown) return;
    const { widthPx, heightPx } = this.#pitch;
    const x = GAP_PX + (this.#placed % this.#columns) * widthPx;
    const y = GAP_PX + Math.floor(this.#placed / this.#columns) * heightPx;
    this.#placed += 1;
    this.#context.drawImage(this.#source, x, y, this.#cell.widthPx, this.#cell.heightPx);
    this.#context.fillStyle = INK;
    this.#context.fillText(label, x, y + this.#cell.heightPx + LABEL_PX / 2, this.#cell.widthPx);
  }

  async end() {
    const blob = await this.#sheet.convertToBlob({ type: 'image/png' });
    this.#bytes.append(new Uint8Array(await blob.arrayBuffer()));
    return { audioCodec: null };
  }

  /** From one picture to the next. */
  get #pitch(): Size {
    return { widthPx: this.#cell.widthPx + GAP_PX, heightPx: this.#cell.heightPx + LABEL_PX + GAP_PX };
  }
}
