/** Vertex shader of all passes over every pixel: for three's `FullScreenQuad`, a triangle that covers the target. */
export const COVER_VERTEX = /* glsl */ `
in vec3 position;
void main() { gl_Position = vec4(position.xy, 0.0, 1.0); }
`;
