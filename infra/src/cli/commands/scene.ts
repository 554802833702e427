import { homedir } from 'node:os';
import { join } from 'node:path';
import { allPages, BACKEND_NAMES, ENGINE_NAMES, type EngineGap, type Scene } from '@kiln/shared';
import type { Command } from 'commander';
import type { ConnectionOptions } from '../client-config.ts';
import { connect, withConnection } from '../connection.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { count, formatBytes, formatTime, printResult, table } from '../output.ts';
import { jsonReporter } from '../render/json-reporter.ts';
import { progressReporter } from '../render/progress-reporter.ts';
import { addScene } from '../scene/add-scene.ts';
import { UploadMemory } from '../scene/upload-memory.ts';
import { StatusLine } from '../status-line.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

export function addSceneCommand(program: Command): void {
  const scene = program
    .command('scene')
    .summary('add, list, show and remove scenes')
    .description('Scenes on the farm.');

  withConnection(scene.command('add'))
    .description('Uploads a scene and waits until it was checked. Prints its id.')
    .argument('<source>', 'a file in one of the formats of scenes, or a folder that holds one')
    .addHelpText('after', '\nExample:\n  $ kiln scene add ../scenes/flight-helmet')
    .action(async (source: string, options: Options) => {
      const farm = connect(options);
      const status = new StatusLine(process.stderr);
      const observer = options.json ? jsonReporter(() => undefined) : progressReporter(status);
      const memory = new UploadMemory(join(homedir(), '.cache', 'kiln', 'uploads.json'));
      try {
        const added = await addScene(farm, source, memory, observer, abortOnInterrupt());
        status.clear();
        printResult(options.json, added, () => added.id);
      } finally {
        status.clear();
      }
    });

  withConnection(scene.command('list'))
    .description('Lists scenes, newest first.')
    .option('--all', 'refused ones too')
    .action(async (options: Options & { readonly all?: boolean }) => {
      const { client } = connect(options);
      const scenes: Scene[] = [];
      for await (const one of allPages((at) => client.listScenes({ query: at }))) scenes.push(one);
      const listed = scenes.filter(({ state }) => options.all || state !== 'refused');
      const left = scenes.length - listed.length;
      printResult(options.json, listed, () =>
        [
          table(
            ['ID', 'STATE', 'SIZE', 'FILES', 'ADDED', 'NAME'],
            listed.map((one) => [
              one.id,
              one.state,
              formatBytes(one.sizeBytes),
              String(one.files.length),
              formatTime(one.createdAt),
              one.name,
            ]),
          ),
          ...(left === 0 ? [] : [`\n${count(left, 'refused scene')} not shown: kiln scene list --all`]),
        ].join('\n'),
      );
    });

  withConnection(scene.command('show'))
    .description('Shows a scene with what its import found.')
    .argument('<id>', 'id of a scene')
    .action(async (sceneId: string, options: Options) => {
      const found = await connect(options).client.getScene({ params: { sceneId } });
      printResult(options.json, found, () => describe(found));
    });

  withConnection(scene.command('remove'))
    .description('Removes scenes that no unfinished job uses. Frames of their jobs stay.')
    .argument('<ids...>', 'ids of scenes')
    .action(async (sceneIds: readonly string[], options: Options) => {
      const { client } = connect(options);
      for (const sceneId of sceneIds) {
        await client.deleteScene({ params: { sceneId } });
        if (!options.json) console.log(`Removed ${sceneId}`);
      }
      if (options.json) console.log(JSON.stringify({ removed: sceneIds }));
    });
}

/** Names that a line lists. */
const LISTED_NAMES = 20;

/** The first names of a list that may have a thousand: `--json` has all. */
function some(names: readonly string[] = []): string {
  const shown = names.filter((name) => name !== '');
  const more = shown.length - LISTED_NAMES;
  return `${shown.slice(0, LISTED_NAMES).join(', ') || 'none'}${more > 0 ? ` and ${more} more (--json)` : ''}`;
}

function gapText({ engine, backend, what, isDrawnWithout }: EngineGap): string {
  const by = backend === undefined ? '' : ` with ${BACKEND_NAMES[backend]}`;
  return `${ENGINE_NAMES[engine]}${by} ${isDrawnWithout ? 'draws it without' : 'cannot draw'} ${what}`;
}

function describe(scene: Scene): string {
  const lines = [
    ['Name', scene.name],
    ['State', scene.state],
    ['Entry', scene.entry],
    ['Size', `${formatBytes(scene.sizeBytes)} in ${count(scene.files.length, 'file')}`],
    ['Added', formatTime(scene.createdAt)],
  ];
  const { report, refusal } = scene;
  if (refusal !== null) lines.push(['Refused', `${refusal.code}: ${refusal.message}`]);
  if (report !== null) {
    const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).join(', ') || 'none';
    const { error, warning, information, hint } = report.findingCounts;
    lines.push(
      ['Triangles', report.triangles.toLocaleString('en')],
      ['Textures', String(report.textures.length)],
      ['GPU', `${formatBytes(report.gpuBytes)} estimated`],
      ['Cameras', names(report.cameras)],
      ['Clips', names(report.clips)],
      ['Variants', report.variants.join(', ') || 'none'],
      ['Materials', some(report.editable?.materials.map(({ name }) => name))],
      ['Nodes', some(report.editable?.nodes)],
      ['Extensions', report.extensionsUsed.join(', ') || 'none'],
      ['Light', report.usesStudioLight ? 'the built-in studio' : 'its own'],
      ['Environment', report.environment ? 'its own (--environment scene)' : 'none'],
      ...(report.gaps ?? []).slice(0, LISTED_NAMES).map((gap) => ['Gap', gapText(gap)]),
      ['Findings', `${count(error, 'error')}, ${count(warning, 'warning')}, ${count(information + hint, 'remark')}`],
    );
  }
  return lines.map(([label = '', value]) => `${label.padEnd(11)} ${value}`).join('\n');
}
