import { KilnError, type Size } from '@kiln/shared';

/** Reads pictures of one size back from their files, one at a time, into one canvas. */
export class PictureReader {
  readonly #frame: Size;
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;
  readonly #hasAlpha: boolean;

  /**
   * @param frame size of the frames
   * @param size of the pictures: the frame's, or padded to the right and below
   * @param hasAlpha whether what is transparent stays so; otherwise it is black
   */
  constructor(frame: Size, size: Size, hasAlpha: boolean) {
    this.#frame = frame;
    this.#hasAlpha = hasAlpha;
    this.#canvas = new OffscreenCanvas(size.widthPx, size.heightPx);
    const context = this.#canvas.getContext('2d', { willReadFrequently: true, alpha: true });
    if (!context) throw new KilnError('render.failed', 'the page has no memory for pictures of this size');
    this.#context = context;
  }

  get canvas(): OffscreenCanvas {
    return this.#canvas;
  }

  /** @throws KilnError `render.failed` when it is no picture, or one of another size. */
  async read(file: Blob): Promise<Uint8ClampedArray> {
    // Frames are tagged as sRGB, as the canvas is: nothing is to be converted.
    const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' }).catch((cause: unknown) => {
      throw new KilnError('render.failed', 'a stored frame cannot be read back', { cause });
    });
    const { widthPx, heightPx } = this.#frame;
    try {
      if (bitmap.width !== widthPx || bitmap.height !== heightPx) {
        const came = `${bitmap.width}×${bitmap.height}`;
        throw new KilnError('render.failed', `expected a stored frame of ${widthPx}×${heightPx}, got ${came}`);
      }
      this.#draw(bitmap);
    } finally {
      bitmap.close();
    }
    return this.#context.getImageData(0, 0, this.#canvas.width, this.#canvas.height).data;
  }

  #draw(bitmap: ImageBitmap): void {
    const { width, height } = this.#canvas;
    const context = this.#context;
    if (this.#hasAlpha) {
      context.clearRect(0, 0, width, height);
    } else {
      context.fillStyle = '#000';
      context.fillRect(0, 0, width, height);
    }
    context.imageSmoothingEnabled = false;
    // One pixel over the edge first: what stays visible of it is the repeated last column and row.
    if (width > bitmap.width) context.drawImage(bitmap, 1, 0);
    if (height > bitmap.height) context.drawImage(bitmap, 0, 1);
    if (width > bitmap.width && height > bitmap.height) context.drawImage(bitmap, 1, 1);
    context.drawImage(bitmap, 0, 0);
  }
}
