import { BYTE_ROUTES, Id, KilnError, parse } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import { type Kysely, sql } from 'kysely';
import Type from 'typebox';
import { checkCursor } from '../http/list-cursor.ts';
import { apiPath, identityOf } from '../http/request-identity.ts';
import { route } from '../http/route.ts';
import { sendObject } from '../http/send-object.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { Farm, Services } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { createScene } from './create-scene.ts';
import { deleteScene } from './delete-scene.ts';
import { findScene } from './find-scene.ts';
import { type SceneRow, sceneView, sceneViews } from './scene-view.ts';

/** Scenes of a page when the client does not say. */
const PAGE = 100;
const SceneParams = Type.Object({ sceneId: Id('scene') });

export function registerScenes(app: FastifyInstance, services: Services, farm: Farm): void {
  const { db } = services.store;

  route(app, 'createScene', async ({ identity, body, reply }) => {
    const { scene, isNew } = await createScene(services, farm, identity.tenantId, body);
    if (!isNew) reply.code(200);
    return scene;
  });

  route(app, 'listScenes', async ({ identity, query }) => {
    const { tenantId } = identity;
    const limit = query.limit ?? PAGE;
    await checkCursor(query.cursor, (id) =>
      db.selectFrom('scenes').select('id').where('id', '=', id).where('tenant_id', '=', tenantId).executeTakeFirst(),
    );
    let select = db
      .selectFrom('scenes')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('kind', '=', query.kind ?? 'scene')
      .where('deleted_at', 'is', null)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (query.cursor !== undefined) {
      // The cursor is the id of the last scene of the page before.
      select = select.where(
        sql<boolean>`(created_at, id) < (select created_at, id from scenes where id = ${query.cursor} and tenant_id = ${tenantId})`,
      );
    }
    const rows = await select.execute();
    const page = await withinFiles(db, rows.slice(0, limit));
    return { items: await sceneViews(db, page), next: rows.length > page.length ? (page.at(-1)?.id ?? null) : null };
  });

  route(app, 'getScene', async ({ identity, params }) =>
    sceneView(db, await findScene(db, identity.tenantId, params.sceneId)),
  );

  route(app, 'deleteScene', async ({ identity, params }) => {
    await deleteScene(services, farm, identity.tenantId, params.sceneId);
    return {};
  });

  app.get(
    apiPath(BYTE_ROUTES.thumbnail.path),
    { schema: { summary: BYTE_ROUTES.thumbnail.summary, operationId: 'getThumbnail', params: SceneParams } },
    async (request, reply) => {
      const { sceneId } = parse(SceneParams, request.params, 'the path');
      const scene = await findScene(db, identityOf(request).tenantId, sceneId);
      const { thumbnail_sha256: sha256, thumbnail_media_type: mediaType } = scene;
      const sizeBytes = sha256 === null ? null : await services.objects.size(sha256);
      if (sha256 === null || mediaType === null || sizeBytes === null) {
        throw new KilnError('resource.not_found', `scene ${sceneId} has no thumbnail`);
      }
      return sendObject(services.objects, request, reply, {
        sha256,
        sizeBytes,
        mediaType,
        saveAs: null,
        isFixed: true,
      });
    },
  );
}

/** The first rows whose scenes have no more files together than a page may list, and one at least. */
async function withinFiles(db: Kysely<Database>, rows: readonly SceneRow[]): Promise<SceneRow[]> {
  if (rows.length === 0) return [];
  const counts = await db
    .selectFrom('scene_files')
    .select((eb) => ['scene_id', eb.fn.countAll<number>().as('files')])
    .where(
      'scene_id',
      'in',
      rows.map((row) => row.id),
    )
    .groupBy('scene_id')
    .execute();
  const countOf = new Map(counts.map((row) => [row.scene_id, Number(row.files)]));
  let files = 0;
  const tooMany = rows.findIndex((row, index) => {
    files += countOf.get(row.id) ?? 0;
    return index > 0 && files > SERVER_LIMITS.scenePageFiles;
  });
  return rows.slice(0, tooMany === -1 ? rows.length : tooMany);
}
