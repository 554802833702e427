// Listens for the end of its supervisor only when that is gone already.
import { onStop } from '../../../src/supervisor/stop-signals.ts';

process.once('disconnect', () => {
  setImmediate(() => onStop(async () => console.log('stopped'), 60_000));
});
setInterval(() => undefined, 1_000);
process.send?.('here');
