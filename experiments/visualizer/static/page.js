// The page: buttons, tables and the connection to the run. Charts live in charts.js.

import * as charts from "./charts.js";
import { compose, filming, startFilm, stopFilm } from "./film.js";
import { network, networkLegend } from "./network.js";
import { percent, price, short } from "./plot.js";
import { Store } from "./store.js";
import { startTour } from "./tour.js";

const $ = (id) => document.getElementById(id);
const SPEEDS = [[10, "10×"], [30, "30×"], [60, "60×"], [120, "120×"], [300, "300×"], [1000, "1000×"], [0, "max"]];
const WINDOWS = [[600, "10 min"], [1800, "30 min"], [3600, "1 h"], [7200, "2 h"], [21600, "6 h"], [86400, "1 day"], [0, "all"]];
const DIFFERENCES = [
  ["Makers never withdraw", { change: "switch", mechanism: "maker_withdrawal", on: false }],
  ["No liquidations", { change: "switch", mechanism: "liquidations", on: false }],
  ["No auto-deleveraging", { change: "switch", mechanism: "adl", on: false }],
  ["Nobody's mood spreads", { change: "switch", mechanism: "herding", on: false }],
  ["No exchange late or down", { change: "switch", mechanism: "outage", on: false }],
  ["Collateral at its worth", { change: "switch", mechanism: "collateral_peg", on: false }],
  ["No credit contagion", { change: "switch", mechanism: "credit_contagion", on: false }],
  ["News of −3 %", { change: "news", size: -0.03 }],
  ["Outage of the hub, 10 min", { change: "outage", exchange: "@hub", duration_s: 600 }],
  ["A whale sells 10M", { change: "order", instrument: "@focus", side: "sell", usd: 1e7 }],
  ["A rumour of ruin", { change: "rumour", tone: -0.9 }],
  ["Nothing yet", null],
];
const CHARTS = {
  prices: charts.prices,
  heatmap: charts.heatmap,
  map: charts.liquidationMap,
  makers: charts.makers,
  closures: charts.closures,
  interest: charts.openInterest,
  funding: charts.funding,
  funds: charts.funds,
  mood: charts.mood,
  network,
  followed: charts.followed,
};
/** Charts that move with every frame; the others follow twice a second. */
const MOVING = ["prices", "heatmap"];
const AGENT_COLUMNS = [
  ["kind", "agent"],
  ["instrument", "position"],
  ["position_usd", "USD"],
  ["leverage", "leverage"],
  ["equity_usd", "equity"],
  ["liquidation_price_usd", "liquidated at"],
  ["distance", "away"],
];

let store = null;
let socket = null;
let scrubbing = false;
let painted = 0;
let pendingFrame = null;
let dirty = false;
let silence = 0;
const overrides = {};
const view = { focus: 0, network: "social", allCoins: true, allInstruments: true, hoverTime: null, width: 3600, plots: {}, store: null, layout: null, theme: null, clock: null, span: [0, 1] };
const agents = { kind: "", exchange: "", sort: "distance", descending: false };
const hover = { chart: null, x: 0, y: 0, clientX: 0, clientY: 0 };

export const send = (command) => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
};

// -- connection ------------------------------------------------------------------------------------------

function connect() {
  const address = new URL("session", location.href);
  address.search = location.search;
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") hear(JSON.parse(data));
    else pendingFrame = data;
  };
  socket.onclose = () => {
    busy(null);
    say("The connection to the simulator is gone. Start `undertow viz` again if it was stopped, then reload this page.", true);
    $("play").disabled = true;
  };
}

function hear(message) {
  if (message.busy) busy(message.busy);
  if (message.notice) say(message.notice);
  if (message.error) {
    busy(store ? null : message.error, true);
    say(message.error, true);
    showSwitches();
  }
  if (message.file) save(new Blob([Uint8Array.from(atob(message.file.base64), (c) => c.charCodeAt(0))]), message.file.name);
  if (message.layout) begin(message.layout);
}

