"""The style of the page: light and dark, from a phone's 360 pixels to a desktop, and print.

Charts take all their colours from here. Text reaches a contrast of 4.5 on its ground in both
schemes (WCAG AA). The colours of the first three methods keep apart under simulated protanopia,
deuteranopia and tritanopia, and the charts name every line as well.
"""

from tf_lpdistill.report.style_answers import ANSWERS, CLASSES_DARK, CLASSES_LIGHT
from tf_lpdistill.report.style_search import SEARCH

_LIGHT = (
    """
--paper:#fbfaf7;--card:#f3f1eb;--ink:#1d1c1a;--muted:#5f5b54;--rule:#e2ded5;--accent:#0a6a5d;
--wrong:#b3261e;--teacher:#1d1c1a;--alone:#757069;--other:#c9c3b8;--c0:#c04f00;--c1:#1a5fc9;--c2:#7d2a86;
--c3:#0a7a63;--c4:#a8325e;--c5:#6b6200;--band:.13;"""
    + CLASSES_LIGHT
)

_DARK = (
    """
--paper:#161615;--card:#20201e;--ink:#ebe8e2;--muted:#a8a299;--rule:#34322e;--accent:#5cc9b4;
--wrong:#ff8a7d;--teacher:#ebe8e2;--alone:#99938a;--other:#514d47;--c0:#f5924e;--c1:#5a97f5;--c2:#e3a6f0;
--c3:#4fcab0;--c4:#f58bb0;--c5:#d0c35a;--band:.2;"""
    + CLASSES_DARK
)

_BASE = """
*{box-sizing:border-box}
html{color-scheme:light dark;background:var(--paper);-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1160px;padding:0 24px;color:var(--ink);line-height:1.5;
font-family:-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,system-ui,sans-serif;
font-size:16px;overflow-wrap:anywhere}
h1,h2,h3,p,ul,ol,dl,dd,figure,pre{margin:0;padding:0}
ul,ol{list-style:none}
small{font-size:.8125rem;color:var(--muted)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
a{color:inherit;text-decoration-color:var(--muted);text-underline-offset:.25em}
a:hover{color:var(--accent)}
a:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
header{padding:72px 0 48px}
.kicker{font-size:.875rem;color:var(--muted);letter-spacing:.02em}
.kicker span::before{content:"/";margin:0 .5em;color:var(--muted)}
h1,.reading,.figures strong{font-family:Charter,"Bitstream Charter","Iowan Old Style",Cambria,
Georgia,"Times New Roman",serif;font-weight:400}
h1{font-size:clamp(2rem,1.5rem + 2.4vw,3.25rem);line-height:1.1;letter-spacing:-.015em;
margin:.35em 0 .5em;max-width:22em;text-wrap:balance}
.reading{font-size:clamp(1.1875rem,1.05rem + .6vw,1.4375rem);line-height:1.45;max-width:38em}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:28px;
margin:56px 0 0;padding:28px 0 0;border-top:1px solid var(--ink)}
.figures li{display:flex;flex-direction:column;gap:4px}
.figures strong{font-size:clamp(2.25rem,1.5rem + 1.6vw,2.875rem);line-height:1;
letter-spacing:-.02em;white-space:nowrap}
.figures li:nth-child(2) strong{color:var(--accent)}
.figures span{margin:6px 0 2px;font-weight:500}
.figures b{display:inline-block;font-weight:inherit}
nav{margin-top:48px}
nav ul{display:flex;flex-wrap:wrap;gap:4px 20px;font-size:.875rem;color:var(--muted)}
nav a{display:inline-block;padding:4px 0}
section{display:grid;grid-template-columns:200px minmax(0,1fr);gap:16px 48px;padding:44px 0 60px;
border-top:1px solid var(--rule)}
h2{font-size:1.0625rem;line-height:1.35;font-weight:600;margin-bottom:10px}
.about p{font-size:.875rem;color:var(--muted);line-height:1.55}
.note{margin-top:20px;font-size:.8125rem;color:var(--muted);max-width:64em}
footer{border-top:1px solid var(--rule);padding:24px 0 56px;font-size:.8125rem;color:var(--muted)}
"""

