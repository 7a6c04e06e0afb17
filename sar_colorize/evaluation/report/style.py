"""How the report looks: on a phone, on a wide screen, on paper, by day and by night."""

STYLE = """
:root{color-scheme:light dark;--paper:#fcfcfa;--card:#fff;--ink:#1c2321;--soft:#5d6865;--line:#dfe3df;--best:#0b6e4f;
--tint:#e6f4ee;--c0:#1f5fd0;--c1:#d2601a;--c2:#8a3fb3;--c3:#0f8a8a;--c4:#b3234f;--c5:#6b7a12;--b0:#8a918e;--b1:#39413e;
--b2:#b58a2e;--b3:#b596c6;--b4:#5b9bb0;--o:#9aa3a0}
@media (prefers-color-scheme:dark){:root{--paper:#121614;--card:#1a201e;--ink:#e8ece9;--soft:#9aa6a2;--line:#2e3734;
--best:#5fd3a5;--tint:#173229;--c0:#7aa7ff;--c1:#ff9d5c;--c2:#cf94f2;--c3:#4fd0d0;--c4:#ff7fa3;--c5:#c3d35a;
--b0:#8f9996;--b1:#dfe5e2;--b2:#e0b95c;--b3:#a585b8;--b4:#86c3d6;--o:#717c78}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,Roboto,"DejaVu Sans",sans-serif;
-webkit-text-size-adjust:100%}
main{max-width:1240px;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:clamp(1.6rem,4.5vw,2.4rem);line-height:1.15;margin:0 0 .4rem;letter-spacing:-.02em}
h2{font-size:1.25rem;margin:3rem 0 .3rem;letter-spacing:-.01em}
h3{font-size:1rem;margin:1.6rem 0 .4rem}
p{margin:.4rem 0 1rem;max-width:72ch}
.soft,figcaption,.note{color:var(--soft)}
.lead{font-size:1.1rem}
nav{display:flex;flex-wrap:wrap;gap:.4rem 1.1rem;margin:1.2rem 0 0;font-size:.92rem}
a{color:var(--c0)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:1.5rem 0}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.7rem .9rem}
.facts b{display:block;font-size:1.35rem;line-height:1.3;font-variant-numeric:tabular-nums}
.facts span{color:var(--soft);font-size:.85rem}
.wide{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px;margin:.8rem 0 1.2rem}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{padding:.42rem .55rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
thead th{font-weight:600;color:var(--soft);font-size:.78rem;vertical-align:bottom}
thead small{display:block;font-weight:400}
th:first-child{text-align:left;position:sticky;left:0;background:var(--card);z-index:1}
tbody th{font-weight:600}
tr.baseline th,tr.oracle th{font-weight:400}
tr.oracle>*{color:var(--soft);font-style:italic}
tr.parted>*{border-top:2px solid var(--line)}
td.best{background:var(--tint);color:var(--best);font-weight:700}
td.best::before{content:"\\25B8\\00A0"}
td small{display:block;color:var(--soft);font-weight:400;font-size:.74rem}
figure{margin:.8rem 0 1.4rem;overflow-x:auto}
svg{display:block;width:100%;min-width:36rem;height:auto;background:var(--card);border:1px solid var(--line);
border-radius:10px}
svg text{fill:var(--soft);font:12px system-ui,"DejaVu Sans",sans-serif}
svg text.strong{fill:var(--ink);font-weight:600}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;font-size:.88rem;margin:.5rem 0}
.key i{display:inline-block;width:1.1rem;height:.32rem;border-radius:2px;margin-right:.4rem;vertical-align:middle}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,calc(var(--n)*6.6rem)),1fr));gap:.8rem}
.case{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.7rem .8rem;break-inside:avoid}
.case h4{margin:0 0 .5rem;font-size:.9rem;font-weight:600}
.case h4 span{font-weight:400;color:var(--soft)}
.row{display:grid;grid-template-columns:repeat(var(--n),1fr);gap:.55rem}
.row figure{margin:0;overflow:visible}
.row img{display:block;width:100%;height:auto;aspect-ratio:1;object-fit:cover;border-radius:6px}
.row figcaption{font-size:.76rem;line-height:1.3;margin-top:.25rem;overflow-wrap:anywhere}
.row figure.real figcaption{color:var(--best);font-weight:600}
details{border:1px solid var(--line);border-radius:10px;background:var(--card);margin:.6rem 0}
summary{cursor:pointer;padding:.6rem .9rem;font-weight:600}
details .wide{border-width:1px 0 0;border-radius:0;margin:0}
details dl,details ul,details p{margin:0;padding:.2rem .9rem .8rem}
details ul{padding-left:2rem}
dt{font-weight:600;margin-top:.5rem}
dd{margin:0;color:var(--soft)}
code{font:.85em ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
@media (max-width:640px){main{padding:1.5rem .9rem 3rem}th,td{padding:.38rem .45rem}table{font-size:.8rem}
.row{grid-template-columns:repeat(3,1fr);gap:.4rem}tbody th{white-space:normal;min-width:6.2rem}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--tint:#eee;--best:#000}
@page{size:A4 landscape;margin:12mm}html{font-size:9.5px}body{font-size:1rem}main{max-width:none;padding:0}
nav{display:none}p{max-width:none}h2,h3{break-after:avoid}h2{margin-top:2rem}dl{columns:2}figure,.wide,.facts,details{break-inside:avoid}
.wide{overflow:visible}.cases{grid-template-columns:1fr 1fr}svg{max-height:80mm;min-width:0}
details::details-content{content-visibility:visible;display:block}}
"""
