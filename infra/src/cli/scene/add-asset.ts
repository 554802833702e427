/** Environments and look-up tables that options name: files of this disk, brought to the farm. */
import { stat } from 'node:fs/promises';
import {
  ASSET_KINDS,
  type AssetKind,
  type AssetReference,
  assetKindOf,
  ENVIRONMENT_NAMES,
  type EnvironmentName,
  KilnError,
  SCENE_ENVIRONMENT,
} from '@kiln/shared';
import type { UrlStorage } from 'tus-js-client';
import type { FarmClient } from '../connection.ts';
import { type AddSceneObserver, addScene } from './add-scene.ts';
import { checkAssetFile } from './check-asset-file.ts';

type NamedEnvironment = EnvironmentName | typeof SCENE_ENVIRONMENT;

const NAMES: readonly NamedEnvironment[] = [SCENE_ENVIRONMENT, ...ENVIRONMENT_NAMES];

const isNamed = (text: string): text is NamedEnvironment => NAMES.some((name) => name === text);

/** A name of an environment; null for the path of a file. @throws KilnError `request.invalid` when it is neither. */
export async function checkEnvironment(text: string): Promise<NamedEnvironment | null> {
  if (isNamed(text)) return text;
  await checkAsset('--environment', text, 'environment', `, and no environment: ${NAMES.join(', ')}`);
  return null;
}

/** @throws KilnError `request.invalid` for a file that no scene is in. */
export function refuseAsset(source: string): void {
  if (assetKindOf(source) === null) return;
  const message = `“${source}” is no scene: name it with --environment or --lut.`;
  throw new KilnError('request.invalid', message, { field: 'SOURCE' });
}

/**
 * @throws KilnError `request.invalid` when there is no such file, or its name says that it is something else; `scene.…` for
 *   what the farm would refuse. All name the option.
 */
export async function checkAsset(option: string, path: string, kind: AssetKind, unlessOther = ''): Promise<void> {
  const invalid = (message: string) => new KilnError('request.invalid', message, { field: option });
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw invalid(`There is no file “${path}”${unlessOther}.`);
  if (assetKindOf(path) === kind) {
    await namingOption(option, checkAssetFile(path, found.size));
    return;
  }
  const endings = ASSET_KINDS[kind].endings.map((ending) => `.${ending}`).join(' or ');
  throw invalid(`${option} takes a file that ends in ${endings}; it is “${path}”.`);
}

/** What is wrong with a file is told of the option that named it; where in the file, the message says. */
async function namingOption<T>(option: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof KilnError) || !error.code.startsWith('scene.')) throw error;
    const { code, message, requestId } = error;
    throw new KilnError(code, message, {
      field: option,
      cause: error,
      ...(requestId === undefined ? {} : { requestId }),
    });
  }
}

/**
 * Sends what the farm does not have, and waits until it was checked.
 *
 * @throws KilnError `scene.…`, naming the option, when it is refused.
 */
export async function addAsset(
  farm: FarmClient,
  option: string,
  path: string,
  memory: UrlStorage,
  observer: AddSceneObserver,
  signal: AbortSignal,
): Promise<AssetReference> {
  const { files } = await namingOption(option, addScene(farm, path, memory, observer, signal));
  const [file] = files;
  if (!file) throw new KilnError('client.bad_answer', `The farm has no file of “${path}”.`);
  return { sha256: file.sha256, sizeBytes: file.sizeBytes };
}
