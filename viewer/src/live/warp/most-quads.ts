import { VIEWER_LIMITS } from '../../limits.ts';

/** Quads that a picture is warped with: by what draws them. @param gl null where it cannot be asked. */
export const mostQuads = (gl: WebGLRenderingContext | WebGL2RenderingContext | null): number =>
  gl && isSoftware(gl) ? VIEWER_LIMITS.softwareWarpQuads : VIEWER_LIMITS.warpQuads;

/** Whether the CPU draws; false where the browser does not say. */
function isSoftware(gl: WebGLRenderingContext | WebGL2RenderingContext): boolean {
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  return /llvmpipe|softpipe|swiftshader|software/i.test(name);
}
