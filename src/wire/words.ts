/**
 * The one rule between the messages that are generated from proto/ and the words of src/domain. A word is a message
 *
 * 1. whose choices name themselves: `{ $case: "fashionMnist", value: { … } }` is `{ kind: "fashion-mnist", … }`;
 * 2. whose lists may hold lists, for which protobuf needs a message between: `{ list: [1, 2] }` is `[1, 2]`;
 * 3. where every part is there: a message's field loses its null, an `optional` one is a value or null.
 *
 * What the protos must keep to for it (no plain field `kind`, no maps, `list` alone and only within lists) is tested.
 */
export type Word<T> = T extends { readonly $case: infer Case extends string; readonly value: infer Value }
  ? Choice<KindOf<Case>, Value>
  : T extends { readonly list: infer List }
    ? Word<List>
    : T extends readonly (infer Item)[]
      ? readonly Word<Item>[]
      : T extends object
        ? Fields<T>
        : T;

type Choice<Kind, Value> = { readonly kind: Kind } & Fields<Value>;

/** `-?` takes the undefined of an optional field, and `Exclude` the null of all others */
type Fields<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Word<T[K]> : Word<Exclude<T[K], null>>;
};

/** `fashionMnist` is `fashion-mnist` */
type KindOf<Case extends string> = Case extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `-${Lowercase<First>}`}${KindOf<Rest>}`
  : Case;

/** As it comes off the wire. What it holds in place of a part that is missing is null: see to it at the door. */
export function fromWire<T>(message: T): Word<T> {
  return wordOf(message) as Word<T>;
}

/** As it goes over the wire. Lists of plain values are not copied. */
export function toWire<T>(word: Word<T>): T {
  return messageOf(word) as T;
}

type Tree = { [key: string]: unknown };

function wordOf(node: unknown): unknown {
  if (typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) return isTree(node[0]) ? node.map(wordOf) : node;
  const { $case, value, list } = node as Tree;
  if (typeof $case === "string") return fields(value as Tree, wordOf, { kind: translated($case, kinds, kindOf) });
  return Array.isArray(list) ? wordOf(list) : fields(node as Tree, wordOf, {});
}

function messageOf(node: unknown): unknown {
  if (typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) return isTree(node[0]) ? node.map(itemOf) : node;
  const { kind, ...rest } = node as Tree;
  if (typeof kind !== "string") return fields(node as Tree, messageOf, {});
  return { $case: translated(kind, cases, caseOf), value: fields(rest, messageOf, {}) };
}

/** an element of a list: a list there needs a message around it */
const itemOf = (node: unknown): unknown => (Array.isArray(node) ? { list: messageOf(node) } : messageOf(node));

const isTree = (node: unknown): boolean => typeof node === "object";

function fields(from: Tree, translate: (node: unknown) => unknown, into: Tree): Tree {
  for (const key in from) into[key] = translate(from[key]);
  return into;
}

const kinds = new Map<string, string>();
const cases = new Map<string, string>();
const kindOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const caseOf = (kind: string) => kind.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** a few names, asked for thousands of times */
function translated(name: string, known: Map<string, string>, make: (name: string) => string): string {
  let made = known.get(name);
  if (made === undefined) known.set(name, (made = make(name)));
  return made;
}
