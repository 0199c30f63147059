/*
 * page.mjs - as much of a browser as a client script of 2011 looks at
 *
 * The real browser build of a client runs in a context of its own, on a window
 * with XMLHttpRequest, script elements, forms that post into frames (with the line
 * ends that a form makes) and, if wanted, WebSocket of today or of 2010.  What a browser does with
 * layout, events of users or security is not here: Chromium is for that.
 *
 * SPDX-License-Identifier: ISC
 */
import http from "node:http";
import { createRequire } from "node:module";
import vm from "node:vm";
import { HixieSocket } from "./hixie.mjs";

const require = createRequire(import.meta.url);

/* What a page can have for a WebSocket: that of today, or of 2010. */
const webSockets = { true: (url, origin) => new (require("ws"))(url, { headers: { Origin: origin } }),
  "hixie-76": (url, origin) => new HixieSocket(url, { origin }),
  "hixie-75": (url, origin) => new HixieSocket(url, { origin, draft: 75 }) };

/* One request of a page: {status, headers, text}. */
function load(agent, url, { method = "GET", headers = {}, body, signal } = {}) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    const req = http.request(url, { method, agent, signal, headers: { ...length, ...headers } }, (res) => {
      const parts = [];
      res.on("data", (part) => parts.push(part));
      res.on("error", reject);
      res.on("end", () => resolve({ status: res.statusCode, headers: res.headers,
        text: Buffer.concat(parts).toString("utf8") }));
    });
    req.on("error", reject);
    req.end(body);
  });
}

/* One request whose answer goes on: text(string) for each piece. */
function follow(agent, url, { headers = {}, signal, text, ended }) {
  const req = http.request(url, { agent, signal, headers }, (res) => {
    res.setEncoding("utf8");
    res.on("data", (piece) => res.statusCode === 200 && text(piece));
    res.on("error", () => {});
    res.on("close", () => ended(res.statusCode));
  });
  req.on("error", () => ended(0));
  req.end();
}

