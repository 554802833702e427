/** Every limit that both sides of a boundary must know. Limits of one process are in that workspace's own `limits.ts`. */
export const LIMITS = {
  /** Longest edge of a frame, and its pixels: 16,384². Who makes it holds sums of up to 16 bytes a pixel on the disk. */
  frameEdgePx: 65_536,
  framePixels: 268_435_456,
  /** Frames up to this edge and 8K UHD (7,680 × 4,320) are drawn whole: every GPU holds them, at 16 bytes a pixel of sums. */
  wholeFrameEdgePx: 8_192,
  wholeFramePixels: 33_177_600,
  /** Larger ones are drawn on a grid of blocks up to this edge, each with so much of the picture around it as glass may blur. */
  gridBlockEdgePx: 4_096,
  gridMarginPx: 128,
  /** Of one drawn whole with passes beside the picture, DCI 4K: each is drawn in 32-bit floats, 16 bytes a pixel. */
  passPixels: 8_847_360,
  /** Bytes of its file, before it is compressed: what a page holds at once. */
  wholeFileBytes: 520_093_696,
  /** Of a frame that nothing holds whole, the longest edge of the small picture beside it, and its file. */
  previewEdgePx: 640,
  previewBytes: 2_097_152,
  /** The file of one frame: what its format may hold is less. */
  frameBytes: 17_179_869_184,
  /** Frames of one task, and seconds that they are meant to take. */
  taskFrames: 1_000,
  taskSec: 3_600,
  /** Frames of a layer that are drawn before the others. */
  testFrames: 100,
  /** Samples of one frame. */
  frameSamples: 4_096,
  /**
   * Samples of all pixels of a frame, from which on what is drawn of it is stored now and then, and when something more
   * urgent wants its slot: in software such a frame takes half a minute or more, and another task then makes it of the sums
   * in a second.
   */
  longFrameSamples: { raster: 268_435_456, pathtrace: 1_048_576 },
  /** Samples before the noise of a frame is looked at: two halves of fewer say little. */
  noiseMinSamples: 16,
  /** Blocks of a frame in a row and in a column, and tasks that one frame is divided into. */
  frameTiles: 64,
  frameParts: 1_024,
  /**
   * Triangles of a scene that is path-traced: with its tree and its tables each takes some 400 bytes of memory, and as
   * much of the GPU's. Indices of their vertices are exact in 32-bit floats.
   */
  tracedTriangles: 5_000_000,
  /** Of path tracing: light that was scattered more often is too dim to be seen. */
  lightBounces: 64,
  /** Frames of one job, and tasks; waiting tasks are a cursor, so the number costs nothing until they run. */
  jobFrames: 1_000_000,
  /** Characters of a frame expression: some 1,500 single frames; longer lists are ranges. */
  frameExpressionChars: 10_000,
  /** Frame numbers lie within ± this, 115 hours at 24 frames a second; small enough that overlaps are found in exact integers. */
  frameNumber: 10_000_000,
  /** Frames of a second of the scene's time: at the largest frame number even the least makes a time that is exact. */
  fpsMin: 0.001,
  fpsMax: 1_000,
  /** Clips that play at once, beside the first. */
  playedClips: 15,
  /** Seconds of a clip: a day. */
  clipSec: 86_400,
  /** Keys of a camera's path, some 150 bytes each: they stand in the settings of every frame. */
  pathKeys: 256,
  /** Of a hand's way through a scene: at 60 a second almost half an hour. */
  pathPoses: 100_000,
  /** Changes of what such a way shows, some 600 bytes each. */
  pathViews: 1_000,
  /** Seconds that a path's keys lie within: frames of the least frame rate are longer. */
  pathSec: 1_000_000,
  /** Layers of one job. */
  jobLayers: 64,
  /** Jobs that one job waits for. */
  jobPredecessors: 100,
  /** Jobs of one tenant that have not ended: the dispatcher sorts them at each look. */
  openJobsPerTenant: 10_000,
  /** Unfinished tasks of one tenant, unless the operator says otherwise for it, and the most that may be said. */
  openTasksPerTenant: 10_000_000,
  openTasksMax: 1_000_000_000,
  /** Slots that an operator promises a tenant, or limits it to, at most. */
  tenantSlots: 1_000_000,
  /** Tries at one task before it fails for good. */
  taskAttempts: 3,
  taskAttemptsMax: 10,
  /** Time for one frame, after which its page is replaced. Default and largest. */
  frameTimeoutMs: 600_000,
  /** Of jobs with a path-traced layer: in software a frame of 1,280 × 720 and 64 samples takes ten minutes or more. */
  tracedFrameTimeoutMs: 21_600_000,
  frameTimeoutMaxMs: 86_400_000,
  /** A film's sound, which its page reads whole: 25 minutes of CD quality. */
  soundBytes: 268_435_456,
  /** One film. */
  filmBytes: 17_179_869_184,
  /** One uploaded file. glTF buffers are addressed with 32 bits. */
  fileBytes: 2_147_483_648,
  /** All files of one scene. */
  sceneBytes: 4_294_967_296,
  /** Files of one scene. */
  sceneFiles: 2_000,
  /** Characters of a path inside a scene. */
  scenePathChars: 512,
  /** Characters of a path that a job file names: what Linux takes. */
  filePathChars: 4_096,
  /** File of an uploaded environment, and its longest edge: 8,192 × 4,096 in floats takes 512 MiB while it is read. */
  environmentBytes: 268_435_456,
  environmentEdgePx: 8_192,
  /** File of a look-up table, and its entries along each edge: 65³ lines of text take some 8 MB. */
  lutBytes: 33_554_432,
  lutEdge3d: 65,
  lutEdge1d: 65_536,
  /** Longest edge of a texture in a scene; 16,384 is what Mesa, ANGLE and current GPUs hold. */
  textureEdgePx: 16_384,
  /** Pixels of all textures of a scene, decoded: 1 Gpx is 4 GiB of GPU memory before mip maps. */
  scenePixels: 1_073_741_824,
  /** Triangles of a scene, as drawn (instances counted). */
  sceneTriangles: 50_000_000,
  /** Nodes of a scene. */
  sceneNodes: 200_000,
  /** Depth of a scene's node tree; three's traversals recurse. */
  sceneDepth: 1_000,
  /** Time for an import, after which its page is ended. */
  importTimeoutMs: 120_000,
  /** JSON body of a request. A job file of 64 layers takes 40 kB; a scene's manifest of 2,000 files 1.3 MB. */
  requestBytes: 4_194_304,
  /** Jobs submitted in one call. */
  batchJobs: 1_000,
  /** A control message on a live or events socket, except a worker's `scene`. */
  liveControlBytes: 16_384,
  /** A worker's control message: `scene` lists what is in the scene; a camera takes some 200 bytes. */
  liveSceneBytes: 1_048_576,
  /** A picture on a live socket: 1,920 × 1,080 as PNG takes under 8 MiB. */
  livePictureBytes: 16_777_216,
  /** How far from the origin a live camera stands, at most: with its planes it is to fit a picture's header. */
  liveCoordinateM: 1e18,
  /** Longest edge of a live picture, and its width ÷ height or height ÷ width at most: the shortest is 16 pixels. */
  liveEdgePx: 4_096,
  liveAspect: 256,
  /** Scenes that one token opens, and pages that may use it. */
  tokenScenes: 100,
  tokenOrigins: 20,
  tokenSessions: 100,
  /** Samples a pixel that a token's views have, unless it was made for more. */
  tokenSamples: 256,
  /** Worker seconds that a token may be made for: a thousand hours. */
  tokenDrawnSec: 3_600_000,
  tokenTtlMinSec: 60,
  tokenTtlMaxSec: 86_400,
  /** Pictures sent and not yet acknowledged by one viewer, at most: as many as pass in 300 ms at 25 a second. */
  liveWindow: 8,
  /** Longest time that an acknowledgement tells of. */
  liveShownMs: 600_000,
  /** [LV39] What is summed of a view is handed over within this; otherwise its job begins with its first sample. */
  liveHandOverMs: 20_000,
  /** Viewers of one session: each gets every picture. */
  liveViewers: 16,
  /** One who drives and has moved nothing for so long gives way to whoever takes the camera. */
  liveDriverSilentMs: 30_000,
  /** How long a session whose viewer is gone is kept for it. */
  liveLeaseMs: 20_000,
  /** [LV44] Longest silence of a server towards a viewer: a viewer that hears nothing for three of these comes back. */
  liveAliveMs: 10_000,
  /** Of a farm's disk, left free by uploads and frames: the database must go on. Default of KILN_DISK_RESERVE_BYTES. */
  diskReserveBytes: 268_435_456,
  /** Nodes to hide or show, materials and properties that a layer changes, each: with the names a layer stays below 100 kB. */
  sceneEdits: 100,
  /** Numbers of one property that is set: weights of morph targets. */
  pointerNumbers: 256,
  /** Webhooks of one tenant, and characters of their addresses. */
  webhooksPerTenant: 20,
  webhookUrlChars: 2_048,
  /** Limits that one job, or one of its layers, names. */
  jobLimits: 16,
  /** Tags of one worker, and of what a job requires. */
  workerTags: 32,
  /** Free labels of one job, and their characters; characters of the name of who submits it. */
  jobTags: 32,
  tagChars: 64,
  userChars: 64,
  /** Characters of a name that a user gives to something. */
  nameChars: 200,
} as const;
