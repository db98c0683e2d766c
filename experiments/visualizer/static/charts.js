// The charts: each takes what the page knows (a Store and what is looked at) and paints one canvas.
// A chart returns its plots, so that the page can tell what is under the cursor.

import { FONT, Plot, bounds, percent, prepare, price, short, ticks } from "./plot.js";

// Okabe and Ito 2008: told apart with every common colour blindness
const LIGHT = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B07A00", "#3A93C4", "#444444"];
const DARK = ["#56B4E9", "#FF8A3D", "#2CC99B", "#E8A3C8", "#F0B93A", "#9AD1F5", "#D8D8D8"];
const HEAT_LIGHT = ["#ffffff", "#d7e6f4", "#8fc1de", "#3d8dc4", "#08519c", "#041e42"];
const HEAT_DARK = ["#0e1319", "#15304d", "#1d5f92", "#3d9fc0", "#b8d77a", "#fff3a0"];
export const DASH = [5, 3];

/** Colours of the page as it is now. */
export function theme(dark, root = document.documentElement) {
  const style = getComputedStyle(root);
  const get = (name) => style.getPropertyValue(name).trim();
  const colours = dark ? DARK : LIGHT;
  return {
    dark,
    colours,
    long: colours[1],
    short: colours[0],
    adl: colours[3],
    heat: gradient(dark ? HEAT_DARK : HEAT_LIGHT),
    states: [colours[2], colours[4], colours[1], colours[3], colours[5], colours[6], colours[0]],
    text: get("--text"),
    muted: get("--muted"),
    grid: get("--grid"),
    axis: get("--line"),
    band: get("--band"),
    panel: get("--panel"),
  };
}

function gradient(stops) {
  const colours = stops.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  const table = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i += 1) {
    const place = i === 0 ? 0 : 0.35 + ((i - 1) / 254) * (stops.length - 1.35);
    const k = Math.min(Math.floor(place), stops.length - 2);
    for (let c = 0; c < 3; c += 1) table[4 * i + c] = colours[k][c] + (place - k) * (colours[k + 1][c] - colours[k][c]);
    table[4 * i + 3] = 255;
  }
  return table;
}

/** Steps of a run that a window of time shows. */
function visible(run, span) {
  return { first: Math.max(0, run.stepAt(span[0])), last: run.steps - 1 };
}

const box = (width, height, { left = 52, right = 10, top = 20, bottom = 20 } = {}) => ({
  left,
  top,
  width: Math.max(10, width - left - right),
  height: Math.max(10, height - top - bottom),
});

const STAGE_NAMES = { trigger: "trigger", price_move: "move", withdrawal: "makers", void: "void", cross_margin: "margin", adl: "ADL" };
const STAGE_ROW = 11;

/** One band for each stage of the cascade, from when it was found to have begun until it ended. */
function stageBands(context, width, height, view) {
  const { layout, store, theme: look } = view;
  const names = Object.keys(layout.stages);
  const area = { left: 52, top: height - 20 - STAGE_ROW * names.length, width: Math.max(10, width - 110), height: STAGE_ROW * names.length };
  const plot = new Plot(context, area, view.span, [0, names.length], look);
  plot.times(view.clock);
  context.font = "10px system-ui, sans-serif";
  context.textBaseline = "middle";
  names.forEach((name, row) => {
    const found = store.runs[0].details.stages.some((stage) => stage.name === name);
    context.textAlign = "right";
    context.fillStyle = found ? look.text : look.muted;
    context.fillText(STAGE_NAMES[name] ?? name, area.left - 4, area.top + (row + 0.5) * STAGE_ROW);
  });
  plot.clip(() => {
    store.runs.forEach((run, k) => {
      for (const stage of run.details.stages) {
        const row = names.indexOf(stage.name);
        const from = plot.x(stage.start_s);
        const to = Math.max(from + 3, plot.x(stage.end_s ?? store.now));
        const high = (STAGE_ROW - 2) / store.runs.length;
        context.fillStyle = look.colours[row % look.colours.length];
        context.globalAlpha = k ? 0.55 : 0.9;
        context.fillRect(from, area.top + row * STAGE_ROW + 1 + k * high, to - from, high - (store.runs.length > 1 ? 0.5 : 0));
      }
    });
    context.globalAlpha = 1;
    marks(plot, view);
  });
  plot.readout = (x, y) => {
    const time = plot.value(x);
    const name = names[Math.min(names.length - 1, Math.max(0, Math.floor((y - area.top) / STAGE_ROW)))];
    const rows = [`${layout.stages[name]}`];
    store.runs.forEach((run, k) => {
      const stage = run.details.stages.find((item) => item.name === name);
      const words = stage ? `${view.clock(stage.start_s, true)} to ${stage.end_s === null ? "now" : view.clock(stage.end_s, true)}` : "not found so far";
      rows.push(store.runs.length > 1 ? `${"AB"[k]}: ${words}` : words);
    });
    return { time, rows };
  };
  return plot;
}