function begin(layout) {
  const first = store === null;
  const fresh = !view.layout || view.layout.source !== layout.source || view.layout.replay !== layout.replay;
  document.body.classList.toggle("replay", layout.replay);
  store = new Store(layout);
  Object.assign(view, { store, layout, clock: clockOf(layout.start_utc), plots: {} });
  if (fresh) {
    view.focus = layout.shown[0];
    fillLists();
  }
  fillControls();
  send({ do: "look", focus: view.focus });
  send({ do: "ready" });
  if (first) say(layout.replay ? "A finished run, nothing is simulated. Press play, or the space bar." : "Press play, or the space bar.");
  if (first && new URLSearchParams(location.search).has("tour")) startTour(tourHooks);
}

/** Turns seconds since the start into times of day. */
function clockOf(startUtc) {
  const start = Date.parse(startUtc) / 1000;
  const clock = (seconds, exact) => new Date(1000 * (start + seconds)).toISOString().slice(11, exact ? 19 : 16);
  clock.offset = start % 86400;
  clock.date = (seconds) => new Date(1000 * (start + seconds)).toISOString().slice(0, 10);
  return clock;
}

// -- painting --------------------------------------------------------------------------------------------

function loop() {
  if (pendingFrame && store) {
    const details = store.take(pendingFrame);
    pendingFrame = null;
    showState();
    if (details) showDetails();
    paint(details || dirty);
    if (filming()) compose($("main"), heading(), view.theme);
    painted += 1;
    send({ do: "ready" });
  } else if (dirty && store?.runs[0].steps) paint(true);
  requestAnimationFrame(loop);
}

function paint(whole) {
  dirty = false;
  const end = store.now;
  const first = store.runs[0].time[0];
  const from = view.width ? Math.max(end - view.width, Math.min(first, end - 60)) : first;
  view.span = [from, Math.max(end, from + 60)];
  view.theme ??= charts.theme(document.documentElement.dataset.theme === "dark");
  view.hoverTime = hover.chart ? timeUnder(hover) : null;
  for (const [id, chart] of Object.entries(CHARTS)) {
    if (!whole && !MOVING.includes(id)) continue;
    const canvas = $(id);
    if (canvas.clientWidth > 0 && canvas.clientHeight > 0) view.plots[id] = chart(canvas, view);
  }
  showTip();
}

function plotUnder({ chart, x, y }) {
  return view.plots[chart]?.find((plot) => plot.has(x, y));
}

function timeUnder(place) {
  return plotUnder(place)?.readout(place.x, place.y).time ?? null;
}

function showTip() {
  const plot = hover.chart && plotUnder(hover);
  $("tip").hidden = !plot;
  if (!plot) return;
  const tip = $("tip");
  tip.textContent = plot.readout(hover.x, hover.y).rows.join("\n");
  const left = hover.clientX + 14 + tip.offsetWidth > innerWidth ? hover.clientX - 14 - tip.offsetWidth : hover.clientX + 14;
  tip.style.left = `${left}px`;
  tip.style.top = `${Math.min(hover.clientY + 12, innerHeight - tip.offsetHeight - 4)}px`;
}

// -- what the header and the tables say ------------------------------------------------------------------

