/**
 * The light of a clear sky and of the sun in it: A. Preetham, P. Shirley, B. Smits, "A Practical Analytic Model for
 * Daylight" (1999). Luminances are physical, in one scale for sky and sun.
 */
import { DataTexture, DataUtils, HalfFloatType, RGBAFormat } from 'three';
import { HALF_MAX, setUpPanorama } from './panorama.ts';

export interface Daylight {
  readonly elevationDeg: number;
  readonly turbidity: number;
}

type Rgb = readonly [number, number, number];

/** That of all made panoramas. */
const SIZE = { width: 512, height: 256 };

/** Lux of the sun above the air. */
const SUN_LUX = 128_000;
/** Micrometres that red, green and blue stand for. */
const WAVELENGTHS: Rgb = [0.65, 0.55, 0.45];

/**
 * Factor on candelas per square metre, and on lux: white ground under a sun 45° high at turbidity 3, 88,500 lux of sun and
 * sky, sends back light of 1.
 */
const EXPOSURE = Math.PI / 88_500;

/** Light of the sun on a surface that faces it, linear sRGB: intensity of a directional light. */
export function sunlight({ elevationDeg, turbidity }: Daylight): Rgb {
  const zenithDeg = 90 - elevationDeg;
  const airMass = 1 / (Math.cos((zenithDeg * Math.PI) / 180) + 0.15 * (93.885 - zenithDeg) ** -1.253);
  const haze = 0.04608 * turbidity - 0.04586;
  const through = (wavelength: number) =>
    Math.exp(-airMass * (0.008735 * wavelength ** -4.08 + haze * wavelength ** -1.3));
  const [red, green, blue] = WAVELENGTHS.map((wavelength) => SUN_LUX * EXPOSURE * through(wavelength));
  return [red ?? 0, green ?? 0, blue ?? 0];
}

/** The sky with the sun in the north, −z, without the sun itself; below the horizon, ground in its light. */
export function skyPanorama(daylight: Daylight): DataTexture {
  const { width, height } = SIZE;
  const skyLight = skyOf(daylight);
  const halves = new Uint16Array(width * height * 4);
  const toSun = (daylight.elevationDeg * Math.PI) / 180;
  const put = (at: number, light: readonly number[]) => {
    for (const c of [0, 1, 2]) halves[at + c] = DataUtils.toHalfFloat(Math.min(HALF_MAX, Math.max(0, light[c] ?? 0)));
    halves[at + 3] = ONE;
  };
  // What falls on level ground.
  const fallen = sunlight(daylight).map((light) => light * Math.sin(toSun));
  const pixelAngle = Math.PI / height;
  for (let row = height / 2; row < height; row += 1) {
    const elevation = ((row + 0.5) / height - 0.5) * Math.PI;
    const share = Math.sin(elevation) * Math.cos(elevation) * pixelAngle ** 2;
    for (let column = 0; column < width; column += 1) {
      // North is at a quarter of the width.
      const azimuth = ((column + 0.5) / width - 0.25) * 2 * Math.PI;
      const cosine = Math.sin(elevation) * Math.sin(toSun) + Math.cos(elevation) * Math.cos(toSun) * Math.cos(azimuth);
      const light = skyLight(Math.PI / 2 - elevation, Math.acos(Math.min(1, Math.max(-1, cosine))));
      put((row * width + column) * 4, light);
      for (const [c, value] of light.entries()) fallen[c] = (fallen[c] ?? 0) + Math.max(0, value) * share;
    }
  }
  const ground = fallen.map((light) => (light * GROUND_ALBEDO) / Math.PI);
  for (let at = 0; at < halves.length / 2; at += 4) put(at, ground);
  const panorama = new DataTexture(halves, width, height, RGBAFormat, HalfFloatType);
  setUpPanorama(panorama);
  panorama.needsUpdate = true;
  return panorama;
}

