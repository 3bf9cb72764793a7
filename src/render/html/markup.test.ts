import { describe, expect, it } from "vitest";
import { html, trusted } from "./markup.js";

describe("markup", () => {
  it("escapes every value, in text and in attributes, but not what is markup already", () => {
    const name = `<b a="x" b='y'>&`;
    const inner = html`<i title="${name}">${name}</i>`;
    const safe = "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;";
    expect(inner.text).toBe(`<i title="${safe}">${safe}</i>`);
    expect(html`<p>${inner}${[inner, "<"]}</p>`.text).toBe(`<p>${inner.text}${inner.text}&lt;</p>`);
  });

  it("leaves nothing for what is not there, and a zero for zero", () => {
    expect(html`a${null}${undefined}${false}${""}${0}b`.text).toBe("a0b");
  });

  it("replaces what HTML cannot carry: control characters and lone surrogates", () => {
    expect(html`${"a\u0000\u001bb\ud800c😀"}`.text).toBe("a\ufffd\ufffdb\ufffdc😀");
  });

  it("takes trusted text as it is", () => {
    expect(html`${trusted("<svg/>")}`.text).toBe("<svg/>");
  });
});