function showState() {
  const { header } = store;
  const now = store.runs[0].state.now_s;
  if (!header.busy) busy(null);
  $("play").textContent = header.playing ? "❚❚ Pause" : "▶ Play";
  $("play").setAttribute("aria-pressed", String(header.playing));
  const after = now - view.layout.crash.start_s;
  const sign = after < 0 ? "−" : "+";
  const place = Math.abs(after) < 7200 ? `P0 ${sign} ${Math.floor(Math.abs(after) / 60)} min ${Math.round(Math.abs(after) % 60)} s` : `P0 ${sign} ${(Math.abs(after) / 3600).toFixed(1)} h`;
  $("clock").textContent = `${view.clock(now, true)} UTC · ${place}`;
  $("clock").append(element("small", `${view.clock.date(now)} · step ${store.runs[0].steps}${header.playing && header.measured ? ` · ${short(header.measured)} s/s` : ""}${store.runs[0].state.finished ? " · the run is over" : ""}`));
  if (!scrubbing) $("scrub").value = String(store.runs[0].steps);
  const forked = store.runs.length > 1;
  if (!view.layout.replay && $("keep-a").hidden === forked) {
    for (const id of ["keep-a", "keep-b", "lane"]) $(id).hidden = !forked;
    for (const id of ["fork-now", "fork"]) $(id).disabled = forked;
    showTable(forked ? "difference" : "events");
    fillLegends();
  }
}

function showDetails() {
  const run = store.runs[0];
  const names = Object.entries(view.layout.stages);
  const parts = names.map(([name, words], i) => {
    const found = run.details.stages.find((stage) => stage.name === name);
    return element(found ? "b" : "span", `${i + 1} ${words.replace("liquidity ", "")}${i < names.length - 1 ? " · " : ""}`);
  });
  $("stages").replaceChildren("Stages found: ", ...parts);
  showOrders();
  fillRows($("events").tBodies[0], run.details.latest.map((row) => [view.clock(row.time_s, true), `${row.what.replace(" closed", "")}${row.count > 1 ? ` ×${row.count}` : ""}, ${row.detail}`, row.instrument.replace("-PERP", ""), row.usd === null ? "" : short(row.usd)]), [3]);
  showDifference();
  showAgents();
  showSwitches();
  describe();
}

function showDifference() {
  const rows = (store.header.difference ?? []).map(({ name, unit, a, b }) => {
    const write = (value) => (value === null ? "–" : unit === "%" ? `${value.toFixed(1).replace("-", "−")} %` : short(value));
    return [unit === "USD" ? `${name}, USD` : name, write(a), write(b), a === null || b === null ? "–" : write(b - a).replace(" %", unit === "%" ? " pt" : "")];
  });
  if (!rows.length) rows.push(["Fork the run to compare two futures.", "", "", ""]);
  fillRows($("difference").tBodies[0], rows, [1, 2, 3]);
}

function showAgents() {
  const lane = store.runs.length > 1 ? Number($("lane").value) : 0;
  const { total, rows } = store.runs[lane].details.agents;
  $("agents-total").textContent = `${rows.length} of ${total.toLocaleString("en-US")}${store.runs.length > 1 ? ` in ${"AB"[lane]}` : ""}`;
  const texts = rows.map((row) => [`${row.kind.replace("leveraged_", "").replaceAll("_", " ")} ${row.number + 1}`, row.instrument ? `${row.instrument.replace("-PERP", "").split("@")[0]} ${row.exchange}` : `– ${row.exchange}`, short(row.position_usd), row.leverage === null ? "–" : `${short(row.leverage)}×`, short(row.equity_usd), price(row.liquidation_price_usd), percent(row.distance, row.distance < 1 ? 1 : 0)]);
  const body = $("agents").tBodies[0];
  fillRows(body, texts, [2, 3, 4, 5, 6]);
  const followed = store.runs[0].state.followed;
  rows.forEach((row, i) => {
    const line = body.rows[i];
    line.tabIndex = 0;
    line.agent = row;
    line.classList.toggle("on", followed !== null && view.layout.exchanges[followed[0]] === row.exchange && followed[1] === row.account);
  });
  $("follow-box").hidden = followed === null;
}

function showOrders() {
  const rows = store.runs[store.runs.length > 1 ? lane() : 0].details.orders ?? [];
  $("orders-box").hidden = rows.length === 0;
  $("orders-total").textContent = rows.length ? "Largest orders in the books" : "No order in the books";
  fillRows($("orders").tBodies[0], rows.map((row) => [row.waits ? `${row.side}, waits` : row.side, row.instrument.replace("-PERP", ""), `at ${price(row.price)}`, `${short(row.usd)} USD`]), [2, 3]);
}

