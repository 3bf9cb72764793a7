import type { Ranking } from "../../domain/ranking.js";
import type { Curve } from "../../story/chronicle.js";
import type { Found, Story } from "../../story/story.js";
import { amount, percent, significant, tick } from "../../util/format.js";
import { mean } from "../../util/numeric.js";
import { type Html, nothing } from "./markup.js";
import {
  axisText,
  budgetLine,
  epochAxis,
  epochText,
  fixedGrid,
  headText,
  line,
  plot,
  rampColour,
  scatter,
  shortened,
  valueAxis,
} from "./plot.js";

type Point = readonly [number, number];

interface PickedClass {
  readonly name: string;
  /** from 0 = easiest */
  readonly rank: number;
  /** mean over the reference networks, per epoch */
  readonly curve: readonly number[];
}

/** at most `most` classes, evenly spread over the ranking, both ends among them */
export function pickClasses({ classes }: Ranking, most: number): PickedClass[] {
  const ranks =
    classes.length <= most
      ? classes.map((_, rank) => rank)
      : Array.from({ length: most }, (_, index) => Math.round((index * (classes.length - 1)) / (most - 1)));
  return ranks.map((rank) => {
    const { name, curves } = classes[rank];
    const epochs = Math.max(0, ...curves.map((curve) => curve.length));
    const curve = Array.from({ length: epochs }, (_, epoch) => {
      const values = curves.map((of) => of[epoch]).filter((value) => value !== undefined);
      return mean(values);
    });
    return { name, rank, curve };
  });
}

export function difficultyPlot(picked: readonly PickedClass[], classes: number): Html {
  const named = picked.length <= 12;
  const first = picked[0];
  const last = picked[picked.length - 1];
  if (!first || first.curve.length === 0) return nothing;
  return plot({
    id: "difficulty",
    title: "Validation accuracy of each class over the reference network's epochs",
    describes: `The easiest, ${first.name}, ends at ${percent(first.curve.at(-1) ?? 0)}; the hardest, ${last.name}, at ${percent(last.curve.at(-1) ?? 0)}.`,
    wide: { width: 860, height: 380 },
    narrow: { width: 350, height: 330 },
    option: ({ narrow }) => ({
      grid: { ...fixedGrid, left: 50, right: named ? (narrow ? 84 : 124) : 16, top: 28, bottom: 44 },
      xAxis: epochAxis({
        name: "epoch",
        nameLocation: "middle",
        nameGap: 28,
        min: first.curve.length > 1 ? 1 : 0,
        max: Math.max(1, first.curve.length),
      }),
      yAxis: valueAxis({
        min: 0,
        max: 1,
        name: "accuracy of the class",
        axisLabel: { ...axisText, formatter: (value: number) => `${Math.round(value * 100)} %` },
      }),
      series: picked.map(({ name, rank, curve }) => {
        const colour = rampColour(classes > 1 ? rank / (classes - 1) : 0);
        return line(
          curve.map((value, epoch): Point => [epoch + 1, value]),
          colour,
          {
            lineStyle: { color: colour, width: named ? 2.2 : 1.4 },
            endLabel: named && {
              show: true,
              formatter: () => shortened(name, narrow ? 11 : 17),
              color: colour,
              fontSize: narrow ? 11 : 12.5,
              fontWeight: 600,
            },
            labelLayout: { moveOverlap: "shiftY" },
          },
        );
      }),
    }),
  });
}

