/**
 * The fragment shaders of data passes: what is seen through the middle of each pixel, into four targets of floats, in the
 * order of `PLANES`. Made of three's own chunks, so that textures, vertex colours, masks, normal maps and flat shading
 * mean what they mean in the picture. Vertices are moved by three's own vertex shaders.
 */

/** Which of three's materials a surface has. `unlit` shows its colour whatever the light: it emits it. */
export type SurfaceKind = 'lit' | 'unlit' | 'points' | 'lines';

const OUTPUTS = /* glsl */ `
layout(location = 1) out highp vec4 passNormal;
layout(location = 2) out highp vec4 passAlbedo;
layout(location = 3) out highp vec4 passEmission;
uniform vec3 diffuse;
uniform float opacity;
uniform highp vec2 matteIds;
varying vec3 vViewPosition;
#include <common>
#include <color_pars_fragment>
#include <alphatest_pars_fragment>
`;

/** From view space, where `vViewPosition` points from the surface to the camera. */
const PLACE = /* glsl */ `
  vec3 passPosition = cameraPosition + (vec4(-vViewPosition, 0.0) * viewMatrix).xyz;
  gl_FragColor = vec4(passPosition, vViewPosition.z);
`;

const MESH = (isUnlit: boolean) => /* glsl */ `
${OUTPUTS}
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
  passNormal = vec4(inverseTransformDirection(normal, viewMatrix), matteIds.x);
  passAlbedo = vec4(${isUnlit ? 'vec3(0.0)' : 'diffuseColor.rgb'}, matteIds.y);
  passEmission = vec4(${isUnlit ? 'diffuseColor.rgb' : 'totalEmissiveRadiance'}, 1.0);
}
`;

const WITHOUT_NORMAL = /* glsl */ `
  ${PLACE}
  passNormal = vec4(vec3(0.0), matteIds.x);
  passAlbedo = vec4(vec3(0.0), matteIds.y);
  passEmission = vec4(diffuseColor.rgb, 1.0);
`;

const FRAGMENT: Readonly<Record<SurfaceKind, string>> = {
  lit: MESH(false),
  unlit: MESH(true),
  points: /* glsl */ `
${OUTPUTS}
#include <map_particle_pars_fragment>
void main() {
  vec4 diffuseColor = vec4(diffuse, opacity);
  #include <map_particle_fragment>
  #include <color_fragment>
  #include <alphatest_fragment>
  ${WITHOUT_NORMAL}
}
`,
  lines: /* glsl */ `
${OUTPUTS}
void main() {
  vec4 diffuseColor = vec4(diffuse, opacity);
  #include <color_fragment>
  ${WITHOUT_NORMAL}
}
`,
};

interface Shader {
  vertexShader: string;
  fragmentShader: string;
}

/** Makes a shader of three's, of a material that draws such a surface, one of the passes. */
export function passShader(kind: SurfaceKind, shader: Shader): void {
  shader.fragmentShader = FRAGMENT[kind];
  if (kind === 'lit' || kind === 'unlit') return;
  const projected = '#include <project_vertex>';
  shader.vertexShader = `varying vec3 vViewPosition;\n${shader.vertexShader.replace(
    projected,
    `${projected}\nvViewPosition = -mvPosition.xyz;`,
  )}`;
}