/* What a form makes of a text: CR LF line ends, and as few letters as it can. */
const formText = (text) => encodeURIComponent(text.replace(/\r\n|\r|\n/g, "\r\n"))
  .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`).replace(/%20/g, "+");

class Element {
  constructor(page, tag) {
    Object.assign(this, { page, tagName: tag.toUpperCase(), style: {}, children: [], attributes: {} });
  }
  appendChild(child) {
    child.parentNode = this;
    this.children.push(child);
    this.page.entered(child);
    return child;
  }
  insertBefore(child) {
    return this.appendChild(child);
  }
  removeChild(child) {
    this.children = this.children.filter((other) => other !== child);
    child.parentNode = null;
    return child;
  }
  setAttribute(name, value) {
    this[name] = value;
  }
  submit() {
    this.page.submitted(this);
  }
}

class Page {
  constructor(url, { websocket, htmlfile, multipart, origin }) {
    const at = new URL(origin ?? url);
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
    this.aborts = new Set();
    this.timers = new Set();
    this.complaints = [];
    const page = this;
    this.head = new Element(this, "head");
    this.body = new Element(this, "body");
    this.first = this.head.appendChild(new Element(this, "script"));
    this.origin = at.origin;
    const location = { protocol: at.protocol, host: at.host, hostname: at.hostname, port: at.port, href: at.href, pathname: "/" };
    const document = {
      location, domain: at.hostname, cookie: "", documentElement: { style: {} }, body: this.body, readyState: "complete",
      getElementById: () => null, getElementsByTagName: (tag) => ({ script: [this.first], head: [this.head], body: [this.body] }[tag.toLowerCase()] ?? []),
      createElement: (tag) => {
        if (!/^\w+$/.test(tag))
          throw new Error("not a name of an element");   /* what old Explorers took */
        return new Element(this, tag);
      },
    };
    this.window = { document, location, navigator: { userAgent: "page.mjs", platform: "node", plugins: [] }, JSON, console: { log() {}, warn() {}, error() {} },
      setTimeout: this.timed(setTimeout), clearTimeout, setInterval: this.timed(setInterval), clearInterval, encodeURIComponent, decodeURIComponent, addEventListener() {}, removeEventListener() {},
      XMLHttpRequest: function () { return page.request(); } };
    this.window.window = this.window.self = this.window;
    if (websocket)
      this.window.WebSocket = this.socketClass(webSockets[websocket]);
    if (htmlfile)
      this.window.ActiveXObject = function () { return page.htmlfile(); };
    if (multipart)
      this.window.XMLHttpRequest.prototype.multipart = false;
    vm.createContext(this.window);
  }

  run(script, name) {
    return vm.runInContext(script, this.window, { filename: name });
  }

  /* XMLHttpRequest. */
  request() {
    const page = this, xhr = { readyState: 0, status: 0, responseText: "", withCredentials: false, headers: {} };
    let abort;
    const move = (state) => {
      xhr.readyState = state;
      xhr.onreadystatechange?.();
      if (state === 4)
        xhr.onload?.();
    };
    return Object.assign(xhr, {
      open(method, url) {
        xhr.method = method;
        xhr.url = new URL(url, page.origin);
      },
      setRequestHeader(name, value) {
        xhr.headers[name] = value;
      },
      abort() {
        abort?.abort();
      },
      send(body) {
        abort = page.abortable();
        if (xhr.multipart) {
          page.parts(xhr, abort, move);
          return;
        }
        load(page.agent, xhr.url, { method: xhr.method, headers: { Origin: page.origin, ...xhr.headers },
          body: body ?? undefined, signal: abort.signal }).then(({ status, text }) => {
          Object.assign(xhr, { status, responseText: text });
          move(4);
        }, () => abort.signal.aborted || move(4)).finally(() => page.aborts.delete(abort));
      },
    });
  }

  /* XMLHttpRequest of old Geckos: ready once for each part. */
  parts(xhr, abort, move) {
    let text = "";
    follow(this.agent, xhr.url, { headers: { Origin: this.origin, ...xhr.headers }, signal: abort.signal,
      text: (piece) => {
        const parts = (text += piece).split("--socketio\n");
        text = parts.pop();
        for (const part of parts.filter(Boolean)) {
          Object.assign(xhr, { status: 200, responseText: /^Content-Type: text\/plain\n\n(.*)\n$/s.exec(part)[1] });
          move(4);
        }
      },
      ended: (status) => {
        if (abort.signal.aborted)
          return;
        Object.assign(xhr, { status, responseText: "" });
        move(4);
      } });
  }

  /* The document that Explorers hide a frame in: scripts run as they arrive. */
  htmlfile() {
    const page = this, context = vm.createContext({});
    const doc = { open() {}, write() {}, close() {}, parentWindow: context, body: new Element(this, "body"),
      createElement: (tag) => (tag === "iframe" ? page.frame(context) : new Element(page, tag)) };
    context.parent = context;
    this.window.attachEvent ??= () => {};
    this.window.CollectGarbage ??= () => {};
    return doc;
  }

  frame(context) {
    const frame = new Element(this, "iframe");
    let abort, text = "";
    context.document = { getElementsByTagName: () => [{ parentNode: { removeChild() {} } }] };
    Object.defineProperty(frame, "src", { set: (src) => {
      abort?.abort();
      if (src === "about:blank")
        return;
      abort = this.abortable();
      follow(this.agent, new URL(src, this.origin), { signal: abort.signal, ended: () => {},
        text: (piece) => {
          const scripts = (text += piece).split("</script>");
          text = scripts.pop();
          for (const script of scripts)
            vm.runInContext(script.slice(script.indexOf("<script>") + 8), context);
        } });
    } });
    return frame;
  }

  abortable() {
    const abort = new AbortController();
    this.aborts.add(abort);
    return abort;
  }

  /* A script element is loaded and run. */
  entered(element) {
    if (element.tagName !== "SCRIPT" || !element.src)
      return;
    const abort = this.abortable();
    load(this.agent, new URL(element.src, this.origin), { signal: abort.signal }).then(({ status, text }) => {
      if (!element.parentNode)
        return;
      if (status >= 400) {
        element.onerror?.();
        return;
      }
      this.run(text, element.src);
      element.onload?.();
    }).catch((error) => {
      if (abort.signal.aborted)
        return;
      if (error instanceof Error && error.code)
        element.onerror?.();            /* of the network */
      else
        this.complaints.push(String(error));
    }).finally(() => this.aborts.delete(abort));
  }

  /* A form goes into its frame. */
  submitted(form) {
    const fields = form.children.filter(({ tagName }) => tagName === "TEXTAREA")
      .map(({ name, value }) => `${name}=${formText(value)}`).join("&");
    const abort = this.abortable();
    load(this.agent, new URL(form.action, this.origin), { method: "POST", body: fields, signal: abort.signal,
      headers: { "Content-Type": "application/x-www-form-urlencoded" } }).catch(() => {}).then(() => {
      const frame = form.children.find(({ tagName }) => tagName === "IFRAME") ??
        this.body.children.find(({ tagName, name }) => tagName === "IFRAME" && name === form.target);
      if (!abort.signal.aborted)
        frame?.onload?.();
    }).finally(() => this.aborts.delete(abort));
  }

  /* The clients make sure that it is the browser's own. */
  socketClass(open) {
    const page = this;
    class Socket {
      constructor(url) {
        this.ws = open(url, page.origin);
        this.ws.on("open", () => this.onopen?.({}));
        this.ws.on("message", (data) => this.onmessage?.({ data: data.toString("utf8") }));
        this.ws.on("close", () => this.onclose?.({}));
        this.ws.on("error", (error) => this.onerror?.(error));
        page.aborts.add({ abort: () => this.ws.terminate() });
      }
      send(text) {
        this.ws.send(text);
      }
      close() {
        this.ws.close();
      }
    }
    Socket.prototype.send.toString = () => "function send() { [native code] }";
    return Socket;
  }

  /* A page's clocks end with it: nothing waits for them. */
  timed(start) {
    return (...args) => {
      const timer = start(...args);
      this.timers.add(timer);
      return timer;
    };
  }

  leave() {
    for (const timer of this.timers)
      clearTimeout(timer);
    for (const abort of this.aborts)
      abort.abort();
    this.agent.destroy();
  }
}

/* A page at url (or at `origin`, if it is elsewhere) on which script has run. */
export function openPage(script, url, options = {}) {
  const page = new Page(url, options);
  page.run(script, "socket.io.js");
  return page;
}
