/** The page's program: opens its socket, then answers calls. */
import { Connection } from './connection.ts';
import type { PageEvent } from './contract.ts';
import { Gpu } from './gpu.ts';
import { Page } from './page.ts';
import { startServices } from './page-services.ts';

const early: PageEvent[] = [];
/** Events that happen before the socket is open wait for it. */
let send: (event: PageEvent, bytes?: ArrayBuffer) => void = (event) => early.push(event);

const onLost = (message: string) => send({ event: 'context-lost', message });
const page = new Page(await startServices(new Gpu(onLost), onLost), (event, bytes) => send(event, bytes));
const connection = await Connection.open((call) => void page.answer(call));
send = (event, bytes) => connection.send(event, bytes);
send({ event: 'hello' });
for (const event of early) send(event);