/** expected MACs, entropy and training loss over the search's epochs, one above the other on one axis */
export function searchPlot(story: Story): Html {
  const { snapshots, rounds, asked } = story;
  if (snapshots.length === 0) return nothing;
  const maxMacs = asked.budget.macs?.most ?? null;
  const losses = snapshots.flatMap(({ epoch, trainLoss }): Point[] => (trainLoss === null ? [] : [[epoch, trainLoss]]));
  const macs = snapshots.map(({ epoch, expected }): Point => [epoch, expected.macs]);
  const entropy = snapshots.map(({ epoch, entropy }): Point => [epoch, entropy]);
  const end = Math.max(...snapshots.map(({ epoch }) => epoch), ...rounds.map(({ toEpoch }) => toEpoch), 1);
  const panels = [
    { name: "MACs expected of a network drawn now", points: macs, colour: "var(--accent)", label: amount },
    { name: "entropy of a slot's choice, nats", points: entropy, colour: "var(--cut)", label: significant },
    ...(losses.length > 0
      ? [{ name: "training loss, nats", points: losses, colour: "var(--k3)", label: significant }]
      : []),
  ];
  const latest = snapshots[snapshots.length - 1];
  return plot({
    id: "search",
    title: "Expected MACs, entropy and training loss over the search",
    describes: `Expected MACs go from ${amount(snapshots[0].expected.macs)} to ${amount(latest.expected.macs)}${maxMacs === null ? "" : `, the budget is ${amount(maxMacs)}`}; entropy from ${significant(snapshots[0].entropy)} to ${significant(latest.entropy)} nats.`,
    wide: { width: 860, height: 190 * panels.length + 40 },
    narrow: { width: 350, height: 165 * panels.length + 40 },
    option: ({ narrow }) => {
      const each = narrow ? 165 : 190;
      return {
        grid: panels.map((_, index) => ({
          ...fixedGrid,
          left: 52,
          right: 18,
          top: (index === 0 ? 58 : 40) + index * each,
          height: each - (index === 0 ? 80 : 62),
        })),
        xAxis: panels.map((_, index) =>
          epochAxis({
            gridIndex: index,
            min: 0,
            max: end,
            axisLabel: { ...epochText, show: index === panels.length - 1 },
            ...(index === panels.length - 1 && { name: "epoch of the search", nameLocation: "middle", nameGap: 26 }),
          }),
        ),
        yAxis: panels.map(({ name, label, points }, index) =>
          valueAxis({
            gridIndex: index,
            name,
            nameGap: index === 0 ? 28 : 12,
            splitNumber: 3,
            scale: index === 2,
            min: index === 2 ? undefined : 0,
            max:
              index === 0 && maxMacs !== null
                ? Math.max(maxMacs * 1.25, ...points.map(([, value]) => value * 1.05))
                : undefined,
            nameTextStyle: headText,
            axisLabel: {
              ...axisText,
              showMaxLabel: index !== 0 || maxMacs === null,
              formatter: (value: number) => tick(label(value)),
            },
          }),
        ),
        series: panels.map(({ points, colour }, index) =>
          line(points, colour, {
            xAxisIndex: index,
            yAxisIndex: index,
            lineStyle: { color: colour, width: 2.4 },
            markArea: {
              silent: true,
              data: rounds.map((round, at) => [
                {
                  xAxis: round.fromEpoch,
                  itemStyle: { color: at % 2 === 0 ? "var(--ink)" : "none", opacity: 0.045 },
                  label: {
                    show: index === 0,
                    distance: 3,
                    position: "top",
                    // only as much of the name as its band has room for
                    formatter: () => {
                      const share = (round.toEpoch - round.fromEpoch) / end;
                      const room = Math.floor((share * (narrow ? 280 : 790)) / (narrow ? 6 : 7));
                      return room < 3 ? "" : shortened(round.name, room);
                    },
                    color: "var(--soft)",
                    fontSize: narrow ? 10 : 11.5,
                  },
                },
                { xAxis: round.toEpoch },
              ]),
            },
            markLine:
              index === 0 && maxMacs !== null
                ? budgetLine({ yAxis: maxMacs }, `budget ${amount(maxMacs)}`, { fontWeight: 600 })
                : undefined,
          }),
        ),
      };
    },
  });
}