const ONE = DataUtils.toHalfFloat(1);
/** Of level ground: meadows and dry soil have about as much. */
const GROUND_ALBEDO = 0.2;

/** Angles from the zenith and from the sun that Perez's function is finite for: it has a pole at the horizon. */
const MOST_ZENITH = (89 * Math.PI) / 180;

/** Linear sRGB by angle from the zenith and from the sun, radians. */
function skyOf({ elevationDeg, turbidity: t }: Daylight): (zenith: number, fromSun: number) => Rgb {
  const sun = Math.min(MOST_ZENITH, ((90 - elevationDeg) * Math.PI) / 180);
  const chi = (4 / 9 - t / 120) * (Math.PI - 2 * sun);
  // Kilocandelas a square metre.
  const zenithLuminance = Math.max(0.05, (4.0453 * t - 4.971) * Math.tan(chi) - 0.2155 * t + 2.4192);
  const zenithX = chroma(t, sun, [
    [0.00166, -0.00375, 0.00209, 0],
    [-0.02903, 0.06377, -0.03202, 0.00394],
    [0.11693, -0.21196, 0.06052, 0.25886],
  ]);
  const zenithY = chroma(t, sun, [
    [0.00275, -0.0061, 0.00317, 0],
    [-0.04214, 0.0897, -0.04153, 0.00516],
    [0.15346, -0.26756, 0.0667, 0.26688],
  ]);
  const luminance = perez(
    [0.1787 * t - 1.463, -0.3554 * t + 0.4275, -0.0227 * t + 5.3251, 0.1206 * t - 2.5771, -0.067 * t + 0.3703],
    sun,
  );
  const x = perez(
    [-0.0193 * t - 0.2592, -0.0665 * t + 0.0008, -0.0004 * t + 0.2125, -0.0641 * t - 0.8989, -0.0033 * t + 0.0452],
    sun,
  );
  const y = perez(
    [-0.0167 * t - 0.2608, -0.095 * t + 0.0092, -0.0079 * t + 0.2102, -0.0441 * t - 1.6537, -0.0109 * t + 0.0529],
    sun,
  );
  return (angle, fromSun) => {
    const zenith = Math.min(MOST_ZENITH, angle);
    const at = { x: zenithX * x(zenith, fromSun), y: zenithY * y(zenith, fromSun) };
    return linearRgb(at.x, at.y, zenithLuminance * luminance(zenith, fromSun) * 1_000 * EXPOSURE);
  };
}

type Five = readonly [number, number, number, number, number];

/** Perez's function of the angle from the zenith and from the sun, 1 at the zenith. */
function perez([a, b, c, d, e]: Five, sun: number): (zenith: number, fromSun: number) => number {
  const f = (zenith: number, fromSun: number) =>
    (1 + a * Math.exp(b / Math.cos(zenith))) * (1 + c * Math.exp(d * fromSun) + e * Math.cos(fromSun) ** 2);
  const atZenith = f(0, sun);
  return (zenith, fromSun) => f(zenith, fromSun) / atZenith;
}

type Row = readonly [number, number, number, number];

/** Chromaticity of the zenith: polynomials of the sun's angle for each power of the turbidity. */
function chroma(t: number, sun: number, [square, linear, constant]: readonly [Row, Row, Row]): number {
  const of = ([a, b, c, d]: Row) => ((a * sun + b) * sun + c) * sun + d;
  return of(square) * t * t + of(linear) * t + of(constant);
}

/** From CIE xyY. */
function linearRgb(x: number, y: number, luminance: number): Rgb {
  const [X, Z] = [(x / y) * luminance, ((1 - x - y) / y) * luminance];
  return [
    3.2406 * X - 1.5372 * luminance - 0.4986 * Z,
    -0.9689 * X + 1.8758 * luminance + 0.0415 * Z,
    0.0557 * X - 0.204 * luminance + 1.057 * Z,
  ];
}
