/** Of the page. Each verdict has a colour and, in its cell, a letter. */
export const style = `
:root { color-scheme: light dark; --page: #fff; --ink: #1c2128; --soft: #59636e; --line: #d5dae0; --band: #f3f5f8;
  --passed: #dff3e3; --passed-ink: #14532d; --mended: #d3e8fb; --mended-ink: #0b4a7d; --known: #fdecc0; --known-ink: #6b4a00;
  --failed: #c62828; --failed-ink: #fff; --unproven: #6a3fa0; --unproven-ink: #fff; --off: #f3f5f8; --off-ink: #9aa3ad;
  --not-run: #d5dae0; --not-run-ink: #3d444d; }
@media (prefers-color-scheme: dark) { :root { --page: #14181d; --ink: #e6eaef; --soft: #9aa5b1; --line: #333b45; --band: #1d232a;
  --passed: #17402a; --passed-ink: #b5ebc6; --mended: #143a5c; --mended-ink: #b9dcfa; --known: #4d3a08; --known-ink: #fbdf94;
  --off: #1a1f25; --off-ink: #5b6672; --not-run: #3a424c; --not-run-ink: #d0d6dd; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 20px 16px 60px; background: var(--page); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
h1 { margin: 0 0 2px; font-size: 24px; }
h2 { margin: 26px 0 8px; font-size: 17px; }
p { margin: 4px 0; }
code, .mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 12px; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.tiles { display: flex; flex-wrap: wrap; gap: 8px; margin: 14px 0; padding: 0; list-style: none; }
.tiles li { padding: 6px 12px; border: 1px solid var(--line); border-radius: 6px; background: var(--band); }
.tiles b { display: block; font-size: 20px; line-height: 1.2; }
.tiles .bad { background: var(--failed); color: var(--failed-ink); border-color: var(--failed); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 10px 0; padding: 0; list-style: none; font-size: 13px; }
.legend .key { display: inline-block; width: 18px; margin-right: 6px; text-align: center; font-weight: 600; border-radius: 2px; }
.problems li { margin: 3px 0; overflow-wrap: anywhere; }
.grid { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 0; width: max-content; }
th { font-weight: 400; text-align: left; }
thead th { position: sticky; top: 0; z-index: 2; padding: 0; vertical-align: bottom; background: var(--page); border-bottom: 1px solid var(--line); }
thead .group th { top: auto; padding: 2px 4px; font-size: 12px; border-left: 1px solid var(--line); color: var(--soft); }
.column span { display: block; width: 13.4px; max-height: 190px; padding: 6px 0 4px; writing-mode: vertical-rl; transform: rotate(180deg);
  font-size: 10.5px; line-height: 13.4px; white-space: nowrap; }
.row { position: sticky; left: 0; z-index: 1; width: 252px; min-width: 252px; max-width: 252px; padding: 4px 8px; background: var(--page);
  border-right: 1px solid var(--line); border-top: 1px solid var(--line); font-size: 13px; }
thead .row { z-index: 3; border-top: 0; }
.row b { display: block; font-size: 12px; line-height: 1.25; }
.row summary { cursor: pointer; list-style: none; }
.row summary::-webkit-details-marker { display: none; }
.row .line { display: block; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; font-size: 11px; line-height: 1.4; color: var(--soft); }
.row .line code { font-size: 11px; }
.row details[open] .line:first-of-type { white-space: normal; }
.row .soft { font-size: 11px; line-height: 1.3; display: block; }
.kind { display: inline-block; padding: 0 5px; border: 1px solid var(--line); border-radius: 3px; font-size: 11px; color: var(--soft); background: var(--band); }
.part th { padding: 0; background: var(--band); border-top: 1px solid var(--line); }
.part p { position: sticky; left: 0; width: fit-content; max-width: min(1100px, calc(100vw - 40px)); margin: 0; padding: 7px 8px 5px; }
td { padding: 0; border-top: 1px solid var(--line); box-shadow: inset 1px 0 var(--page); }
td.first { box-shadow: inset 1px 0 var(--soft); }
th.first { border-left: 1px solid var(--soft); }
td summary { display: block; width: 13.4px; min-height: 46px; line-height: 46px; text-align: center; font-size: 10.5px; font-weight: 600; cursor: pointer; list-style: none; }
td summary::-webkit-details-marker { display: none; }
td summary:hover, td summary:focus-visible { outline: 2px solid var(--ink); outline-offset: -2px; }
td details[open] > summary { outline: 2px solid var(--ink); outline-offset: -2px; }
.v-passed { background: var(--passed); color: var(--passed-ink); }
.v-mended { background: var(--mended); color: var(--mended-ink); }
.v-known { background: var(--known); color: var(--known-ink); }
.v-failed { background: var(--failed); color: var(--failed-ink); }
.v-unproven { background: var(--unproven); color: var(--unproven-ink); }
.v-not-applicable { background: var(--off); color: var(--off-ink); }
.v-not-run, .absent { color: var(--not-run-ink);
  background: repeating-linear-gradient(135deg, var(--not-run) 0 4px, var(--off) 4px 8px); }
td.absent { padding: 0; }
.absent p { position: sticky; left: 262px; display: inline-block; max-width: min(900px, 60vw); margin: 5px 8px; padding: 2px 8px; background: var(--page); color: var(--ink); border-radius: 3px; font-size: 12px; }
.found { position: fixed; z-index: 9; left: 0; right: 0; bottom: 0; max-height: 46vh; overflow: auto; padding: 12px 20px 16px; text-align: left;
  background: var(--page); color: var(--ink); border-top: 3px solid var(--ink); box-shadow: 0 -6px 24px #0004; font-size: 13px; }
.found h3 { margin: 0 0 2px; font-size: 15px; }
.found h4 { margin: 10px 0 2px; font-size: 13px; }
.found .sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 4px 28px; }
.found pre { margin: 2px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.checks { border-top: 1px solid var(--line); }
.checks dt { margin-top: 6px; } .checks dd { margin: 0 0 0 16px; }
@media (max-width: 900px) { .column span, td summary { width: 16px; } .column span { line-height: 16px; font-size: 11px; }
  .row { width: 168px; min-width: 168px; max-width: 168px; padding: 4px 6px; }
  .absent p { left: 176px; max-width: calc(100vw - 230px); } body { padding: 14px 10px 60px; } }
`;
