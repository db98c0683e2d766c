// Axes and marks on a canvas: all that a chart needs and nothing of what it shows.

export const FONT = "11px system-ui, sans-serif";

/** Numbers for people: 1.2M, 340k, 12. */
export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  for (const [unit, word] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= unit) return trim(value / unit) + word;
  }
  return trim(value);
}

function trim(value) {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(digits))).replace("-", "−");
}

export function price(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value >= 1000 ? value.toLocaleString("en-US", { maximumFractionDigits: 0 }) : value.toPrecision(4);
}

export function percent(value, digits = 1) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return `${value < 0 ? "−" : ""}${Math.abs(100 * value).toFixed(digits)} %`;
}

/** Round steps that cut a range into about `count` parts. */
export function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) found.push(k * step);
  return found;
}

const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

/** A rectangle of a canvas with a horizontal and a vertical scale. */
export class Plot {
  constructor(context, box, xs, ys, theme) {
    Object.assign(this, { context, box, xs, ys, theme });
  }

  x(value) {
    return this.box.left + ((value - this.xs[0]) / (this.xs[1] - this.xs[0])) * this.box.width;
  }

  y(value) {
    return this.box.top + (1 - (value - this.ys[0]) / (this.ys[1] - this.ys[0])) * this.box.height;
  }

  /** Value on the horizontal axis under a pixel. */
  value(x) {
    return this.xs[0] + ((x - this.box.left) / this.box.width) * (this.xs[1] - this.xs[0]);
  }

  has(x, y) {
    const { left, top, width, height } = this.box;
    return x >= left && x <= left + width && y >= top && y <= top + height;
  }

  clip(draw) {
    const { context, box } = this;
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    draw(context);
    context.restore();
  }

  /** Grid lines and numbers at the left. */
  vertical(label, write, count = Math.max(2, Math.round(this.box.height / 27))) {
    const { context, box, theme } = this;
    context.font = FONT;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const tick of ticks(this.ys[0], this.ys[1], count)) {
      const y = Math.round(this.y(tick)) + 0.5;
      context.strokeStyle = theme.grid;
      context.beginPath();
      context.moveTo(box.left, y);
      context.lineTo(box.left + box.width, y);
      context.stroke();
      context.fillStyle = theme.muted;
      context.fillText(write(tick), box.left - 5, Math.min(Math.max(y, box.top + 5), box.top + box.height - 4));
    }
    if (label) {
      context.textAlign = "left";
      context.fillStyle = theme.muted;
      context.fillText(label, 4, box.top - 9);
    }
  }

  /** Times of day below; `clock` turns seconds into words. */
  times(clock, names = true) {
    const { context, box, theme } = this;
    const span = this.xs[1] - this.xs[0];
    const step = CLOCK.find((n) => span / n <= box.width / 64) || 86400;
    context.font = FONT;
    context.textBaseline = "top";
    context.textAlign = "center";
    const shift = clock.offset % step;
    for (let t = Math.ceil((this.xs[0] + shift) / step) * step - shift; t <= this.xs[1]; t += step) {
      const x = Math.round(this.x(t)) + 0.5;
      context.strokeStyle = theme.grid;
      context.beginPath();
      context.moveTo(x, box.top);
      context.lineTo(x, box.top + box.height);
      context.stroke();
      if (!names || x < box.left + 14 || x > box.left + box.width - 14) continue;
      context.fillStyle = theme.muted;
      context.fillText(clock(t, step < 60), x, box.top + box.height + 4);
    }
    context.strokeStyle = theme.axis;
    context.strokeRect(box.left + 0.5, box.top + 0.5, box.width - 1, box.height - 1);
  }

  /** A line through `read(step)` at the times of a run, from step to step. */
  line(run, first, last, read, colour, { width = 1.4, dash = [] } = {}) {
    const { context } = this;
    const stride = Math.max(1, Math.floor((last - first) / (this.box.width * 1.5)));
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.lineJoin = "round";
    context.beginPath();
    let open = false;
    for (let i = first; i <= last; i += i + stride > last && i < last ? last - i : stride) {
      const value = read(i);
      if (Number.isNaN(value)) open = false;
      else {
        const x = this.x(run.time[i]);
        const y = this.y(value);
        if (open) context.lineTo(x, y);
        else context.moveTo(x, y);
        open = true;
      }
    }
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
  }

  /** A vertical line at a value of the horizontal axis, over the whole height. */
  mark(value, colour, dash = []) {
    const { context, box } = this;
    if (value < this.xs[0] || value > this.xs[1]) return;
    const x = Math.round(this.x(value)) + 0.5;
    context.strokeStyle = colour;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x, box.top);
    context.lineTo(x, box.top + box.height);
    context.stroke();
    context.setLineDash([]);
  }

  /** A word at the foot of such a line. */
  name(value, text) {
    const { context, box, theme } = this;
    if (value < this.xs[0] || value > this.xs[1]) return;
    context.font = FONT;
    context.fillStyle = theme.muted;
    context.textAlign = this.x(value) > box.left + 20 ? "right" : "left";
    context.textBaseline = "bottom";
    context.fillText(text, this.x(value) + (context.textAlign === "right" ? -3 : 4), box.top + box.height - 2);
  }

  /** A short text where there is nothing to draw yet. */
  note(text) {
    const { context, box, theme } = this;
    context.font = FONT;
    context.fillStyle = theme.muted;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, box.left + box.width / 2, box.top + box.height / 2);
  }
}

/** A canvas as sharp as the screen; returns its context and size in CSS pixels. */
export function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Bounds that hold all finite values of `reads` over the steps, with a margin; `least` is the smallest span. */
export function bounds(spans, least = 0, floor = null) {
  let low = Infinity;
  let high = -Infinity;
  for (const { first, last, read } of spans) {
    const stride = Math.max(1, Math.floor((last - first) / 800));
    for (let i = first; i <= last; i += stride) {
      const value = read(i);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const end = last >= 0 ? read(last) : NaN;
    if (end < low) low = end;
    if (end > high) high = end;
  }
  if (!(low <= high)) return [0, 1];
  if (floor !== null) low = Math.min(low, floor);
  const span = Math.max(high - low, least, 1e-9);
  const middle = (low + high) / 2;
  const extra = high - low < span ? (span - (high - low)) / 2 : 0;
  return [floor !== null && low === floor ? low : Math.min(low, middle) - extra - 0.06 * span, high + extra + 0.06 * span];
}
