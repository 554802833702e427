/** Limits of the viewer, with their reasons. Those that both sides of a boundary know are `LIMITS` of shared. */

export const VIEWER_LIMITS = {
  /** Pixels of a live picture that stands still: 1,600 × 900. On software rendering more take over a second. */
  livePixels: 1_440_000,
  /** Device pixels per CSS pixel that a live picture is drawn for; above 2 nobody sees the difference in a preview. */
  livePixelRatio: 2,
  /** How long the camera must rest before it counts as still: longer than the pause between two wheel notches. */
  restMs: 120,
  /** Most of the way to where another viewer has moved the camera is gone within this: a few poses of a poor network. */
  followMs: 60,
  /** How long the size of the view must rest before a picture of the new size is asked for. */
  resizeRestMs: 150,
  /** [WS8] First and longest wait before a lost socket is opened again, and how long it must last to be a good one. */
  reconnectFirstMs: 250,
  reconnectMaxMs: 10_000,
  reconnectGoodMs: 10_000,
  /** A server that has not welcomed a viewer so long after its hello is gone, whatever its socket says. */
  welcomeMs: 20_000,
  /**
   * Bytes in the socket above which poses and views wait, the newest of each: some twenty poses. A link that takes what it
   * is given holds one or two.
   */
  inputBufferBytes: 4_096,
  /** How often it is looked whether those that wait may go: twice within a display frame. */
  inputLookMs: 8,
  /** How the camera moves is seen over so long. */
  predictFromMs: 80,
  /** Pictures are asked for of where the camera will be so much later, and turned by so much further, at most. */
  mostLeadMs: 300,
  mostLeadRad: Math.PI / 18,
  /** A picture takes the place of the one before within this: three frames of most displays. */
  blendMs: 50,
  /** Quads that a picture is warped with: 4 × 4 pixels each of 1,600 × 900, on software rendering 8 × 8. */
  warpQuads: 100_000,
  softwareWarpQuads: 24_000,
  /** Pictures over which the HUD's figures are taken. */
  hudPictures: 30,
  /** Pictures of a second that they count: more than any display shows. */
  countedPictures: 500,
  /** Poses that are remembered until a picture answers them: 8 s of a 120 Hz display. */
  pendingInputs: 1_024,
  /** Files that are sent at the same time; more share the same line. */
  parallelUploads: 3,
  /** Waits between tries of a cut upload; after progress they start again. About five minutes together. */
  uploadRetryMs: [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 60_000, 60_000, 60_000],
  /** How often the speed of an upload is taken, and over what span it is averaged. */
  speedSampleMs: 250,
  speedSpanMs: 4_000,
  /** Scenes, jobs or frames of one request. */
  pageItems: 100,
  /** Frames of a job that are shown as thumbnails before “show more”. */
  framesShown: 240,
  /** JSON chunk of a GLB that is read to find what else it refers to. */
  glbJsonBytes: 64 * 1024 * 1024,
  /** How long a short message stays on the screen. */
  toastMs: 6_000,
  /** Of them at a time: more hide what they are about. */
  toasts: 5,
  /** Entries that those who do not see may still hear. */
  spoken: 5,
} as const;