function showSwitches() {
  const lane = store?.runs.length > 1 ? Number($("lane").value) : 0;
  const switches = store?.runs[lane].details.switches ?? {};
  for (const box of document.querySelectorAll("[data-switch]")) box.checked = switches[box.dataset.switch] ?? true;
}

/** Words for those who do not see the charts. */
function describe() {
  const run = store.runs[0];
  const { field } = store;
  const last = run.steps - 1;
  const coin = view.layout.instruments[view.focus].name;
  const now = run.at(last, view.focus, field.last);
  const base = run.at(Math.max(0, run.stepAt(Math.min(store.now, view.layout.crash.start_s))), view.focus, field.last);
  $("prices").setAttribute("aria-label", `Prices. ${coin} trades at ${price(now)} USD, ${percent(now / base - 1)} since P0.`);
  $("heatmap").setAttribute("aria-label", `Order book of ${coin}. Within 1 percent of the mid rest ${short(run.at(last, view.focus, field.depth_bid))} USD of bids and ${short(run.at(last, view.focus, field.depth_ask))} USD of asks.`);
  const moods = [...run.mood];
  if (moods.length) $("network").setAttribute("aria-label", `Social graph of ${view.layout.social.people} people. Mean mood of those shown ${(moods.reduce((a, b) => a + b, 0) / moods.length / 100).toFixed(2)}, from -1 fear to 1 greed.`);
  const { totals } = run.details;
  $("closures").setAttribute("aria-label", `Liquidations so far: longs ${short(totals.liquidated_long)}, shorts ${short(totals.liquidated_short)}, auto-deleveraged ${short(totals.adl)} USD.`);
  const absent = run.makers.filter((state, i) => state && view.layout.shown.includes(i % view.layout.instruments.length)).length;
  $("makers").setAttribute("aria-label", `Market makers. ${absent} of ${view.layout.makers * view.layout.shown.length} quotes are absent.`);
}

function fillRows(body, rows, numeric) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((texts, i) => {
    const line = body.rows[i] ?? body.insertRow();
    texts.forEach((text, c) => {
      const cell = line.cells[c] ?? line.insertCell();
      if (cell.textContent !== text) cell.textContent = text;
      cell.className = numeric.includes(c) ? "n" : "";
    });
  });
}

export function say(text, isError = false) {
  $("message").textContent = text;
  $("message").className = isError ? "error" : "";
  clearTimeout(silence);
  silence = setTimeout(() => ($("message").textContent = ""), isError ? 20_000 : 7_000);
}

function busy(text, isOver = false) {
  $("busy").hidden = text === null;
  $("busy").querySelector("progress").hidden = isOver;
  if (text !== null) $("busy-text").textContent = text;
}

