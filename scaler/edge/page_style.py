"""How the status page looks: one inline style sheet, no scripts, nothing fetched from elsewhere."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --ground: #f4f6f8; --card: #fff;
  --good: #1a7f37; --warn: #9a6700; --bad: #b3261e; --plain: #0a5cbf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4af; --line: #30363d; --ground: #0d1117;
  --card: #161b22; --good: #4ac26b; --warn: #d9a53a; --bad: #ff7b72; --plain: #6cb0ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
a { color: var(--plain); }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.1rem; margin: 0; } h3 { font-size: .8rem; margin: 1.1rem 0 .3rem;
  color: var(--soft); text-transform: uppercase; letter-spacing: .05em; }
header, .title { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: baseline; }
header { margin-bottom: .8rem; } .soft { color: var(--soft); } .right { margin-left: auto; }
article { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--line);
  border-radius: 8px; padding: 1rem; margin-bottom: 1rem; }
article.good { border-left-color: var(--good); } article.warn { border-left-color: var(--warn); }
article.bad { border-left-color: var(--bad); } article.plain { border-left-color: var(--plain); }
.badge { border: 1px solid currentColor; border-radius: 1rem; padding: 0 .55rem; font-size: .8rem;
  white-space: nowrap; }
.badge.good { color: var(--good); } .badge.warn { color: var(--warn); } .badge.bad { color: var(--bad); }
.badge.plain { color: var(--plain); } .badge.none { color: var(--soft); }
.headline { margin: .5rem 0 .2rem; font-size: 1.05rem; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline;
  overflow-wrap: normal; } table.history td:first-child { width: 1%; white-space: nowrap; }
th { font-weight: 600; font-size: .85rem; color: var(--soft); } td.count, th.count { text-align: right; }
td.count.main { font-weight: 700; font-size: 1.15rem; }
tr:last-child td { border-bottom: 0; }
ul, ol { margin: 0; padding-left: 1.2rem; } li { margin: .1rem 0; } ul.flat { list-style: none; padding: 0; }
@media (max-width: 720px) { body { padding: .6rem; } .columns { grid-template-columns: minmax(0, 1fr); }
  article { padding: .8rem; } th, td { padding-right: .4rem; } .right { margin-left: 0; } .wide { display: none; }
  table.pair th { font-size: .75rem; } table.pair td.main { font-size: 1rem; } }
"""
