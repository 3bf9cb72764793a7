/**
 * One style sheet, light and dark. Charts take their colours from the same variables, so a picture changes with the
 * scheme; on paper it is always the light one.
 */
const light = `
--paper:#faf9f6;--card:#fff;--ink:#1d2227;--soft:#59626c;--faint:#8d959e;--line:#e3e0d9;--wash:#f1efe9;
--accent:#0b7268;--accent-ink:#fff;--accent-wash:#dcefec;--warm:#b4540a;--warm-wash:#fbeadb;--bad:#b3261e;
--k1:#77808a;--k3:#3b74b8;--k5:#0e9384;--k7:#cc7a12;--k9:#9a4a93;--fixed:#b9bec4;--cut:#6d5a86;`;
const dark = `
--paper:#121518;--card:#1a1e22;--ink:#ecebe6;--soft:#a6aeb6;--faint:#737c85;--line:#2e343a;--wash:#20252a;
--accent:#3cc4b4;--accent-ink:#06211e;--accent-wash:#123733;--warm:#f0a252;--warm-wash:#3a2916;--bad:#ff8a80;
--k1:#8b949d;--k3:#6ea6e6;--k5:#35c2b1;--k7:#eba64a;--k9:#c987c2;--fixed:#545c64;--cut:#b3a0cc;`;

