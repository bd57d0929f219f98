// Pictures of pages of runs for the handbook, in light and in dark.
//
//   npm install playwright-core
//   node campaigns/pictures.mjs FOLDER NAME=PAGE.html=HEADING…
//
// Each is 1000 pixels wide and shows the page from the heading on; "" from the top.
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(join(process.cwd(), "node_modules/"))("playwright-core");
const [folder, ...asked] = process.argv.slice(2), HEIGHT = 820;
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
for (const one of asked) for (const colorScheme of ["light", "dark"]) {
  const [name, path, heading] = one.split("=");
  const context = await browser.newContext({ colorScheme, viewport: { width: 1000, height: HEIGHT } });
  const page = await context.newPage();
  await page.goto(pathToFileURL(resolve(path)).href);
  const box = heading ? await page.locator("h2", { hasText: heading }).first().boundingBox() : { y: 20 };
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: Math.max(0, box.y - 20), width: 1000, height: Math.min(HEIGHT, whole - box.y + 20) };
  await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage: true, clip });
  await context.close();
}
await browser.close();
