/** A process that starts a browser, prints its pid, and holds it until it is killed. */
import { launchTinyBrowser } from './tiny-browser.ts';

const browser = await launchTinyBrowser();
const page = await browser.openPage();
if (process.argv[2] === 'spin') void page.page.evaluate('for (;;);').catch(() => {});
console.log(browser.pid);
setInterval(() => {}, 60_000);
