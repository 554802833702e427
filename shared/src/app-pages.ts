/** Paths of the web app's pages: the app draws them, and the server answers each, and no other path, with the app. */
export const APP_PAGES = {
  home: '/',
  scene: '/scenes/:sceneId',
  jobs: '/jobs',
  job: '/jobs/:jobId',
  workers: '/workers',
} as const;
