/*
 * browser.mjs - Debian's Chromium, headless, talking to loopback only
 *
 * SPDX-License-Identifier: ISC
 */
import { chromium } from "playwright-core";
import { DEADLINE } from "./wait.mjs";

const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";

export async function openBrowser() {
  return chromium.launch({
    executablePath, headless: true, timeout: DEADLINE,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--disable-background-timer-throttling", "--disable-renderer-backgrounding"],
  });
}

/* A visitor: storage and cookies of its own.  Nothing may come from elsewhere. */
export async function visitor(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 720 }, ...options });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (to.protocol.startsWith("http") && to.host !== new URL(url).host)
      page.complaints.push(`asked another host: ${to.host}`);
  });
  await page.goto(url);
  return page;
}