function element(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

function options(select, items, chosen) {
  select.replaceChildren(...items.map(([value, text]) => Object.assign(element("option", text), { value, selected: String(value) === String(chosen) })));
}

// -- lists and legends -----------------------------------------------------------------------------------

function fillLists() {
  const { layout } = view;
  options($("scenario"), layout.scenarios.map((name) => [name, name]), layout.source);
  options($("focus"), layout.shown.map((i) => [i, layout.instruments[i].name]), view.focus);
  options($("depeg-coin"), layout.pegged.map((name) => [name, name.replace("-SPOT", "")]), layout.pegged[0]);
  $("depeg-row").hidden = $("peg-row").hidden = layout.pegged.length === 0;
  $("contagion-row").hidden = !layout.credit;
  $("scenario-name").textContent = layout.replays ? "Run" : "Scenario";
  $("heatmap-title").textContent = layout.replay ? "Depth" : "Order book";
  options($("rules-exchange"), layout.exchanges.map((name) => [name, name]), layout.exchanges[0]);
  fillRules();
  options($("outage-exchange"), layout.exchanges.map((name) => [name, name]), layout.exchanges[0]);
  options($("agents-exchange"), [["", "all"], ...layout.exchanges.map((name) => [name, name])], agents.exchange);
  options($("kind"), [["", "all"], ...layout.kinds.map((name) => [name, name.replaceAll("_", " ")])], agents.kind);
}

/** Rule books that the exchange may have at the next reset. */
function fillRules() {
  const { presets } = view.layout;
  if (!presets) return;
  const exchange = $("rules-exchange").value;
  options($("rules"), presets.known.map((name) => [name, name]), overrides[`venues.${exchange}.preset`] ?? presets.now[exchange]);
}

function fillControls() {
  const { layout } = view;
  $("title").textContent = layout.title;
  $("title").title = layout.title;
  document.title = `${layout.scenario} · Undertow`;
  $("seed").value = layout.seed;
  $("scrub").max = layout.steps;
  $("simulate").hidden = !layout.replay;
  $("sliders").replaceChildren(...layout.sliders.map(slider));
  fillLegends();
}

function slider({ path, label, about, low, high, step, value, live }) {
  const box = element("div", "");
  box.className = "slider";
  box.title = `${about} (${path})`;
  const top = element("div", "");
  const number = element("b", short(value));
  top.append(element("span", live ? label : `${label} (at reset)`), number);
  const input = Object.assign(document.createElement("input"), { type: "range", min: low, max: high, step, value });
  input.setAttribute("aria-label", label);
  input.dataset.path = path;
  input.oninput = () => (number.textContent = short(Number(input.value)));
  input.onchange = () => set(path, Number(input.value), live);
  box.append(top, input);
  return box;
}

function set(path, value, live) {
  overrides[path] = value;
  if (live) send({ do: "change", lane: lane(), what: { change: "set", path, value } });
  $("pending").textContent = `Reset also sets ${Object.entries(overrides).map(([key, given]) => `${key} = ${given}`).join(", ")}.`;
}

function fillLegends() {
  const look = view.theme ?? charts.theme(document.documentElement.dataset.theme === "dark");
  const { layout } = view;
  const forked = store.runs.length > 1;
  const twins = forked ? [["#888", "A", []], ["#888", "B", charts.DASH]] : [];
  const byVenue = layout.exchanges.map((name, i) => [look.colours[i], name, []]);
  if (view.allCoins) {
    const coins = layout.coins.map((name, i) => [look.colours[i % look.colours.length], name, []]);
    const venues = forked ? [] : layout.exchanges.map((name, i) => [look.muted, name, i === 0 ? [] : i === 1 ? [1, 2] : [4, 2]]);
    legend("legend-prices", [...coins, ...venues, ...twins]);
  } else legend("legend-prices", [...byVenue, [look.muted, "value", [1, 3]], ...twins]);
  legend("legend-map", [[look.long, "longs"], [look.short, "shorts"], ...(forked ? [["", "A up, B down"]] : [])]);
  legend("legend-closures", [[look.long, "longs"], [look.short, "shorts"], [look.adl, "deleveraged"], ...(forked ? [["", "A up, B down"]] : [])]);
  legend("legend-network", networkLegend(view, look));
  legend("legend-state", [...byVenue, ...twins]);
  legend("legend-depth", [[look.colours[2], "bids", []], [look.colours[1], "asks within 1 %", []], ...twins]);
  legend("legend-makers", [[look.states[0], "quotes"], ...Object.entries(layout.reasons).filter(([code]) => code !== "6").map(([code, text]) => [look.states[code], `${text[0].toUpperCase()} ${text}`])]);
}

function legend(id, items) {
  $(id).replaceChildren(
    ...items.map(([colour, text, dash]) => {
      const item = element("span", "");
      if (colour) item.append(swatch(colour, dash));
      item.append(text);
      return item;
    }),
  );
}

function swatch(colour, dash) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("width", dash ? 18 : 10);
  svg.setAttribute("height", 10);
  const shape = document.createElementNS(space, dash ? "line" : "rect");
  const given = dash ? { x1: 0, y1: 5, x2: 18, y2: 5, stroke: colour, "stroke-width": 2, "stroke-dasharray": dash.join(" ") } : { width: 10, height: 10, fill: colour };
  for (const [name, value] of Object.entries(given)) shape.setAttribute(name, value);
  svg.append(shape);
  return svg;
}

