/** The style of the HTML report, light and dark by the reader's setting, and for paper. */
export const reportStyle = `
:root{color-scheme:light dark;--paper:#fbfbfa;--card:#fff;--ink:#1c2024;--soft:#5b6570;--line:#dfe3e6;--accent:#2457c5;
--good:#14713d;--good-bg:#e2f4e9;--bad:#a3341b;--bad-bg:#fbe7e1;--warn:#7a5400;--warn-bg:#fdf3d7;--same:#5b6570;--same-bg:#eceff1}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1b1f23;--ink:#e6e9ec;--soft:#9aa5b0;--line:#2e353b;--accent:#86aeff;
--good:#7fd6a2;--good-bg:#16301f;--bad:#ff9d85;--bad-bg:#3a1d16;--warn:#f0cd7a;--warn-bg:#332a12;--same:#9aa5b0;--same-bg:#262c31}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;
padding:2.5rem clamp(1rem,4vw,3rem) 4rem}
header,main{max-width:70rem;margin:0 auto}
h1{font-size:clamp(1.6rem,1.1rem + 2vw,2.3rem);line-height:1.2;letter-spacing:-.02em;margin:.1em 0 .3em;text-wrap:balance}
h2{font-size:1.35rem;letter-spacing:-.01em;margin:0 0 .6rem}
p{max-width:46rem;margin:.6rem 0}
.eyebrow{color:var(--accent);font-weight:600;font-size:.85rem;letter-spacing:.06em;text-transform:uppercase;margin:0}
.subtitle{color:var(--soft);margin:0}
.answer{background:var(--card);border:1px solid var(--line);border-left:5px solid var(--accent);border-radius:10px;
padding:1.1rem 1.4rem;margin:1.6rem 0 1rem}
.sentence{font-size:1.2rem;line-height:1.5;max-width:56rem;margin:0;overflow-wrap:anywhere}
.warnings{background:var(--warn-bg);border-radius:10px;padding:.9rem 1.4rem;margin:1rem 0}
.warnings h2{font-size:1rem;color:var(--warn);margin:0}
.warnings ul{margin:.3rem 0 0}
nav{display:flex;flex-wrap:wrap;gap:.4rem 1.2rem;margin:1.4rem 0;padding:.6rem 0;border-block:1px solid var(--line)}
a{color:var(--accent)}
section[id]{margin:2.6rem 0;scroll-margin-top:1rem}
ul{padding-left:1.2rem;margin:.6rem 0}
li{max-width:56rem;margin:.25rem 0;overflow-wrap:anywhere}
summary{cursor:pointer;color:var(--accent);font-weight:600;margin-top:.8rem}
small{color:var(--soft);font-size:.82em}
.table{overflow-x:auto;margin:1.3rem 0;border:1px solid var(--line);border-radius:10px;background:var(--card)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.93rem}
table.figures{width:100%}
caption{text-align:left;font-weight:600;padding:.7rem 1rem .5rem}
th,td{padding:.42rem 1rem;text-align:right;vertical-align:baseline;border-top:1px solid var(--line)}
thead th{font-weight:600;color:var(--soft);font-size:.85rem;vertical-align:bottom;line-height:1.25}
thead small{display:block;font-weight:400}
thead th.beside{padding-right:5.6rem}
th[scope=row]{text-align:left;font-weight:500;white-space:nowrap}
th[scope=row] small{display:block;font-weight:400}
table.figures th[scope=row]{position:sticky;left:0;background:var(--card)}
table.facts :is(td,thead th){text-align:left;overflow-wrap:anywhere}
td{white-space:nowrap}
table.facts td{white-space:normal}
td small{display:inline-block;min-width:4.1em;padding-left:.5em;text-align:left}
.mark{color:var(--accent);font-size:.75em;vertical-align:.1em}
.verdict{position:relative;display:inline-block;min-width:1.45em;margin-left:.4em;padding:0 .3em;border-radius:5px;text-align:center;font-size:.85em}
.verdict.better{color:var(--good);background:var(--good-bg)}
.verdict.worse{color:var(--bad);background:var(--bad-bg)}
.verdict.no-difference-shown{color:var(--same);background:var(--same-bg)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
figure{margin:1.3rem 0;border:1px solid var(--line);border-radius:10px;background:var(--card);padding:1rem 1rem .8rem}
svg{display:block;width:100%;max-width:54rem;height:auto;margin:0 auto;font:12px system-ui,sans-serif}
figcaption{color:var(--soft);font-size:.9rem;max-width:54rem;margin:.4rem auto 0}
.grid{stroke:var(--line)}
.tick,.axis{fill:var(--soft)}
.axis{font-weight:600}
.point{fill:var(--accent);fill-opacity:.55;stroke:var(--accent);stroke-width:1.5}
.point.dominated{fill:none;stroke:var(--soft);stroke-dasharray:3 3}
.point.recommended{stroke:var(--ink);stroke-width:3}
.label{fill:var(--ink);font-size:13px;paint-order:stroke;stroke:var(--card);stroke-width:3px}
.label.faint{fill:var(--soft)}
.label.chosen{font-weight:700}
.clip{margin:.7rem 0;max-width:60rem}
.clip .name{font-weight:600}
del{color:var(--bad);background:var(--bad-bg);border-radius:3px;padding:0 .2em}
ins{color:var(--good);background:var(--good-bg);border-radius:3px;padding:0 .2em;text-decoration:none}
dl{margin:.9rem 0;max-width:60rem}
dt{font-weight:600}
dd{margin:.15rem 0 0 0}
dd span{color:var(--soft);font-size:.85em;display:inline-block;min-width:5.5em}
@media (max-width:40rem){body{padding-top:1.2rem}th,td{padding-inline:.6rem}thead th.beside{padding-right:5.2rem}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb}body{padding:0;font-size:10.5pt}
nav{display:none}section[id]{margin:1.6rem 0}.table,figure,.answer,.warnings{break-inside:avoid}.table{overflow:visible}
details>*{display:block}details::details-content{content-visibility:visible;display:block;height:auto}summary{list-style:none;color:inherit}
th,td{padding:.25rem .5rem}thead th.beside{padding-right:5.1rem}*{print-color-adjust:exact}}
`
