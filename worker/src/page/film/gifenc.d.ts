/** What is used of gifenc, which has no types. */
declare module 'gifenc' {
  type Palette = readonly (readonly number[])[];

  interface Encoder {
    /** @param options `delay` in milliseconds, written in hundredths of a second; `repeat` 0: for ever. */
    writeFrame(
      indices: Uint8Array,
      widthPx: number,
      heightPx: number,
      options: { readonly palette: Palette; readonly delay: number; readonly first: boolean; readonly repeat: number },
    ): void;
    writeHeader(): void;
    finish(): void;
    reset(): void;
    /** A copy of what was written since `reset`. */
    bytes(): Uint8Array;
  }

  export function GIFEncoder(options: { readonly auto: boolean }): Encoder;
  export function quantize(rgba: Uint8ClampedArray, maxColors: number): Palette;
  export function applyPalette(rgba: Uint8ClampedArray, palette: Palette): Uint8Array;
}
