/** Colours of the page and of its charts; the second of each pair for dark screens. Printed pages are light. */
const COLOURS: Record<string, [string, string]> = {
  '--page': ['#ffffff', '#16181d'],
  '--ink': ['#1b1f27', '#e6e8ec'],
  '--faint': ['#5a6270', '#a4abb8'],
  '--line': ['#d4d8df', '#3a404b'],
  '--panel': ['#f5f6f8', '#1f232b'],
  '--bad': ['#a4161a', '#ff8f8f'],
  '--bad-page': ['#fdecec', '#3a1719'],
  '--good': ['#17653a', '#6fd59b'],
  '--series-1': ['#0b62a4', '#6cb6ff'],
  '--series-2': ['#b3450a', '#ffa066'],
  '--series-3': ['#1d7a4c', '#65d39a'],
  '--series-4': ['#7a3fa0', '#cf9df0'],
  '--series-5': ['#7c5a00', '#e3c04b'],
  '--series-6': ['#a3185a', '#ff8fc0']
};

const variables = (which: 0 | 1) =>
  Object.entries(COLOURS)
    .map(([name, pair]) => `${name}:${pair[which]}`)
    .join(';');

/** Declares the colours for whatever is the root, a page or a picture of its own. */
export const COLOUR_STYLE = `:root{${variables(0)}}@media screen and (prefers-color-scheme:dark){:root{${variables(1)}}}`;

export const PAGE_STYLE = `${COLOUR_STYLE}
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{counter-reset:question;margin:0;padding:1.5rem clamp(.6rem,4vw,3rem) 3rem;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main,header{max-width:66rem;margin:0 auto}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .3rem}
h2{font-size:1.15rem;line-height:1.3;margin:2.2rem 0 .5rem;padding-top:.7rem;border-top:1px solid var(--line)}
h2::before{counter-increment:question;content:counter(question) '. '}
h3{font-size:1rem;margin:1.2rem 0 .3rem}
p,ul,dl{margin:.5rem 0;max-width:46rem}
ul{padding-left:1.2rem}
small,.faint{color:var(--faint);font-size:.86rem}
.verdict{border:2px solid var(--good);border-radius:6px;padding:.7rem 1rem;margin:1rem 0}
.verdict strong{display:block;font-size:1.1rem}
.verdict.bad{border-color:var(--bad);border-width:4px;background:var(--bad-page)}
.verdict.bad strong{color:var(--bad)}
.claims li{margin:.2rem 0}
.scroll{overflow-x:auto;margin:.7rem 0;max-width:100%}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
.caption{color:var(--faint);font-size:.88rem;margin:.9rem 0 -.4rem}
th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:normal}
th{font-weight:600}
td.n,th.n{text-align:right}td.n{white-space:nowrap}
thead th{vertical-align:bottom}td:not(.n){min-width:4.5rem}td:last-child:not(.n){min-width:10rem}
tr.strongest td,tr.strongest th{background:var(--panel);font-weight:600}
.passed{color:var(--good)}.failed{color:var(--bad);font-weight:700}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:1rem}
figure{margin:.6rem 0;break-inside:avoid}
figcaption{color:var(--faint);font-size:.86rem}
svg{max-width:100%;height:auto;display:block}
.narrow{display:none}
.sheet{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));gap:1rem}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:2px}
.pair img{width:100%;height:auto;display:block;image-rendering:auto}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.15rem 1rem}
dt{color:var(--faint)}dd{margin:0}
code{font-size:.85em}
@media (max-width:480px){body{font-size:14px}dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}.wide{display:none}.narrow{display:block}}
@media print{body{padding:0;font-size:10pt}.scroll{overflow:visible}table{font-size:8pt}h2{break-after:avoid}tr{break-inside:avoid}.wide{display:block}.narrow{display:none}}`;
