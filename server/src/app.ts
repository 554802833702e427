/** Every area of the server on one Fastify. */

import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { registerAudit } from './audit/audit-routes.ts';
import type { FarmRuntime } from './dispatch/farm.ts';
import { registerFrames } from './frames/frame-routes.ts';
import { registerHealth } from './health/health-routes.ts';
import { createFastifyApp, type TlsKeys } from './http/fastify-app.ts';
import type { Lifecycle } from './http/lifecycle.ts';
import { createOriginCheck, upgradeGuard } from './http/origin.ts';
import type { UpgradeRouter } from './http/socket-router.ts';
import { registerEmbed, registerWebApp } from './http/web-app.ts';
import { registerSignIn } from './identity/sign-in.ts';
import { registerTenants } from './identity/tenants.ts';
import { giveSampleScene } from './scenes/sample-scene.ts';
import { registerScenes } from './scenes/scene-routes.ts';
import type { Services } from './services.ts';
import { type HourlySweep, registerSweep } from './sweep/sweep-routes.ts';
import { registerUploads } from './uploads/tus-routes.ts';
import { UploadFiles } from './uploads/upload-files.ts';
import { Uploads } from './uploads/uploads.ts';
import { VERSION } from './version.ts';

export interface App {
  readonly fastify: FastifyInstance;
  readonly sweep: HourlySweep;
}

export interface AppParts {
  readonly services: Services;
  readonly farm: FarmRuntime;
  readonly sockets: UpgradeRouter;
  readonly lifecycle: Lifecycle;
  readonly tls: TlsKeys | null;
}

export async function buildApp({ services, farm, sockets, lifecycle, tls }: AppParts): Promise<App> {
  const { config, log, clock, random } = services;
  const origins = createOriginCheck(config);
  const newRequestId = () => Buffer.from(random(new Uint8Array(9))).toString('base64url');
  const fastify = await createFastifyApp({
    log,
    identities: services.identities,
    identityFailures: services.identityFailures,
    origins,
    newRequestId,
    tls,
    version: VERSION,
    farmUrl: services.advertisedUrl,
  });
  sockets.attach(fastify.server, upgradeGuard(origins, newRequestId));

  registerHealth(fastify, { services, farm, lifecycle, version: VERSION });
  registerSignIn(fastify, services);
  registerTenants(fastify, services, (tenantId) => giveSampleScene(services, farm, tenantId));
  registerScenes(fastify, services, farm);
  const uploadFiles = new UploadFiles(join(config.home, 'uploads'), config.diskReserveBytes);
  registerUploads(fastify, new Uploads(services, farm, uploadFiles), clock);
  registerFrames(fastify, services);
  registerAudit(fastify, services);
  const sweep = registerSweep(fastify, { services, uploads: uploadFiles, purges: farm.purges });
  farm.register(fastify);
  await registerEmbed(fastify, config.embedDir);
  await registerWebApp(fastify, config.webAppDir);
  return { fastify, sweep };
}
