import type { SessionRecord } from "../../journal/port.js";
import type { Story } from "../../story/story.js";
import { mendingWords, seedWords } from "../../story/telling.js";
import { bytesWords, capital, countWords, duration, moment, plural } from "../../util/format.js";
import { sum } from "../../util/numeric.js";
import { type Html, html } from "./markup.js";
import { folded, section, table } from "./parts.js";

export const commandsSection = ({ commands }: Story): Html =>
  section(
    {
      id: "commands",
      title: "Going on from here",
      about: "Everything above is derived from the run's journal; these commands read it again.",
    },
    html`${commands.map(({ does, line }) => html`<p class="small" style="margin:0 0 4px">${capital(does)}</p><pre class="code">${line}</pre>`)}`,
  );

export function originSection(story: Story): Html {
  const { provenance, asked } = story;
  const { plan } = provenance;
  const { compute, pipeline } = plan;
  const versions = [...new Set(provenance.sessions.flatMap(({ versions }) => Object.keys(versions)))].sort();
  return section(
    { id: "origin", title: "Versions and seeds", about: "What it takes to get these numbers again." },
    html`<dl class="plain">
<dt>Seeds</dt><dd>${seedWords(story)}; all others are derived from the first by name</dd>
<dt>Data</dt><dd>${asked.dataName}, ${plural(asked.data.classes, "class", "classes")}, ${asked.data.input.channels} × ${asked.data.input.height} × ${asked.data.input.width}${
      provenance.splits.length > 0 &&
      `; ${provenance.splits.map(({ split, counts }) => `${split} ${countWords(sum(counts))}`).join(", ")} images`
    }</dd>
${provenance.dataFingerprint && html`<dt>Data fingerprint</dt><dd class="mono">${provenance.dataFingerprint}</dd>`}
<dt>Space</dt><dd>${asked.space.name}, ${countWords(BigInt(asked.space.architectures))} networks</dd>
<dt>Space hash</dt><dd class="mono">${provenance.spaceHash}</dd>
<dt>Device</dt><dd>${provenance.device ?? "not known yet"}; ${compute.precision}${compute.channelsLast && ", channels last"}${compute.compile && ", compiled"}</dd>
<dt>Pipeline</dt><dd>lag ${pipeline.lag}, up to ${plural(pipeline.stepsPerJob, "step")} a job; ${plural(provenance.entries, "journal entry", "journal entries")}</dd>
</dl>`,
    provenance.sessions.length > 0
      ? table(
          provenance.sessions.length === 1
            ? "One session"
            : `${provenance.sessions.length} sessions: the run was resumed`,
          [
            { head: "session", of: ({ incarnation }) => incarnation },
            { head: "began", of: ({ startedAt }) => moment(startedAt) },
            { head: "for", of: (session) => lasted(session), number: true },
            { head: "host", of: ({ host }) => host },
            { head: "worker", of: ({ worker, mock }) => html`${worker}${mock && " (mock)"}` },
            {
              head: "ended",
              of: ({ outcome, message }) => `${outcome ?? "–"}${message === null ? "" : `: ${message}`}`,
            },
          ],
          provenance.sessions,
        )
      : html`<p class="soft">No session was recorded.</p>`,
    versions.length > 0 &&
      folded(
        "Versions",
        table(
          "By session",
          [
            { head: "what", of: (name) => name },
            ...provenance.sessions.map((session) => ({
              head: `session ${session.incarnation}`,
              of: (name: string) => session.versions[name] ?? "–",
            })),
          ],
          versions,
        ),
      ),
    provenance.splits.length > 0 &&
      folded(
        "Hashes of the splits",
        table(
          "sha256 over each split's (class, image) sequence",
          [
            { head: "split", of: ({ split }) => split },
            { head: "hash", of: ({ hash }) => html`<span class="mono small">${hash}</span>` },
          ],
          provenance.splits,
        ),
      ),
    story.goneBack.length > 0 &&
      table(
        "Losses that were not finite",
        [
          { head: "at", of: ({ at }) => moment(at) },
          { head: "job", of: ({ failedJob }) => failedJob },
          { head: "what", of: ({ why }) => why },
          { head: "and then", of: (back) => `${mendingWords(back)} (${back.attempt} of ${back.tries})` },
        ],
        story.goneBack,
      ),
    provenance.checkpoints.length > 0 &&
      folded(
        plural(provenance.checkpoints.length, "checkpoint"),
        table(
          "Those that are kept, oldest first",
          [
            { head: "after job", of: ({ afterJob }) => afterJob },
            { head: "at", of: ({ at }) => moment(at) },
            { head: "size", of: ({ bytes }) => bytesWords(bytes), number: true },
            { head: "sha256", of: ({ sha256 }) => html`<span class="mono small">${sha256}</span>` },
          ],
          provenance.checkpoints,
        ),
      ),
    folded(
      "The plan of search and retraining, in full",
      html`<pre class="code">${JSON.stringify({ search: plan.search, retrain: plan.retrain, compute, pipeline }, null, 2)}</pre>`,
    ),
  );
}

const lasted = ({ startedAt, endedAt }: SessionRecord): string =>
  endedAt === null ? "–" : duration(endedAt - startedAt);
