import { LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkAreaComponent, MarkLineComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { tick } from "../../util/format.js";
import { type Html, html, trusted } from "./markup.js";

use([LineChart, ScatterChart, GridComponent, MarkAreaComponent, MarkLineComponent, LabelLayout, SVGRenderer]);

interface Size {
  readonly width: number;
  readonly height: number;
}

/** what an option may depend on: a phone gets a picture of its own, not a shrunken one */
export interface Format extends Size {
  readonly narrow: boolean;
}

interface PlotOptions {
  /** unique in the page: names the clip paths */
  readonly id: string;
  readonly title: string;
  /** what the picture shows, in a sentence or two, for those who cannot see it */
  readonly describes: string;
  readonly wide: Size;
  readonly narrow: Size;
  readonly option: (format: Format) => EChartsCoreOption;
}

/** A chart drawn here and now, as inline SVG: one for wide pages, one for phones; the style sheet shows the right one. */
export function plot({ id, title, describes, wide, narrow, option }: PlotOptions): Html {
  const drawn = (size: Size, form: "wide" | "narrow") =>
    html`<div class="${form}" role="img" aria-label="${title}. ${describes}">${trusted(
      drawSvg(option({ ...size, narrow: form === "narrow" }), size, `${id}-${form}`),
    )}</div>`;
  return html`<div class="plot">${drawn(wide, "wide")}${drawn(narrow, "narrow")}</div>`;
}

function drawSvg(option: EChartsCoreOption, size: Size, id: string): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: "inherit", color: "var(--soft)" }, ...option });
    return tidied(chart.renderToSVGString(), id);
  } finally {
    chart.dispose();
  }
}

/** drops what serves only interaction, and names that count up from chart to chart: the same story, the same bytes */
function tidied(svg: string, id: string): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>/g, "")
    .replace(
      / (class="zr\d+-cls-\d+"|pointer-events="visible"|xml:space="preserve"|xmlns:xlink="[^"]*"|baseProfile="full"|version="1\.1")/g,
      "",
    )
    .replace(/<rect [^>]*fill="none"><\/rect>/g, "")
    .replace(/\bzr\d+-c(\d+)\b/g, `${id}-$1`)
    .replace(/font-family:inherit;/g, "")
    .replace(/\n/g, "");
}

// ---- what the charts share ------------------------------------------------------------------------------------------

export const axisText = { color: "var(--soft)", fontSize: 12, fontFamily: "inherit" } as const;

/** an axis's name as the heading of its picture */
export const headText = { ...axisText, align: "left", padding: [0, 0, 0, -44], fontWeight: 600, color: "var(--ink)" };

/** epochs may be parts of one */
export const epochText = { ...axisText, formatter: (epoch: number) => tick(epoch.toFixed(1)) } as const;

/** the option's grids are where the drawing is: labels that stick out do not shrink one of several */
export const fixedGrid = { outerBoundsMode: "none" } as const;

export const valueAxis = (extra: Readonly<Record<string, unknown>> = {}) => ({
  type: "value",
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: axisText,
  splitLine: { lineStyle: { color: "var(--line)" } },
  nameTextStyle: { ...axisText, align: "left" },
  ...extra,
});

export const epochAxis = (extra: Readonly<Record<string, unknown>> = {}) => ({
  type: "value",
  axisLine: { lineStyle: { color: "var(--faint)" } },
  axisTick: { show: false },
  axisLabel: epochText,
  splitLine: { show: false },
  minInterval: 1,
  nameTextStyle: axisText,
  ...extra,
});

export const line = (
  data: readonly (readonly [number, number])[],
  color: string,
  extra: Readonly<Record<string, unknown>> = {},
) => ({
  type: "line",
  silent: true,
  emphasis: { disabled: true },
  // a single point has no line to show it
  showSymbol: data.length === 1,
  symbol: "circle",
  symbolSize: 6,
  itemStyle: { color },
  lineStyle: { color, width: 2 },
  data,
  ...extra,
});

export const scatter = (
  data: readonly (readonly [number, number])[],
  symbolSize: number,
  itemStyle: Readonly<Record<string, unknown>>,
) => ({ type: "scatter", silent: true, emphasis: { disabled: true }, symbolSize, itemStyle, data });

export const budgetLine = (at: { xAxis: number } | { yAxis: number }, words: string, label: object = {}) => ({
  silent: true,
  symbol: "none",
  data: [at],
  lineStyle: { color: "var(--warm)", type: [6, 4], width: 1.6 },
  label: { position: "insideEndTop", formatter: () => words, color: "var(--warm)", fontSize: 12, ...label },
});

/** easy to hard, readable on light and on dark ground */
const ramp = ["#12a594", "#6f9e3f", "#c99a1e", "#dd6b33", "#c93a63"] as const;
export const rampGradient = `linear-gradient(90deg,${ramp.join(",")})`;

/** @param at 0 = easiest, 1 = hardest */
export function rampColour(at: number): string {
  const place = Math.min(1, Math.max(0, at)) * (ramp.length - 1);
  const left = Math.min(ramp.length - 2, Math.floor(place));
  const channels = [1, 3, 5].map((from) => {
    const [a, b] = [ramp[left], ramp[left + 1]].map((hex) => Number.parseInt(hex.slice(from, from + 2), 16));
    return Math.round(a + (b - a) * (place - left));
  });
  return `#${channels.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** names are people's: a label is one line, and cut where long; the table beside it has them in full */
export function shortened(name: string, most: number): string {
  const characters = [...name.replace(/\s+/g, " ")];
  return characters.length <= most ? characters.join("") : `${characters.slice(0, most - 1).join("")}…`;
}
