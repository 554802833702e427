/** Light in the primaries of a file, brought to those of Kiln: Rec. 709 with the white of D65. */
import type { Chromaticities } from '@kiln/shared';
import { Matrix3, Vector3 } from 'three';

const REC709: Chromaticities = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329];

/** Files say the same with fewer digits. */
const SAME = 0.002;

/** Of the Bradford transform (Lam 1985): from XYZ to what the three kinds of cones answer. */
const BRADFORD = new Matrix3(0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296);

/** @returns null where they are those of Rec. 709 already, or no colours: a file that says so is taken as it is. */
export function toRec709(from: Chromaticities): Matrix3 | null {
  if (from.every((value, i) => Math.abs(value - (REC709[i] ?? 0)) < SAME)) return null;
  const source = toXyz(from);
  const matrix = toXyz(REC709)
    .invert()
    .multiply(adapted(whiteOf(from), whiteOf(REC709)))
    .multiply(source);
  return matrix.elements.every(Number.isFinite) && source.determinant() !== 0 ? matrix : null;
}

const xyz = (x: number, y: number): Vector3 => new Vector3(x / y, 1, (1 - x - y) / y);

const whiteOf = ([, , , , , , x, y]: Chromaticities): Vector3 => xyz(x, y);

/** SMPTE RP 177: the columns are the primaries, as bright as makes them white together. */
function toXyz(chromaticities: Chromaticities): Matrix3 {
  const [rx, ry, gx, gy, bx, by] = chromaticities;
  const [r, g, b] = [xyz(rx, ry), xyz(gx, gy), xyz(bx, by)];
  const primaries = new Matrix3(r.x, g.x, b.x, r.y, g.y, b.y, r.z, g.z, b.z);
  const shares = whiteOf(chromaticities).applyMatrix3(primaries.clone().invert());
  return primaries.multiply(diagonal(shares));
}

/** What is white under one light as white under another. */
function adapted(from: Vector3, to: Vector3): Matrix3 {
  const [before, after] = [from.clone().applyMatrix3(BRADFORD), to.clone().applyMatrix3(BRADFORD)];
  const gains = diagonal(after.divide(before));
  return BRADFORD.clone().invert().multiply(gains).multiply(BRADFORD);
}

const diagonal = ({ x, y, z }: Vector3): Matrix3 => new Matrix3(x, 0, 0, 0, y, 0, 0, 0, z);

/** @param data RGBA, changed in place. */
export function convert(data: Float32Array, matrix: Matrix3): void {
  const color = new Vector3();
  for (let i = 0; i < data.length; i += 4) color.fromArray(data, i).applyMatrix3(matrix).toArray(data, i);
}