const curveNames: Readonly<Record<Curve["series"], { name: string; accuracy: boolean }>> = {
  "reference-valid-accuracy": { name: "validation accuracy of the reference network", accuracy: true },
  "retrain-train-loss": { name: "training loss, nats", accuracy: false },
  "retrain-valid-accuracy": { name: "validation accuracy", accuracy: true },
  "path-valid-accuracy": { name: "validation accuracy of the paths", accuracy: true },
};

export const curveName = (series: Curve["series"]): string => curveNames[series].name;

/** one measured curve; `scatter` where neighbours are not the same thing getting better */
export function curvePlot({ series, points }: Curve, xName = "epoch"): Html {
  if (points.length === 0) return nothing;
  const { name, accuracy } = curveNames[series];
  const label = (value: number) => (accuracy ? percent(value) : significant(value));
  const first = points[0];
  const last = points[points.length - 1];
  return plot({
    id: `curve-${series}`,
    title: name,
    describes: `From ${label(first[1])} at ${xName} ${first[0]} to ${label(last[1])} at ${xName} ${last[0]}.`,
    wide: { width: 860, height: 230 },
    narrow: { width: 350, height: 210 },
    option: () => ({
      grid: { ...fixedGrid, left: 48, right: 22, top: 36, bottom: 42 },
      xAxis: epochAxis({
        name: xName,
        nameLocation: "middle",
        nameGap: 26,
        min: points.length > 1 ? "dataMin" : 0,
        max: "dataMax",
      }),
      yAxis: valueAxis({
        name,
        nameGap: 12,
        scale: true,
        splitNumber: 4,
        nameTextStyle: { ...headText, padding: [0, 0, 0, -40] },
        axisLabel: { ...axisText, formatter: (value: number) => tick(label(value)) },
      }),
      series: [
        series === "path-valid-accuracy"
          ? scatter(points, 5, { color: "var(--k3)", opacity: 0.6 })
          : line(points, accuracy ? "var(--accent)" : "var(--k3)", {
              lineStyle: { color: accuracy ? "var(--accent)" : "var(--k3)", width: 2.4 },
            }),
      ],
    }),
  });
}

/** the networks that were compared by validation accuracy, the chosen one ringed */
export function comparedPlot(story: Story, found: Found): Html {
  const compared = story.choice?.compared ?? [];
  if (compared.length < 2) return nothing;
  const point = (of: (typeof compared)[number]): Point => [of.macs, of.validAccuracy];
  const chosen = compared.filter(({ encoded }) => encoded === found.encoded);
  const maxMacs = story.asked.budget.macs?.most ?? null;
  return plot({
    id: "compared",
    title: "Compared networks: validation accuracy against MACs",
    describes: `${compared.length} networks from ${percent(Math.min(...compared.map((of) => of.validAccuracy)))} to ${percent(Math.max(...compared.map((of) => of.validAccuracy)))}.`,
    wide: { width: 860, height: 320 },
    narrow: { width: 350, height: 280 },
    option: () => ({
      grid: { ...fixedGrid, left: 52, right: 26, top: 36, bottom: 46 },
      xAxis: {
        ...valueAxis({
          scale: true,
          name: "MACs",
          nameLocation: "middle",
          nameGap: 28,
          axisLabel: { ...axisText, formatter: (value: number) => tick(amount(value)) },
          splitLine: { show: false },
        }),
        nameTextStyle: axisText,
      },
      yAxis: valueAxis({
        scale: true,
        boundaryGap: ["6%", "10%"],
        name: "validation accuracy in the supernet",
        nameTextStyle: headText,
        axisLabel: { ...axisText, formatter: (value: number) => tick(percent(value)) },
      }),
      series: [
        {
          ...scatter(compared.map(point), 8, { color: "var(--k3)", opacity: 0.65 }),
          markLine: maxMacs === null ? undefined : budgetLine({ xAxis: maxMacs }, "budget"),
        },
        scatter(chosen.map(point), 15, { color: "var(--accent)", borderColor: "var(--card)", borderWidth: 3 }),
      ],
    }),
  });
}
