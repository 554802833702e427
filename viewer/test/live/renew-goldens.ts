/** `npm run goldens:live`: replays the recorded session, and writes the pictures that its test compares with. */
import { writeFile } from 'node:fs/promises';
import { GOLDENS, goldenPath, replay } from './recorded-session.ts';

await replay(async ({ pictures }) => {
  for (const name of GOLDENS) {
    const png = Buffer.from(pictures[name], 'base64');
    await writeFile(goldenPath(name), png);
    console.log(`${name}.png: ${png.length} bytes`);
  }
});