function marks(plot, view, named = false) {
  plot.mark(view.layout.crash.start_s, view.theme.muted, [2, 3]);
  if (named) plot.name(view.layout.crash.start_s, "P0");
  for (const run of view.store.runs) for (const [time] of run.state.changes ?? []) plot.mark(time, view.theme.adl, [1, 3]);
  if (view.hoverTime !== null) plot.mark(view.hoverTime, view.theme.text);
}

/** Instruments of the focused coin that are perpetuals, one for each exchange. */
function sameCoin(view) {
  const coin = view.layout.instruments[view.focus].coin;
  const kind = view.layout.instruments[view.focus].kind;
  return view.layout.instruments
    .map((item, i) => ({ ...item, i }))
    .filter((item) => item.coin === coin && item.kind === kind);
}

/** Line charts share this: several lines of one or two runs over time. */
function timeLines(canvas, view, lines, { unit, write, least = 0, floor = null, stages = false, empty = "" }) {
  const { context, width, height } = prepare(canvas);
  const spans = [];
  for (const line of lines) {
    for (const run of view.store.runs) {
      if (run.steps) spans.push({ run, line, ...visible(run, view.span), read: line.read(run) });
    }
  }
  const below = stages ? STAGE_ROW * Object.keys(view.layout.stages).length + 24 : 20;
  const area = box(width, height, stages ? { right: 58, bottom: below } : {});
  const plot = new Plot(context, area, view.span, bounds(spans, least, floor), view.theme);
  plot.vertical(unit, write);
  plot.times(view.clock, !stages);
  plot.clip(() => {
    for (const { run, line, first, last, read } of spans) {
      const second = run === view.store.runs[1];
      plot.line(run, first, last, read, line.colour, {
        width: second ? 1.3 : (line.width ?? 1.5),
        dash: second ? DASH : (line.dash ?? []),
      });
    }
    marks(plot, view, stages);
  });
  if (stages) nameEnds(plot, spans.filter(({ run, line }) => run === view.store.runs[0] && line.end));
  if (!lines.length && empty) plot.note(empty);
  plot.readout = (x) => {
    const time = plot.value(x);
    const rows = [view.clock(time, true)];
    for (const line of lines) {
      const values = view.store.runs.map((run) => {
        const step = run.stepAt(time);
        return step < 0 ? "–" : (line.write ?? write)(line.read(run)(step));
      });
      rows.push(`${line.name}  ${values.join("  |  B ")}`);
    }
    return { time, rows };
  };
  return stages ? [plot, stageBands(context, width, height, view)] : [plot];
}

