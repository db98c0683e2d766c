// All charts on one sheet: for a picture, and frame by frame for a film.

const TOP = 24;
const sheet = document.createElement("canvas");
let recorder = null;

/** Draw every chart of `area` where it stands, with headings; returns the sheet. */
export function compose(area, title, look) {
  const place = area.getBoundingClientRect();
  const ratio = recorder ? 1 : window.devicePixelRatio || 1;
  const size = { width: 2 * Math.round((place.width * ratio) / 2), height: 2 * Math.round(((place.height + TOP) * ratio) / 2) };
  if (sheet.width !== size.width || sheet.height !== size.height) {
    if (!recorder) Object.assign(sheet, size);
  }
  const context = sheet.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = look.panel;
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.fillStyle = look.text;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.font = "600 13px system-ui";
  context.fillText(title, 8, 16);
  context.font = "600 12px system-ui";
  for (const canvas of area.querySelectorAll("canvas")) {
    const own = canvas.getBoundingClientRect();
    if (!own.width) continue;
    const panel = canvas.closest(".panel");
    const pressed = panel.querySelector("h2 [aria-pressed=true]");
    const heading = panel.querySelector("h2").firstChild.textContent.trim();
    context.fillText(panel.id === "panel-network" ? pressed.textContent : heading, own.left - place.left, panel.getBoundingClientRect().top - place.top + 16 + TOP);
    context.drawImage(canvas, own.left - place.left, own.top - place.top + TOP, own.width, own.height);
  }
  return sheet;
}

export const filming = () => recorder !== null;

/** Begin to record the sheet; returns a sentence if this browser cannot. `done` gets the film and its ending. */
export function startFilm(done) {
  const known = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
  const type = typeof MediaRecorder === "undefined" ? undefined : known.find((name) => MediaRecorder.isTypeSupported(name));
  if (!type) return "This browser cannot record films.";
  const parts = [];
  recorder = new MediaRecorder(sheet.captureStream(30), { mimeType: type, videoBitsPerSecond: 4e6 });
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.onstop = () => {
    recorder = null;
    done(new Blob(parts, { type }), type.includes("mp4") ? "mp4" : "webm");
  };
  recorder.start(500);
  return "";
}

export function stopFilm() {
  recorder?.stop();
}
