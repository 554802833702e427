/** What the help of `kiln render` says after its options. */
import { ENVIRONMENT_NAMES, IMAGE_FORMATS, ImageFormat } from '@kiln/shared';
import { FILM_HELP } from '../film-options.ts';
import { table } from '../output.ts';

export const RENDER_HELP = `
SOURCE is a .glb or .gltf file, a scene in another format (FBX, OBJ, USDZ, STL, PLY, Collada, 3MF, three.js JSON, or
a ZIP with one), a folder that holds one of them, or the id of a scene on the farm. Only what the farm does not have
yet is uploaded, and only files that the scene refers to.
1-100:8 begins with every eighth frame, then come those halfway between, and so on; 1-100:flm with first, last, middle.
A camera by numbers ends in its vertical field of view in degrees (1,1,3:0,0,0:40), its focal length in millimetres on a
sensor 24 mm high or as said (:35mm, :35mm/15.6mm), or the height in metres of a picture without perspective (:ortho=2.5);
:up=x,y,z says what is up. Where a live view was: position, quaternion and field of view (1,1,3:q=0,0,0,1:40).
Nodes, materials and variants are named as kiln scene show tells. Of a material: baseColor, emissive (#rrggbb, or r,g,b
linear), opacity, roughness, metalness, emissiveIntensity. A pointer is one of KHR_animation_pointer:
/nodes/3/translation=[0,1,0], /materials/0/pbrMetallicRoughness/baseColorFactor=[1,0,0,1]. Both hold where clips change it.
A camera path is [{"frame": 0, "position": [4,1,4], "target": [0,0,0], "focalLengthMm": 35}, …], a key for a frame or
"timeSec", in their order, each with "fovDeg", "focalLengthMm" or "heightM", and "up" if need be; or
{"interpolation": "linear", "path": […]} for straight ways.
Files are OUT/[CAMERA/][PASS/]0000.EXT: a folder for each camera where there are several, and for each pass where passes
have files of their own, as OUT/depth/0000.png. OpenEXR has passes as layers of one file, unless --separate-passes.
${FILM_HELP}
Frames are written as OUT/0000.png …, each when it is complete. Ctrl-C cancels the job and exits with 130.

Examples:
  $ kiln render helmet.glb --frames 0 --size 1920x1080
  $ kiln render shots/flight-helmet --frames 1-48 --size 1280x720 --format jpeg --out frames/
  $ kiln render room.glb --engine pathtrace --samples 256 --bounces 12 --exposure 0.5
  $ kiln render room.glb --engine pathtrace --samples 1024 --noise-threshold 0.05 --time-limit 600 --clamp 10
  $ kiln render car.glb --turntable 48 --camera 4,1.5,4:0,0.5,0:50mm
  $ kiln render room.glb --format exr --passes beauty,depth,normal --samples 16
  $ kiln render room.glb --passes beauty,depth,normal
  $ kiln render car.glb --variant Red --hide Floor --material 'Rim.roughness=0.2'
  $ kiln render house.glb --sun 35,200 --background environment --engine pathtrace --samples 128
  $ kiln render car.glb --sun 40,200 --transparent --shadow-catcher
  $ kiln render car.glb --environment studio_8k.exr --background '#f4f4f2' --lut film.cube
  $ kiln render walk.glb --frames 0-95 --fps 23.976 --film mp4,webm --audio steps.wav --contact-sheet
  $ kiln render walk.glb --frames 1-100x3,200 --camera Front --json | jq .

Environments: ${ENVIRONMENT_NAMES.join(', ')}; scene, where the scene brings one along; or a file, twice as wide as high: Radiance RGBE, or OpenEXR of half or
float in scan lines or tiles (none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB; neither deep nor of several parts, nor DWAA in tiles), up to
8192 × 4096 and 256 MiB. Its light is taken as it is: linear, in Rec. 709 (other primaries are converted), in --environment-intensity 1.
A look-up table has up to 65³ or, of one dimension, 65536 entries; linear light (half, float) goes without it.

${formatTable()}
Bits 8 and 16 hold what a display shows (sRGB, tone mapped, alpha straight); half and float hold linear light (exposed, not
tone mapped, alpha associated). The first is the default.

Exit codes: 0 all frames done, 1 frames failed, 2 usage or bad input, 3 farm unreachable, 4 key missing, wrong
or not allowed to do this, 130 interrupted.
With --json each line is one event: upload, submitted, notice, frame, film, done, error.`;

/** What each file format holds. */
function formatTable(): string {
  const rows = ImageFormat.enum.map((format) => {
    const { bitDepths, hasAlpha, extension, maxEdgePx, maxPixels } = IMAGE_FORMATS[format];
    const most = [maxEdgePx, maxPixels].map((limit) => limit.toLocaleString('en'));
    return [format, `.${extension}`, bitDepths.join(', '), hasAlpha ? 'yes' : 'no', ...most];
  });
  const text = table(['Format', 'File', 'Bits a channel', 'Alpha', 'Longest edge, px', 'Most pixels'], rows);
  return text.replaceAll(/^/gm, '  ');
}
