// The social graph with its mood and the credit graph with its losses.

import { FONT, Plot, prepare, short } from "./plot.js";

/** Colours from fear (index 0) over neutral (100) to greed (200). */
function moods(look) {
  const read = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const middle = look.dark ? [92, 102, 114] : [190, 196, 203];
  const [fear, greed] = [read(look.long), read(look.short)];
  return Array.from({ length: 201 }, (_, i) => {
    const share = Math.min(1, Math.abs(i - 100) / 70);
    const end = i < 100 ? fear : greed;
    return `rgb(${middle.map((c, k) => Math.round(c + share * (end[k] - c))).join(",")})`;
  });
}

let palette = { look: null, colours: [] };

function palettes(look) {
  if (palette.look !== look) palette = { look, colours: moods(look) };
  return palette.colours;
}

/** Squares side by side, one for each run; places from -1200 to 1200 in both directions. */
function squares(context, width, height, view) {
  const count = view.store.runs.length;
  const wide = width / count;
  return view.store.runs.map((_, k) => {
    const side = Math.min(wide, height - (count > 1 ? 12 : 0));
    const area = { left: k * wide + (wide - side) / 2, top: height - side, width: side, height: side };
    return new Plot(context, area, [-1200, 1200], [-1200, 1200], view.theme);
  });
}

export function network(canvas, view) {
  return view.network === "credit" ? credit(canvas, view) : social(canvas, view);
}

function social(canvas, view) {
  const { context, width, height } = prepare(canvas);
  const graph = view.layout.social;
  const plots = squares(context, width, height, view);
  if (!graph) {
    plots[0].note("nobody talks to each other in this scenario");
    return [];
  }
  const colours = palettes(view.theme);
  view.store.runs.forEach((run, k) => {
    const plot = plots[k];
    const at = (list, n) => [plot.x(list[2 * n]), plot.y(list[2 * n + 1])];
    const colour = (n) => colours[100 + (run.mood[n] ?? 0)];
    context.strokeStyle = view.theme.axis;
    context.lineWidth = 0.5;
    context.beginPath();
    for (let i = 0; i < graph.links.length; i += 2) {
      context.moveTo(...at(graph.place, graph.links[i]));
      context.lineTo(...at(graph.place, graph.links[i + 1]));
    }
    context.stroke();
    const unit = plot.box.width / 300;
    for (let n = graph.followers.length - 1; n >= 0; n -= 1) dot(context, ...at(graph.place, n), unit * radius(graph.followers[n]), colour(n));
    graph.counts.forEach((count, b) => {
      if (count) dot(context, ...at(graph.bubbles, b), unit * Math.min(13, 1.5 + 0.35 * Math.sqrt(count)), colour(graph.followers.length + b), view.theme.text);
    });
    context.lineWidth = 1;
    if (view.store.runs.length > 1) heading(context, plot, `run ${"AB"[k]}`, view.theme);
    plot.readout = (x, y) => ({ time: null, rows: nearest(graph, run, plot, x, y) });
  });
  return plots;
}

const radius = (followers) => 0.9 + 0.36 * Math.sqrt(followers);

function dot(context, x, y, size, fill, line = null) {
  context.fillStyle = fill;
  context.beginPath();
  context.arc(x, y, size, 0, 2 * Math.PI);
  context.fill();
  if (line) {
    context.strokeStyle = line;
    context.stroke();
  }
}

function heading(context, plot, text, look) {
  context.font = FONT;
  context.fillStyle = look.muted;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillText(text, plot.box.left, 0);
}

function nearest(graph, run, plot, x, y) {
  let best = -1;
  let least = 14 ** 2;
  const look = (list, count, shift) => {
    for (let n = 0; n < count; n += 1) {
      const far = (plot.x(list[2 * n]) - x) ** 2 + (plot.y(list[2 * n + 1]) - y) ** 2;
      if (far < least) [least, best] = [far, n + shift];
    }
  };
  look(graph.place, graph.followers.length, 0);
  look(graph.bubbles, graph.counts.length, graph.followers.length);
  if (best < 0) return [`${graph.people.toLocaleString("en-US")} people`, `mean mood ${mean(run.mood)}`];
  const mood = ((run.mood[best] ?? 0) / 100).toFixed(2).replace("-", "−");
  const bubble = best - graph.followers.length;
  if (bubble >= 0) return [`${graph.counts[bubble].toLocaleString("en-US")} others`, `mean mood ${mood}`];
  return [`number ${best + 1} by followers`, `${graph.followers[best]} followers, mood ${mood}`];
}

