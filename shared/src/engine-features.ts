/**
 * What each engine can draw, and with which graphics interface. ENGINES.md and `kiln doctor --json` show this table. Rows
 * that a scene or a job can ask for are looked up in it: by the import, which says in its report what of a scene is refused
 * and what is drawn without, by the check at submission, and by the web form.
 */
import type { Backend, Engine, RenderSettings } from './schemas/settings.ts';
import type { Capability } from './schemas/worker.ts';

/** `partly`: something that comes near, as the note says, or the scene without it; `no`: a job that needs it is refused. */
type Support = 'yes' | 'partly' | 'no';

type BackendSupport = Readonly<Record<Backend, Support>>;

interface FeatureRow extends Readonly<Record<Engine, BackendSupport>> {
  readonly id: string;
  readonly feature: string;
  /** Where it is `partly`, nothing of it is drawn: scenes that have it are drawn without. */
  readonly isLeftOut?: true;
  readonly note?: string;
}

/** Engines with the graphics interfaces that each is written for: what a worker can do on whose machine those draw right. */
export const ENGINE_ABILITIES: readonly Capability[] = [
  { engine: 'raster', backend: 'webgl' },
  { engine: 'raster', backend: 'webgpu' },
  { engine: 'pathtrace', backend: 'webgl' },
  { engine: 'pathtrace', backend: 'webgpu' },
];

const YES = { webgl: 'yes', webgpu: 'yes' } as const;
const PARTLY = { webgl: 'partly', webgpu: 'partly' } as const;
const NO = { webgl: 'no', webgpu: 'no' } as const;

const ROWS = [
  {
    id: 'triangles',
    feature: 'triangles, skins, morph targets, instances',
    raster: YES,
    pathtrace: YES,
    note: 'Path tracing: up to 5,000,000 triangles, with WebGPU no more than the adapter’s largest buffer holds; refused above.',
  },
  {
    id: 'points-and-lines',
    feature: 'points and lines',
    raster: YES,
    pathtrace: NO,
    note: 'A path-traced job of a scene with them is refused.',
  },
  { id: 'instance-colours', feature: 'colours of instances', raster: YES, pathtrace: NO, note: 'Refused.' },
  {
    id: 'surfaces',
    feature: 'metal and roughness, normal maps, vertex colours, unlit',
    raster: YES,
    pathtrace: YES,
  },
  { id: 'layers', feature: 'clearcoat, sheen, iridescence, specular', raster: YES, pathtrace: YES },
  {
    id: 'anisotropy',
    feature: 'anisotropy',
    raster: YES,
    pathtrace: { webgl: 'partly', webgpu: 'yes' },
    isLeftOut: true,
    note: 'Path tracing with WebGL draws the surface without; the import and the submission say so.',
  },
  {
    id: 'dispersion',
    feature: 'dispersion',
    raster: YES,
    pathtrace: { webgl: 'partly', webgpu: 'yes' },
    isLeftOut: true,
    note: 'Path tracing with WebGL draws the surface without; the import and the submission say so.',
  },
  {
    id: 'two-texture-coordinates',
    feature: 'two sets of texture coordinates in one material',
    raster: YES,
    pathtrace: NO,
    note: 'Refused. Maps of ambient occlusion do not count: path tracing computes it.',
  },
  {
    id: 'texture-edges',
    feature: 'textures that end at their edge, or are mirrored',
    raster: YES,
    pathtrace: { webgl: 'partly', webgpu: 'yes' },
    note: 'Path tracing with WebGL repeats every texture.',
  },
  {
    id: 'large-textures',
    feature: 'textures larger than 2,048 pixels',
    raster: YES,
    pathtrace: PARTLY,
    note: 'Brought to 2,048 × 2,048; smaller when there are many.',
  },
  {
    id: 'transmission',
    feature: 'transmission, volume',
    raster: PARTLY,
    pathtrace: YES,
    note: 'Raster sees through one surface, without refraction of what stands behind the next.',
  },
  {
    id: 'alpha',
    feature: 'alpha: mask, blend',
    raster: YES,
    pathtrace: YES,
    note: 'Blended surfaces are sampled by chance.',
  },
  { id: 'lights', feature: 'directional, spot and point lights', raster: YES, pathtrace: YES },
  {
    id: 'environment',
    feature: 'light of the environment: built-in, uploaded, or of the scene',
    raster: YES,
    pathtrace: YES,
    note: 'Raster without shadows. Those of scenes and uploaded ones are brought to 4,096 × 2,048, for reflections of raster to 1,024 × 512. Of EXT_lights_image_based only the largest images are used, which are filtered here: neither the smaller ones nor the irradiance coefficients.',
  },
  {
    id: 'shadows',
    feature: 'shadows of lights',
    raster: PARTLY,
    pathtrace: { webgl: 'yes', webgpu: 'partly' },
    note: 'Raster: of the two brightest directional or spot lights, none of glass and blended surfaces. Path tracing with WebGPU: glass and blended surfaces throw whole shadows.',
  },
  {
    id: 'sun',
    feature: 'sun and sky',
    raster: YES,
    pathtrace: YES,
    note: 'Of Preetham; its sun throws sharp shadows, and is not seen itself. In raster it takes the place of one of the two lights with shadows.',
  },
  {
    id: 'indirect-light',
    feature: 'light from surface to surface',
    raster: PARTLY,
    pathtrace: YES,
    isLeftOut: true,
    note: 'Raster draws without.',
  },
  {
    id: 'reflections',
    feature: 'reflections of the scene in itself',
    raster: PARTLY,
    pathtrace: YES,
    isLeftOut: true,
    note: 'Raster draws without.',
  },
  {
    id: 'emitters',
    feature: 'surfaces that glow light others',
    raster: PARTLY,
    pathtrace: YES,
    isLeftOut: true,
    note: 'Raster draws without. By their colour and strength; a texture of light is sampled evenly. WebGPU finds lamps with holes (alpha mask) by chance only.',
  },
  {
    id: 'cameras',
    feature: 'perspective and orthographic cameras, turntable, camera path',
    raster: YES,
    pathtrace: YES,
  },
  {
    id: 'depth-of-field',
    feature: 'depth of field',
    raster: PARTLY,
    pathtrace: YES,
    note: 'Raster: as many points of the lens as there are samples. Refused for orthographic cameras.',
  },
  {
    id: 'motion-blur',
    feature: 'motion blur',
    raster: YES,
    pathtrace: PARTLY,
    note: 'Raster: as many moments as there are samples. Path tracing: 8 moments, fewer with fewer samples.',
  },
  {
    id: 'early-end',
    feature: 'ends by noise or by time, with fewer samples',
    raster: NO,
    pathtrace: YES,
    note: 'Raster: refused. Noise is looked at after 16 samples, 32, 64 …',
  },
  {
    id: 'clamp-and-filter',
    feature: 'clamp of indirect light, filter of glossy reflections',
    raster: NO,
    pathtrace: YES,
    note: 'Raster: refused. Direct light and what is seen first are never clamped. WebGL clamps the sum of what a path finds, WebGPU each find.',
  },
  {
    id: 'look-up-tables',
    feature: 'look-up tables',
    raster: YES,
    pathtrace: YES,
    note: 'After tone mapping, of what a display shows; 3D in tetrahedra, 1D linearly. Not of linear light.',
  },
  {
    id: 'denoiser',
    feature: 'denoised, guided by albedo, normal and depth',
    raster: NO,
    pathtrace: YES,
    note: 'Raster: refused. Up to 8,847,360 pixels; the pass `noisy` keeps the picture as it was.',
  },
  {
    id: 'large-frames',
    feature: 'frames of more than 8,192 pixels an edge, or 33,177,600 in all',
    raster: YES,
    pathtrace: YES,
    note: 'In blocks, streamed into PNG, TIFF or OpenEXR; with passes from 8,847,360 pixels, or 520,093,696 bytes of a file, on. Refused there: passes as separate files, denoising, an end by noise or time.',
  },
  {
    id: 'passes',
    feature: 'passes: depth, normal, position, albedo, emission, samples, Cryptomatte',
    raster: YES,
    pathtrace: YES,
    note: 'Drawn by rasterisation with WebGL for all, as layers of one OpenEXR, or each as a file of its own. Data are of the middle of a pixel; Cryptomatte has up to six ids of each, by how much they cover, in the blur of lens and shutter too.',
  },
  {
    id: 'motion-pass',
    feature: 'pass: motion',
    raster: YES,
    pathtrace: YES,
    note: 'Pixels to where what stands there is in the next frame: skins, morph targets and the camera included.',
  },
  {
    id: 'background',
    feature: 'background: environment, transparent, a colour',
    raster: YES,
    pathtrace: YES,
    note: 'A colour comes out exactly, whatever exposure and tone mapping; glass lets it through.',
  },
  {
    id: 'shadow-catcher',
    feature: 'shadow catcher',
    raster: PARTLY,
    pathtrace: { webgl: 'yes', webgpu: 'no' },
    note: 'Alpha is direct light kept out ÷ all light that a white floor would get without the scene; surfaces that glow do not count. It lights nothing, is in no mirror, and in no pass other than the picture. Raster: up to 20 radii of the scene away, no shadows of the environment, nothing behind glass. Path tracing: refused with WebGPU; neither denoised nor looked at for noise.',
  },
  {
    id: 'edits',
    feature: 'variants, hidden nodes, changed materials and properties',
    raster: YES,
    pathtrace: YES,
  },
  {
    id: 'animated-properties',
    feature: 'animated properties (KHR_animation_pointer)',
    raster: YES,
    pathtrace: YES,
    note: 'Where textures lie (KHR_texture_transform) among them. Path tracing takes materials that move over again for each moment.',
  },
] as const satisfies readonly FeatureRow[];

