import type { Command } from 'commander';

/** In place of commander's own, which knows no commands of commands and does not say what it does not know. */
export function addHelpCommand(program: Command): void {
  program
    .command('help')
    .summary('show the help of a command')
    .description('Shows the help of a command.')
    .argument('[command...]', 'as in: kiln help scene add')
    .action((names: readonly string[]) => {
      let shown = program;
      for (const name of names) {
        shown =
          shown.commands.find((command) => command.name() === name) ??
          program.error(`error: unknown command '${names.join(' ')}'`);
      }
      shown.help();
    });
}
