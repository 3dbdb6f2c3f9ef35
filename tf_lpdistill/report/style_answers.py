"""The style of what is shown of single images: mistakes, maps, disagreements."""

CLASSES_LIGHT = """
--k0:#c04f00;--k1:#1a5fc9;--k2:#7d2a86;--k3:#0a7a63;--k4:#c02660;
--k5:#857500;--k6:#0086b3;--k7:#8a4b2a;--k8:#4c7d1e;--k9:#6a5acd
"""
CLASSES_DARK = """
--k0:#f5924e;--k1:#5a97f5;--k2:#e3a6f0;--k3:#4fcab0;--k4:#f5709f;
--k5:#d0c35a;--k6:#54c7ec;--k7:#c99a78;--k8:#9ccc65;--k9:#a79bff
"""
"""Ten classes in a map: 3 to 1 on their ground at least (WCAG 1.4.11); each is named as well."""

ANSWERS = (
    "".join(f".class-{i}{{--color:var(--k{i})}}\n" for i in range(10))
    + """
.point{stroke:var(--color);stroke-width:5;stroke-linecap:round;stroke-opacity:.6;fill:none}
.right{fill:var(--accent)}
.mistaken{fill:var(--wrong)}
.frame{fill:none;stroke:var(--rule);stroke-width:1}
svg .count{font-size:11px;font-variant-numeric:tabular-nums}
.mistakes li{padding:3px 0;font-size:.875rem}
.disputed{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:24px 20px;
margin-top:24px}
.disputed li{display:grid;grid-template-columns:76px minmax(0,1fr);gap:14px;align-items:start}
.disputed img{display:block;width:76px;aspect-ratio:1;object-fit:contain;background:var(--card)}
.disputed dl{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:1px 10px;font-size:.875rem;
font-variant-numeric:tabular-nums}
.disputed dt{color:var(--muted)}
.disputed dd{text-align:right}
.disputed b{font-weight:600}
.disputed .wrong{color:var(--wrong)}
@media print{.disputed li{break-inside:avoid}}
"""
)
