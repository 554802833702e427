/** Limits of the page. Those that a user meets as a refusal are in `@kiln/shared`. */
export const PAGE_LIMITS = {
  /** Widths that uploaded environments are brought to: 4,096 × 2,048 half floats take 64 MiB. */
  panoramaPx: 4_096,
  reflectedPanoramaPx: 1_024,
  /** Uploaded environments and look-up tables that are kept though no picture is drawn with them. */
  idleEnvironments: 3,
  lookUpTables: 8,
  /** Pictures drawn and not yet encoded, above which no new frame is begun: each holds its raw pixels. */
  encodeBacklog: 3,
  /** Memory of an AVIF encoder beyond which it is let go: 1080p takes 100 MB, 4K 430 MB, 8K 1.5 GB. */
  avifHeapBytes: 268_435_456,
  /** Web workers that encode: one can be busy with a slow WebP while a live picture passes. */
  encodeWorkers: 2,
  /** A long frame is drawn in pieces of about so long: then it gives way to live pictures. */
  pieceMs: 150,
  /** A sample of rasterisation that takes longer is drawn in strips of rows, at most so many. */
  stripMs: 200,
  sampleStrips: 64,
  /** Pixels of a strip of a scene of which nothing is known yet. */
  firstStripPx: 1_048_576,
  /** Sets of float targets kept for the next picture of their size: a frame's, a moving and a resting live view's. */
  targetSets: 3,
  /** Resting live views whose samples are kept between slices, as many as a worker has sessions, and bytes of their sums. Others wait. */
  refinements: 64,
  refinementBytes: 1_073_741_824,
  /** One that was not drawn for so long, though its turn came, begins anew where others wait: a viewer takes a picture in less. */
  abandonedRefinementMs: 10_000,
  /** Floats of sums that a view hands over at once: two of a picture of 3840 × 2160. */
  handedBytes: 268_435_456,
  /** Bytes of targets kept between pictures. */
  targetBytes: 1_073_741_824,
  /** Pictures between two collections of garbage. */
  picturesPerCollection: 64,
  /** Messages to Node up to so many bytes are put together in one buffer that stays; a file that is larger goes in parts. */
  messageBufferBytes: 4_194_304,
  /** Of a file that goes to Node in parts: a few milliseconds each. */
  outputPartBytes: 4_194_304,
  /** Buffers of read-back pixels kept for the next picture of their size, and their bytes. */
  pixelBuffers: 5,
  pixelBufferBytes: 268_435_456,
  /** A file in another format than glTF, which is read whole: loaders take some ten times its bytes. */
  convertedBytes: 536_870_912,
  /** The same in a format of text, which becomes one string. */
  textBytes: 268_435_456,
  /** All files of an archive together, or all images of a converted scene: they lie in memory beside what is made of them. */
  unpackedBytes: 1_073_741_824,
  /** An archive that unpacks to so many times its bytes is none that somebody made to send a scene; text packs 20 times. */
  unpackedRatio: 200,
  /** Below this nothing is asked of the ratio: empty buffers and flat pictures pack to nothing. */
  trustedUnpackedBytes: 67_108_864,
  /** Segments of all shapes that a file describes by numbers; each makes up to twelve triangles. */
  madeParts: 10_000_000,
  /** Text of a glTF; V8 holds no string above 512 MiB, and parsing takes some ten times the text. */
  jsonBytes: 268_435_456,
  /** Bytes that three allocates for accessors without, or besides, a buffer view: sparse and zero-filled ones. */
  virtualAccessorBytes: 1_073_741_824,
  /** Bytes of buffers beyond which the validator's pass over every element is left out. */
  validatedBytes: 268_435_456,
  /** Findings at which the validator stops. */
  validatorIssues: 10_000,
  /** Findings in a report. */
  reportedFindings: 100,
  /** Times at which a clip shows or hides nodes, each looked at for what an engine cannot draw; later ones are found by the job. */
  visibilityPoses: 1_000,
  /** Textures, cameras, clips … that a report lists by name: five such lists stay below `requestBytes`. */
  reportedThings: 1_000,
  /** Characters of a message to a user, and of its pointer. */
  messageChars: 1_000,
  /** Characters of an error's stack, for the log. */
  stackChars: 4_000,
  /** Vertices looked at to frame a scene, rigid ones and those moved by skins or morph targets; more are sampled. */
  framedVertices: 4_000_000,
  framedDeformedVertices: 200_000,
  /** Poses of a clip that are measured, evenly over its time: what the automatic camera has in view. */
  framedPoses: 16,
  /** Measured extents that a scene keeps, of its clips and of what is hidden. */
  keptExtents: 64,
  /** Characters of the names of nodes, and of materials, that a report lists: of some thousand. */
  editableChars: 65_536,
  /** Lights that cast shadows, brightest first: each takes a texture unit of every material. */
  shadowLights: 2,
  shadowMapPx: 2_048,
  /** Edge of the square that each texture is brought to for the path tracer, which has one array for all; and its bytes. */
  tracedTexturePx: 2_048,
  tracedTextureBytes: 1_073_741_824,
} as const;
