// xats-tui's extension for pi
//
// It tells the coordinator of xats-tui what this pi does, and hands over one line at a time as a prompt: only while pi is
// idle, and each one once.  It listens at a socket in the coordinator's home that this user alone can open, and does
// nothing else: without a coordinator nobody connects.  docs/clients.md describes what is said there.
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ExtensionAPI, ExtensionContext } from "@earendil-works/pi-coding-agent";

// `xats-tui setup --home` writes its home here
const SETUP_HOME = "";

const HOME = SETUP_HOME || process.env.XATS_HOME || join(homedir(), ".xats-tui");
const FOLDER = join(HOME, "extensions");
const PATH = join(FOLDER, `${process.pid}.sock`);

const MAX_LINE_CHARS = 20_000;
const MAX_CONNECTIONS = 4;
const REMEMBERED_HINTS = 50;
const COMPACTS_WITHIN_MS = 10 * 60_000;

const TAKEN_WITHIN_MS = 5_000;

// "given": pi has it, but it is not in the conversation so far; "begun": it is; anything else: it was not handed over
type Hint = { text: string; at: number; outcome: string };

// pi loads this file anew for each session; no hint may be handed over twice in the life of the process
const HINTS = Symbol.for("xats-tui.hints");
const places = globalThis as unknown as Record<symbol, Map<string, Hint> | undefined>;
const hints = (places[HINTS] ??= new Map());

const connections = new Set<Socket>();
let server: Server | undefined;
let session: { pi: ExtensionAPI; ctx: ExtensionContext } | undefined;
let asks = "";
let compactsSince = 0;
let word = "";
let wordSince = Date.now();

// pi still says that it is idle for a moment after it was given a prompt, and reports a second one as an error.
function isBeginning(): boolean {
  const since = Date.now() - TAKEN_WITHIN_MS;
  return [...hints.values()].some((hint) => hint.outcome === "given" && hint.at > since);
}

// What keeps a prompt from beginning a turn at once; empty if nothing does.
function obstacle(): string {
  const ctx = session?.ctx;
  if (!ctx) return "no session";
  if (asks) return `asks: ${asks}`;
  if (compactsSince && Date.now() - compactsSince < COMPACTS_WITHIN_MS) return "compacts its session";
  if (!ctx.isIdle() || isBeginning()) return "busy";
  if (ctx.hasPendingMessages()) return "has messages in its queue";
  return ctx.model ? "" : "has no model";
}

function wordOf(stands: string): string {
  if (stands.startsWith("asks: ")) return "asks";
  return stands === "" || stands === "has no model" ? "idle" : "busy";
}

// Everything that the coordinator asks for; said whole each time, so that nothing depends on what was heard before.
function told(): Record<string, unknown> {
  const ctx = session?.ctx;
  const stands = obstacle();
  if (wordOf(stands) !== word) [word, wordSince] = [wordOf(stands), Date.now()];
  return {
    version: 1,
    state: word,
    detail: stands,
    since: wordSince,
    session: ctx?.sessionManager.getSessionId() ?? "",
    model: ctx?.model?.id ?? "",
    draft: ctx ? ctx.ui.getEditorText().length : 0,
    hints: Object.fromEntries([...hints].map(([id, hint]) => [id, hint.outcome])),
  };
}

function say(connection: Socket, more: Record<string, unknown> = {}): void {
  if (connection.writable) connection.write(`${JSON.stringify({ ...told(), ...more })}\n`);
}

function sayToAll(): void {
  for (const connection of connections) quietly(() => say(connection));
}

// pi must never notice a fault of ours
function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // the coordinator finds out that nothing was said
  }
}

// Hand over a hint that was not handed over before; the coordinator learns the outcome from what is told next.
function handOver(id: string, text: string, until: number): void {
  if (hints.has(id)) return;
  const stands = Date.now() >= until ? "too late" : obstacle();
  const hint: Hint = { text, at: Date.now(), outcome: stands || "given" };
  hints.set(id, hint);
  for (const oldest of [...hints.keys()].slice(0, -REMEMBERED_HINTS)) hints.delete(oldest);
  if (stands) return;
  try {
    session?.pi.sendUserMessage(text);
  } catch (error) {
    hint.outcome = `not taken: ${error instanceof Error ? error.name : "error"}`;
  }
}

function hear(connection: Socket, line: string): void {
  const said = JSON.parse(line);
  if (typeof said.hint === "string" && typeof said.text === "string" && typeof said.until === "number") {
    handOver(said.hint, said.text, said.until);
  }
  say(connection, typeof said.ask === "string" ? { answers: said.ask } : {});
}

function connected(connection: Socket): void {
  let heard = "";
  connections.add(connection);
  connection.unref();
  connection.setEncoding("utf8");
  connection.on("error", () => connection.destroy());
  connection.on("close", () => connections.delete(connection));
  connection.on("data", (data: string) => {
    heard += data;
    const lines = heard.split("\n");
    heard = lines.pop() ?? "";
    if (heard.length > MAX_LINE_CHARS) connection.destroy();
    for (const line of lines) quietly(() => hear(connection, line));
  });
  quietly(() => say(connection));
}

// Whether nobody but this user can put or open anything there.
function isPrivate(folder: string): boolean {
  const { uid, mode } = lstatSync(folder);
  return uid === process.getuid?.() && (mode & 0o40077) === 0o40000;
}

function listen(): void {
  if (server) return;
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  if (!isPrivate(FOLDER)) return;
  rmSync(PATH, { force: true }); // left by a killed process that had our pid
  server = createServer(connected);
  server.maxConnections = MAX_CONNECTIONS;
  server.on("error", stop);
  server.listen(PATH, () => quietly(() => chmodSync(PATH, 0o600)));
  server.unref();
}

function stop(): void {
  session = undefined;
  server?.close();
  server = undefined;
  for (const connection of connections) connection.destroy();
  quietly(() => rmSync(PATH, { force: true }));
}

function noteInConversation(message: any): void {
  if (message.role !== "user") return;
  const text = JSON.stringify(message.content);
  for (const hint of hints.values()) {
    if (hint.outcome !== "given" || !text.includes(JSON.stringify(hint.text).slice(1, -1))) continue;
    hint.outcome = "begun";
    sayToAll();
  }
}

export default function (pi: ExtensionAPI): void {
  const follow = (event: string, note: (event: any, ctx: ExtensionContext) => void = () => {}): void => {
    (pi.on as (name: string, handler: (event: any, ctx: ExtensionContext) => void) => void)(event, (said, ctx) => {
      quietly(() => note(said, ctx));
      quietly(sayToAll);
    });
  };

  follow("session_start", (_, ctx) => {
    if (ctx.mode !== "tui") return; // another program drives it
    session = { pi, ctx };
    [asks, compactsSince] = ["", 0];
    listen();
  });
  follow("session_shutdown", stop);
  follow("agent_start");
  pi.on("message_start", (event) => quietly(() => noteInConversation(event.message)));
  follow("agent_settled", () => {
    compactsSince = 0;
  });
  follow("ui_prompt_start", (event) => {
    asks = event.title || event.kind || "a question";
  });
  follow("ui_prompt_end", () => {
    asks = "";
  });
  follow("session_before_compact", () => {
    compactsSince = Date.now();
  });
  follow("session_compact", () => {
    compactsSince = 0;
  });
  follow("session_compact_failed", () => {
    compactsSince = 0;
  });
  follow("model_select");
}