// -- controls --------------------------------------------------------------------------------------------

const lane = () => (store.runs.length > 1 ? Number($("lane").value) : 0);
const change = (what) => send({ do: "change", lane: lane(), what });
const playing = () => store?.header.playing ?? false;

function togglePlay() {
  send({ do: "play", on: !playing() });
}

function fork() {
  const [, what] = DIFFERENCES[Number($("difference-by").value)];
  const names = { "@hub": view.layout.exchanges[0], "@focus": view.layout.instruments[view.focus].name };
  const filled = what && Object.fromEntries(Object.entries(what).map(([key, value]) => [key, names[value] ?? value]));
  send({ do: "fork", what: filled });
}

function lookAt(focus) {
  view.focus = focus;
  $("focus").value = String(focus);
  $("focus-name").textContent = view.layout.instruments[focus].name;
  send({ do: "look", focus });
  dirty = true;
}

function pickCoins(all) {
  view.allCoins = all;
  $("all-coins").setAttribute("aria-pressed", String(all));
  $("one-coin").setAttribute("aria-pressed", String(!all));
  fillLegends();
  dirty = true;
}

function showNetwork(which) {
  view.network = which;
  for (const name of ["social", "credit"]) $(`show-${name}`).setAttribute("aria-pressed", String(name === which));
  fillLegends();
  dirty = true;
}

function showTable(which) {
  for (const name of ["events", "difference"]) {
    $(name).hidden = name !== which;
    $(`show-${name}`).setAttribute("aria-pressed", String(name === which));
  }
}

function timeOfStep(step) {
  const { times } = view.layout;
  if (times) return times[Math.min(times.length, Math.max(1, step)) - 1];
  let start = 0;
  for (const [until, length] of view.layout.phases) {
    const steps = Math.ceil((until - start) / length - 1e-9);
    if (step <= steps) return Math.min(start + step * length, until);
    step -= steps;
    start = until;
  }
  return start;
}

function follow(row) {
  $("follow-name").textContent = `${row.kind.replaceAll("_", " ")} ${row.number + 1} on ${row.exchange}`;
  send({ do: "follow", exchange: row.exchange, account: row.account });
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`Saved ${name}.`);
}

const heading = () => `${view.layout.title} · seed ${view.layout.seed} · ${$("clock").firstChild.textContent}`;
const fileName = (end) => `${view.layout.scenario}-${$("clock").textContent.slice(0, 8).replaceAll(":", "")}.${end}`;

/** All charts, as they stand on the page, as one picture. */
function picture() {
  compose($("main"), heading(), view.theme).toBlob((blob) => save(blob, fileName("png")));
}

/** Record the charts until the button is pressed again. */
function film() {
  compose($("main"), heading(), view.theme);
  const problem = startFilm((blob, end) => save(blob, fileName(end)));
  if (problem) say(problem, true);
  else say("Recording the charts. Press Stop film to save what was recorded.");
  $("film-stop").hidden = !filming();
}

function exportAs(kind) {
  if (kind === "png") picture();
  else if (kind === "film") film();
  else if (kind) send({ do: "export", what: kind, lane: lane() });
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem("undertow-theme", name);
  } catch {
    // private windows keep nothing
  }
  view.theme = null;
  if (store) {
    view.theme = charts.theme(name === "dark");
    fillLegends();
  }
  dirty = true;
}

