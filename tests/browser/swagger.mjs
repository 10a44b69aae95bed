// Opens Swagger UI in a headless Chromium, tries GET /api/v1/orders out, and sees 200; signs in by its button, and sees the token
// sent; with no request that leaves the machine.
//
//   node tests/browser/swagger.mjs http://127.0.0.1:8080
//
// playwright-core is in target/outside/node, where tests/outside/run.sh installs it; Chromium comes by apt if it is missing
// and the user is root. A screenshot goes to target/outside/swagger.png.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const RUN_MS = 120_000;
const STEP_MS = 20_000;
const INSTALL_MS = 300_000;
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const target = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "outside");

function say(text) {
  console.log(`ok  ${text}`);
}

function must(holds, text) {
  if (!holds) throw new Error(text);
}

function install(command, args, options = {}) {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"], timeout: INSTALL_MS, ...options });
}

function playwright() {
  return createRequire(join(target, "node/package.json"))("playwright-core");
}

function browserPath() {
  const found = () => BROWSERS.find((path) => existsSync(path));
  if (!found() && process.getuid?.() === 0) {
    install("apt-get", ["update", "--quiet"]);
    install("apt-get", ["install", "--quiet", "--yes", "--no-install-recommends", "chromium"]);
  }
  must(found(), `no browser at ${BROWSERS.join(", ")}: install chromium`);
  return found();
}

/** A proxy that lets nothing through, and remembers what was asked of it. */
async function wall() {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(403).end();
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.on("error", () => {});
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { asked, server, address: `http://127.0.0.1:${server.address().port}` };
}

function flags(proxy) {
  return [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--no-pings",
    "--disable-features=AutofillServerCommunication,OptimizationHints,MediaRouter,Translate",
    `--proxy-server=${proxy}`,
    // Requests to the machine itself go past the proxy; what is not resolved here is resolved nowhere.
    "--proxy-bypass-list=127.0.0.1",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ];
}

/** Opens the page, tries the list of orders out, and says with which status it answered. */
async function tryOut(page, base) {
  await page.goto(`${base}/docs/`, { waitUntil: "networkidle", timeout: STEP_MS });
  await page.locator(".opblock").first().waitFor({ timeout: STEP_MS });
  const count = await page.locator(".opblock").count();
  say(`Swagger UI shows ${count} operations`);
  const list = page.locator(".opblock-get").filter({ has: page.locator('[data-path="/api/v1/orders"]') });
  await list.locator(".opblock-summary").click({ timeout: STEP_MS });
  const start = list.locator(".try-out__btn");
  await start.waitFor({ timeout: STEP_MS });
  // The button cancels where trying out is on from the start.
  if (!/cancel/i.test(await start.innerText())) await start.click();
  const answer = page.waitForResponse((response) => new URL(response.url()).pathname === "/api/v1/orders", {
    timeout: STEP_MS,
  });
  await list.locator("button.execute").click({ timeout: STEP_MS });
  const response = await answer;
  must(response.status() === 200, `GET ${response.url()} answers ${response.status()}: ${await response.text()}`);
  const body = await response.json();
  must(Array.isArray(body.data), `the answer has no list: ${JSON.stringify(body)}`);
  const shown = list.locator(".live-responses-table .response .response-col_status").first();
  await shown.waitFor({ timeout: STEP_MS });
  must((await shown.innerText()).trim().startsWith("200"), `the page shows ${await shown.innerText()}`);
  say(`"Try it out" of GET ${new URL(response.url()).pathname} shows 200 with ${body.data.length} rows`);
  await shown.scrollIntoViewIfNeeded();
  const screenshot = join(target, "swagger.png");
  await page.screenshot({ path: screenshot });
  say(`screenshot in ${screenshot}`);
}

/** Signs up, hands the token to the button "Authorize", and sees that it is sent, also by the page that was loaded anew. */
async function authorise(page, base) {
  const credentials = await fetch(`${base}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Ada", email: `ada${Date.now()}@example.com`, password: "correct horse battery" }),
  }).then((response) => response.json());
  await page.locator("button.authorize").first().click({ timeout: STEP_MS });
  await page.locator(".auth-container input").first().fill(credentials.access_token, { timeout: STEP_MS });
  await page.locator(".auth-btn-wrapper button.authorize").first().click({ timeout: STEP_MS });
  await page.locator(".auth-btn-wrapper button.btn-done").first().click({ timeout: STEP_MS });
  for (const when of ["at once", "after a reload"]) {
    const me = page.locator(".opblock-get").filter({ has: page.locator('[data-path="/api/v1/auth/me"]') });
    const start = me.locator(".try-out__btn");
    // The address of a page that is loaded anew may have it open.
    if (!(await start.isVisible())) await me.locator(".opblock-summary").first().click({ timeout: STEP_MS });
    await start.waitFor({ timeout: STEP_MS });
    if (!/cancel/i.test(await start.innerText())) await start.click();
    const answer = page.waitForResponse((response) => new URL(response.url()).pathname === "/api/v1/auth/me", {
      timeout: STEP_MS,
    });
    await me.locator("button.execute").click({ timeout: STEP_MS });
    const response = await answer;
    must(response.status() === 200, `GET /api/v1/auth/me answers ${response.status()}: ${await response.text()}`);
    const id = (await response.json()).id;
    must(id === credentials.user_id, `the page calls as ${id}, not as ${credentials.user_id}`);
    say(`the token of "Authorize" is sent ${when}`);
    if (when === "at once") {
      await page.reload({ waitUntil: "networkidle", timeout: STEP_MS });
      await page.locator(".opblock").first().waitFor({ timeout: STEP_MS });
    }
  }
}

async function main(base) {
  const { chromium } = playwright();
  const { asked, server, address } = await wall();
  const requests = [];
  const complaints = [];
  let browser;
  try {
    // A new browser has a new, temporary profile.
    const options = { executablePath: browserPath(), headless: true, args: flags(address), timeout: STEP_MS * 2 };
    browser = await chromium.launch(options);
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
    context.on("request", (request) => requests.push(request.url()));
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await tryOut(page, base);
    await authorise(page, base);
  } finally {
    await browser?.close();
    server.close();
  }
  const home = new URL(base).host;
  const away = requests.filter((url) => !/^(data|blob|about|chrome):/.test(url) && new URL(url).host !== home);
  must(away.length === 0, `the page asked elsewhere: ${away.join(", ")}`);
  must(complaints.length === 0, `the page complains: ${complaints.join(" | ")}`);
  say(`${requests.length} requests of the page, all of them to ${home}`);
  // What a browser asks for itself (updates, accounts) is not the page's doing; it ended at the wall all the same.
  const hosts = [...new Set(asked.map((line) => line.replace(/^\S+ (https?:\/\/)?/, "").replace(/[:/?].*/, "")))];
  if (hosts.length > 0) say(`the browser itself was kept from ${hosts.join(", ")}`);
}

const [base] = process.argv.slice(2);
if (!base || base.startsWith("-")) {
  console.error("usage: node tests/browser/swagger.mjs http://127.0.0.1:8080");
  process.exit(2);
}
const limit = setTimeout(() => {
  console.error("FAILED  the time is over");
  process.exit(1);
}, RUN_MS + INSTALL_MS);
main(base.replace(/\/$/, ""))
  .catch((error) => {
    console.error(`FAILED  ${error.message}`);
    process.exitCode = 1;
  })
  .finally(() => clearTimeout(limit));
