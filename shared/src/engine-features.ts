/**
 * What each engine can draw. The documentation (ENGINES.md), `kiln doctor --json`, the import report and the check at
 * submission are made from this table.
 */
import type { Capability } from './schemas/worker.ts';

/** `approximate`: something is drawn that comes near; `no`: a job that needs it is refused, or it has no effect. */
type Support = 'yes' | 'approximate' | 'no';

interface FeatureRow {
  readonly feature: string;
  readonly raster: Support;
  readonly pathtrace: Support;
  readonly note?: string;
}

/** Engines with the graphics interfaces that each is written for: what a worker can do on whose machine those draw right. */
export const ENGINE_ABILITIES: readonly Capability[] = [
  { engine: 'raster', backend: 'webgl' },
  { engine: 'raster', backend: 'webgpu' },
  { engine: 'pathtrace', backend: 'webgl' },
  { engine: 'pathtrace', backend: 'webgpu' },
];

export const ENGINE_FEATURES: readonly FeatureRow[] = [
  {
    feature: 'triangles, skins, morph targets, instances',
    raster: 'yes',
    pathtrace: 'yes',
    note: 'Path tracing: up to 5,000,000 triangles; refused above.',
  },
  {
    feature: 'points and lines',
    raster: 'yes',
    pathtrace: 'no',
    note: 'A path-traced job of a scene with them is refused.',
  },
  { feature: 'colours of instances', raster: 'yes', pathtrace: 'no', note: 'Refused.' },
  { feature: 'metal and roughness, normal maps, vertex colours, unlit', raster: 'yes', pathtrace: 'yes' },
  { feature: 'clearcoat, sheen, iridescence, specular', raster: 'yes', pathtrace: 'yes' },
  {
    feature: 'anisotropy, dispersion',
    raster: 'yes',
    pathtrace: 'no',
    note: 'Path tracing draws the surface without.',
  },
  {
    feature: 'two sets of texture coordinates in one material',
    raster: 'yes',
    pathtrace: 'no',
    note: 'Refused. Maps of ambient occlusion do not count: path tracing computes it.',
  },
  {
    feature: 'textures that end at their edge, or are mirrored',
    raster: 'yes',
    pathtrace: 'approximate',
    note: 'Path tracing repeats every texture.',
  },
  {
    feature: 'textures larger than 2,048 pixels',
    raster: 'yes',
    pathtrace: 'approximate',
    note: 'Brought to 2,048 × 2,048; smaller when there are many.',
  },
  {
    feature: 'transmission, volume',
    raster: 'approximate',
    pathtrace: 'yes',
    note: 'Raster sees through one surface, without refraction of what stands behind the next.',
  },
  { feature: 'alpha: mask, blend', raster: 'yes', pathtrace: 'yes', note: 'Blended surfaces are sampled by chance.' },
  { feature: 'directional, spot and point lights', raster: 'yes', pathtrace: 'yes' },
  {
    feature: 'light of the environment: built-in, uploaded, or of the scene',
    raster: 'yes',
    pathtrace: 'yes',
    note: 'Raster without shadows. Those of scenes and uploaded ones are brought to 4,096 × 2,048, for reflections of raster to 1,024 × 512. Of EXT_lights_image_based only the largest images are used, which are filtered here: neither the smaller ones nor the irradiance coefficients.',
  },
  {
    feature: 'shadows of lights',
    raster: 'approximate',
    pathtrace: 'yes',
    note: 'Raster: of the two brightest directional or spot lights, none of glass and blended surfaces. Path tracing with WebGPU: glass and blended surfaces throw whole shadows.',
  },
  {
    feature: 'sun and sky',
    raster: 'yes',
    pathtrace: 'yes',
    note: 'Of Preetham; its sun throws sharp shadows, and is not seen itself. In raster it takes the place of one of the two lights with shadows.',
  },
  { feature: 'light from surface to surface', raster: 'no', pathtrace: 'yes' },
  { feature: 'reflections of the scene in itself', raster: 'no', pathtrace: 'yes' },
  {
    feature: 'surfaces that glow light others',
    raster: 'no',
    pathtrace: 'yes',
    note: 'By their colour and strength; a texture of light is sampled evenly. WebGPU finds lamps with holes (alpha mask) by chance only.',
  },
  { feature: 'perspective and orthographic cameras, turntable, camera path', raster: 'yes', pathtrace: 'yes' },
  {
    feature: 'depth of field',
    raster: 'approximate',
    pathtrace: 'yes',
    note: 'Raster: as many points of the lens as there are samples. Refused for orthographic cameras.',
  },
  {
    feature: 'motion blur',
    raster: 'yes',
    pathtrace: 'approximate',
    note: 'Raster: as many moments as there are samples. Path tracing: 8 moments, fewer with fewer samples.',
  },
  {
    feature: 'ends by noise or by time, with fewer samples',
    raster: 'no',
    pathtrace: 'yes',
    note: 'Raster: refused. Noise is looked at after 16 samples, 32, 64 …',
  },
  {
    feature: 'clamp of indirect light, filter of glossy reflections',
    raster: 'no',
    pathtrace: 'yes',
    note: 'Raster: refused. Direct light and what is seen first are never clamped. WebGL clamps the sum of what a path finds, WebGPU each find.',
  },
  {
    feature: 'look-up tables',
    raster: 'yes',
    pathtrace: 'yes',
    note: 'After tone mapping, of what a display shows; 3D in tetrahedra, 1D linearly. Not of linear light.',
  },
  {
    feature: 'denoised, guided by albedo, normal and depth',
    raster: 'no',
    pathtrace: 'yes',
    note: 'Raster: refused. Up to 8,847,360 pixels; the pass `noisy` keeps the picture as it was.',
  },
  {
    feature: 'frames of more than 8,192 pixels an edge, or 33,177,600 in all',
    raster: 'yes',
    pathtrace: 'yes',
    note: 'In blocks, streamed into PNG, TIFF or OpenEXR; with passes from 8,847,360 pixels, or 520,093,696 bytes of a file, on. Refused there: passes as separate files, denoising, an end by noise or time.',
  },
  {
    feature: 'passes: depth, normal, position, albedo, emission, samples, Cryptomatte',
    raster: 'yes',
    pathtrace: 'yes',
    note: 'Drawn by rasterisation for both, as layers of one OpenEXR, or each as a file of its own. Data are of the middle of a pixel; Cryptomatte has up to six ids of each, by how much they cover, in the blur of lens and shutter too.',
  },
  {
    feature: 'pass: motion',
    raster: 'yes',
    pathtrace: 'yes',
    note: 'Pixels to where what stands there is in the next frame: skins, morph targets and the camera included.',
  },
  {
    feature: 'background: environment, transparent, a colour',
    raster: 'yes',
    pathtrace: 'yes',
    note: 'A colour comes out exactly, whatever exposure and tone mapping; glass lets it through.',
  },
  {
    feature: 'shadow catcher',
    raster: 'approximate',
    pathtrace: 'yes',
    note: 'Alpha is direct light kept out ÷ all light that a white floor would get without the scene; surfaces that glow do not count. It lights nothing, is in no mirror, and in no pass other than the picture. Raster: up to 20 radii of the scene away, no shadows of the environment, nothing behind glass. Path tracing: refused with WebGPU; neither denoised nor looked at for noise.',
  },
  { feature: 'variants, hidden nodes, changed materials and properties', raster: 'yes', pathtrace: 'yes' },
  {
    feature: 'animated properties (KHR_animation_pointer)',
    raster: 'yes',
    pathtrace: 'yes',
    note: 'Where textures lie (KHR_texture_transform) among them. Path tracing takes materials that move over again for each moment.',
  },
];