export const tourHooks = { send, say, lookAt, pickCoins, showTable, fork, view, now: () => store?.now ?? 0 };

function listen() {
  options($("speed"), SPEEDS, 60);
  options($("window"), WINDOWS, view.width);
  options($("difference-by"), DIFFERENCES.map(([text], i) => [i, text]), 0);
  $("play").onclick = togglePlay;
  $("step").onclick = () => send({ do: "step", steps: 1 });
  $("speed").onchange = () => send({ do: "speed", per_s: Number($("speed").value) });
  $("window").onchange = () => ((view.width = Number($("window").value)), (dirty = true));
  $("focus").onchange = () => lookAt(Number($("focus").value));
  $("scrub").oninput = () => ((scrubbing = true), ($("clock").textContent = `${view.clock(timeOfStep(Number($("scrub").value)), true)} UTC`));
  $("scrub").onchange = () => ((scrubbing = false), send({ do: "jump", time_s: timeOfStep(Number($("scrub").value)) }));
  $("fork").onclick = $("fork-now").onclick = fork;
  $("keep-a").onclick = () => send({ do: "unite", keep: 0 });
  $("keep-b").onclick = () => send({ do: "unite", keep: 1 });
  $("lane").onchange = () => (showAgents(), showSwitches());
  $("export").onchange = () => (exportAs($("export").value), ($("export").value = ""));
  $("reset").onclick = () => {
    const scenario = $("scenario").value;
    const mine = scenario === view.layout.source ? overrides : {};
    if (view.layout.replay) send({ do: "reset", scenario });
    else send({ do: "reset", scenario, seed: Number($("seed").value), overrides: mine, from_start: $("from-start").checked, simulate: view.layout.replays });
  };
  $("simulate").onclick = () => send({ do: "reset", scenario: $("scenario").value, simulate: true });
  $("rules-exchange").onchange = fillRules;
  $("rules").onchange = () => set(`venues.${$("rules-exchange").value}.preset`, $("rules").value, false);
  $("show-social").onclick = () => showNetwork("social");
  $("show-credit").onclick = () => showNetwork("credit");
  $("film-stop").onclick = () => (stopFilm(), ($("film-stop").hidden = true));
  $("rumour").onclick = () => change({ change: "rumour", tone: Number($("rumour-tone").value), share: Number($("rumour-share").value) });
  $("depeg").onclick = () => change({ change: "depeg", instrument: $("depeg-coin").value, fall: Number($("depeg-fall").value), duration_s: 600 });
  $("news").onclick = () => change({ change: "news", size: Number($("news-size").value) });
  $("outage").onclick = () => change({ change: "outage", exchange: $("outage-exchange").value, duration_s: Number($("outage-s").value) });
  $("order").onclick = () => change({ change: "order", instrument: view.layout.instruments[view.focus].name, side: $("order-side").value, usd: Number($("order-usd").value) });
  for (const box of document.querySelectorAll("[data-switch]")) box.onchange = () => change({ change: "switch", mechanism: box.dataset.switch, on: box.checked });
  $("any-key").onsubmit = (event) => {
    event.preventDefault();
    const [path, ...rest] = $("key").value.split("=");
    if (!rest.length) say("Write a key and a value, such as venues.hub.adl_rank=bitmex.", true);
    else change({ change: "set", path: path.trim(), value: rest.join("=").trim() });
  };
  $("all-coins").onclick = () => pickCoins(true);
  $("one-coin").onclick = () => pickCoins(false);
  $("show-events").onclick = () => showTable("events");
  $("show-difference").onclick = () => showTable("difference");
  $("theme").onclick = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  $("tour").onclick = () => startTour(tourHooks);
  $("drawer").onclick = () => $("drawer").setAttribute("aria-expanded", String(!document.body.classList.toggle("closed")));
  $("unfollow").onclick = () => send({ do: "follow" });
  $("kind").onchange = () => ((agents.kind = $("kind").value), send({ do: "agents", ...agents }));
  $("agents-exchange").onchange = () => ((agents.exchange = $("agents-exchange").value), send({ do: "agents", ...agents }));
  listenToAgents();
  listenToCharts();
  document.addEventListener("keydown", keys);
  new ResizeObserver(() => (dirty = true)).observe($("main"));
}