/** Names at the right ends of lines, moved apart where they would meet. */
function nameEnds(plot, spans) {
  const { context, box: area } = plot;
  const ends = spans.map(({ line, last, read }) => ({ line, y: plot.y(read(last)) })).sort((a, b) => a.y - b.y);
  let before = area.top - 8;
  context.font = `600 ${FONT}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const { line, y } of ends) {
    before = Math.max(before + 12, Math.min(y, area.top + area.height - 6));
    context.fillStyle = line.colour;
    context.fillText(line.end, area.left + area.width + 5, before);
  }
}

export function priceLines(view) {
  const { layout, store, theme: look } = view;
  const last = store.field.last;
  if (view.allCoins) {
    const run = store.runs[0];
    const zero = layout.crash.start_s <= store.now ? layout.crash.start_s : Math.max(view.span[0], run.time[0]);
    const forked = store.runs.length > 1;
    const lines = [];
    layout.exchanges.forEach((exchange, e) => {
      if (forked && e > 0) return;
      layout.instruments.forEach((item, i) => {
        if (item.exchange !== exchange || item.kind !== "perpetual") return;
        const c = layout.coins.indexOf(item.coin);
        lines.push({
          name: item.name,
          colour: look.colours[c % look.colours.length],
          width: e === 0 ? 1.9 : 0.9,
          dash: e === 0 ? [] : e === 1 ? [1, 2] : [4, 2],
          read: (own) => {
            const base = own.at(Math.max(0, own.stepAt(zero)), i, last);
            return (step) => own.at(step, i, last) / base - 1;
          },
          end: e === 0 ? item.coin : "",
        });
      });
    });
    return { lines, unit: `price, change since ${view.clock(zero, false)}`, write: (v) => percent(v), least: 0.01 };
  }
  const lines = sameCoin(view).map((item) => ({
    name: item.name,
    end: item.exchange,
    colour: look.colours[layout.exchanges.indexOf(item.exchange)],
    read: (run) => (step) => run.at(step, item.i, last),
  }));
  const a = layout.assets.indexOf(layout.instruments[view.focus].coin);
  lines.push({
    name: "value",
    colour: look.muted,
    dash: [1, 3],
    read: (run) => (step) => run.value[step * layout.assets.length + a],
  });
  const middle = store.runs[0].at(store.runs[0].steps - 1, view.focus, last);
  return { lines, unit: "price, USD", write: price, least: 0.004 * middle };
}

export function prices(canvas, view) {
  const { lines, ...rest } = priceLines(view);
  return timeLines(canvas, view, lines, { ...rest, stages: true });
}

/** Heatmap of one or two books, and below it what rests within 1 % of the mid. */
export function heatmap(canvas, view) {
  const { context, width, height } = prepare(canvas);
  const { heatmap: scale } = view.layout;
  const runs = view.store.runs;
  if (view.layout.replay) return [depthStrip(context, width, height, height - 6, view)];
  const strip = Math.max(46, Math.round(height * 0.25));
  const each = (height - strip - 20 - 8 * (runs.length - 1)) / runs.length;
  const plots = runs.map((run, k) => {
    const area = { ...box(width, each, { right: 58, top: k ? 0 : 20, bottom: 0 }) };
    area.top = 20 + k * (each - 20 + 8 + (k ? 0 : 0)) + (k ? 20 - 8 : 0);
    area.height = each - (k ? 12 : 20);
    const plot = new Plot(context, area, view.span, [-scale.reach, scale.reach], view.theme);
    plot.vertical(k ? "" : `distance from the mid · colour: USD resting in ${percent((2 * scale.reach) / scale.bins)}`, (v) => percent(v, 0), 4);
    plot.times(view.clock, false);
    paintPictures(plot, run, scale.bins, view.theme.heat);
    marks(plot, view);
    if (!run.pictured) plot.note("the book of this instrument is not pictured: choose a perpetual");
    if (runs.length > 1) label(plot, "AB"[k]);
    plot.readout = (x, y) => readPicture(plot, run, scale, view, x, y);
    return plot;
  });
  colourKey(context, width - 52, 20, height - strip - 44, scale, view.theme);
  plots.push(depthStrip(context, width, height, strip, view));
  return plots;
}

function label(plot, text) {
  const { context, box: area, theme: look } = plot;
  context.font = `700 12px system-ui`;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillStyle = look.panel;
  context.fillRect(area.left + 3, area.top + 3, 14, 15);
  context.fillStyle = look.text;
  context.fillText(text, area.left + 6, area.top + 5);
}

let scratch = null;

function paintPictures(plot, run, bins, colours) {
  const columns = Math.round(plot.box.width);
  if (!scratch) scratch = document.createElement("canvas");
  if (scratch.width !== columns || scratch.height !== bins) Object.assign(scratch, { width: columns, height: bins });
  const context = scratch.getContext("2d");
  const image = context.createImageData(columns, bins);
  const pixels = new Uint32Array(image.data.buffer);
  const table = new Uint32Array(colours.buffer);
  let step = run.stepAt(plot.value(plot.box.left));
  for (let x = 0; x < columns; x += 1) {
    const time = plot.value(plot.box.left + x + 1);
    while (step + 1 < run.pictured && run.time[step + 1] <= time) step += 1;
    if (step < 0 || step >= run.pictured || (step === run.pictured - 1 && time > run.time[step] + 400)) continue;
    const start = step * bins;
    for (let b = 0; b < bins; b += 1) pixels[(bins - 1 - b) * columns + x] = table[run.pictures[start + b]];
  }
  context.putImageData(image, 0, 0);
  plot.context.imageSmoothingEnabled = false;
  plot.context.drawImage(scratch, plot.box.left, plot.box.top, plot.box.width, plot.box.height);
}

function readPicture(plot, run, scale, view, x, y) {
  const time = plot.value(x);
  const step = run.stepAt(time);
  const distance = plot.ys[1] - ((y - plot.box.top) / plot.box.height) * (plot.ys[1] - plot.ys[0]);
  const rows = [view.clock(time, true), `${percent(distance, 2)} from the mid`];
  if (step >= 0 && step < run.pictured) {
    const bin = Math.min(scale.bins - 1, Math.max(0, Math.floor(((distance + scale.reach) / (2 * scale.reach)) * scale.bins)));
    const code = run.pictures[step * scale.bins + bin];
    const usd = code ? scale.low_usd * (scale.high_usd / scale.low_usd) ** ((code - 1) / 254) : 0;
    rows.push(code ? `about ${short(usd)} USD rest here` : "nothing rests here");
  }
  return { time, rows };
}

function colourKey(context, left, top, height, scale, look) {
  for (let y = 0; y < height; y += 1) {
    const i = 4 * (1 + Math.round(254 * (1 - y / height)));
    context.fillStyle = `rgb(${look.heat[i]},${look.heat[i + 1]},${look.heat[i + 2]})`;
    context.fillRect(left, top + y, 9, 1.5);
  }
  context.strokeStyle = look.axis;
  context.strokeRect(left + 0.5, top + 0.5, 8, height);
  context.font = FONT;
  context.fillStyle = look.muted;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const decades = Math.log10(scale.high_usd / scale.low_usd);
  for (let k = 0; k <= decades; k += 1) {
    context.fillText(short(scale.low_usd * 10 ** k), left + 13, top + height * (1 - k / decades) + (k === 0 ? -4 : k === decades ? 5 : 0));
  }
}

function depthStrip(context, width, height, strip, view) {
  const runs = view.store.runs;
  const { depth_bid: bid, depth_ask: ask } = view.store.field;
  const area = { ...box(width, strip, { right: 58, top: 14, bottom: 0 }) };
  area.top = height - strip - 6;
  area.height = strip - 14;
  const spans = runs.flatMap((run) => [bid, ask].map((field) => ({ run, field, ...visible(run, view.span), read: (s) => run.at(s, view.focus, field) })));
  const plot = new Plot(context, area, view.span, bounds(spans, 1, 0), view.theme);
  plot.vertical(view.layout.replay ? "USD resting within 1 % of the mid" : "", short, view.layout.replay ? 6 : 2);
  plot.times(view.clock);
  plot.clip(() => {
    for (const { run, field, first, last, read } of spans) {
      const colour = field === bid ? view.theme.colours[2] : view.theme.colours[1];
      plot.line(run, first, last, read, colour, run === runs[1] ? { dash: DASH } : {});
    }
    marks(plot, view);
  });
  plot.readout = (x) => {
    const time = plot.value(x);
    const rows = [view.clock(time, true)];
    runs.forEach((run, k) => {
      const step = run.stepAt(time);
      const name = runs.length > 1 ? `${"AB"[k]}: ` : "";
      if (step >= 0) rows.push(`${name}within 1 %: bids ${short(run.at(step, view.focus, bid))}, asks ${short(run.at(step, view.focus, ask))} USD`);
    });
    return { time, rows };
  };
  return plot;
}

/** Notional that is liquidated at each price; the second run hangs below the axis. */
export function liquidationMap(canvas, view) {
  const { context, width, height } = prepare(canvas);
  const { bins, reach } = view.layout.map;
  const runs = view.store.runs;
  let most = 1;
  for (const run of runs) for (const usd of run.map) most = Math.max(most, usd);
  const ys = [runs.length > 1 ? -most * 1.08 : 0, most * 1.08];
  const plot = new Plot(context, box(width, height, { bottom: 30 }), [-reach, reach], ys, view.theme);
  plot.vertical("notional liquidated at that price, USD", (v) => short(Math.abs(v)));
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = view.theme.muted;
  const bottom = plot.box.top + plot.box.height;
  for (const tick of ticks(-reach, reach, plot.box.width / 70)) context.fillText(percent(tick, 0), plot.x(tick), bottom + 4);
  const mark = runs[0].details.mark;
  context.fillText(mark ? `from the mark, ${price(mark)} USD` : "from the mark", plot.box.left + plot.box.width / 2, bottom + 17);
  const wide = plot.box.width / bins;
  runs.forEach((run, k) => {
    [view.theme.long, view.theme.short].forEach((colour, row) => {
      context.fillStyle = colour;
      for (let b = 0; b < bins; b += 1) {
        const usd = run.map[row * bins + b];
        if (usd > 0) {
          const y = plot.y(k ? -usd : usd);
          context.fillRect(Math.round(plot.box.left + b * wide), Math.min(y, plot.y(0)), Math.max(1, Math.round(wide)), Math.max(1, Math.abs(plot.y(0) - y)));
        }
      }
    });
  });
  plot.mark(0, view.theme.muted);
  context.strokeStyle = view.theme.axis;
  context.strokeRect(plot.box.left + 0.5, plot.box.top + 0.5, plot.box.width - 1, plot.box.height - 1);
  if (most === 1) plot.note("nobody near liquidation");
  plot.readout = (x) => {
    const distance = plot.value(x);
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(((distance + reach) / (2 * reach)) * bins)));
    const rows = [`${percent(distance)} from the mark`];
    runs.forEach((run, k) => {
      const name = runs.length > 1 ? `${"AB"[k]}: ` : "";
      rows.push(`${name}longs ${short(run.map[bin])}, shorts ${short(run.map[bins + bin])} USD`);
    });
    return { time: null, rows };
  };
  return [plot];
}

const SLOTS = [2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200];

/** Forced closures over time, stacked bars; the second run hangs below the axis. */
export function closures(canvas, view) {
  const { context, width, height } = prepare(canvas);
  const { store } = view;
  const area = box(width, height);
  const names = ["liquidated_long", "liquidated_short", "adl"];
  const colours = [view.theme.long, view.theme.short, view.theme.adl];
  const slot = SLOTS.find((s) => (view.span[1] - view.span[0]) / s <= area.width / 3) ?? 86400;
  const bars = Math.ceil((view.span[1] - view.span[0]) / slot) + 1;
  const origin = Math.floor(view.span[0] / slot) * slot;
  const sums = store.runs.map((run) => sumBars(run, view, names.map((name) => store.field[name]), origin, slot, bars + 1));
  const most = Math.max(1e4, ...sums.map((own) => own.most));
  const plot = new Plot(context, area, view.span, [store.runs.length > 1 ? -most * 1.1 : 0, most * 1.1], view.theme);
  const per = slot >= 60 ? `${short(slot / 60)} min` : `${short(slot)} s`;
  plot.vertical(`USD closed in ${per}, all exchanges`, (v) => short(Math.abs(v)));
  plot.times(view.clock);
  plot.clip(() => {
    sums.forEach((own, k) => {
      for (let b = 0; b <= bars; b += 1) {
        let level = 0;
        colours.forEach((colour, n) => {
          const usd = own.table[n][b];
          if (!usd) return;
          const from = plot.y(k ? -level : level);
          level += usd;
          const to = plot.y(k ? -level : level);
          const x = plot.x(origin + b * slot);
          context.fillStyle = colour;
          context.fillRect(x, Math.min(from, to), Math.max(1, plot.x(origin + (b + 1) * slot) - x - 0.5), Math.max(0.8, Math.abs(to - from)));
        });
      }
    });
    marks(plot, view);
  });
  if (sums.every((own) => own.most === 0)) plot.note("nobody was closed by force in this window");
  plot.readout = (x) => {
    const time = plot.value(x);
    const b = Math.floor((time - origin) / slot);
    const rows = [view.clock(time, true)];
    sums.forEach((own, k) => {
      const name = sums.length > 1 ? `${"AB"[k]}: ` : "";
      rows.push(`${name}longs ${short(own.table[0][b])}, shorts ${short(own.table[1][b])}, deleveraged ${short(own.table[2][b])} USD`);
    });
    return { time, rows };
  };
  return [plot];
}

function sumBars(run, view, fields, origin, slot, bars) {
  const table = fields.map(() => new Float64Array(bars));
  const { first, last } = visible(run, view.span);
  const count = view.layout.instruments.length;
  for (let step = first; step <= last; step += 1) {
    const b = Math.floor((run.time[step] - origin) / slot);
    if (b < 0 || b >= bars) continue;
    for (let i = 0; i < count; i += 1) fields.forEach((field, n) => (table[n][b] += run.at(step, i, field)));
  }
  let most = 0;
  for (let b = 0; b < bars; b += 1) most = Math.max(most, table[0][b] + table[1][b] + table[2][b]);
  return { table, most };
}

export function openInterest(canvas, view) {
  const { open_interest: units, mark } = view.store.field;
  const lines = sameCoin(view).map((item) => ({
    name: item.name,
    colour: view.theme.colours[view.layout.exchanges.indexOf(item.exchange)],
    read: (run) => (step) => run.at(step, item.i, units) * run.at(step, item.i, mark),
  }));
  return timeLines(canvas, view, lines, { unit: "open interest, USD", write: short, least: 1, floor: 0 });
}

export function funding(canvas, view) {
  const lines = sameCoin(view).map((item) => ({
    name: item.name,
    colour: view.theme.colours[view.layout.exchanges.indexOf(item.exchange)],
    read: (run) => (step) => run.at(step, item.i, view.store.field.funding),
  }));
  return timeLines(canvas, view, lines, { unit: "funding, in 8 hours", write: (v) => percent(v, 2), least: 0.0002 });
}

function worldLines(view, prefix) {
  return view.layout.world
    .map((name, column) => ({ name, column }))
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, column }) => ({
      name: name.split("@")[1] ?? name,
      colour: view.theme.colours[Math.max(0, view.layout.exchanges.indexOf(name.split("@")[1]))],
      read: (run) => (step) => run.worldAt(step, column),
    }));
}

export function funds(canvas, view) {
  return timeLines(canvas, view, worldLines(view, "insurance_fund@"), { unit: "insurance fund or pool, USD", write: short, least: 1, floor: 0 });
}

export function mood(canvas, view) {
  const [quoting] = worldLines(view, "makers_quoting");
  const [feeling] = worldLines(view, "sentiment");
  const lines = [
    { ...quoting, name: "makers that quote", colour: view.theme.colours[2], write: (v) => percent(v, 0) },
    { ...feeling, name: "mood of the crowd", colour: view.theme.colours[3], write: (v) => v.toFixed(2) },
  ];
  return timeLines(canvas, view, lines, { unit: "makers quoting, share · mood", write: (v) => v.toFixed(1).replace("-", "−"), least: 1, floor: 0 });
}

/** Which maker quotes what, or why not: one row for each book, one column for each maker. */
export function makers(canvas, view) {
  const { context, width, height } = prepare(canvas);
  const { layout, store, theme: look } = view;
  const rows = layout.shown.filter((i) => !layout.instruments[i].pool);
  const runs = store.runs;
  const area = box(width, height, { left: 92, right: 2, top: 14, bottom: 2 });
  const plot = new Plot(context, area, [0, runs.length], [0, rows.length], look);
  const high = area.height / Math.max(1, rows.length);
  const wide = area.width / runs.length / Math.max(1, layout.makers);
  context.textBaseline = "middle";
  context.font = FONT;
  rows.forEach((i, r) => {
    const y = area.top + r * high;
    context.fillStyle = i === view.focus ? look.text : look.muted;
    context.font = i === view.focus ? `700 10px system-ui` : "10px system-ui";
    context.textAlign = "right";
    context.fillText(layout.instruments[i].name.replace("-PERP", "").replace("-SPOT", ""), area.left - 5, y + high / 2);
    runs.forEach((run, k) => {
      for (let m = 0; m < layout.makers; m += 1) {
        const state = run.makers[m * layout.instruments.length + i] ?? 0;
        const x = area.left + (k * layout.makers + m) * wide;
        context.globalAlpha = state ? 1 : 0.45;
        context.fillStyle = look.states[state];
        context.fillRect(x + 0.5, y + 0.5, wide - 1 - (m === layout.makers - 1 && k === 0 && runs.length > 1 ? 3 : 0), high - 1);
        context.globalAlpha = 1;
        if (state && wide > 11 && high > 9) {
          context.fillStyle = look.dark ? "#000" : "#fff";
          context.textAlign = "center";
          context.font = `700 9px system-ui`;
          context.fillText((layout.reasons[state] ?? "?")[0].toUpperCase(), x + wide / 2, y + high / 2 + 0.5);
        }
      }
    });
  });
  context.font = FONT;
  context.fillStyle = look.muted;
  context.textAlign = "left";
  runs.forEach((_, k) => context.fillText(runs.length > 1 ? `run ${"AB"[k]}` : `makers 1 to ${layout.makers}`, area.left + (k * area.width) / runs.length, 8));
  if (!layout.makers) plot.note("no makers in this market");
  plot.readout = (x, y) => {
    const r = Math.min(rows.length - 1, Math.floor((y - area.top) / high));
    const column = Math.min(runs.length * layout.makers - 1, Math.floor((x - area.left) / wide));
    const run = runs[Math.floor(column / Math.max(1, layout.makers))];
    const state = run?.makers[(column % layout.makers) * layout.instruments.length + rows[r]] ?? 0;
    const reason = state ? `does not quote: ${layout.reasons[state]}` : "quotes";
    return { time: null, rows: [`maker ${(column % layout.makers) + 1}, ${layout.instruments[rows[r]]?.name}`, reason] };
  };
  return [plot];
}

/** The followed agent: equity, leverage, distance of the mark from its liquidation price. */
export function followed(canvas, view) {
  const { context, width, height } = prepare(canvas);
  const strips = [
    ["equity, USD", (row) => row[1], short],
    ["leverage", (row) => row[2], (v) => `${short(v)}×`],
    ["liquidation price, USD", (row) => row[3], price],
    ["orders in the books", (row) => row[5], (v) => short(Math.round(v))],
  ].slice(0, height > 210 ? 4 : 3);
  const foot = strips.length - 1;
  const each = height / strips.length;
  const begun = Math.min(...view.store.runs.map((run) => run.track[0]?.[0] ?? Infinity));
  const span = [Math.min(Math.max(view.span[0], begun), view.span[1] - 60), view.span[1]];
  return strips.map(([unit, read, write], n) => {
    const area = { ...box(width, each, { bottom: n === foot ? 20 : 4 }), top: n * each + 18 };
    area.height = each - 18 - (n === foot ? 20 : 4);
    const spans = view.store.runs.map((run) => ({
      run: { time: run.track.map((row) => row[0]) },
      first: Math.max(0, run.track.findIndex((row) => row[0] >= span[0])),
      last: run.track.length - 1,
      read: (i) => read(run.track[i]),
    }));
    const plot = new Plot(context, area, span, bounds(spans, 1e-3), view.theme);
    plot.vertical(unit, write, 2);
    plot.times(view.clock, n === foot);
    plot.clip(() => {
      spans.forEach(({ run, first, last, read: own }, k) => plot.line(run, first, last, own, view.theme.colours[n], k ? { dash: DASH } : {}));
      marks(plot, view);
    });
    if (spans.every(({ last }) => last < 0)) plot.note("nothing seen yet");
    plot.readout = (x) => {
      const time = plot.value(x);
      const rows = [view.clock(time, true)];
      view.store.runs.forEach((run) => {
        const row = run.track.filter((item) => item[0] <= time).at(-1);
        if (row) rows.push(`${unit}: ${write(read(row))}`);
      });
      return { time, rows };
    };
    return plot;
  });
}
