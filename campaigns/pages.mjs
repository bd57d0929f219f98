// Looks at pages of runs in headless Chromium, in light and in dark.
//
//   npm install playwright-core axe-core
//   node campaigns/pages.mjs FOLDER PAGE.html…
//
// Of each page: what the console says, whether hovering a chart shows its values and dragging
// zooms, what it asks the network for, and what axe-core finds of serious or critical problems.
// Screenshots go into FOLDER. Ends with 1 where anything is wrong. CHROMIUM names the browser,
// /usr/bin/chromium by default.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "node_modules/"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");

const [folder, ...pages] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
let wrong = 0;
for (const path of pages) for (const scheme of ["light", "dark"]) wrong += await look(path, scheme);
await browser.close();
process.exit(wrong ? 1 : 0);

async function look(path, scheme) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1100, height: 900 }, deviceScaleFactor: 1 });
  const page = await context.newPage(), said = [], asked = [];
  page.on("console", message => { if (["error", "warning"].includes(message.type())) said.push(message.text()); });
  page.on("pageerror", error => said.push(String(error)));
  page.on("request", request => { if (!request.url().startsWith("file:") && !request.url().startsWith("data:")) asked.push(request.url()); });
  await page.goto(pathToFileURL(resolve(path)).href);
  const name = `${basename(dirname(resolve(path)))}-${basename(path, ".html")}-${scheme}`;
  const chart = page.locator("figure[data-chart] svg").first();
  let hovers = "no chart", zooms = "no chart";
  if (await chart.count()) {
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    hovers = (await page.locator("figure[data-chart] .tip").first().innerText()).replaceAll("\n", ", ");
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    zooms = await page.locator("figure[data-chart] button").first().isVisible();
    if (zooms) await page.locator("figure[data-chart] button").first().click();
    await page.mouse.move(0, 0);
  }
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run());
  const bad = found.violations.filter(one => ["serious", "critical"].includes(one.impact));
  const minor = found.violations.filter(one => !["serious", "critical"].includes(one.impact)).map(one => one.id);
  console.log(`${path} (${scheme}): console ${said.length}, network ${asked.length}, hover "${hovers}", zoom ${zooms}, axe serious ${bad.length}, lesser ${minor.join(" ") || 0}, rules passed ${found.passes.length}`);
  for (const one of bad) console.log(`  ${one.impact} ${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join(" | ")}`);
  for (const line of [...said, ...asked]) console.log(`  ${line}`);
  await context.close();
  return said.length + asked.length + bad.length + (zooms === false) + (hovers === "");
}