_TABLE = """
.comparison{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
.comparison th,.comparison td{text-align:right;vertical-align:top;padding:12px 0 12px 18px;
font-weight:400;border-bottom:1px solid var(--rule)}
.comparison thead th{padding-top:0;font-size:.8125rem;color:var(--muted);vertical-align:bottom;
border-color:var(--ink)}
.comparison th:first-child{text-align:left;padding-left:0}
.comparison tbody th{width:12.5em}
.comparison small{display:block;line-height:1.4}
.comparison td span,.comparison td small{white-space:nowrap}
.comparison thead th{overflow-wrap:normal}
.comparison .best .name,.comparison .best td:nth-child(2) span{font-weight:650}
.comparison .failed td{text-align:left;font-size:.875rem;color:var(--muted)}
.comparison em{font-style:normal;font-size:.75rem;margin-left:8px;padding:1px 7px;
border:1px solid currentcolor;border-radius:99px;color:var(--accent);white-space:nowrap}
.swatch{display:inline-block;width:10px;height:10px;border-radius:50%;margin-right:9px;
background:var(--color)}
"""

_CHARTS = """
.chart,.panels svg{display:block;width:100%;height:auto;overflow:visible}
.chart.narrow{display:none;max-width:520px}
svg text{font-size:13px;fill:var(--ink)}
svg .label{stroke:var(--paper);stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
svg .tick{font-size:12px;fill:var(--muted);font-variant-numeric:tabular-nums}
svg .number{font-variant-numeric:tabular-nums}
svg .strong{font-weight:650}
svg .colored{fill:var(--color);font-weight:500}
.rule{stroke:var(--rule);stroke-width:1}
.baseline{stroke:var(--alone);stroke-width:1.25;stroke-dasharray:3 4}
.dot{fill:var(--color);fill-opacity:.75}
.mean{stroke:var(--color);stroke-width:3}
.ring{fill:none;stroke:var(--color);stroke-width:1.5}
.gain{stroke:var(--color);stroke-width:1.25;opacity:.55}
.joint{stroke:var(--color);stroke-width:1.5;opacity:.6}
.line{fill:none;stroke:var(--color);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.band{fill:var(--color);opacity:var(--band)}
.leader{stroke:var(--color);stroke-width:1;opacity:.55}
.series-teacher{--color:var(--teacher)}
.series-alone{--color:var(--alone)}
.series-other{--color:var(--other)}
.series-other .line{stroke-width:1.25}
.series-0{--color:var(--c0)}
.series-1{--color:var(--c1)}
.series-2{--color:var(--c2)}
.series-3{--color:var(--c3)}
.series-4{--color:var(--c4)}
.series-5{--color:var(--c5)}
.legend{display:flex;flex-wrap:wrap;gap:6px 24px;margin-bottom:24px;font-size:.875rem}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(274px,100%),1fr));
gap:36px 20px}
figcaption{font-size:.875rem;font-weight:500;margin-bottom:10px}
.price+.price{margin-top:36px}
figcaption small{font-weight:400;margin-left:8px}
.panels svg{max-width:330px}
.panels figure{display:grid;align-content:end}
"""

_NEIGHBORS = """
#neighbours .body>p{margin-bottom:14px}
#neighbours .legend{align-items:center;margin-bottom:8px}
.key{display:inline-block;width:14px;height:14px;margin-right:8px;vertical-align:-2px;
position:relative}
.key.shared{width:16px;height:4px;border-radius:2px;background:var(--accent);vertical-align:4px}
.key.wrong{border:2px dashed var(--wrong)}
.query{display:grid;grid-template-columns:76px repeat(3,minmax(0,1fr));gap:10px 28px;
padding:18px 0;border-bottom:1px solid var(--rule)}
.query:last-child{border:0;padding-bottom:0}
.query img{display:block;width:100%;aspect-ratio:1;object-fit:contain;background:var(--card)}
.pixelated{image-rendering:pixelated}
.query figure{align-self:end}
.query figure img{width:76px}
.query figcaption{margin:6px 0 0;font-weight:600}
.model{font-size:.8125rem;color:var(--muted);margin-bottom:8px}
.model-neighbors ol{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,60px);gap:6px}
.model-neighbors li{position:relative;min-width:0;padding:3px}
.model-neighbors span{display:block;margin-top:5px;padding-top:4px;font-size:.75rem;
line-height:1.2;text-align:center;color:var(--muted);border-top:4px solid transparent}
.query span,.query figcaption{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.model-neighbors .wrong img{outline:2px dashed var(--wrong);outline-offset:1px}
.model-neighbors .wrong span{color:var(--wrong);font-weight:600}
.model-neighbors .shared span{border-color:var(--accent)}
"""

