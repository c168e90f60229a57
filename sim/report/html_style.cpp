#include <string_view>

#include "sim/report/html_parts.h"

namespace fourtuple::report::html {

namespace {

// Curves differ by stroke as well as by colour. Every colour stands out from its ground by 4.5:1.
constexpr std::string_view sheet = R"css(
:root { color-scheme: light dark;
  --ground: #ffffff; --panel: #f6f8fa; --ink: #1b1f24; --faint: #57606a; --rule: #d0d7de;
  --used: #0a58ad; --waiting: #9a4f00; --good: #17692f; --bad: #b3261e; --focus: #0a58ad; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #0f1419; --panel: #171d24; --ink: #e6edf3; --faint: #a3adb8; --rule: #39424c;
  --used: #79b8ff; --waiting: #f0a95b; --good: #63d17a; --bad: #ff8a80; --focus: #79b8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 64rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-top: .75rem;
  border-top: 1px solid var(--rule); }
h3 { font-size: 1.05rem; margin: 1.25rem 0 .25rem; }
h4 { font-size: .85rem; font-weight: 600; margin: 0; }
p { margin: .25rem 0; }
code, .ladder, .file { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em; }
a { color: var(--used); }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
  outline: 3px solid var(--focus); outline-offset: 2px; }
.file, footer, figcaption p { color: var(--faint); }
.answer { font-size: 1.15rem; font-weight: 600; }
.pass, .fail { white-space: nowrap; font-weight: 600; }
.answer, .verdict { white-space: normal; }
.pass { color: var(--good); } .fail { color: var(--bad); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 1rem 0 0;
  padding: 0; }
nav a { display: inline-block; padding: .25rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
dt { grid-column: 1; color: var(--faint); } dd { grid-column: 2; margin: 0; }
.why { margin: 0; }
.steps { padding-left: 1.25rem; }
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid var(--rule);
  font-size: .85rem; }
figure { margin: 1.25rem 0 2rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: .5rem 0;
  padding: 0; font-size: .85rem; }
.key { display: inline-block; width: 1.75rem; margin-right: .5rem; vertical-align: middle;
  border-top: 3px solid var(--ink); }
.plot { position: relative; padding: .5rem .5rem 1.6rem 4.5rem; font-size: .8rem;
  color: var(--faint); font-variant-numeric: tabular-nums; }
.plot svg { display: block; width: 100%; height: 16rem; overflow: visible;
  border-left: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
.plot .y { position: absolute; left: 0; top: .5rem; bottom: 1.6rem; width: 4rem; }
.plot .y span { position: absolute; right: 0; transform: translateY(50%); line-height: 1;
  white-space: nowrap; }
.plot .x { position: absolute; left: 4.5rem; right: .5rem; bottom: 0; height: 1.3rem; }
.plot .x span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.plot .x span:first-child { transform: none; }
.plot .x .last { transform: translateX(-100%); }
svg * { fill: none; vector-effect: non-scaling-stroke; }
.grid { stroke: var(--rule); stroke-width: 1; }
.line { stroke-width: 2; stroke-linejoin: round; }
.area { fill-opacity: .16; stroke: none; }
.line.used { stroke: var(--used); } .area.used { fill: var(--used); }
.line.waiting { stroke: var(--waiting); stroke-dasharray: 7 4; } .area.waiting { fill: var(--waiting); }
.small .line.waiting { stroke-dasharray: none; }
.line.good { stroke: var(--good); } .line.bad { stroke: var(--bad); stroke-dasharray: 7 4; }
.limit { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 2 3; }
.mark { stroke: var(--bad); stroke-width: 1.5; }
.key.used { border-color: var(--used); } .key.waiting { border-color: var(--waiting);
  border-top-style: dashed; }
.key.good { border-color: var(--good); } .key.bad { border-color: var(--bad);
  border-top-style: dashed; }
.key.limit { border-top: 2px dotted var(--ink); }
.key.mark { width: 0; height: 1.1rem; border-top: 0; border-left: 2px solid var(--bad); }
.many { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr));
  gap: 1rem 1.5rem; margin: .75rem 0; }
.small { margin: 0; }
.small .plot { padding: .75rem .5rem 1.5rem 0; }
.small .plot svg { height: 4.5rem; }
.small .plot .y { display: none; }
.small .plot .x { left: 0; }
details { margin: .5rem 0; }
summary { cursor: pointer; padding: .25rem 0; color: var(--used); width: max-content; }
details .scroll { max-height: 24rem; }
.scroll { overflow: auto; margin: .75rem 0; border: 1px solid var(--rule); border-radius: .375rem; }
table { border-collapse: collapse; width: 100%; font-size: .85rem;
  font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; padding: .5rem .6rem; color: var(--faint); }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top;
  border-top: 1px solid var(--rule); }
thead th { background: var(--panel); border-top: 0; color: var(--faint); font-weight: 600; }
.scroll thead th { position: sticky; top: 0; white-space: nowrap; }
.scroll tbody th, .scroll td { white-space: nowrap; }
.scroll td:last-child { white-space: normal; min-width: 7rem; }
.scroll.wrap tbody th, .scroll.wrap td { white-space: normal; min-width: 0;
  overflow-wrap: anywhere; }
.scroll.wrap td:nth-child(2) { white-space: nowrap; }
tbody th { font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
.ladder { border: 1px solid var(--rule); overflow-wrap: anywhere; }
.ladder th, .ladder td { border-top: 0; padding: .2rem .6rem; }
.ladder th[scope=row], .ladder td.number { color: var(--faint); white-space: nowrap; width: 1%; }
.ladder td:nth-child(2) { border-left: 1px solid var(--faint); border-right: 1px solid var(--faint); }
.ends { display: flex; justify-content: space-between; gap: 1rem; }
.ladder .other td { text-align: right; }
.ladder .call code { color: var(--used); }
.ladder .packet td:nth-child(2) { padding-left: 0; padding-right: 0; }
.packet div { display: flex; align-items: center; gap: .5rem; }
.packet div::before, .packet div::after { content: ""; flex: 1 1 1rem;
  min-width: 1rem; color: var(--faint); line-height: 1;
  background: linear-gradient(var(--faint), var(--faint)) center / 100% 1.5px no-repeat; }
.packet.right div::after { content: "▶"; flex-grow: 3; text-align: right; }
.packet.left div::before { content: "◀"; flex-grow: 3; }
.ladder code { font-size: inherit; }
.lost em { color: var(--bad); }
.aside { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
@media (max-width: 40rem) {
  body { padding: 1rem .75rem 2rem; }
  h1 { font-size: 1.3rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { grid-column: 1; margin: 0 0 .35rem 1rem; }
  .plot { padding-left: 3.5rem; } .plot .y { width: 3.1rem; } .plot .x { left: 3.5rem; }
  .plot svg { height: 11rem; }
  .ladder { font-size: .7rem; } .ladder th, .ladder td { padding: .2rem .3rem; }
}
@media print { details .scroll { max-height: none; } nav { display: none; } }
)css";

}  // namespace

std::string_view style_sheet() { return sheet; }

}  // namespace fourtuple::report::html