function mean(list) {
  if (!list.length) return "–";
  return (list.reduce((sum, value) => sum + value, 0) / list.length / 100).toFixed(2).replace("-", "−");
}

function credit(canvas, view) {
  const { context, width, height } = prepare(canvas);
  const graph = view.layout.credit;
  const plots = squares(context, width, height, view);
  if (!graph) {
    plots[0].note("no institution lends to another in this scenario");
    return [];
  }
  view.store.runs.forEach((run, k) => {
    const plot = plots[k];
    const state = run.details.credit ?? { loss: [], failed: [] };
    const at = (n) => [plot.x(graph.place[2 * n]), plot.y(graph.place[2 * n + 1])];
    const most = Math.max(1, ...graph.amounts);
    graph.amounts.forEach((usd, i) => {
      const [debtor, lender] = [graph.links[2 * i], graph.links[2 * i + 1]];
      context.strokeStyle = state.failed[debtor] ? view.theme.long : view.theme.axis;
      context.lineWidth = 0.4 + 2.6 * Math.sqrt(usd / most);
      context.beginPath();
      context.moveTo(...at(debtor));
      context.lineTo(...at(lender));
      context.stroke();
    });
    context.lineWidth = 1;
    const colours = palettes(view.theme);
    const largest = Math.max(1, ...graph.sizes);
    graph.names.forEach((_, n) => {
      const [x, y] = at(n);
      const size = (plot.box.width / 300) * (3 + 9 * Math.sqrt(Math.max(0, graph.sizes[n]) / largest));
      dot(context, x, y, size, colours[100 - Math.round(70 * Math.min(1, state.loss[n] ?? 0))], view.theme.text);
      if (state.failed[n]) cross(context, x, y, size + 2, view.theme.text);
    });
    if (view.store.runs.length > 1) heading(context, plot, `run ${"AB"[k]}`, view.theme);
    plot.readout = (x, y) => ({ time: null, rows: institution(graph, state, plot, x, y) });
  });
  return plots;
}

function cross(context, x, y, size, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  for (const slope of [1, -1]) {
    context.moveTo(x - size, y - slope * size);
    context.lineTo(x + size, y + slope * size);
  }
  context.stroke();
  context.lineWidth = 1;
}

function institution(graph, state, plot, x, y) {
  let best = -1;
  let least = 24 ** 2;
  graph.names.forEach((_, n) => {
    const far = (plot.x(graph.place[2 * n]) - x) ** 2 + (plot.y(graph.place[2 * n + 1]) - y) ** 2;
    if (far < least) [least, best] = [far, n];
  });
  const failed = state.failed.filter(Boolean).length;
  if (best < 0) return [`${graph.names.length} institutions, ${failed} failed`];
  const words = state.failed[best] ? "failed" : `has lost ${(100 * Math.min(1, state.loss[best] ?? 0)).toFixed(0)} % of its equity`;
  const lent = graph.amounts.reduce((sum, usd, i) => sum + (graph.links[2 * i + 1] === best ? usd : 0), 0);
  return [graph.names[best], words, `lent ${short(lent)} USD`];
}

/** What the panel says below it: colours, sizes. */
export function networkLegend(view, look) {
  const colours = palettes(look);
  if (view.network === "credit") {
    return view.layout.credit ? [[colours[100], "whole"], [colours[30], "equity lost"], ["", "× failed · thicker line: more owed"]] : [];
  }
  return view.layout.social ? [[colours[30], "fear"], [colours[100], "neutral"], [colours[170], "greed"], ["", "larger: more followers; rim: groups of others"]] : [];
}
