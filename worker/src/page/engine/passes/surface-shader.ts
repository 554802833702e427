/**
 * The fragment shaders of data passes: what is seen through the middle of each pixel, into as many targets of
 * floats as planes are wanted. Made of three's own chunks, so that textures, vertex colours, masks, normal maps and flat shading
 * mean what they mean in the picture. Vertices are moved by three's own vertex shaders.
 */

import { MOTION_FRAGMENT, withMotion } from './motion.ts';

/** Which of three's materials a surface has. `unlit` shows its colour whatever the light: it emits it. */
export type SurfaceKind = 'lit' | 'unlit' | 'points' | 'lines';

/**
 * `planes`: those of `PLANES`; `motion`: that one alone; `ids`: of the object and of the material, a target of bytes each;
 * `numbers`: the place, the normal (0 of lines and points), and the numbers of the object and of the material.
 */
export type SurfaceOutput = 'planes' | 'motion' | 'ids' | 'numbers';

const TARGETS = /* glsl */ `
layout(location = 1) out highp vec4 secondPlane;
layout(location = 2) out highp vec4 thirdPlane;
layout(location = 3) out highp vec4 fourthPlane;
// Of each target, the place of its plane in PLANES; what has no target is not written.
uniform ivec4 planeOfTarget;
`;

const DECLARED = {
  planes: TARGETS,
  motion: MOTION_FRAGMENT.declared,
  ids: /* glsl */ `
layout(location = 1) out highp vec4 secondId;
uniform highp vec4 matteIds[2];
`,
  numbers: /* glsl */ `
layout(location = 1) out highp vec4 seenNormal;
layout(location = 2) out highp vec4 seenNumbers;
uniform highp vec2 surfaceNumbers;
`,
} as const satisfies Record<SurfaceOutput, string>;

const OUTPUTS = (output: SurfaceOutput) => /* glsl */ `
${DECLARED[output]}
uniform vec3 diffuse;
uniform float opacity;
varying vec3 vViewPosition;
#include <common>
#include <color_pars_fragment>
#include <alphatest_pars_fragment>
`;

/** From view space, where `vViewPosition` points from the surface to the camera. */
const PLACE = /* glsl */ `
  vec3 passPosition = cameraPosition + (vec4(-vViewPosition, 0.0) * viewMatrix).xyz;
  vec4 passPlace = vec4(passPosition, vViewPosition.z);
`;

/** In the order of `PLANES`. */
const INTO_PLANES = /* glsl */ `
  vec4 planes[4] = vec4[4](passPlace, passNormal, passAlbedo, passEmission);
  gl_FragColor = planes[planeOfTarget.x];
  secondPlane = planes[planeOfTarget.y];
  thirdPlane = planes[planeOfTarget.z];
  fourthPlane = planes[planeOfTarget.w];
`;

const RESULT = {
  planes: INTO_PLANES,
  motion: MOTION_FRAGMENT.result,
  ids: 'gl_FragColor = matteIds[0]; secondId = matteIds[1];',
  numbers: 'gl_FragColor = passPlace; seenNormal = passNormal; seenNumbers = vec4(surfaceNumbers, 0.0, 1.0);',
} as const satisfies Record<SurfaceOutput, string>;

const MESH = (isUnlit: boolean, output: SurfaceOutput) => /* glsl */ `
${OUTPUTS(output)}
uniform vec3 emissive;
#include <uv_pars_fragment>
#include <map_pars_fragment>
#include <alphamap_pars_fragment>
#include <emissivemap_pars_fragment>
#include <normal_pars_fragment>
#include <normalmap_pars_fragment>
void main() {
  vec4 diffuseColor = vec4(diffuse, opacity);
  vec3 totalEmissiveRadiance = emissive;
  #include <map_fragment>
  #include <color_fragment>
  #include <alphamap_fragment>
  #include <alphatest_fragment>
  #include <normal_fragment_begin>
  #include <normal_fragment_maps>
  #include <emissivemap_fragment>
  ${PLACE}
  vec3 shownNormal = ${output === 'numbers' ? 'nonPerturbedNormal' : 'normal'};
  vec4 passNormal = vec4(inverseTransformDirection(shownNormal, viewMatrix), 1.0);
  vec4 passAlbedo = vec4(${isUnlit ? 'vec3(0.0)' : 'diffuseColor.rgb'}, 1.0);
  vec4 passEmission = vec4(${isUnlit ? 'diffuseColor.rgb' : 'totalEmissiveRadiance'}, 1.0);
  ${RESULT[output]}
}
`;

const WITHOUT_NORMAL = (output: SurfaceOutput) => /* glsl */ `
  ${PLACE}
  vec4 passNormal = vec4(vec3(0.0), 1.0);
  vec4 passAlbedo = vec4(vec3(0.0), 1.0);
  vec4 passEmission = vec4(diffuseColor.rgb, 1.0);
  ${RESULT[output]}
`;

const FRAGMENT: Readonly<Record<SurfaceKind, (output: SurfaceOutput) => string>> = {
  lit: (output) => MESH(false, output),
  unlit: (output) => MESH(true, output),
  points: (output) => /* glsl */ `
${OUTPUTS(output)}
#include <map_particle_pars_fragment>
void main() {
  vec4 diffuseColor = vec4(diffuse, opacity);
  #include <map_particle_fragment>
  #include <color_fragment>
  #include <alphatest_fragment>
  ${WITHOUT_NORMAL(output)}
}
`,
  lines: (output) => /* glsl */ `
${OUTPUTS(output)}
void main() {
  vec4 diffuseColor = vec4(diffuse, opacity);
  #include <color_fragment>
  ${WITHOUT_NORMAL(output)}
}
`,
};

interface Shader {
  vertexShader: string;
  fragmentShader: string;
}

/** Makes a shader of three's, of a material that draws such a surface, one of the passes. */
export function passShader(kind: SurfaceKind, output: SurfaceOutput, shader: Shader): void {
  shader.fragmentShader = FRAGMENT[kind](output);
  if (output === 'motion') shader.vertexShader = withMotion(shader.vertexShader);
  if (kind === 'lit' || kind === 'unlit') return;
  const projected = '#include <project_vertex>';
  shader.vertexShader = `varying vec3 vViewPosition;\n${shader.vertexShader.replace(
    projected,
    `${projected}\nvViewPosition = -mvPosition.xyz;`,
  )}`;
}
