import type { ProgramName } from "../../domain/plan.js";
import type { Program } from "../../domain/program.js";
import { rank } from "./rank.js";
import { retrain } from "./retrain.js";
import { search } from "./search.js";

// each program alone knows its state's type; the engine carries it unread
const programs: Readonly<Record<ProgramName, unknown>> = { rank, search, retrain };

export const programOf = (name: ProgramName): Program<unknown> => programs[name] as Program<unknown>;
