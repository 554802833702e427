/** What a layer is drawn by that asks for nothing. Apart from the schemas, which scripts for other pages do without. */
export const DEFAULT_ENGINE = 'raster';

/** Samples of a layer that asks for no number, by engine: one of raster is a picture, of path tracing noise. */
export const DEFAULT_SAMPLES = { raster: 1, pathtrace: 64 } as const;
