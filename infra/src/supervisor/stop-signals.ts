/**
 * In a server or worker: calls `stop` once, on SIGTERM or SIGINT, or when the supervisor that started this process is
 * gone, also when it went before this was called. A second signal, or a stop that hangs, ends the process at once.
 */
export function onStop(stop: () => Promise<void>, hardLimitMs: number): void {
  let stopping = false;
  const begin = () => {
    if (stopping) process.exit(130);
    stopping = true;
    setTimeout(() => process.exit(1), hardLimitMs).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', begin);
  process.on('SIGINT', begin);
  process.on('disconnect', begin);
  if (process.connected === false) begin();
}
