/** Runs in the browser: the bench's scene with three.js alone, drawn with the same light, shadow and multisampling. */
import {
  ACESFilmicToneMapping,
  AnimationMixer,
  Box3,
  DirectionalLight,
  PerspectiveCamera,
  PMREMGenerator,
  Scene,
  Vector3,
  WebGLRenderer,
} from 'three';
import { RoomEnvironment } from 'three/addons/environments/RoomEnvironment.js';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

declare global {
  interface Window {
    drawFrame?: (frame: number) => Promise<void>;
  }
}

const FPS = 24;
const canvas = document.querySelector('canvas');
if (!canvas) throw new Error('the page has no canvas');
const renderer = new WebGLRenderer({ canvas, antialias: true });
renderer.toneMapping = ACESFilmicToneMapping;
renderer.shadowMap.enabled = true;
renderer.setSize(canvas.width, canvas.height, false);
const scene = new Scene();
scene.environment = new PMREMGenerator(renderer).fromScene(new RoomEnvironment(), 0.04).texture;
const { scene: model, animations } = await new GLTFLoader().loadAsync('/scene.glb');
model.traverse((node) => {
  node.castShadow = true;
  node.receiveShadow = true;
  if (node instanceof DirectionalLight) node.shadow.mapSize.set(2_048, 2_048);
});
scene.add(model);
const box = new Box3().setFromObject(model);
const centre = box.getCenter(new Vector3());
const camera = new PerspectiveCamera(30, canvas.width / canvas.height, 0.1, 100);
camera.position.copy(centre).add(new Vector3(3, 2, 8));
camera.lookAt(centre);
const mixer = new AnimationMixer(model);
for (const clip of animations) mixer.clipAction(clip).play();
window.drawFrame = (frame) => {
  mixer.setTime(frame / FPS);
  renderer.render(scene, camera);
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
};