_FILES = """
.files li{padding:18px 0;border-bottom:1px solid var(--rule)}
.files li:first-child{padding-top:0}
h3{font-size:1rem;font-weight:600}
.files h3{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 24px;
font-variant-numeric:tabular-nums}
.files h3 span{font-weight:400}
.files dl{display:flex;flex-wrap:wrap;gap:6px 32px;margin:8px 0 6px;
font-variant-numeric:tabular-nums}
.files dt,.facts dt{font-size:.8125rem;color:var(--muted)}
.files dd{font-size:.9375rem}
.hash{font-size:.75rem;color:var(--muted);line-height:1.5}
pre{padding:18px 20px;background:var(--card);border-radius:6px;white-space:pre-wrap;
font-size:.9375rem;margin-bottom:28px}
.facts{display:grid;gap:10px}
.facts div{display:grid;grid-template-columns:9em minmax(0,1fr);gap:2px 16px;align-items:baseline}
#reproduce h3,.commands h3{margin:32px 0 12px}
.flags{grid-template-columns:repeat(auto-fill,minmax(280px,1fr));gap:6px 32px;font-size:.875rem}
.flags div{grid-template-columns:11em minmax(0,1fr)}
"""

_NARROW = """
@media (max-width:1000px){section{grid-template-columns:minmax(0,1fr)}
.about p{max-width:44em}}
@media screen and (max-width:760px){body{padding:0 20px}
header{padding:40px 0 32px}
.figures{grid-template-columns:repeat(2,minmax(0,1fr));gap:32px 20px;margin-top:36px}
.figures strong{font-size:2.25rem}
nav{margin-top:36px}
section{padding:36px 0 44px}
.chart.wide{display:none}
.chart.narrow{display:block}
.cards,.cards tbody,.cards tr,.cards th,.cards td{display:block}
.cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.cards tr{display:grid;grid-template-columns:1.25fr 1fr 1fr;gap:10px 14px;padding:18px 0;
border-bottom:1px solid var(--rule)}
.cards tr:first-child{padding-top:0}
.cards tbody th{grid-column:1/-1;width:auto}
.comparison th,.comparison td{text-align:left;padding:0;border:0}
.cards .none{display:none}
.cards .failed td{grid-column:1/-1}
.cards td::before{content:attr(data-label);display:block;font-size:.8125rem;color:var(--muted);
white-space:nowrap}
.query{grid-template-columns:64px minmax(0,1fr);gap:16px 18px;padding:24px 0}
.query figure{grid-row:1/4;align-self:start}
.query figure img{width:64px}
.model{margin-bottom:4px}
.facts div{grid-template-columns:minmax(0,1fr)}}
@media screen and (max-width:420px){.figures strong{font-size:1.75rem}}
"""

_PRINT = """
@media print{:root{--paper:#fff}
body{max-width:none;padding:0;font-size:11pt}
header{padding-top:0}
nav{display:none}
section{display:block;padding:20px 0 24px}
.about{margin-bottom:16px}
.about,.note{break-inside:avoid}
h2,h3,.about,.legend{break-after:avoid}
.figures{grid-template-columns:repeat(4,minmax(0,1fr));gap:20px}
.figures strong{font-size:2rem}
.panels{grid-template-columns:repeat(3,minmax(0,1fr))}
.chart,.comparison,.panels figure,.price,.query,.files li,.facts div,.figures{break-inside:avoid}
.query{grid-template-columns:60px repeat(3,minmax(0,1fr));gap:8px 16px}
.query figure img{width:60px}
img,.swatch,.key,pre{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""

_COLORS = (
    f":root{{{_LIGHT.strip()}}}\n"
    # Print stays light: dark ground is ink.
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_DARK.strip()}}}}}"
)
CHARTS = _COLORS + _CHARTS + ANSWERS
"""What of the style sheet a chart needs that stands alone, outside a report."""

STYLE = "".join(
    (_COLORS, _BASE, _TABLE, _CHARTS, _NEIGHBORS, ANSWERS, SEARCH, _FILES, _NARROW, _PRINT)
)
"""The style sheet of a report, the text of one `style` element."""
