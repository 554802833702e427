/** A program of another workspace's `bench/`, as a child process that is talked to. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY } from '../src/repository.ts';

export interface Program {
  readonly pid: number;
  send(message: object): void;
  /** The first message from now on that is so. @throws Error when the program ends before. */
  until<M>(isIt: (message: M) => boolean): Promise<M>;
  stop(): Promise<void>;
}

/** @param path of its source, from the repository's root. @returns when it says that it is ready. */
export async function startProgram(path: string, args: readonly string[]): Promise<Program> {
  const child = fork(join(REPOSITORY, path), args, {
    cwd: REPOSITORY,
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const died = ended.then((): never => {
    throw new Error(`${path} has ended`);
  });
  died.catch(() => {});
  const program: Program = {
    pid: child.pid ?? 0,
    send: (message) => void child.send(message),
    until: <M>(isIt: (message: M) => boolean) =>
      Promise.race([
        died,
        new Promise<M>((resolve) => {
          const listen = (message: M) => {
            if (!isIt(message)) return;
            child.off('message', listen);
            resolve(message);
          };
          child.on('message', listen);
        }),
      ]),
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
  await program.until<{ readonly ready?: true }>(({ ready }) => ready === true);
  return program;
}