export type FeatureId = (typeof ROWS)[number]['id'];

export const ENGINE_FEATURES: readonly (FeatureRow & { readonly id: FeatureId })[] = ROWS;

const BY_ID: ReadonlyMap<string, FeatureRow> = new Map(ENGINE_FEATURES.map((row) => [row.id, row]));

/** Interfaces that may draw what is asked for with one, or with `auto`. */
const mayDraw = (asked: RenderSettings['backend']): readonly Backend[] =>
  asked === 'auto' ? ['webgl', 'webgpu'] : [asked];

/** Whether a job that needs the feature is refused. With `auto` it is where no interface has it. */
export function isRefused(feature: FeatureId, engine: Engine, backend: RenderSettings['backend']): boolean {
  return mayDraw(backend).every((each) => BY_ID.get(feature)?.[engine][each] === 'no');
}

/** Whether scenes that have the feature are drawn without it. With `auto` they are where an interface does so. */
export function isDrawnWithout(feature: FeatureId, engine: Engine, backend: RenderSettings['backend']): boolean {
  const row = BY_ID.get(feature);
  return row?.isLeftOut === true && mayDraw(backend).some((each) => row[engine][each] === 'partly');
}

/** Interfaces that the engine has the feature with. */
export const interfacesWith = (feature: FeatureId, engine: Engine): readonly Backend[] =>
  mayDraw('auto').filter((backend) => !isRefused(feature, engine, backend));

/** Engines that can draw the feature, with an interface at least. */
export const enginesWith = (feature: FeatureId): readonly Engine[] =>
  (['raster', 'pathtrace'] as const).filter((engine) => !isRefused(feature, engine, 'auto'));
