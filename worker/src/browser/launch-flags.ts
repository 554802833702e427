/** Chromium's command line. Puppeteer's defaults are not used: what is here is all there is. */

/** ANGLE back ends that are probed, in the order of hope. */
export const GL_BACKENDS = ['gl-egl', 'vulkan', 'gl', 'swiftshader'] as const;
export type GlBackend = (typeof GL_BACKENDS)[number];

export const WEBGPU_BACKENDS = ['default', 'swiftshader'] as const;
export type WebgpuBackend = (typeof WEBGPU_BACKENDS)[number];

/** Without `--ignore-gpu-blocklist` there is no WebGL 2 on Mesa's software renderer at all. */
function glFlags(backend: GlBackend): string[] {
  const flags = ['--use-gl=angle', `--use-angle=${backend}`, '--ignore-gpu-blocklist'];
  if (backend === 'vulkan') flags.push('--enable-features=Vulkan,DefaultANGLEVulkan');
  if (backend === 'swiftshader') flags.push('--enable-unsafe-swiftshader');
  return flags;
}

const webgpuFlags = (backend: WebgpuBackend) =>
  backend === 'swiftshader' ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'] : [];

export interface FlagOptions {
  readonly profileFolder: string;
  /** Port of the worker's own proxy, on 127.0.0.1. */
  readonly proxyPort: number;
  readonly gl: GlBackend;
  readonly webgpu: WebgpuBackend | null;
  readonly noSandbox: boolean;
  /** False where /dev/shm is too small, as in a container with Docker's default of 64 MB. */
  readonly sharedMemory: boolean;
}

export function browserFlags(options: FlagOptions): string[] {
  return [
    '--headless',
    `--user-data-dir=${options.profileFolder}`,
    ...networkFlags(options.proxyPort),
    ...QUIET_FLAGS,
    ...BARE_WINDOW_FLAGS,
    ...STEADY_FLAGS,
    ...glFlags(options.gl),
    ...(options.webgpu ? webgpuFlags(options.webgpu) : []),
    ...(options.noSandbox ? ['--no-sandbox'] : []),
    ...(options.sharedMemory ? [] : ['--disable-dev-shm-usage']),
    'about:blank',
  ];
}

/** Every byte goes through the worker's proxy, loopback included; nothing is resolved, nothing goes over UDP. */
const networkFlags = (proxyPort: number) => [
  `--proxy-server=http://127.0.0.1:${proxyPort}`,
  '--proxy-bypass-list=<-loopback>',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--disable-quic',
  '--dns-prefetch-disable',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
];

/** No first-run pages, updates, reports, prompts, sounds or pop-ups. */
const QUIET_FLAGS = [
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-sync',
  '--disable-domain-reliability',
  '--disable-client-side-phishing-detection',
  '--disable-breakpad',
  '--disable-crash-reporter',
  '--no-crash-upload',
  '--no-pings',
  '--no-service-autorun',
  '--disable-search-engine-choice-screen',
  `--disable-features=${[
    'MediaRouter',
    'Translate',
    'OptimizationHints',
    'AcceptCHFrame',
    'InterestFeedContentSuggestions',
    'DialMediaRouteProvider',
    'CertificateTransparencyComponentUpdater',
    'AutofillServerCommunication',
    'NetworkTimeServiceQuerying',
    // The address bar's suggestions are web pages of their own, opened with every window.
    'WebUIOmniboxPopup',
    'WebUIOmniboxAimPopup',
    'WebUIOmniboxFullPopup',
  ].join(',')}`,
  '--deny-permission-prompts',
  '--block-new-web-contents',
  '--disable-notifications',
  '--mute-audio',
  '--hide-scrollbars',
  '--password-store=basic',
  '--use-mock-keychain',
  '--enable-logging=stderr',
  '--log-level=1',
];

/**
 * Headless Chromium draws its own window, too: on a software renderer that took three quarters of the 6.4 s of processor
 * time of a start (Chromium 156). WebGL and WebGPU are not concerned.
 */
const BARE_WINDOW_FLAGS = ['--window-size=200,200', '--disable-gpu-rasterization'];

/**
 * Pages that nobody looks at run at full speed; long draws are no hangs (the worker has its own time limits); a lost
 * context does not bar the next page from the GPU.
 */
const STEADY_FLAGS = [
  '--site-per-process',
  // The page collects its garbage itself (page/garbage.ts).
  '--js-flags=--expose-gc',
  '--force-color-profile=srgb',
  '--force-device-scale-factor=1',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-hang-monitor',
  '--disable-ipc-flooding-protection',
  '--disable-gpu-watchdog',
  '--disable-gpu-process-crash-limit',
  '--disable-domain-blocking-for-3d-apis',
];
