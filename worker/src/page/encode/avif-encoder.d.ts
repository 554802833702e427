/** What the page uses of the AVIF encoder without threads, whose own types are of the whole of Emscripten. */
declare module '@jsquash/avif/codec/enc/avif_enc.js' {
  interface AvifOptions {
    /** 0 to 100; −1 for alpha: the same. */
    readonly quality: number;
    readonly qualityAlpha: number;
    readonly denoiseLevel: number;
    readonly tileColsLog2: number;
    readonly tileRowsLog2: number;
    /** 0, small files, to 10. */
    readonly speed: number;
    /** Chroma: 1 is 4:2:0, 3 is 4:4:4. */
    readonly subsample: number;
    readonly chromaDeltaQ: boolean;
    readonly sharpness: number;
    readonly tune: number;
    readonly enableSharpYUV: boolean;
    readonly bitDepth: number;
    readonly lossless: boolean;
  }

  export interface AvifEncoder {
    readonly HEAPU8: Uint8Array;
    /** Null when it cannot. */
    encode(rgba: Uint8Array, widthPx: number, heightPx: number, options: AvifOptions): Uint8Array<ArrayBuffer> | null;
  }

  const startEncoder: (options: {
    readonly noInitialRun: boolean;
    readonly locateFile: (fileName: string) => string;
  }) => Promise<AvifEncoder>;
  export default startEncoder;
}