export const style = `
:root{color-scheme:light dark;${light}
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",Arial,sans-serif;
--serif:"Iowan Old Style","Palatino Linotype",Palatino,P052,"Book Antiqua",Georgia,serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{${dark}}}
@media print{:root{${light}--paper:#fff;color-scheme:light}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 var(--sans);font-variant-numeric:tabular-nums;
overflow-wrap:break-word}
a{color:var(--accent)}
main{max-width:1160px;margin:0 auto;padding:0 28px 72px}
h1,h2,h3{line-height:1.2;margin:0;font-weight:600;text-wrap:balance}
p{margin:0 0 .7em;max-width:68ch}
code,pre,.mono{font-family:var(--mono);font-size:.875em}
.soft{color:var(--soft)}.small{font-size:.875rem}.nowrap{white-space:nowrap}
.mock{position:sticky;top:0;z-index:9;background:repeating-linear-gradient(-45deg,#ffd84d 0 14px,#f5c518 14px 28px);
color:#231b00;text-align:center;font-weight:700;letter-spacing:.04em;padding:7px 16px;font-size:.9rem}
.masthead{padding:40px 0 0;display:flex;flex-wrap:wrap;gap:6px 18px;align-items:baseline;color:var(--soft);font-size:.9rem}
.masthead h1{font-size:1rem;color:var(--ink);font-weight:650;letter-spacing:.01em}
.pill{display:inline-block;border-radius:99px;padding:1px 11px;font-size:.8rem;font-weight:600;background:var(--wash);color:var(--soft)}
.pill.done{background:var(--accent-wash);color:var(--accent)}
.pill.failed{background:var(--warm-wash);color:var(--bad)}
.pill.running,.pill.interrupted{background:var(--warm-wash);color:var(--warm)}
.answer{padding:26px 0 34px;display:grid;grid-template-columns:minmax(0,5fr) minmax(0,6fr);gap:26px 56px;align-items:end}
.answer .figure{font-family:var(--serif);font-size:clamp(4.2rem,13vw,8rem);line-height:.95;letter-spacing:-.03em;font-weight:500;
font-variant-numeric:lining-nums proportional-nums;white-space:nowrap}
.answer .figure small{font-size:.42em;letter-spacing:0;color:var(--soft);margin-left:.08em}
.answer .words{font-family:var(--serif);font-size:clamp(1.7rem,4.4vw,2.7rem);line-height:1.15}
.answer .says{font-size:1.06rem;margin:14px 0 0;color:var(--soft);max-width:40ch}
.lede{font-family:var(--serif);font-size:1.22rem;line-height:1.5;max-width:60ch;margin:0 0 18px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(118px,1fr));gap:14px 22px;margin:0}
.facts div{border-top:2px solid var(--ink);padding-top:8px}
.facts dt{color:var(--soft);font-size:.82rem}.facts dd{margin:0;font-size:1.32rem;font-weight:600;line-height:1.25}
.facts dd small{display:block;font-size:.8rem;font-weight:400;color:var(--soft);line-height:1.4;margin-top:2px}
.callout{border-left:4px solid var(--warm);background:var(--warm-wash);padding:14px 18px;border-radius:0 8px 8px 0;margin:0 0 26px}
.callout p{max-width:none}.callout p:last-child{margin:0}.callout.bad{border-color:var(--bad)}
nav{display:flex;flex-wrap:wrap;gap:4px 20px;padding:11px 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line);font-size:.9rem}
nav a{text-decoration:none;color:var(--soft)}nav a:hover{color:var(--accent)}
section{padding:50px 0 0;display:grid;grid-template-columns:212px minmax(0,1fr);gap:14px 44px;scroll-margin-top:36px}
section>header h2{font-family:var(--serif);font-size:1.5rem;font-weight:600}
section>header p{color:var(--soft);font-size:.9rem;margin:10px 0 0}
section>div>*:first-child{margin-top:0}
section.wide{display:block}section.wide>header{display:flex;flex-wrap:wrap;gap:4px 28px;align-items:baseline;margin-bottom:16px}
section.wide>header p{margin:0;max-width:80ch}
h3{font-size:1rem;margin:30px 0 8px}
figure{margin:0 0 20px}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 18px}
figcaption+.key{margin-top:10px}figcaption{font-size:.875rem;color:var(--soft);margin-top:8px;max-width:76ch}
svg{display:block;max-width:100%;height:auto;font-family:var(--sans)}svg text{font-family:var(--sans)}
svg .m{font-family:var(--mono)}
.plot [role=img] svg{width:100%}.plot .narrow{display:none}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:.84rem;color:var(--soft);margin:0 0 12px;padding:0;list-style:none}
.key li{display:flex;align-items:center;gap:6px}.key i{width:13px;height:13px;border-radius:3px;flex:none;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scale{width:110px;height:10px;border-radius:5px;display:inline-block;print-color-adjust:exact;-webkit-print-color-adjust:exact}
details{margin:8px 0}summary{cursor:pointer;color:var(--soft);font-size:.9rem;width:fit-content;padding:3px 0}
summary:hover{color:var(--accent)}details[open]>summary{margin-bottom:8px}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;width:100%;font-size:.875rem}
caption{text-align:left;color:var(--soft);padding:0 0 8px;font-size:.875rem}
th{font-weight:600;text-align:left;color:var(--soft);border-bottom:1.5px solid var(--line);padding:5px 14px 5px 0;vertical-align:bottom;line-height:1.3}
td{padding:5px 14px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th[scope=row]{vertical-align:top;line-height:inherit;color:var(--ink);border-bottom:1px solid var(--line);font-weight:500;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap}td:last-child,th:last-child{padding-right:0}
.bar{height:9px;border-radius:5px;background:var(--wash);overflow:hidden;display:flex;min-width:60px;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
.bar i{display:block;height:100%}
.bars{display:grid;grid-template-columns:minmax(70px,max-content) minmax(80px,1fr) max-content;gap:5px 14px;align-items:center;font-size:.9rem;margin:0 0 14px}
.bars .gap{grid-column:1/-1;color:var(--soft);font-size:.84rem;border-top:1px dashed var(--line);border-bottom:1px dashed var(--line);padding:3px 0;margin:4px 0}.bars .name{max-width:26ch;overflow-wrap:anywhere}
.ruler{position:relative;height:96px;margin:6px 6px 0;font-size:.8rem;color:var(--soft)}
.ruler .track{position:absolute;left:0;right:0;top:44px;height:6px;border-radius:3px;background:var(--line)}
.ruler .within{position:absolute;left:0;top:44px;height:6px;border-radius:3px;background:var(--accent);opacity:.45}
.ruler .mark{position:absolute;top:36px;width:2px;height:22px;background:var(--faint);margin-left:-1px}
.ruler .mark.found{width:16px;height:16px;border-radius:50%;margin-left:-8px;top:39px;background:var(--accent);border:3px solid var(--card)}
.ruler .mark.limit{background:var(--warm);width:3px}
.ruler,.ruler *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.ruler .label{position:absolute;white-space:nowrap;line-height:1.3}.ruler b{color:var(--ink);font-weight:600}
.net{display:flex;flex-wrap:wrap;gap:18px 6px;align-items:flex-start}
.net figure{margin:0}.net .title{font-size:.76rem;white-space:nowrap;border-top:2px solid var(--line);padding-top:6px;margin-right:6px;line-height:1.35;color:var(--soft)}
.net .title b{color:var(--ink);font-weight:600}
.code{background:var(--wash);border-radius:8px;padding:10px 14px;margin:0 0 8px;overflow-x:auto;font-size:.86rem;line-height:1.5;white-space:pre-wrap;overflow-wrap:anywhere}
.multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(225px,1fr));gap:20px 22px}
.multiples h4{margin:0 0 4px;font-size:.82rem;font-weight:600}.multiples h4 span{color:var(--soft);font-weight:400}
.rounds{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 14px;padding:0;list-style:none}
.rounds li{max-width:290px;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:13px 15px;font-size:.86rem;color:var(--soft);line-height:1.45}
.rounds b{color:var(--ink);display:block;font-size:.98rem}.rounds .big{font-family:var(--serif);font-size:1.75rem;color:var(--ink);line-height:1.2;display:block;margin:5px 0 0}
.reasons{list-style:none;margin:0 0 14px;padding:0}.reasons li{border-top:1px solid var(--line);padding:9px 0;font-size:.92rem}
.reasons li:last-child{border-bottom:1px solid var(--line)}
dl.plain{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:5px 20px;margin:0 0 16px;font-size:.9rem}
dl.plain dt{color:var(--soft)}dl.plain dd{margin:0;overflow-wrap:anywhere}
footer{margin-top:60px;border-top:1px solid var(--line);padding-top:16px;color:var(--soft);font-size:.85rem}
@media (max-width:900px){section{display:block}section>header{margin-bottom:16px}.answer{grid-template-columns:1fr;gap:22px;padding-top:18px}}
@media (max-width:640px){main{padding:0 18px 48px}.masthead{padding-top:24px}section{padding-top:40px}
.plot .wide{display:none}.plot .narrow{display:block}.card{padding:14px 12px}.facts{grid-template-columns:1fr 1fr}
.multiples{grid-template-columns:1fr}nav{gap:2px 16px}.hide-narrow{display:none}
dl.plain{grid-template-columns:1fr;gap:0}dl.plain dd{margin-bottom:8px}}
@media print{body{font-size:11pt}main{max-width:none;padding:0}nav{display:none}.mock{position:fixed;left:0;right:0}
section{break-inside:auto;padding-top:26px}figure,.rounds li,tr{break-inside:avoid}h2,h3{break-after:avoid}.card{border-color:#ccc}}
`.trim();