function listenToAgents() {
  const line = $("agents").tHead.insertRow();
  for (const [name, text] of AGENT_COLUMNS) {
    const head = document.createElement("th");
    const sortable = !["kind", "instrument"].includes(name);
    head.className = sortable ? "n" : "";
    if (!sortable) head.textContent = text;
    else {
      const button = element("button", text);
      button.title = "Sort";
      button.onclick = () => {
        agents.descending = agents.sort === name ? !agents.descending : name !== "distance";
        agents.sort = name;
        for (const other of line.cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", agents.descending ? "descending" : "ascending");
        send({ do: "agents", ...agents });
      };
      head.append(button);
    }
    line.append(head);
  }
  const body = $("agents").tBodies[0];
  body.onclick = ({ target }) => target.closest("tr")?.agent && follow(target.closest("tr").agent);
  body.onkeydown = (event) => event.key === "Enter" && event.target.agent && follow(event.target.agent);
}

function listenToCharts() {
  for (const id of Object.keys(CHARTS)) {
    $(id).onpointermove = ({ offsetX, offsetY, clientX, clientY }) => {
      Object.assign(hover, { chart: id, x: offsetX, y: offsetY, clientX, clientY });
      dirty = true;
    };
    $(id).onpointerleave = () => ((hover.chart = null), (dirty = true));
    $(id).ondblclick = ({ offsetX, offsetY }) => {
      const time = timeUnder({ chart: id, x: offsetX, y: offsetY });
      if (time !== null) send({ do: "jump", time_s: Math.max(0, time) });
    };
    $(id).onkeydown = (event) => {
      if (event.key === "," || event.key === ".") moveCursor(id, event.key === "." ? 1 : -1);
    };
  }
}

/** Move the read-out of a chart without a mouse, and say what stands there. */
function moveCursor(id, direction) {
  const plot = view.plots[id]?.[0];
  if (!plot) return;
  const { left, top, width, height } = plot.box;
  if (hover.chart !== id) Object.assign(hover, { chart: id, x: left + width / 2, y: top + height / 2 });
  hover.x = Math.min(left + width - 1, Math.max(left + 1, hover.x + (direction * width) / 50));
  const place = $(id).getBoundingClientRect();
  Object.assign(hover, { clientX: place.left + hover.x, clientY: place.top + hover.y });
  $("spoken").textContent = plot.readout(hover.x, hover.y).rows.join(", ");
  dirty = true;
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !store) return;
  const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
  if (typing || (event.target.tagName === "BUTTON" && event.key === " ")) return;
  if (event.key === " ") togglePlay();
  else if (event.key === "ArrowRight") send({ do: "step", steps: event.shiftKey ? 10 : 1 });
  else if (event.key === "ArrowLeft") send({ do: "jump", time_s: Math.max(0, store.now - 60) });
  else if (event.key === "f" && store.runs.length === 1 && !view.layout.replay) fork();
  else if (event.key === "t" && !view.layout.replay) startTour(tourHooks);
  else if (event.key === "d") $("theme").click();
  else return;
  event.preventDefault();
}

let stored = null;
try {
  stored = localStorage.getItem("undertow-theme");
} catch {
  // private windows keep nothing
}
listen();
const narrow = matchMedia("(max-width: 1240px)");
const fit = () => document.body.classList.contains("closed") !== narrow.matches && $("drawer").click();
narrow.addEventListener("change", fit);
fit();
setTheme(stored ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
setInterval(() => {
  document.body.dataset.framesPerSecond = String(painted);
  painted = 0;
}, 1000);
connect();
requestAnimationFrame(loop);
