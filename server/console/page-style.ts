/** The console page's style sheet: system fonts, light and dark by the reader's preference, no external resources. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f7f6f3; --card: #ffffff; --ink: #1f2328; --soft: #626a73; --line: #dedbd3;
  --accent: #8a5a00; --accent-ink: #ffffff; --code: #f1efe9;
  --good: #1a7f47; --wait: #9a6700; --bad: #b3261e; --bad-paper: #fdf0ee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --card: #1d2024; --ink: #e8e6e1; --soft: #9aa1a9; --line: #33373d;
    --accent: #e0aa4e; --accent-ink: #1d1503; --code: #25292e;
    --good: #5ac98a; --wait: #e0b050; --bad: #ff8a80; --bad-paper: #35211f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: baseline; margin-bottom: 1.25rem; }
h1 { margin: 0; font-size: 1.5rem; letter-spacing: .01em; }
h2 { margin: 0 0 .75rem; font-size: 1.05rem; }
h3 { margin: 0; font-size: .95rem; font-weight: 600; }
p { margin: 0 0 .75rem; }
code, pre, td, input { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; margin-bottom: 1.1rem; }
.soft { color: var(--soft); }
#status { display: flex; flex-wrap: wrap; gap: .25rem .6rem; align-items: center; margin: 0; }
#dot { width: .7rem; height: .7rem; border-radius: 50%; background: var(--wait); }
[data-mood="good"] #dot { background: var(--good); }
[data-mood="bad"] #dot { background: var(--bad); }
#state { font-weight: 600; }
#problem { border-color: var(--bad); background: var(--bad-paper); }
#problem p:last-child { margin-bottom: 0; }
#problem.calm { border-color: var(--line); background: var(--card); }
#problem p:empty { display: none; }
#problem h2:has(+ p:empty) { margin-bottom: 0; }
a { color: var(--accent); }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; }
label { display: grid; gap: .2rem; font-size: .875rem; color: var(--soft); flex: 1 1 14rem; max-width: 28rem; }
input { width: 100%; line-height: 1.5; padding: .45rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--paper); color: var(--ink); }
button { padding: .45rem .9rem; border: 1px solid var(--line); border-radius: 6px; background: var(--card); color: var(--ink); font: inherit; font-size: .875rem; line-height: 1.5; cursor: pointer; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); font-weight: 600; }
button:hover { filter: brightness(1.06); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#channels { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; margin: .9rem 0 0; list-style: none; }
#channels li { display: flex; align-items: center; gap: .35rem; padding: .1rem .15rem .1rem .7rem; border: 1px solid var(--line); border-radius: 1.1rem; max-width: 100%; }
#channels code, .reason { overflow-wrap: anywhere; min-width: 0; }
.reason { flex: 1 1 0; min-width: 9rem; font-size: .875rem; }
#empty { margin: .75rem 0 0; }
.reason:empty { display: none; }
#channels li.refused { border-color: var(--bad); color: var(--bad); }
#channels button { border: 0; background: none; padding: .15rem .5rem; color: var(--soft); }
.bar { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; }
.scroll { overflow-x: auto; max-height: 24rem; overflow-y: auto; }
table { width: 100%; border-collapse: collapse; }
th { position: sticky; top: 0; background: var(--card); text-align: left; font-size: .8rem; color: var(--soft); font-weight: 600; }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child, td:nth-child(3) { white-space: nowrap; }
td:nth-child(2) { min-width: 8rem; overflow-wrap: anywhere; }
td.data { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 14rem; }
tr.protocol td { color: var(--soft); }
.snippet { margin-top: 1rem; }
pre { margin: .4rem 0 0; padding: .75rem .9rem; background: var(--code); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 600px) {
  main { padding: 1rem .75rem 3rem; }
  .card { padding: .9rem 1rem; }
  #detail { overflow-wrap: anywhere; }
  thead { display: none; }
  table, tbody { display: block; }
  tr { display: flex; flex-wrap: wrap; gap: 0 .75rem; padding: .4rem 0; border-bottom: 1px solid var(--line); }
  td { border: 0; padding: 0; overflow-wrap: anywhere; }
  td:first-child { color: var(--soft); }
  td:nth-child(2) { min-width: 0; }
  td:nth-child(3) { white-space: normal; }
  td.data { flex: 1 0 100%; min-width: 0; }
  td.data:empty { display: none; }
}
`;
