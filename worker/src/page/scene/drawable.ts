import { Line, Mesh, type Object3D, Points } from 'three';

/** What three draws of a glTF: triangles, lines, points. */
export type Drawable = Mesh | Line | Points;

export const isDrawable = (object: Object3D): object is Drawable =>
  object instanceof Mesh || object instanceof Line || object instanceof Points;
