/**
 * Level ground that shows only shadows. A ray from the camera goes on through it, less the share of light that is kept out
 * there: that of each light, looked for in turn, and that of the environment, of which one direction is looked at, chosen in
 * proportion to what it gives level ground. So a sample's share is never below 0 or above 1. No scattered ray meets it.
 */
import { HEIGHTS } from '../../assets/light-from-above.ts';

/** Declarations of the shader, after those of the library. */
export const CATCHER_FUNCTIONS = /* glsl */ `
#if CATCHES_SHADOW
uniform float groundHeight;
// Irradiance on level ground, and where in the height of the panorama equal parts of it are.
uniform float skyLight;
uniform sampler2D skyHeights;

vec3 skyDirection( vec2 ruv ) {
  float part = ruv.x * ${(HEIGHTS - 1).toFixed(1)};
  float low = texelFetch( skyHeights, ivec2( int( part ), 0 ), 0 ).r;
  float high = texelFetch( skyHeights, ivec2( int( part ) + 1, 0 ), 0 ).r;
  float v = mix( low, high, fract( part ) );
  float u = texture2D( envMapInfo.conditionalWeights, vec2( ruv.y, v ) ).x;
  return invEnvRotation3x3 * equirectUvToDirection( vec2( u, v ) );
}

// Share of the light that falls on the ground where the ray meets it, and is kept out.
float keptOut( Ray ray, float dist, RenderState state ) {
  Ray toLight;
  toLight.origin = stepRayOrigin( ray.origin, ray.direction, vec3( 0.0, 1.0, 0.0 ), dist );
  float whole = 0.0;
  float lost = 0.0;
  for ( uint i = 0u; i <= lights.count; i ++ ) {
    float arriving = skyLight;
    float lightDist = INFINITY;
    if ( i < lights.count ) {
      vec3 ruv = vec3( ( float( i ) + 0.5 ) / float( lights.count ), 0.0, 0.0 );
      LightRecord light = randomLightSample( lights.tex, iesProfiles, lights.count, toLight.origin, ruv );
      toLight.direction = light.direction;
      lightDist = light.dist;
      arriving = luminance( light.emission ) * max( light.direction.y, 0.0 );
    } else {
      toLight.direction = skyDirection( rand2( 20 ) );
    }
    if ( ! ( arriving > 0.0 ) ) continue;
    whole += arriving;
    vec3 through;
    bool isHidden = attenuateHit( state, toLight, lightDist, through );
    lost += arriving * ( isHidden ? 1.0 : 1.0 - clamp( luminance( through ), 0.0, 1.0 ) );
  }
  return whole > 0.0 ? lost / whole : 0.0;
}
#endif
`;

/** After the next surface on the way of a ray is found. */
export const CATCH_SHADOW = /* glsl */ `
#if CATCHES_SHADOW
if ( state.transmissiveRay && ray.direction.y < 0.0 ) {
  float fall = ( groundHeight - ray.origin.y ) / ray.direction.y;
  // A floor of the scene's own may lie just there.
  if ( fall > 0.0 && ( hitType == NO_HIT || fall < surfaceHit.dist * ( 1.0 - 1e-5 ) ) ) {
    float left = 1.0 - keptOut( ray, fall, state );
    state.throughputColor *= left;
    seenThroughGround *= left;
    if ( seenThroughGround == 0.0 ) break;
  }
}
#endif
`;

/** Before the colour is done. */
export const DARKEN = /* glsl */ `
#if CATCHES_SHADOW
gl_FragColor.a = 1.0 - seenThroughGround * ( 1.0 - gl_FragColor.a );
#endif
`;
