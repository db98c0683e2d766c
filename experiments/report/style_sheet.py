"""The style sheet of the report page."""

STYLE_SHEET = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1a1a1a;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 1rem; }
header { border-bottom: 3px solid #0072B2; margin-bottom: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid #ddd; }
h3 { font-size: 1.05rem; margin: 1rem 0 0.3rem; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; margin: 0.3rem 0; }
li { margin: 0.25rem 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: 1rem; }
.columns > div { min-width: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem; border-bottom: 1px solid #e3e3e3; }
thead th { border-bottom: 2px solid #888; white-space: nowrap; }
tbody th { font-weight: 500; }
figure { margin: 0.5rem 0; }
img { max-width: 100%; height: auto; display: block; }
figcaption { font-size: 0.85rem; color: #555; }
.verdict { display: inline-block; padding: 0 0.5rem; border: 1px solid #0072B2;
  border-radius: 0.8rem; font-size: 0.9rem; }
.hit, .miss, .undefined, .not-measured { white-space: nowrap; }
.hit { color: #00614a; font-weight: 600; }
.miss { color: #a84300; font-weight: 600; }
.undefined, .not-measured { color: #666; }
pre { background: #f4f4f4; padding: 0.6rem; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; }
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  .columns { grid-template-columns: 1fr 1fr; }
  figure, tr, li { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .wide { overflow: visible; }
}
"""
