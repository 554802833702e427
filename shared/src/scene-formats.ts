/**
 * The formats that a scene may come in, as data. Everything but glTF is converted to GLB once, at import: what a format
 * carries, and what is lost on the way, is said here, in the documentation and, of each scene, in its report.
 */

interface FormatRow {
  readonly name: string;
  /** Endings of its files' names, lower case, without the dot. */
  readonly endings: readonly string[];
  /** Which file of several is the scene: the one of the lowest rank. */
  readonly rank: 0 | 1 | 2 | 3;
  /** Other files that it may refer to are looked for in the scene's folder. */
  readonly hasCompanions: boolean;
  /** What of it is drawn. */
  readonly carries: string;
  /** What it cannot say, or what the conversion leaves out. */
  readonly lost: string;
  readonly unit: string;
  readonly upAxis: string;
}

export const SCENE_FORMATS = {
  gltf: {
    name: 'glTF 2.0',
    endings: ['glb', 'gltf'],
    rank: 0,
    hasCompanions: true,
    carries: 'everything that three.js draws of it',
    lost: 'nothing: it is not converted',
    unit: 'metres',
    upAxis: 'y',
  },
  fbx: {
    name: 'FBX',
    endings: ['fbx'],
    rank: 1,
    hasCompanions: true,
    carries:
      'meshes, skins, morph targets, clips, cameras, lights, materials with textures embedded or beside the file',
    lost: 'NURBS, constraints, layered and reflection textures; Phong becomes metallic-roughness',
    unit: 'as the file says, else centimetres',
    upAxis: 'as the file says, else y',
  },
  obj: {
    name: 'OBJ with MTL',
    endings: ['obj'],
    rank: 1,
    hasCompanions: true,
    carries: 'meshes, lines, points, vertex colours, materials with textures',
    lost: 'it has no cameras, lights, skins, clips; specular and displacement maps, curves',
    unit: 'it says none: metres are assumed',
    upAxis: 'it says none: y is assumed',
  },
  usd: {
    name: 'USD, USDZ',
    endings: ['usdz', 'usd', 'usda', 'usdc'],
    rank: 1,
    hasCompanions: true,
    carries: 'meshes, skins, clips, cameras, lights, preview surfaces with textures in the package or beside the file',
    lost: 'layers in other files, variants but the chosen one, MaterialX, volumes, area and dome lights',
    unit: 'as the file says, else metres, as three.js takes it',
    upAxis: 'as the file says, else y',
  },
  stl: {
    name: 'STL',
    endings: ['stl'],
    rank: 1,
    hasCompanions: false,
    carries: 'triangles, solids, facet colours of binary files',
    lost: 'it has no materials, textures, cameras, lights, clips; its normals, made anew from the triangles',
    unit: 'it says none: millimetres are assumed',
    upAxis: 'it says none: z is assumed',
  },
  ply: {
    name: 'PLY',
    endings: ['ply'],
    rank: 1,
    hasCompanions: false,
    carries: 'triangles or points with normals, colours, texture coordinates',
    lost: 'it has no materials, cameras, lights, clips; texture files, edges, properties of its own',
    unit: 'it says none: metres are assumed',
    upAxis: 'it says none: y is assumed',
  },
  collada: {
    name: 'Collada',
    endings: ['dae'],
    rank: 1,
    hasCompanions: true,
    carries: 'meshes, skins, clips, cameras, lights, materials with textures',
    lost: 'morph targets, physics, splines, ambient light; Phong becomes metallic-roughness',
    unit: 'as the file says, else metres',
    upAxis: 'as the file says, else y',
  },
  '3mf': {
    name: '3MF',
    endings: ['3mf'],
    rank: 1,
    hasCompanions: false,
    carries: 'meshes, components, colours, base materials, textures in the package',
    lost: 'it has no cameras, lights, clips; slices, beam lattices, print settings',
    unit: 'as the file says, else millimetres',
    upAxis: 'z, as its specification has it',
  },
  three: {
    name: 'three.js JSON',
    endings: ['json'],
    rank: 2,
    hasCompanions: true,
    carries:
      'what toJSON() writes: meshes, skins, morph targets, instances, clips, cameras, lights, materials with textures, the environment',
    lost: 'shaders, sprites, fog, a background that is not the environment, ambient, hemisphere and area lights; Phong becomes metallic-roughness',
    unit: 'it says none: metres are assumed',
    upAxis: 'y, as three.js has it',
  },
  zip: {
    name: 'ZIP',
    endings: ['zip'],
    rank: 3,
    hasCompanions: false,
    carries: 'one scene in any of these formats with the files that belong to it',
    lost: 'nothing of its own',
    unit: 'of the scene in it',
    upAxis: 'of the scene in it',
  },
} as const satisfies Record<string, FormatRow>;

export type SceneFormat = keyof typeof SCENE_FORMATS;

export const SCENE_FORMAT_NAMES = Object.keys(SCENE_FORMATS) as readonly SceneFormat[];

const BY_ENDING: ReadonlyMap<string, SceneFormat> = new Map(
  SCENE_FORMAT_NAMES.flatMap((format) => SCENE_FORMATS[format].endings.map((ending) => [ending, format] as const)),
);

/** `.glb`, `.gltf`, … in words, for messages. */
export const SCENE_ENDINGS = [...BY_ENDING.keys()].map((ending) => `.${ending}`);

/** The format that a file's name says; null for one that no scene has. */
export const formatOf = (path: string): SceneFormat | null =>
  BY_ENDING.get(/\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '') ?? null;

export type EntryChoice =
  | { readonly kind: 'one'; readonly path: string }
  | { readonly kind: 'several'; readonly paths: readonly string[] }
  | { readonly kind: 'none' };

/** Which of several files is the scene: the only glTF; without any, the only file in another format. */
export function chooseEntry(paths: readonly string[]): EntryChoice {
  const rankOf = (path: string) => {
    const format = formatOf(path);
    return format === null ? null : SCENE_FORMATS[format].rank;
  };
  for (const rank of [0, 1, 2, 3]) {
    const found = paths.filter((path) => rankOf(path) === rank);
    const [first] = found;
    if (first === undefined) continue;
    return found.length === 1 ? { kind: 'one', path: first } : { kind: 'several', paths: found };
  }
  return { kind: 'none' };
}
